-- maintain_partitions: keep every table's partitions ahead of time, its default partition empty, and
-- the storage parameters of closed partitions as the policy says.
--
-- Call     CALL aegis.maintain_partitions();      once a day, outside a transaction
-- Role     aegis_operator
-- Locks    those of aegis.ensure_partitions, one table at a time, committed before the next
-- Raises   AEM08  the maintenance of some tables failed; that of the others is done
--          A table that somebody else holds is postponed with a WARNING, not a failure.
-- Repeat   idempotent
--
-- It commits, so it runs with the rights of its caller.

CREATE OR REPLACE PROCEDURE aegis.maintain_partitions()
LANGUAGE plpgsql
AS $procedure$
DECLARE
    v_today date := (now() AT TIME ZONE 'Asia/Seoul')::date;
    v_months integer;
    v_days integer;
    v_tables text[];
    v_table text;
    v_failed text[] := ARRAY[]::text[];
    v_state text;
    v_message text;
BEGIN
    SET LOCAL search_path = pg_catalog, pg_temp;

    v_months := aegis.configuration('aegis.partition_months_ahead')::integer;
    v_days := aegis.configuration('aegis.partition_days_ahead')::integer;
    v_tables := ARRAY(SELECT p.table_name FROM aegis.partition_policies AS p ORDER BY p.table_name);

    FOREACH v_table IN ARRAY v_tables LOOP
        BEGIN
            PERFORM aegis.ensure_partitions(
                        t.relation,
                        v_today,
                        CASE p.granularity
                            WHEN 'month' THEN (v_today + make_interval(months => v_months))::date
                            ELSE v_today + v_days
                        END
                    )
               FROM aegis.partition_policies AS p
              CROSS JOIN LATERAL (SELECT ('aegis.' || quote_ident(p.table_name))::regclass) AS t (relation)
              WHERE p.table_name = v_table;

            -- What came for other days than these waits in the default partition.
            PERFORM aegis.ensure_partitions(t.relation, d.period, d.period)
               FROM (SELECT ('aegis.' || quote_ident(v_table))::regclass) AS t (relation)
              CROSS JOIN LATERAL (
                SELECT w.period
                  FROM aegis.default_partition_periods(t.relation) AS w
                 WHERE w.can_be_moved
                 ORDER BY w.period DESC
                 LIMIT 500
              ) AS d;

            PERFORM aegis.tune_partitions(('aegis.' || quote_ident(v_table))::regclass);
        EXCEPTION
            WHEN lock_not_available OR deadlock_detected THEN
                RAISE WARNING 'partitions of % are postponed', v_table
                    USING DETAIL = SQLERRM,
                          HINT = 'Somebody holds the table or its default partition; the next run tries again.';
            WHEN OTHERS THEN
                GET STACKED DIAGNOSTICS v_state = RETURNED_SQLSTATE, v_message = MESSAGE_TEXT;
                v_failed := v_failed || v_table;
                RAISE WARNING 'partitions of % are not maintained: % (%)', v_table, v_message, v_state;
        END;

        COMMIT;
        SET LOCAL search_path = pg_catalog, pg_temp;
    END LOOP;

    IF cardinality(v_failed) > 0 THEN
        RAISE EXCEPTION 'partition maintenance failed for %', array_to_string(v_failed, ', ')
            USING ERRCODE = 'AEM08',
                  HINT = 'The warnings before say why; aegis.partition_health shows what is missing.';
    END IF;
END;
$procedure$;

COMMENT ON PROCEDURE aegis.maintain_partitions() IS -- noqa: LT01
'Makes the coming partitions and empties the default ones, one table per transaction; raises AEM08.';

ALTER PROCEDURE aegis.maintain_partitions() OWNER TO aegis_owner;
REVOKE ALL ON PROCEDURE aegis.maintain_partitions() FROM PUBLIC;
GRANT EXECUTE ON PROCEDURE aegis.maintain_partitions() TO aegis_operator;
