-- Catalog: the house rules, as queries over what is really there.
BEGIN;
SELECT plan(27);

-- What the rules are about. Partitions follow their table; Alembic's own table is Alembic's.
CREATE TEMP VIEW house_schemas AS
SELECT n.oid, n.nspname, n.nspowner, n.nspacl FROM pg_namespace AS n WHERE n.nspname LIKE 'aegis%';
CREATE TEMP VIEW house_relations AS
SELECT c.*, format('%I.%I', n.nspname, c.relname) AS name
  FROM pg_class AS c
  JOIN house_schemas AS n ON n.oid = c.relnamespace
 WHERE c.relname NOT LIKE 'alembic\_version%';
CREATE TEMP VIEW house_tables AS
SELECT r.* FROM house_relations AS r WHERE r.relkind IN ('r', 'p') AND NOT r.relispartition;
CREATE TEMP VIEW house_columns AS
SELECT a.attrelid, a.attnum, a.attname, a.atttypid, a.atttypmod, a.attcollation, a.attgenerated,
       r.name || '.' || a.attname AS name, r.relkind
  FROM house_relations AS r
  JOIN pg_attribute AS a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
 WHERE r.relkind IN ('r', 'p', 'v', 'm', 'c') AND NOT r.relispartition;
CREATE TEMP VIEW house_routines AS
SELECT p.*, p.oid::regprocedure::text AS name
  FROM pg_proc AS p
  JOIN house_schemas AS n ON n.oid = p.pronamespace;
CREATE TEMP VIEW house_types AS
SELECT t.*, t.oid::regtype::text AS name
  FROM pg_type AS t
  JOIN house_schemas AS n ON n.oid = t.typnamespace
  LEFT JOIN pg_class AS c ON c.oid = t.typrelid
 WHERE t.typelem = 0 AND (t.typrelid = 0 OR c.relkind = 'c') AND t.typtype <> 'm';

SELECT set_eq('SELECT nspname::text FROM house_schemas', $$VALUES ('aegis'), ('aegis_guard'), ('aegis_archive')$$,
              'there are three schemas');

-- Comments.
SELECT is_empty($$SELECT nspname FROM house_schemas WHERE obj_description(oid, 'pg_namespace') IS NULL$$,
                'every schema is commented');
SELECT is_empty($$
    SELECT name FROM house_relations
     WHERE relkind IN ('r', 'p', 'v', 'm', 'c') AND NOT relispartition AND obj_description(oid, 'pg_class') IS NULL
       AND (relkind <> 'c' OR obj_description(reltype, 'pg_type') IS NULL)
$$, 'every table, view and composite type is commented');
SELECT is_empty($$SELECT name FROM house_columns WHERE col_description(attrelid, attnum) IS NULL$$,
                'every column is commented');
SELECT is_empty($$SELECT name FROM house_routines WHERE obj_description(oid, 'pg_proc') IS NULL$$,
                'every routine is commented');

-- Owner.
SELECT is_empty($$
    SELECT nspname FROM house_schemas
     WHERE nspowner <> CASE nspname WHEN 'aegis_guard' THEN 'aegis_guard' ELSE 'aegis_owner' END::regrole
$$, 'every schema belongs to aegis_owner, that of the guards to aegis_guard');
SELECT is_empty($$
    SELECT name FROM house_relations
     WHERE relowner <> CASE
               WHEN relnamespace = 'aegis_guard'::regnamespace OR relname ~ '^(protected_tables|ledger|batch_numbers)(_|$)'
                   OR relname ~ '^(seals|seal_entries|seal_formats|blocked_attempts)(_|$)'
                   -- What decides about removals: whoever owns the data must not be able to write it.
                   OR relname ~ '^(retention_policies|archived_partitions|archive_events|archive_status|legal_holds?|active_holds)(_|$)'
                   OR relname ~ '^(deletion|change|emergency_deletion|deleted_rows|personal_columns|erasures)(_|$)' THEN 'aegis_guard'
               ELSE 'aegis_owner'
           END::regrole
$$, 'every relation, partitions included, belongs to aegis_owner, those of the guards to aegis_guard');
-- Trigger functions that write data, with triggers of that data in turn, write it with its owner's rights.
-- In aegis, legal ways (SECURITY DEFINER, taking tickets) belong to aegis_guard.
SELECT is_empty($$
    SELECT name FROM house_routines
     WHERE CASE
               WHEN pronamespace <> 'aegis_guard'::regnamespace
                   THEN proowner <> 'aegis_owner'::regrole AND NOT (proowner = 'aegis_guard'::regrole AND prosecdef)
               WHEN proname IN ('capture_history', 'seal_rows', '_seal_relation', '_day_digests') THEN proowner <> 'aegis_owner'::regrole
               ELSE proowner <> 'aegis_guard'::regrole
           END
$$, 'every routine belongs to aegis_owner, guards and their legal ways to aegis_guard');
SELECT is_empty($$SELECT name FROM house_types WHERE typowner <> 'aegis_owner'::regrole$$,
                'every type belongs to aegis_owner');

-- Privileges.
SELECT is_empty($$
    SELECT name FROM house_routines
     WHERE prosecdef AND NOT coalesce(proconfig @> ARRAY['search_path=pg_catalog, pg_temp'], FALSE)
$$, 'every SECURITY DEFINER routine pins its search_path');
SELECT is_empty($$
    SELECT o.name, a.privilege_type
      FROM (SELECT nspname::text AS name, coalesce(nspacl, acldefault('n', nspowner)) AS acl FROM house_schemas
            UNION ALL
            SELECT name, coalesce(relacl, acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relowner))
              FROM house_relations
            UNION ALL
            SELECT name, coalesce(proacl, acldefault('f', proowner)) FROM house_routines
            UNION ALL
            SELECT name, coalesce(typacl, acldefault('T', typowner)) FROM house_types) AS o
     CROSS JOIN LATERAL aclexplode(o.acl) AS a
     WHERE a.grantee = 0
$$, 'PUBLIC may do nothing');
SELECT is_empty($$
    SELECT r.name, a.grantee::regrole, a.privilege_type
      FROM house_relations AS r
     CROSS JOIN LATERAL aclexplode(r.relacl) AS a
     WHERE r.relkind IN ('r', 'p', 'v', 'm')
       AND a.grantee <> r.relowner
       AND (a.privilege_type NOT IN ('SELECT', 'INSERT') OR a.is_grantable)
$$, 'nobody but the owner may change or remove rows, or pass on a right');
SELECT is_empty($$
    SELECT r.name FROM house_relations AS r CROSS JOIN LATERAL aclexplode(r.relacl) AS a
     WHERE r.relispartition AND a.grantee <> r.relowner
$$, 'nobody holds a right on a partition');
SELECT is_empty($$
    SELECT r.name FROM house_routines AS r CROSS JOIN LATERAL aclexplode(r.proacl) AS a
     WHERE r.proname LIKE '\_%' AND a.grantee NOT IN (r.proowner, 'aegis_owner'::regrole)
       -- Views call these with the rights of their reader; they read what he may read anyway.
       AND NOT (r.proname IN ('_bars_of_code', '_baseline', '_quartiles', '_market_days', '_market_facts', '_limit_prices', '_limit_width', '_slot_bars') AND a.grantee = 'aegis_reader'::regrole)
$$, 'internal routines are granted to nobody but aegis_owner, those within views to readers');
SELECT is_empty($$
    SELECT rolname FROM pg_roles
     WHERE rolname ~ '^aegis_(owner|guard|app|ingest|operator|approver|privacy_officer|auditor|reader)$'
       AND (rolcanlogin OR rolsuper OR rolcreaterole OR rolcreatedb OR rolbypassrls OR rolreplication)
$$, 'group roles do not log in and are not mighty');

-- Names.
SELECT is_empty($$
    SELECT t.name, c.conname
      FROM pg_constraint AS c
      JOIN house_tables AS t ON t.oid = c.conrelid
     WHERE c.contype IN ('p', 'u', 'f', 'c', 'x')         -- from 18 on, NOT NULL is a constraint too
       AND (c.conname NOT LIKE replace(t.relname, '_', '\_') || '\_%'
            OR right(c.conname, 3) <> CASE c.contype
                WHEN 'p' THEN '_pk' WHEN 'u' THEN '_uq' WHEN 'f' THEN '_fk' WHEN 'c' THEN '_ck' ELSE '_ex'
            END)
$$, 'every constraint is named for its table and kind');
SELECT is_empty($$
    SELECT t.name, i.relname
      FROM pg_index AS x
      JOIN house_tables AS t ON t.oid = x.indrelid
      JOIN pg_class AS i ON i.oid = x.indexrelid
     WHERE NOT EXISTS (SELECT FROM pg_constraint AS c WHERE c.conindid = x.indexrelid AND c.contype IN ('p', 'u', 'x'))
       AND (i.relname NOT LIKE replace(t.relname, '_', '\_') || '\_%' OR i.relname NOT LIKE '%\_ix')
$$, 'every index is named for its table and ends in _ix');
SELECT is_empty($$
    SELECT t.name, g.tgname
      FROM pg_trigger AS g
      JOIN house_tables AS t ON t.oid = g.tgrelid
     WHERE NOT g.tgisinternal
       AND g.tgname NOT LIKE replace(t.relname, '_', '\_') || '\_%'
       AND g.tgname NOT LIKE 'aegis\_%'
$$, 'every trigger is named for its table, guards for AEGIS');
SELECT is_empty($$
    SELECT p.name, a.argument
      FROM house_routines AS p
     CROSS JOIN LATERAL unnest(p.proargnames[1:p.pronargs]) AS a (argument)
     WHERE a.argument NOT LIKE 'p\_%'
$$, 'every parameter begins with p_');
SELECT is_empty($$
    SELECT name FROM house_routines
     WHERE prokind = 'f' AND (prorettype = 'boolean'::regtype AND NOT proretset) <> (proname ~ '^_?(is|has)_')
$$, 'functions that answer yes or no begin with is_ or has_, and only they');
SELECT is_empty($$
    SELECT name FROM house_columns
     WHERE attname LIKE '%\_at' AND atttypid <> 'timestamptz'::regtype
        OR attname LIKE '%\_on' AND atttypid <> 'date'::regtype
        OR attname ~ '^(is|has)_' AND atttypid <> 'boolean'::regtype
$$, 'the end or the beginning of a column''s name tells its type');

-- Types and keys.
SELECT is_empty($$
    SELECT name, format_type(atttypid, atttypmod) FROM house_columns
     WHERE atttypid IN ('varchar'::regtype, 'bpchar'::regtype, 'timestamp'::regtype, 'timetz'::regtype, 'json'::regtype,
                        'money'::regtype, 'real'::regtype)
$$, 'no column has a type that loses or surprises');
SELECT is_empty($$SELECT name FROM house_columns WHERE attgenerated = 'v'$$, 'no generated column is virtual');
SELECT is_empty($$
    SELECT c.name
      FROM house_columns AS c
      JOIN pg_constraint AS k ON k.conrelid = c.attrelid AND c.attnum = ANY(k.conkey) AND k.contype IN ('p', 'u', 'f')
     WHERE c.atttypid = 'text'::regtype AND c.attcollation <> 'pg_catalog."C"'::regcollation
$$, 'text in keys is compared by bytes');
SELECT is_empty($$
    SELECT t.name FROM house_tables AS t
     WHERE t.relname NOT LIKE '%\_history'                 -- the open month is an unindexed heap, for speed
       AND NOT EXISTS (SELECT FROM pg_constraint AS c WHERE c.conrelid = t.oid AND c.contype = 'p')
$$, 'every table has a primary key');
SELECT is_empty($$
    SELECT t.name, c.conname
      FROM pg_constraint AS c
      JOIN house_tables AS t ON t.oid = c.conrelid
     WHERE c.contype = 'f'
       AND NOT EXISTS (
               SELECT FROM pg_index AS x
                WHERE x.indrelid = c.conrelid
                  AND x.indpred IS NULL
                  AND (x.indkey::smallint[])[0:cardinality(c.conkey) - 1] @> c.conkey
           )
$$, 'every foreign key has an index');
SELECT is_empty($$
    SELECT name FROM house_relations WHERE relkind IN ('r', 'p') AND relpersistence <> 'p'
$$, 'every table and partition survives a crash');

SELECT * FROM finish();
ROLLBACK;
