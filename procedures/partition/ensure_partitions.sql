-- ensure_partitions: make the partitions that a range of days needs.
--
-- A partition is made as a table of its own and attached, which lets readers and writers of the
-- other partitions go on. Rows that waited in the default partition move into it. All or nothing.
--
-- Call     SELECT aegis.ensure_partitions('aegis.stock_prices', '2024-01-01', '2024-03-31');
-- Role     aegis_operator, aegis_ingest
-- Locks    SHARE UPDATE EXCLUSIVE on the table and ACCESS EXCLUSIVE on its default partition from the
--          first missing partition until the caller's transaction ends; nothing when none is missing.
--          Waits at most aegis.partition_lock_timeout, then 55P03
-- Raises   AEM01  the table is not registered
--          AEM02  the range has no or no finite beginning or end, or ends before it begins
--          AEM03  the range begins before 1980 or ends more than two years ahead
--          AEM04  the range needs more than 500 partitions
--          AEM05  a partition of another shape covers a part of a month or day
--          AEM06  a table that is no partition has the name of one
-- Repeat   idempotent: returns 0 when nothing is missing

CREATE OR REPLACE FUNCTION aegis.ensure_partitions(
    p_table regclass,
    p_from date,
    p_to date
)
RETURNS integer
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '2s'
AS $function$
DECLARE
    v_policy aegis.partition_policies := aegis._partition_policy(p_table);
    v_today date := (now() AT TIME ZONE 'Asia/Seoul')::date;
    v_default regclass;
    v_columns text;
    v_new record;
    v_moved bigint;
    v_removed bigint;
    v_made integer := 0;
    v_is_guarded boolean := to_regprocedure('aegis_guard.fill_partition(regclass, regclass, text, text)') IS NOT NULL
        AND EXISTS (SELECT FROM pg_trigger AS t WHERE t.tgrelid = p_table AND t.tgname = 'aegis_no_delete');
BEGIN
    IF p_from IS NULL OR p_to IS NULL OR NOT isfinite(p_from) OR NOT isfinite(p_to) OR p_from > p_to THEN
        RAISE EXCEPTION 'there is no range from % to %', coalesce(p_from::text, 'null'), coalesce(p_to::text, 'null')
            USING ERRCODE = 'AEM02',
                  HINT = 'Pass two days, the first not after the last.';
    ELSIF p_from < DATE '1980-01-01' OR p_to > v_today + INTERVAL '2 years' THEN
        RAISE EXCEPTION 'partitions from % to % are not made', p_from, p_to
            USING ERRCODE = 'AEM03', SCHEMA = 'aegis', TABLE = v_policy.table_name,
                  DETAIL = format('A range lies between 1980-01-01 and %s.', (v_today + INTERVAL '2 years')::date),
                  HINT = 'Check the dates of the rows; rows beyond stay in the default partition.';
    END IF;

    PERFORM aegis._take_partition_turn(p_table);

    -- Tables of their own first: nobody waits while they are built.
    FOR v_new IN
        SELECT * FROM aegis._missing_partitions(p_table, p_from, p_to) AS m ORDER BY m.lower_bound
    LOOP
        IF v_made = 500 THEN
            RAISE EXCEPTION 'the range from % to % needs more than 500 partitions', p_from, p_to
                USING ERRCODE = 'AEM04', SCHEMA = 'aegis', TABLE = v_policy.table_name,
                      HINT = 'Split it; each partition takes locks until the transaction ends.';
        ELSIF v_new.is_partly_covered THEN
            RAISE EXCEPTION 'a partition covers a part of the % of %', v_policy.granularity, v_new.lower_bound
                USING ERRCODE = 'AEM05', SCHEMA = 'aegis', TABLE = v_policy.table_name,
                      HINT = 'aegis.partition_bounds lists the partitions; one of another shape was made by hand.';
        END IF;

        PERFORM aegis._create_partition(p_table, v_new.partition_name, v_new.lower_bound, v_new.upper_bound, TRUE);
        v_made := v_made + 1;
    END LOOP;

    IF v_made = 0 THEN
        RETURN 0;
    END IF;

    SELECT b.partition INTO v_default FROM aegis.partition_bounds(p_table) AS b WHERE b.is_default;
    EXECUTE format('LOCK TABLE ONLY %s IN SHARE UPDATE EXCLUSIVE MODE', p_table);
    IF v_default IS NOT NULL THEN
        EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', v_default);
    END IF;

    SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)
      INTO v_columns
      FROM pg_attribute AS a
     WHERE a.attrelid = p_table
       AND a.attnum > 0
       AND NOT a.attisdropped
       AND a.attgenerated = '';

    FOR v_new IN
        SELECT * FROM aegis._missing_partitions(p_table, p_from, p_to) AS m ORDER BY m.lower_bound
    LOOP
        v_moved := 0;
        IF v_default IS NOT NULL THEN
            EXECUTE format('INSERT INTO aegis.%I (%s) SELECT %2$s FROM %s AS d WHERE d.%I >= %L AND d.%4$I < %6$L',
                           v_new.partition_name, v_columns, v_default, v_policy.key_column,
                           v_new.lower_literal, v_new.upper_literal);
            GET DIAGNOSTICS v_moved = ROW_COUNT;
        END IF;

        -- Rows leave the default partition of a guarded table by the hands of a guard.
        IF v_moved > 0 AND v_is_guarded THEN
            PERFORM aegis_guard.fill_partition(
                p_table => p_table,
                p_partition => format('aegis.%I', v_new.partition_name)::regclass,
                p_lower => v_new.lower_literal,
                p_upper => v_new.upper_literal
            );
            EXECUTE format('ANALYZE aegis.%I', v_new.partition_name);
            CONTINUE;
        ELSIF v_moved > 0 THEN
            EXECUTE format('DELETE FROM %s AS d WHERE d.%I >= %L AND d.%2$I < %4$L',
                           v_default, v_policy.key_column, v_new.lower_literal, v_new.upper_literal);
            GET DIAGNOSTICS v_removed = ROW_COUNT;
            IF v_removed <> v_moved THEN
                RAISE EXCEPTION '% rows were copied to % and % removed from %',
                                v_moved, v_new.partition_name, v_removed, v_default
                    USING ERRCODE = 'AEM07', SCHEMA = 'aegis', TABLE = v_policy.table_name,
                          HINT = 'Nothing was changed; look for foreign triggers or rules on the default partition.';
            END IF;
        END IF;

        EXECUTE format('ALTER TABLE %s ATTACH PARTITION aegis.%I FOR VALUES FROM (%L) TO (%L)',
                       p_table, v_new.partition_name, v_new.lower_literal, v_new.upper_literal);

        -- Where the server lets AEGIS have event triggers, this finds nothing to do.
        IF v_is_guarded THEN
            PERFORM aegis_guard.arm_table(format('aegis.%I', v_new.partition_name)::regclass);
        END IF;

        IF v_moved > 0 THEN
            -- A partition without statistics is read sequentially.
            EXECUTE format('ANALYZE aegis.%I', v_new.partition_name);
        END IF;
    END LOOP;

    RETURN v_made;
END;
$function$;

COMMENT ON FUNCTION aegis.ensure_partitions(regclass, date, date) IS -- noqa: LT01
'Makes the partitions that a range of days needs and moves waiting rows into them; returns their number; raises AEM01 to AEM07.';

ALTER FUNCTION aegis.ensure_partitions(regclass, date, date) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis.ensure_partitions(regclass, date, date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis.ensure_partitions(regclass, date, date) TO aegis_operator, aegis_ingest;
