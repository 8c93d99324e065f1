-- The legal way out of a default partition: takes away the rows that a new partition has copies
-- of, and attaches that partition, in one step. The caller copied them; this believes nothing and
-- compares. It runs no code that somebody may have hung on either table.
--
-- Locks    ACCESS EXCLUSIVE on the default partition, SHARE UPDATE EXCLUSIVE on the table
-- Raises   AEP17  the new partition is not what it should be, or not an exact copy

CREATE OR REPLACE FUNCTION aegis_guard.fill_partition(
    p_table regclass,
    p_partition regclass,
    p_lower text,
    p_upper text
)
RETURNS bigint
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET row_security = off
AS $function$
DECLARE
    v_default regclass;
    v_key text;
    v_columns text;
    v_range text;
    v_count bigint;
    v_differing bigint;
    v_foreign text;
BEGIN
    SELECT t.partdefid, quote_ident(a.attname)
      INTO v_default, v_key
      FROM pg_partitioned_table AS t
      JOIN pg_attribute AS a ON a.attrelid = t.partrelid AND a.attnum = t.partattrs[0]
     WHERE t.partrelid = p_table
       AND t.partnatts = 1
       AND t.partstrat = 'r'
       AND t.partdefid <> 0;

    IF v_default IS NOT NULL THEN
        EXECUTE format('LOCK TABLE ONLY %s IN SHARE UPDATE EXCLUSIVE MODE', p_table);
        EXECUTE format('LOCK TABLE %s, %s IN ACCESS EXCLUSIVE MODE', p_partition, v_default);
    END IF;

    SELECT string_agg(f.what, ', ')
      INTO v_foreign
      FROM unnest(ARRAY[v_default, p_partition]) AS r (relation)
     CROSS JOIN aegis_guard.foreign_code(r.relation) AS f (what);

    IF v_default IS NULL OR v_foreign IS NOT NULL OR NOT EXISTS (
        SELECT
          FROM pg_class AS c
          JOIN pg_class AS r ON r.oid = p_table AND r.relowner = c.relowner AND r.relnamespace = c.relnamespace
         WHERE c.oid = p_partition
           AND c.relkind = 'r'
           AND c.relpersistence = 'p'
           AND NOT c.relispartition
    ) THEN
        RAISE EXCEPTION '% cannot take rows out of the default partition of %', p_partition, p_table
            USING ERRCODE = 'AEP17',
                  DETAIL = coalesce(
                      'Somebody else''s code: ' || v_foreign || '.',
                      'It must be a plain new table of the same owner, beside a table partitioned by range.'
                  ),
                  HINT = 'Let aegis.ensure_partitions make the partition.';
    END IF;

    SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)
      INTO v_columns
      FROM pg_attribute AS a
     WHERE a.attrelid = p_table
       AND a.attnum > 0
       AND NOT a.attisdropped;

    v_range := format('%s >= %L AND %1$s < %3$L', v_key, p_lower, p_upper);
    EXECUTE format('SELECT count(*) FROM %s WHERE %s', v_default, v_range) INTO v_count;
    EXECUTE format('SELECT count(*) FROM (SELECT %s FROM %s WHERE %s EXCEPT ALL SELECT %1$s FROM %4$s) AS d',
                   v_columns, v_default, v_range, p_partition)
       INTO v_differing;

    IF v_differing > 0 THEN
        RAISE EXCEPTION '% of % rows of % are not in %', v_differing, v_count, v_default, p_partition
            USING ERRCODE = 'AEP17',
                  DETAIL = 'Rows may leave the default partition only when the new one has them all.',
                  HINT = 'Nothing was changed; let aegis.ensure_partitions make the partition.';
    END IF;

    IF v_count > 0 THEN
        -- No trigger saw the copies; the removal leaves a tombstone.
        PERFORM aegis_guard._seal_relation(p_table, p_partition);
        PERFORM aegis_guard._issue_ticket(
            p_relation => v_default,
            p_operation => 'DELETE',
            p_row_limit => v_count,
            p_reason => format('rows moved into %s', p_partition)
        );
        EXECUTE format('DELETE FROM %s WHERE %s', v_default, v_range);
    END IF;

    EXECUTE format('ALTER TABLE %s ATTACH PARTITION %s FOR VALUES FROM (%L) TO (%L)',
                   p_table, p_partition, p_lower, p_upper);
    PERFORM aegis_guard.arm_table(p_partition);

    RETURN v_count;
END;
$function$;

COMMENT ON FUNCTION aegis_guard.fill_partition(regclass, regclass, text, text) IS -- noqa: LT01
'Removes from a default partition the rows that a new partition holds, and attaches that; returns their number; raises AEP17.';

ALTER FUNCTION aegis_guard.fill_partition(regclass, regclass, text, text) OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis_guard.fill_partition(regclass, regclass, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis_guard.fill_partition(regclass, regclass, text, text) TO aegis_owner;
