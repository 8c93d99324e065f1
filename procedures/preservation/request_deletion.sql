-- request_deletion: ask for rows to be deleted that cannot stay; the first of three steps.
--
-- Call     SELECT aegis.request_deletion(
--              'aegis.stock_ticks',
--              '[{"column": "trade_date", "operator": "=", "value": "2026-11-20"},
--                {"column": "source", "operator": "=", "value": "broken_feed"}]',
--              p_expected_rows => 1200, p_reason => 'incident 88: another market''s ticks');
-- Role     aegis_operator
-- Locks    none; the rows are read
-- Raises   AEP52  a legal hold covers a row
--          AEP59  it is no table whose rows can be deleted
--          AEP60  the predicate cannot be used
--          AEP61  the rows are not as many as expected, or none, or too many for one request
--          AEP65  foreign code would run
-- Repeat   each call makes a request
--
-- Returns the number of the request. Another person approves it with aegis.approve_deletion, then
-- CALL aegis.emergency_deletion(number). A predicate that matches no row is refused.

CREATE OR REPLACE FUNCTION aegis.request_deletion(
    p_table regclass,
    p_predicate jsonb,
    p_expected_rows bigint,
    p_reason text
)
RETURNS bigint
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_table record;
    v_detail text;
    v_condition text;
    v_found record;
    v_maximum bigint := aegis.configuration('aegis.deletion_rows_maximum')::bigint;
    v_hold bigint;
    v_request bigint;
BEGIN
    PERFORM aegis_guard._check_moment();

    SELECT n.nspname AS schema_name, c.relname AS table_name, c.relkind, c.relispartition,
           EXISTS (
               SELECT
                 FROM aegis.protected_tables AS p
                WHERE (p.schema_name, p.table_name) = (n.nspname, c.relname)
           ) AS is_protected,
           n.nspname IN ('aegis_guard', 'aegis_archive')
           OR n.nspname = 'aegis'
           AND c.relname NOT IN ('stocks', 'corporate_actions')
           AND NOT EXISTS (SELECT FROM aegis.partition_policies AS y WHERE y.table_name = c.relname) AS is_evidence
      INTO v_table
      FROM pg_class AS c
      JOIN pg_namespace AS n ON n.oid = c.relnamespace
     WHERE c.oid = p_table;

    v_detail := CASE
        WHEN v_table.relkind IS NULL THEN 'There is no such table.'
        WHEN coalesce(btrim(p_reason), '') = '' THEN 'A request needs a reason.'
        WHEN v_table.relispartition THEN format('It is a partition of %s.', pg_partition_root(p_table))
        WHEN v_table.relkind NOT IN ('r', 'p') THEN 'It is no table that keeps rows here.'
        WHEN v_table.is_evidence THEN 'It is evidence, or an archive.'
        WHEN NOT v_table.is_protected THEN 'It is not protected.'
    END;
    IF v_detail IS NOT NULL THEN
        RAISE EXCEPTION 'no deletion from % can be requested', coalesce(p_table::text, 'null')
            USING ERRCODE = 'AEP59', SCHEMA = coalesce(v_table.schema_name, ''), TABLE = coalesce(v_table.table_name, ''),
                  DETAIL = v_detail,
                  HINT = 'Pass a protected table of data, not a partition, with a reason.';
    END IF;

    PERFORM aegis_guard._check_foreign_code(p_table);
    v_condition := aegis_guard._compile_predicate(p_table, p_predicate);
    v_found := aegis.rows_digest(p_table, NULL, v_condition);

    IF v_found.row_count IS DISTINCT FROM p_expected_rows OR v_found.row_count NOT BETWEEN 1 AND v_maximum THEN
        RAISE EXCEPTION 'a deletion of % rows of % is not requested', v_found.row_count, p_table
            USING ERRCODE = 'AEP61', SCHEMA = v_table.schema_name, TABLE = v_table.table_name,
                  DETAIL = format('%s rows meet the predicate; %s are expected and %s permitted.',
                                  v_found.row_count, coalesce(p_expected_rows::text, 'none'), v_maximum),
                  HINT = format('Count first: SELECT count(*) FROM %s AS r WHERE %s', p_table, v_condition);
    END IF;

    v_hold := aegis_guard._held_by(p_table, v_condition);
    IF v_hold IS NOT NULL THEN
        RAISE EXCEPTION 'rows of % are under legal hold', p_table
            USING ERRCODE = 'AEP52', SCHEMA = v_table.schema_name, TABLE = v_table.table_name,
                  DETAIL = format('Hold %s covers at least one of the %s rows.', v_hold, v_found.row_count),
                  HINT = 'aegis.active_holds says why.';
    END IF;

    INSERT INTO aegis.deletion_requests (
        schema_name, table_name, predicate, condition, row_count, digest, column_names, reason, expires_at
    )
    VALUES (
        v_table.schema_name, v_table.table_name, p_predicate, v_condition, v_found.row_count, v_found.digest,
        v_found.column_names, p_reason,
        clock_timestamp() + aegis.configuration('aegis.deletion_approval_limit')::interval
    )
    RETURNING request_id INTO v_request;

    PERFORM aegis_guard._record_act(
        p_kind => 'emergency_deletion',
        p_subject => format('%I.%I', v_table.schema_name, v_table.table_name),
        p_row_count => v_found.row_count,
        p_digest => v_found.digest,
        p_detail => jsonb_build_object(
            'event', 'requested', 'request_id', v_request, 'reason', p_reason, 'condition', v_condition
        )
    );
    RETURN v_request;
END;
$function$;

COMMENT ON FUNCTION aegis.request_deletion(regclass, jsonb, bigint, text) IS -- noqa: LT01
'Requests the deletion of exactly the rows that meet a predicate now; raises AEP52, AEP59 to AEP61 or AEP65.';

ALTER FUNCTION aegis.request_deletion(regclass, jsonb, bigint, text) OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis.request_deletion(regclass, jsonb, bigint, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis.request_deletion(regclass, jsonb, bigint, text) TO aegis_operator;
