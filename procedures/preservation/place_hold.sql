-- place_hold: keep rows from every purge, retention and deletion until the hold is lifted.
--
-- Call     CALL aegis.place_hold('court order 2026-117', p_codes => '{005930}', p_from => '2024-01-01');
-- Role     aegis_operator, aegis_auditor, aegis_privacy_officer
-- Locks    waits for a removal that is under way; what it removes is then gone before the hold
-- Raises   AEP57  no reason, no condition, or something that is no table
-- Repeat   not idempotent: each call places a hold
--
-- A row is held when it meets all conditions given. p_tables takes a table, its history or one of
-- its partitions alike. p_subjects are persons or accounts; only their keyed hashes are kept.

CREATE OR REPLACE PROCEDURE aegis.place_hold(
    p_reason text,
    p_tables regclass[] DEFAULT NULL,
    p_codes text[] DEFAULT NULL,
    p_subjects text[] DEFAULT NULL,
    p_from date DEFAULT NULL,
    p_to date DEFAULT NULL,
    INOUT p_hold_id bigint DEFAULT NULL
)
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $procedure$
DECLARE
    v_detail text;
    v_names text[];
BEGIN
    v_detail := CASE
        WHEN coalesce(btrim(p_reason), '') = '' THEN 'It needs a reason.'
        WHEN p_tables IS NULL AND p_codes IS NULL AND p_subjects IS NULL AND p_from IS NULL AND p_to IS NULL
            THEN 'It would hold every row of every table.'
        WHEN cardinality(p_tables) = 0 OR cardinality(p_codes) = 0 OR cardinality(p_subjects) = 0
            THEN 'An empty list holds nothing.'
        WHEN array_position(p_tables, NULL) IS NOT NULL OR array_position(p_codes, NULL) IS NOT NULL
            OR array_position(p_subjects, NULL) IS NOT NULL THEN 'A list has a null in it.'
        WHEN p_from > p_to THEN 'It ends before it begins.'
        WHEN EXISTS (
            SELECT
              FROM unnest(p_tables) AS t (relation)
              LEFT JOIN pg_class AS c ON c.oid = t.relation AND c.relkind IN ('r', 'p')
             WHERE c.oid IS NULL
        ) THEN 'Not all of p_tables are tables.'
    END;

    IF v_detail IS NOT NULL THEN
        RAISE EXCEPTION 'the hold is not placed'
            USING ERRCODE = 'AEP57', SCHEMA = 'aegis', TABLE = 'legal_holds',
                  DETAIL = v_detail,
                  HINT = 'Pass a reason and at least one condition; name the tables to hold them whole.';
    END IF;

    SELECT array_agg(DISTINCT format('%I.%I', o.schema_name, o.table_name))
      INTO v_names
      FROM unnest(p_tables) AS t (relation)
     CROSS JOIN LATERAL aegis_guard._origin(t.relation) AS o;

    INSERT INTO aegis.legal_holds (table_names, stock_codes, subject_hashes, from_day, to_day, reason)
    VALUES (
        v_names, p_codes,
        (SELECT array_agg(aegis_guard._subject_hash(s.subject)) FROM unnest(p_subjects) AS s (subject)),
        p_from, p_to, p_reason
    )
    RETURNING hold_id INTO p_hold_id;

    PERFORM aegis_guard._record_act(
        p_kind => 'legal_hold',
        p_subject => format('hold %s', p_hold_id),
        p_detail => jsonb_build_object(
            'event', 'placed', 'reason', p_reason, 'tables', v_names, 'codes', p_codes,
            'subjects', cardinality(p_subjects), 'from', p_from, 'to', p_to
        )
    );
END;
$procedure$;

COMMENT ON PROCEDURE aegis.place_hold(text, regclass[], text[], text[], date, date, bigint) IS -- noqa: LT01
'Keeps the rows that meet all conditions from every removal until the hold is lifted; raises AEP57.';

ALTER PROCEDURE aegis.place_hold(text, regclass[], text[], text[], date, date, bigint) OWNER TO aegis_guard;
REVOKE ALL ON PROCEDURE aegis.place_hold(text, regclass[], text[], text[], date, date, bigint) FROM PUBLIC;
GRANT EXECUTE ON PROCEDURE aegis.place_hold(text, regclass[], text[], text[], date, date, bigint)
TO aegis_operator, aegis_auditor, aegis_privacy_officer;
