-- tune_partitions: give each partition the storage parameters and the index of its age.
--
-- Those of periods that are over get the closed parameters of the policy and lose the open ones:
-- they are seldom corrected, and what is fuller is read faster. Pages that exist stay as they are.
-- A history is a bare heap while it is written, which saves a fortieth of every update; its closed
-- partitions get a BRIN.
--
-- Call     SELECT aegis.tune_partitions('aegis.stock_prices');      maintain_partitions does it every day
-- Role     aegis_operator
-- Locks    SHARE UPDATE EXCLUSIVE on each partition that it changes, until the caller's transaction
--          ends: readers and writers go on. SHARE where it builds an index: corrections of that period
--          wait. Waits at most aegis.partition_lock_timeout, then 55P03
-- Raises   AEM01  the table is not registered
-- Repeat   idempotent: returns 0 when every partition is as it shall be

CREATE OR REPLACE FUNCTION aegis.tune_partitions(p_table regclass)
RETURNS integer
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '2s'
AS $function$
DECLARE
    v_policy aegis.partition_policies := aegis._partition_policy(p_table);
    v_today date := (now() AT TIME ZONE 'Asia/Seoul')::date;
    v_partition record;
    v_tuned integer := 0;
BEGIN
    PERFORM set_config('lock_timeout', (
        extract(EPOCH FROM aegis.configuration('aegis.partition_lock_timeout')::interval) * 1000
    )::bigint::text, true);

    FOR v_partition IN
        SELECT b.partition, c.relname AS name, p.parameters, p.is_bare,
               ARRAY(SELECT split_part(o.option, '=', 1)
                       FROM unnest(c.reloptions) AS o (option)
                      WHERE split_part(o.option, '=', 1) <> ALL (
                                SELECT split_part(w.option, '=', 1) FROM unnest(p.parameters) AS w (option)
                            )
                        AND o.option = ANY (v_policy.open_parameters)) AS former
          FROM aegis.partition_bounds(p_table) AS b
          JOIN pg_class AS c ON c.oid = b.partition
         CROSS JOIN LATERAL (
            SELECT CASE WHEN b.upper_bound <= v_today THEN v_policy.closed_parameters
                        ELSE v_policy.open_parameters END AS parameters,
                   b.upper_bound <= v_today AND NOT EXISTS (SELECT FROM pg_index AS i WHERE i.indrelid = b.partition) AS is_bare
         ) AS p
         WHERE NOT b.is_default
           AND (NOT coalesce(c.reloptions, '{}') @> p.parameters
                OR b.upper_bound <= v_today
                AND coalesce(c.reloptions, '{}') && ARRAY(
                        SELECT o.option FROM unnest(v_policy.open_parameters) AS o (option)
                        EXCEPT
                        SELECT o.option FROM unnest(p.parameters) AS o (option)
                    )
                OR p.is_bare)
         ORDER BY b.lower_bound
    LOOP
        EXECUTE format('ALTER TABLE %s SET (%s)', v_partition.partition, array_to_string(v_partition.parameters, ', '));
        IF cardinality(v_partition.former) > 0 THEN
            EXECUTE format('ALTER TABLE %s RESET (%s)', v_partition.partition, array_to_string(v_partition.former, ', '));
        END IF;
        IF v_partition.is_bare THEN
            EXECUTE format('CREATE INDEX %I ON %s USING brin (%I) WITH (pages_per_range = 8)',
                           v_partition.name || '_' || v_policy.key_column || '_ix', v_partition.partition, v_policy.key_column);
        END IF;
        v_tuned := v_tuned + 1;
    END LOOP;

    RETURN v_tuned;
END;
$function$;

COMMENT ON FUNCTION aegis.tune_partitions(regclass) IS
'Gives each partition the storage parameters of its age, and an index if it is closed and has none; returns how many were changed; raises AEM01.';

ALTER FUNCTION aegis.tune_partitions(regclass) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis.tune_partitions(regclass) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis.tune_partitions(regclass) TO aegis_operator;
