-- resolve_dead_letter: end a dead letter that will not be replayed.
--
-- Call     CALL aegis.resolve_dead_letter(4711, 'corrected', 'the broker sent it again with the right price');
-- Role     aegis_operator
-- Locks    the letter, until the caller's transaction ends
-- Raises   AEU09  there is no such letter
--          AEU10  it was resolved before
--          AEU11  the reason is blank, or the resolution neither corrected nor dismissed
-- Repeat   not idempotent: the second call raises AEU10

CREATE OR REPLACE PROCEDURE aegis.resolve_dead_letter(
    p_dead_letter_id bigint,
    p_resolution text,
    p_reason text
)
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $procedure$
DECLARE
    v_known aegis.dead_letter_resolutions;
BEGIN
    IF coalesce(btrim(p_reason), '') = '' OR p_resolution IS NULL OR p_resolution NOT IN ('corrected', 'dismissed') THEN
        RAISE EXCEPTION 'dead letter % cannot be resolved as %', p_dead_letter_id, coalesce(quote_literal(p_resolution), 'null')
            USING ERRCODE = 'AEU11',
                  HINT = 'p_resolution is corrected or dismissed, and p_reason says why.';
    END IF;

    PERFORM FROM aegis.dead_letters AS d WHERE d.dead_letter_id = p_dead_letter_id FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no dead letter %', coalesce(p_dead_letter_id::text, 'null')
            USING ERRCODE = 'AEU09', SCHEMA = 'aegis', TABLE = 'dead_letters',
                  HINT = 'aegis.dead_letters lists them.';
    END IF;

    SELECT r.* INTO v_known FROM aegis.dead_letter_resolutions AS r WHERE r.dead_letter_id = p_dead_letter_id;
    IF FOUND THEN
        RAISE EXCEPTION 'dead letter % is resolved', p_dead_letter_id
            USING ERRCODE = 'AEU10', SCHEMA = 'aegis', TABLE = 'dead_letter_resolutions',
                  DETAIL = format('It was %s by %s at %s.', v_known.resolution, v_known.resolved_by, v_known.resolved_at);
    END IF;

    INSERT INTO aegis.dead_letter_resolutions (dead_letter_id, resolution, reason)
    VALUES (p_dead_letter_id, p_resolution, p_reason);
END;
$procedure$;

COMMENT ON PROCEDURE aegis.resolve_dead_letter(bigint, text, text) IS -- noqa: LT01
'Ends a dead letter as corrected or dismissed, with a reason; raises AEU09 to AEU11.';

ALTER PROCEDURE aegis.resolve_dead_letter(bigint, text, text) OWNER TO aegis_owner;
REVOKE ALL ON PROCEDURE aegis.resolve_dead_letter(bigint, text, text) FROM PUBLIC;
GRANT EXECUTE ON PROCEDURE aegis.resolve_dead_letter(bigint, text, text) TO aegis_operator;
