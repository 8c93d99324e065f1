-- seal_table: take a digest of every row that is written to a table from now on.
--
-- Call     CALL aegis.seal_table('aegis.stock_prices');
-- Role     aegis_owner, or a superuser
-- Locks    SHARE ROW EXCLUSIVE on the table and its partitions where a trigger is missing
-- Raises   AEP72  it is not a protected table of aegis_owner with a primary key
-- Repeat   idempotent: a second call mends the triggers, and covers columns added since
--
-- Rows that are there already are covered by the next daily root, not by a block: seal a table
-- before it is filled. p_bucket names the date or time that daily roots go by; trade_date or the
-- partition key where it is left out.

CREATE OR REPLACE PROCEDURE aegis.seal_table(
    p_table regclass,
    p_bucket text DEFAULT NULL
)
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $procedure$
DECLARE
    v_table record;
    v_columns text[];
    v_keys text[];
    v_bucket text;
    v_known aegis.seal_formats;
BEGIN
    SELECT n.nspname AS schema_name, c.relname AS table_name
      INTO v_table
      FROM pg_class AS c
      JOIN pg_namespace AS n ON n.oid = c.relnamespace
      JOIN aegis.protected_tables AS p ON p.schema_name = n.nspname AND p.table_name = c.relname
     WHERE c.oid = p_table
       AND c.relowner = 'aegis_owner'::regrole
       AND NOT c.relispartition;

    SELECT array_agg(a.attname ORDER BY k.place)
      INTO v_keys
      FROM pg_index AS i
     CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k (number, place)
      JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.number
     WHERE i.indrelid = p_table
       AND i.indisprimary;

    IF v_table IS NULL OR v_keys IS NULL THEN
        RAISE EXCEPTION '% cannot be sealed', coalesce(p_table::text, 'null')
            USING ERRCODE = 'AEP72',
                  DETAIL = 'It is no protected table of aegis_owner with a primary key.',
                  HINT = 'CALL aegis.protect_table first; of a partitioned table name the root.';
    END IF;

    SELECT array_agg(a.attname ORDER BY a.attnum) FILTER (WHERE a.attgenerated = ''),
           coalesce(p_bucket,
                    min(a.attname) FILTER (WHERE a.attname = 'trade_date'),
                    min(a.attname) FILTER (WHERE a.attnum = k.partattrs[0]
                                             AND a.atttypid IN ('date'::regtype, 'timestamptz'::regtype)))
      INTO v_columns, v_bucket
      FROM pg_attribute AS a
      LEFT JOIN pg_partitioned_table AS k ON k.partrelid = a.attrelid
     WHERE a.attrelid = p_table
       AND a.attnum > 0
       AND NOT a.attisdropped;

    SELECT f.* INTO v_known
      FROM aegis.seal_formats AS f
     WHERE (f.schema_name, f.table_name) = (v_table.schema_name, v_table.table_name)
     ORDER BY f.format_version DESC
     LIMIT 1;

    -- A column that is gone stays in the formats before; one that came is appended.
    v_columns := ARRAY(SELECT c FROM unnest(v_known.column_names) AS c WHERE c = ANY (v_columns))
                 || ARRAY(SELECT c FROM unnest(v_columns) AS c WHERE c <> ALL (coalesce(v_known.column_names, '{}')));

    IF v_known.column_names IS DISTINCT FROM v_columns THEN
        v_bucket := coalesce(v_known.bucket_column, v_bucket);
        INSERT INTO aegis.seal_formats (
            schema_name, table_name, format_version, column_names, key_columns, bucket_column, row_bytes, row_bucket
        )
        VALUES (
            v_table.schema_name, v_table.table_name, coalesce(v_known.format_version, 0) + 1, v_columns, v_keys, v_bucket,
            aegis_guard._row_bytes(p_table, v_columns, 't'), aegis_guard._bucket(p_table, v_bucket, 't')
        );
        PERFORM aegis_guard._record_act('seal_format', format('%I.%I', v_table.schema_name, v_table.table_name), NULL, NULL,
                                        jsonb_build_object('version', coalesce(v_known.format_version, 0) + 1,
                                                           'columns', v_columns));
    END IF;

    PERFORM aegis_guard.arm_table(p_table);
    PERFORM aegis_guard.arm_table(h.oid)
       FROM aegis.protected_tables AS p
       JOIN pg_namespace AS n ON n.nspname = p.history_schema_name
       JOIN pg_class AS h ON h.relnamespace = n.oid AND h.relname = p.history_table_name
      WHERE (p.schema_name, p.table_name) = (v_table.schema_name, v_table.table_name);
END;
$procedure$;

COMMENT ON PROCEDURE aegis.seal_table(regclass, text) IS -- noqa: LT01
'Takes a digest of every row that is written to a table from now on; raises AEP72.';

ALTER PROCEDURE aegis.seal_table(regclass, text) OWNER TO aegis_guard;
REVOKE ALL ON PROCEDURE aegis.seal_table(regclass, text) FROM PUBLIC;
GRANT EXECUTE ON PROCEDURE aegis.seal_table(regclass, text) TO aegis_owner;
