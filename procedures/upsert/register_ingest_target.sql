-- register_ingest_target: let a table of yours take batches, with the verdicts and promises of all others.
--
-- What writes a batch runs as aegis_owner, so nothing of the table may run somebody else's code: the
-- table and the input type belong to aegis_owner, and triggers, defaults and checks call only what
-- PostgreSQL or AEGIS brought. Rules are SQL that runs as the owner: a table gets the common ones for
-- its event time here, others by a revision.
--
-- Call     CALL aegis.register_ingest_target('orders', 'public.orders', 'public.order_input', '{price,quantity}');
-- Role     aegis_operator
-- Locks    SHARE UPDATE EXCLUSIVE on the table, until the caller's transaction ends
-- Raises   AEU12  the table cannot take batches; DETAIL says why
-- Repeat   idempotent; another definition under the same name raises AEU12

CREATE OR REPLACE PROCEDURE aegis.register_ingest_target(
    p_target text,
    p_table regclass,
    p_input_type regtype,
    p_payload_columns text [],
    p_append_only boolean DEFAULT FALSE
)
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $procedure$
DECLARE
    v_system CONSTANT text [] := CASE WHEN p_append_only THEN ARRAY['batch_number']
        ELSE ARRAY['last_updated', 'sequence_number', 'source', 'source_rank', 'batch_number', 'data_version'] END;
    v_keys text[];
    v_input text[];
    v_new aegis.ingest_targets;
    v_detail text;
BEGIN
    SELECT array_agg(a.attname::text ORDER BY k.place)
      INTO v_keys
      FROM pg_constraint AS c
     CROSS JOIN LATERAL unnest(c.conkey) WITH ORDINALITY AS k (attnum, place)
      JOIN pg_attribute AS a ON a.attrelid = c.conrelid AND a.attnum = k.attnum
     WHERE c.conrelid = p_table
       AND c.contype = 'p';

    SELECT array_agg(a.attname::text)
      INTO v_input
      FROM pg_type AS y
      JOIN pg_attribute AS a ON a.attrelid = y.typrelid AND a.attnum > 0 AND NOT a.attisdropped
     WHERE y.oid = p_input_type;

    v_detail := CASE
        WHEN p_target IS NULL OR p_target !~ '^[a-z][a-z0-9_]{0,49}$'
        THEN 'The name is not 1 to 50 small letters, digits and underscores.'
        WHEN NOT EXISTS (
            SELECT
              FROM pg_class AS r
              JOIN pg_namespace AS n ON n.oid = r.relnamespace
              JOIN aegis.protected_tables AS p ON p.schema_name = n.nspname AND p.table_name = r.relname
             WHERE r.oid = p_table
               AND r.relowner = 'aegis_owner'::regrole
               AND r.relkind IN ('r', 'p')
               AND NOT r.relispartition
               AND r.relpersistence = 'p'
               AND NOT (r.relhasrules OR r.relrowsecurity)
               AND (p.history_table_name IS NOT NULL OR p_append_only)
        ) THEN 'It must be a permanent table of aegis_owner, no partition, without rules and row security, protected by '
               'aegis.protect_table, with a history unless it is append-only.'
        WHEN v_keys IS NULL THEN 'It has no primary key.'
        WHEN v_input IS NULL OR NOT EXISTS (
            SELECT FROM pg_type AS y JOIN pg_class AS r ON r.oid = y.typrelid
             WHERE y.oid = p_input_type AND y.typowner = 'aegis_owner'::regrole AND r.relkind = 'c'
        ) THEN 'The input type must be a composite type of aegis_owner.'
        WHEN EXISTS (
            SELECT
              FROM pg_type AS y
              JOIN pg_attribute AS a ON a.attrelid = y.typrelid AND a.attnum > 0 AND NOT a.attisdropped
              JOIN pg_type AS f ON f.oid = a.atttypid
             WHERE y.oid = p_input_type
               AND (f.typnamespace <> 'pg_catalog'::regnamespace
                    OR a.attname IN ('line_number', 'payload', 'payload_bytes', 'reason', 'sqlstate', 'filled', 'is_written', 'raw_place'))
        ) THEN 'The input type has a column that is not of a built-in type, or a name that a stage needs itself.'
        WHEN EXISTS (SELECT FROM unnest(v_input || v_keys) AS i (name) WHERE i.name !~ '^[a-z_][a-z0-9_]*$')
        THEN 'A column has a name that is not small letters, digits and underscores.'
        WHEN p_payload_columns IS NULL OR cardinality(p_payload_columns) = 0 OR p_payload_columns && (v_keys || v_system)
             OR NOT v_input @> (v_keys || p_payload_columns)
             OR NOT p_append_only AND NOT v_input @> '{event_at,sequence_number}'
        THEN 'The input type must have the key, the payload columns and, unless it is append-only, event_at and sequence_number; '
             'payload columns are neither key nor kept by AEGIS.'
        WHEN EXISTS (
            SELECT
              FROM unnest(v_keys || p_payload_columns || v_system) AS w (name)
              LEFT JOIN pg_attribute AS a ON a.attrelid = p_table AND a.attname = w.name AND NOT a.attisdropped AND a.attgenerated = ''
             WHERE a.attname IS NULL
        ) THEN format('The table lacks a column of %s.', array_to_string(v_keys || p_payload_columns || v_system, ', '))
        WHEN EXISTS (
            SELECT
              FROM pg_trigger AS g
              JOIN pg_proc AS p ON p.oid = g.tgfoid
             WHERE g.tgrelid = p_table
               AND NOT g.tgisinternal
               AND p.pronamespace NOT IN ('aegis'::regnamespace, 'aegis_guard'::regnamespace)
        ) OR EXISTS (
            SELECT
              FROM pg_class AS r
             CROSS JOIN LATERAL aclexplode(r.relacl) AS a
             WHERE r.oid = p_table AND a.privilege_type = 'TRIGGER' AND a.grantee <> r.relowner
        ) THEN 'It has a trigger that AEGIS did not bring, or somebody may make one.'
        WHEN EXISTS (
            SELECT
              FROM pg_depend AS d
              JOIN pg_proc AS p ON p.oid = d.refobjid
             WHERE d.refclassid = 'pg_proc'::regclass
               AND p.pronamespace <> 'pg_catalog'::regnamespace
               AND (d.classid = 'pg_attrdef'::regclass AND d.objid IN (SELECT e.oid FROM pg_attrdef AS e WHERE e.adrelid = p_table)
                    OR d.classid = 'pg_constraint'::regclass AND d.objid IN (SELECT c.oid FROM pg_constraint AS c WHERE c.conrelid = p_table)
                    OR d.classid = 'pg_class'::regclass AND d.objid IN (SELECT x.indexrelid FROM pg_index AS x WHERE x.indrelid = p_table))
        ) THEN 'A default, check or index of it calls a function that PostgreSQL did not bring.'
        WHEN EXISTS (
            SELECT
              FROM pg_attribute AS a
              JOIN pg_type AS f ON f.oid = a.atttypid
             WHERE a.attrelid = p_table AND a.attnum > 0 AND NOT a.attisdropped AND f.typnamespace <> 'pg_catalog'::regnamespace
        ) THEN 'A column of it is not of a built-in type.'
    END;

    SELECT p_target, n.nspname, r.relname, p_input_type::text, v_keys, p_payload_columns,
           CASE WHEN p_append_only THEN '{}' ELSE '{"sequence_number": "0"}' END::jsonb, p_append_only
      INTO v_new
      FROM pg_class AS r
      JOIN pg_namespace AS n ON n.oid = r.relnamespace
     WHERE r.oid = p_table;

    IF v_detail IS NULL AND EXISTS (
        SELECT FROM aegis.ingest_targets AS t
         WHERE (t.target = p_target OR (t.schema_name, t.table_name) = (v_new.schema_name, v_new.table_name)) AND t <> v_new
    ) THEN
        v_detail := 'The name or the table is registered with another definition.';
    END IF;

    IF v_detail IS NOT NULL THEN
        RAISE EXCEPTION 'table % cannot take batches', coalesce(p_table::text, 'null')
            USING ERRCODE = 'AEU12',
                  DETAIL = v_detail,
                  HINT = 'sql/upsert/README.md describes a table that can.';
    END IF;

    EXECUTE format('LOCK TABLE ONLY %s IN SHARE UPDATE EXCLUSIVE MODE', p_table);
    INSERT INTO aegis.ingest_targets SELECT v_new.* ON CONFLICT (target) DO NOTHING;
    IF NOT p_append_only THEN
        INSERT INTO aegis.ingest_rules (target, priority, reason, verdict, predicate, description, description_ko)
        SELECT p_target, r.priority, r.reason, r.verdict, r.predicate, r.description, r.description_ko
          FROM aegis.ingest_rules AS r
         WHERE r.target = 'stocks'
           AND r.reason IN ('null_event_time', 'event_time_out_of_range', 'future_time')
        ON CONFLICT (target, reason) DO NOTHING;
    END IF;
END;
$procedure$;

COMMENT ON PROCEDURE aegis.register_ingest_target(text, regclass, regtype, text [], boolean) IS -- noqa: LT01
'Lets a protected table of aegis_owner take batches; raises AEU12.';

ALTER PROCEDURE aegis.register_ingest_target(text, regclass, regtype, text [], boolean) OWNER TO aegis_owner;
REVOKE ALL ON PROCEDURE aegis.register_ingest_target(text, regclass, regtype, text [], boolean) FROM PUBLIC;
GRANT EXECUTE ON PROCEDURE aegis.register_ingest_target(text, regclass, regtype, text [], boolean) TO aegis_operator;
