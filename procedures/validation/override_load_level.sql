-- override_load_level: set the load level by hand, for a time.
--
-- Call     CALL aegis.override_load_level(2, 'option expiry at the close', INTERVAL '1 hour');
--          CALL aegis.override_load_level(NULL, 'over');
-- Role     aegis_operator
-- Locks    the row of aegis.load_state, until the caller's transaction ends
-- Raises   AEV70  the level or the time makes no sense
--          AEV71  the reason is blank
-- Repeat   idempotent

CREATE OR REPLACE PROCEDURE aegis.override_load_level(
    p_level integer,
    p_reason text,
    p_for interval DEFAULT '1 hour'
)
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $procedure$
DECLARE
    v_from integer;
BEGIN
    IF coalesce(btrim(p_reason), '') = '' THEN
        RAISE EXCEPTION 'setting the load level needs a reason'
            USING ERRCODE = 'AEV71',
                  HINT = 'Pass a non-blank p_reason.';
    ELSIF p_level NOT BETWEEN 0 AND 3
        OR p_level IS NOT NULL AND (p_for BETWEEN INTERVAL '1 second' AND INTERVAL '1 day') IS NOT TRUE
    THEN
        RAISE EXCEPTION 'the load level cannot be % for %', p_level, coalesce(p_for::text, 'null')
            USING ERRCODE = 'AEV70',
                  HINT = 'Levels are 0 to 3, or null for as measured; a time is 1 second to 1 day.';
    END IF;

    PERFORM FROM aegis.load_state FOR UPDATE;
    v_from := aegis.load_level();

    UPDATE aegis.load_state AS s
       SET override_level = p_level,
           override_until = CASE WHEN p_level IS NOT NULL THEN clock_timestamp() + p_for END,
           override_reason = CASE WHEN p_level IS NOT NULL THEN p_reason END,
           override_by = CASE WHEN p_level IS NOT NULL THEN SESSION_USER END;

    PERFORM aegis._tell_load_level(v_from, aegis.load_level(), p_reason);
END;
$procedure$;

COMMENT ON PROCEDURE aegis.override_load_level(integer, text, interval) IS -- noqa: LT01
'Sets the load level by hand for a time, or lets it follow the load again; raises AEV70 or AEV71.';

ALTER PROCEDURE aegis.override_load_level(integer, text, interval) OWNER TO aegis_owner;
REVOKE ALL ON PROCEDURE aegis.override_load_level(integer, text, interval) FROM PUBLIC;
GRANT EXECUTE ON PROCEDURE aegis.override_load_level(integer, text, interval) TO aegis_operator;
