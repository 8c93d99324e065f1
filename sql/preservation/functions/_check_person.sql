-- Whether the person behind this session may be the second of two. Judged by the login, which no
-- SECURITY DEFINER routine and no SET ROLE changes; who speaks as a role of others is refused,
-- so that the ledger names one person and the role was that person's own.
--
-- Raises   AEP58  the same person, a role that was set, or a login without the role

CREATE OR REPLACE FUNCTION aegis_guard._check_person(
    p_act text,
    p_role text,
    p_first_person text
)
RETURNS void
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_detail text := CASE
        WHEN SESSION_USER = p_first_person THEN format('%I was the first person.', p_first_person)
        WHEN current_setting('role') NOT IN ('none', SESSION_USER)
            THEN format('The session of %I speaks as %I.', SESSION_USER, current_setting('role'))
        WHEN NOT pg_has_role(SESSION_USER, p_role, 'USAGE')
            THEN format('%I is no member of %I.', SESSION_USER, p_role)
    END;
BEGIN
    IF v_detail IS NOT NULL THEN
        RAISE EXCEPTION '% needs a second person', p_act
            USING ERRCODE = 'AEP58',
                  DETAIL = v_detail,
                  HINT = format('Another member of %I does it, logged in as oneself.', p_role);
    END IF;
END;
$function$;

COMMENT ON FUNCTION aegis_guard._check_person(text, text, text) IS -- noqa: LT01
'Refuses a second person who is the first, speaks through SET ROLE or lacks the role; raises AEP58.';

ALTER FUNCTION aegis_guard._check_person(text, text, text) OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis_guard._check_person(text, text, text) FROM PUBLIC;
