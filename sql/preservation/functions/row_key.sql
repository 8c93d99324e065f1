-- row_key: the primary key of a table, in the forms in which a key from outside is bound to it: its
-- columns, their definition for jsonb_to_record (alias k), the comparison of a row (alias t) with
-- such a record, and the columns of that record in the order in which every session locks rows.
--
-- Types and operators are those of the key's own index: nothing is rounded, cast or resolved by
-- search_path on the way.
--
-- Raises   AEP35  it is not a table
--          AEP36  it is a partition
--          AEP37  it has no primary key

CREATE OR REPLACE FUNCTION aegis.row_key(
    p_table regclass,
    OUT key_columns text[],
    OUT key_definition text,
    OUT key_comparison text,
    OUT key_order text
)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_table pg_class;
    v_schema text;
BEGIN
    SELECT c.* INTO v_table FROM pg_class AS c WHERE c.oid = p_table;
    v_schema := (SELECT n.nspname FROM pg_namespace AS n WHERE n.oid = v_table.relnamespace);

    IF v_table.relkind IS NULL OR v_table.relkind NOT IN ('r', 'p') THEN
        RAISE EXCEPTION '% has no rows of its own', coalesce(p_table::text, 'null')
            USING ERRCODE = 'AEP35', SCHEMA = coalesce(v_schema, ''), TABLE = coalesce(v_table.relname, ''),
                  DETAIL = CASE v_table.relkind
                      WHEN 'v' THEN 'It is a view; its rows are kept by the tables below it.'
                      WHEN 'm' THEN 'It is a materialized view; its rows are kept by the tables below it.'
                      WHEN 'f' THEN 'It is a foreign table; its rows are kept by another server.'
                      ELSE 'It is not a table.'
                  END,
                  HINT = 'Pass the table that keeps the rows.';
    ELSIF v_table.relispartition THEN
        RAISE EXCEPTION '% is a partition', p_table
            USING ERRCODE = 'AEP36', SCHEMA = v_schema, TABLE = v_table.relname,
                  DETAIL = format('It is a partition of %s.', pg_partition_root(p_table)),
                  HINT = format('Pass %L.', pg_partition_root(p_table)::text);
    END IF;

    SELECT array_agg(a.attname::text ORDER BY k.place),
           string_agg(format('%I %s', a.attname, format_type(a.atttypid, NULL))
                      || coalesce(' COLLATE ' || quote_ident(n.nspname) || '.' || quote_ident(l.collname), ''), ', ' ORDER BY k.place),
           string_agg(format('t.%I OPERATOR(%I.%s) k.%1$I', a.attname, m.nspname, o.oprname), ' AND ' ORDER BY k.place),
           string_agg(format('k.%I', a.attname), ', ' ORDER BY k.place)
      INTO key_columns, key_definition, key_comparison, key_order
      FROM pg_index AS i
     CROSS JOIN LATERAL unnest(i.indkey::smallint[], i.indclass::oid[]) WITH ORDINALITY AS k (attnum, opclass, place)
      JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
      JOIN pg_opclass AS c ON c.oid = k.opclass
      JOIN pg_am AS x ON x.oid = c.opcmethod AND x.amname = 'btree'
      JOIN pg_amop AS p
        ON p.amopfamily = c.opcfamily
       AND p.amoplefttype = c.opcintype
       AND p.amoprighttype = c.opcintype
       AND p.amopstrategy = 3                                  -- equality
      JOIN pg_operator AS o ON o.oid = p.amopopr
      JOIN pg_namespace AS m ON m.oid = o.oprnamespace
      LEFT JOIN pg_collation AS l ON l.oid = a.attcollation AND l.collname <> 'default'
      LEFT JOIN pg_namespace AS n ON n.oid = l.collnamespace
     WHERE i.indrelid = p_table
       AND i.indisprimary;

    IF key_columns IS NULL THEN
        RAISE EXCEPTION '% has no primary key', p_table
            USING ERRCODE = 'AEP37', SCHEMA = v_schema, TABLE = v_table.relname,
                  DETAIL = 'Without one a row cannot be named.',
                  HINT = 'ALTER TABLE ... ADD PRIMARY KEY first.';
    END IF;
END;
$function$;

COMMENT ON FUNCTION aegis.row_key(regclass) IS -- noqa: LT01
'Primary key of a table in the forms that bind a key from outside to it; raises AEP35 to AEP37.';

ALTER FUNCTION aegis.row_key(regclass) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis.row_key(regclass) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis.row_key(regclass) TO aegis_reader;
