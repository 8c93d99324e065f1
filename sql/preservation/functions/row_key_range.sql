-- row_key_range: the part of a condition on rows (alias t) that bounds the partition key of a table by
-- constants taken from keys, so that the planner leaves out the other partitions; empty where the
-- table is not partitioned by a date or moment of its primary key. Expects keys that
-- aegis.row_keys has approved.

CREATE OR REPLACE FUNCTION aegis.row_key_range(
    p_table regclass,
    p_keys jsonb
)
RETURNS text
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_column record;
    v_range text;
BEGIN
    SELECT a.attname AS name, format_type(a.atttypid, NULL) AS type
      INTO v_column
      FROM pg_partitioned_table AS p
      JOIN pg_attribute AS a ON a.attrelid = p.partrelid AND a.attnum = p.partattrs[0]
      JOIN pg_index AS i ON i.indrelid = p.partrelid AND i.indisprimary AND a.attnum = ANY (i.indkey)
     WHERE p.partrelid = p_table
       AND a.atttypid IN ('date'::regtype, 'timestamptz'::regtype);

    IF FOUND THEN
        EXECUTE format('SELECT format('' AND t.%%I BETWEEN %%L AND %%L'', %1$L, min(k.%1$I), max(k.%1$I))
                          FROM jsonb_to_recordset($1) AS k (%1$I %2$s)', v_column.name, v_column.type)
           INTO v_range
          USING p_keys;
    END IF;

    RETURN coalesce(v_range, '');
END;
$function$;

COMMENT ON FUNCTION aegis.row_key_range(regclass, jsonb) IS -- noqa: LT01
'Condition that bounds the partition key of a table by constants taken from keys; empty where there is none.';

ALTER FUNCTION aegis.row_key_range(regclass, jsonb) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis.row_key_range(regclass, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis.row_key_range(regclass, jsonb) TO aegis_reader;
