-- Whether two persons have agreed to exactly this change of one aspect, for the change window that
-- this transaction has open, and whether their approval still lasts.

CREATE OR REPLACE FUNCTION aegis_guard._is_approved(
    p_relation text,
    p_aspect text,
    p_was text,
    p_becomes text
)
RETURNS boolean
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN EXISTS (
        SELECT
          FROM aegis.change_events AS u
          JOIN aegis.change_events AS d ON d.request_id = u.request_id AND d.event = 'approved'
          JOIN aegis.change_requests AS q ON q.request_id = u.request_id
         WHERE u.event = 'used'
           AND u.ticket_id = aegis_guard._current_window()
           AND d.expires_at >= clock_timestamp()
           AND q.changes @> jsonb_build_array(jsonb_build_object(
                   'relation', p_relation, 'aspect', p_aspect, 'was', p_was, 'becomes', p_becomes
               ))
    );
END;
$function$;

COMMENT ON FUNCTION aegis_guard._is_approved(text, text, text, text) IS -- noqa: LT01
'Whether the open change window may change this aspect of a table, or of the code, from this to that.';

ALTER FUNCTION aegis_guard._is_approved(text, text, text, text) OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis_guard._is_approved(text, text, text, text) FROM PUBLIC;
