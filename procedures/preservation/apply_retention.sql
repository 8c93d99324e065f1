-- apply_retention: archive every partition past its term, verify what was archived, drop what may go.
--
-- Call     CALL aegis.apply_retention();                        once a day, outside a transaction
--          CALL aegis.apply_retention('aegis.stock_ticks');
-- Role     aegis_operator
-- Locks    those of aegis.archive_partition, one partition at a time, committed before the next
-- Raises   AEP53  the clock is behind the ledger
--          AEP67  some partitions failed; the others are done
--          A partition that somebody else holds is postponed with a WARNING, not a failure.
-- Repeat   idempotent
--
-- It commits, so it runs with the rights of its caller. Creation of partitions does not depend
-- on it: that is aegis.maintain_partitions.

CREATE OR REPLACE PROCEDURE aegis.apply_retention(p_table regclass DEFAULT NULL)
LANGUAGE plpgsql
AS $procedure$
DECLARE
    v_stage text;
    v_subjects text[];
    v_subject text;
    v_failed text[] := ARRAY[]::text[];
    v_state text;
    v_message text;
    v_done integer := 0;
BEGIN
    SET LOCAL search_path = pg_catalog, pg_temp;

    FOREACH v_stage IN ARRAY ARRAY['archive', 'verify', 'drop'] LOOP
        -- Each stage looks for itself: what the one archived, the next verifies.
        v_subjects := CASE v_stage
            WHEN 'archive' THEN ARRAY(
                SELECT c.partition::text
                  FROM aegis.retention_candidates(p_table) AS c
                 WHERE c.is_due
                 ORDER BY c.upper_bound, c.partition::text
            )
            ELSE ARRAY(
                SELECT s.archive_id::text
                  FROM aegis.archive_status AS s
                 WHERE s.dropped_at IS NULL
                   AND CASE v_stage WHEN 'verify' THEN s.verified_at IS NULL ELSE s.obstacle IS NULL END
                   AND (p_table IS NULL OR s.relation::regclass = p_table)
                 ORDER BY s.archive_id
            )
        END;

        FOREACH v_subject IN ARRAY v_subjects LOOP
            BEGIN
                CASE v_stage
                    WHEN 'archive' THEN PERFORM aegis.archive_partition(v_subject::regclass);
                    WHEN 'verify' THEN PERFORM aegis.verify_archive(v_subject::bigint);
                    ELSE PERFORM aegis.drop_archive(v_subject::bigint);
                END CASE;
                v_done := v_done + 1;
            EXCEPTION
                WHEN lock_not_available OR deadlock_detected THEN
                    RAISE WARNING '% of % is postponed', v_stage, v_subject
                        USING DETAIL = SQLERRM,
                              HINT = 'Somebody holds it or its table; the next run tries again.';
                WHEN SQLSTATE 'AEP50' OR undefined_table THEN
                    RAISE NOTICE '% of % is done by another session', v_stage, v_subject;
                WHEN SQLSTATE 'AEP52' THEN
                    RAISE NOTICE '% of % waits', v_stage, v_subject
                        USING DETAIL = 'A legal hold covers a row of it.';
                WHEN OTHERS THEN
                    GET STACKED DIAGNOSTICS v_state = RETURNED_SQLSTATE, v_message = MESSAGE_TEXT;
                    v_failed := v_failed || format('%s of %s', v_stage, v_subject);
                    RAISE WARNING '% of % failed: % (%)', v_stage, v_subject, v_message, v_state;
            END;

            COMMIT;
            SET LOCAL search_path = pg_catalog, pg_temp;

            IF v_state = 'AEP53' THEN
                RAISE EXCEPTION 'retention stops: %', v_message
                    USING ERRCODE = 'AEP53',
                          HINT = 'Set the clock of the server right.';
            END IF;
        END LOOP;
    END LOOP;

    RAISE NOTICE 'retention: % steps done', v_done;

    IF cardinality(v_failed) > 0 THEN
        RAISE EXCEPTION 'retention failed for %', array_to_string(v_failed, ', ')
            USING ERRCODE = 'AEP67',
                  HINT = 'The warnings before say why; aegis.retention_candidates and aegis.archive_status show the rest.';
    END IF;
END;
$procedure$;

COMMENT ON PROCEDURE aegis.apply_retention(regclass) IS -- noqa: LT01
'Archives partitions past their term, verifies archives and drops those that may go, one per transaction; raises AEP53 or AEP67.';

ALTER PROCEDURE aegis.apply_retention(regclass) OWNER TO aegis_owner;
REVOKE ALL ON PROCEDURE aegis.apply_retention(regclass) FROM PUBLIC;
GRANT EXECUTE ON PROCEDURE aegis.apply_retention(regclass) TO aegis_operator;
