-- open_stage: a session's own temporary table to COPY a batch into.
--
-- Call     SELECT aegis.open_stage('stock_prices', p_raw => true);
--          COPY pg_temp.stage_stock_prices_raw (line_number, stock_code, ...) FROM STDIN;
--          SELECT * FROM aegis.upsert_staged('stock_prices', 'krx', gen_random_uuid(), p_raw => true);
-- Role     aegis_ingest, aegis_app
-- Locks    nothing that another session sees
-- Raises   AEU05  the table takes no batches
--          AEU06  a relation of the stage's name exists and is not AEGIS'
-- Repeat   idempotent: a stage of the session is used again, empty after each commit

CREATE OR REPLACE FUNCTION aegis.open_stage(
    p_target text,
    p_raw boolean DEFAULT false
)
RETURNS text
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_stage text := 'stage_' || p_target || CASE WHEN p_raw THEN '_raw' ELSE '' END;
    v_work text := 'work_' || p_target;
    v_name text;
    v_typed text;
    v_columns text;
BEGIN
    SELECT string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ' ORDER BY a.attnum),
           string_agg(format('%I %s', a.attname,
                             CASE WHEN p_raw THEN 'text' ELSE format_type(a.atttypid, a.atttypmod) END),
                      ', ' ORDER BY a.attnum)
      INTO v_typed, v_columns
      FROM aegis.ingest_targets AS t
      JOIN pg_type AS y ON y.typname = t.input_type AND y.typnamespace = 'aegis'::regnamespace
      JOIN pg_attribute AS a ON a.attrelid = y.typrelid
     WHERE t.target = p_target;

    IF v_typed IS NULL THEN
        RAISE EXCEPTION 'table % takes no batches', coalesce(quote_literal(p_target), 'null')
            USING ERRCODE = 'AEU05',
                  HINT = 'aegis.ingest_targets lists the tables that do.';
    END IF;

    FOREACH v_name IN ARRAY ARRAY[v_stage, v_work] LOOP
        IF to_regclass(format('pg_temp.%I', v_name)) IS NULL THEN
            EXECUTE format('CREATE TEMPORARY TABLE %I (line_number bigint, %s, %s text) ON COMMIT DELETE ROWS',
                           v_name,
                           CASE v_name WHEN v_work THEN v_typed ELSE v_columns END,
                           CASE v_name WHEN v_work THEN 'reason' ELSE 'payload' END);
            IF v_name = v_stage THEN
                -- The caller as it was before SECURITY DEFINER is not known here, the login is.
                EXECUTE format('GRANT INSERT ON pg_temp.%I TO aegis_ingest, aegis_app, %I', v_name, SESSION_USER);
            END IF;
        ELSE
            PERFORM aegis._check_stage(v_name);
        END IF;
    END LOOP;

    RETURN 'pg_temp.' || quote_ident(v_stage);
END;
$function$;

COMMENT ON FUNCTION aegis.open_stage(text, boolean) IS -- noqa: LT01
'Makes the session''s temporary table for a batch and returns its name: typed columns, or text columns with p_raw; raises AEU05 or AEU06.';

ALTER FUNCTION aegis.open_stage(text, boolean) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis.open_stage(text, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis.open_stage(text, boolean) TO aegis_ingest, aegis_app;
