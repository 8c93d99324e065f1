-- _find_refused: after the table refused a batch, find the rows that it refuses, one by one.
--
-- Each row is tried on an empty copy of the table, with its types, checks and NOT NULLs. What fails
-- there gets its reason and the SQLSTATE; 0 means that no single row is at fault.

CREATE OR REPLACE FUNCTION aegis._find_refused(
    p_sql aegis.target_fragments,
    p_batch_number bigint,
    p_source aegis.data_sources
)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_place tid;
    v_state text;
    v_refused bigint := 0;
BEGIN
    EXECUTE format('CREATE TEMPORARY TABLE tried_rows (LIKE %s INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING GENERATED)
                    ON COMMIT DROP', p_sql.relation);

    FOR v_place IN EXECUTE format('SELECT d.ctid FROM %s AS d WHERE d.reason IS NULL', p_sql.stage) LOOP
        BEGIN
            EXECUTE format('INSERT INTO pg_temp.tried_rows (%s) SELECT %1$s FROM (SELECT %s FROM %s AS d WHERE d.ctid = $4) AS n',
                           p_sql.columns, p_sql.ranked, p_sql.stage)
              USING p_source.source, p_source.source_rank, p_batch_number, v_place;
        EXCEPTION
            WHEN data_exception OR integrity_constraint_violation THEN
                GET STACKED DIAGNOSTICS v_state = RETURNED_SQLSTATE;
                EXECUTE format('UPDATE %s AS s SET reason = ''refused_by_table'', sqlstate = $1 WHERE s.ctid = $2', p_sql.stage)
                  USING v_state, v_place;
                v_refused := v_refused + 1;
        END;
    END LOOP;

    DROP TABLE pg_temp.tried_rows;
    RETURN v_refused;
END;
$function$;

COMMENT ON FUNCTION aegis._find_refused(aegis.target_fragments, bigint, aegis.data_sources) IS -- noqa: LT01
'Gives the rows of a stage that their table refuses a reason and the SQLSTATE; returns their number.';

ALTER FUNCTION aegis._find_refused(aegis.target_fragments, bigint, aegis.data_sources) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._find_refused(aegis.target_fragments, bigint, aegis.data_sources) FROM PUBLIC;
