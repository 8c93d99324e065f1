-- posture: one row for each defect in what protects the data, from the catalog of this moment.
--
-- It trusts nothing that a guard should have done: it also shows what a superuser did past the event
-- triggers, what a restore left out, and who could become a guard.
--
-- Call     SELECT * FROM aegis.posture();
-- Role     aegis_auditor, aegis_operator
-- Locks    none
-- Raises   nothing
-- Repeat   reads only
--
-- severity: critical (rows can be lost unseen), warning (a wall is lower than it could be),
-- notice (a layer this server does not have, or what two persons have agreed to be weaker).

CREATE OR REPLACE FUNCTION aegis.posture()
RETURNS TABLE (
    severity text,
    layer text,
    object text,
    fault text,
    remedy text
)
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    -- Guards.
    RETURN QUERY
    SELECT 'critical', 'guards', s.relation, format('missing or not in force: %s', m.what),
           CASE m.what WHEN 'the table itself' THEN 'restore it from a backup'
               ELSE format('CALL aegis.protect_table(%L)', s.relation)
           END
      FROM aegis.protection_status AS s
     CROSS JOIN unnest(s.missing) AS m (what)
     WHERE NOT s.is_protected;

    RETURN QUERY
    SELECT CASE WHEN e.evtname IS NULL AND NOT w.was_installed THEN 'notice' ELSE 'critical' END, 'event triggers', x.name,
           CASE
               WHEN e.evtname IS NULL AND NOT w.was_installed THEN 'never installed: no superuser installed AEGIS'
               WHEN e.evtname IS NULL THEN 'missing'
               WHEN e.evtfoid IS DISTINCT FROM to_regprocedure('aegis_guard.' || x.routine || '()') THEN 'calls another function'
               WHEN e.evtenabled <> 'A' THEN format('state %s instead of A (always)', e.evtenabled)
               ELSE format('belongs to %I, who is no superuser', o.rolname)
           END,
           'run sql/preservation/triggers/event_triggers.sql as a superuser'
      FROM (VALUES ('aegis_arm_partitions', 'arm_partitions'), ('aegis_check_change', 'check_change'),
                   ('aegis_check_command', 'check_command'), ('aegis_check_drop', 'check_drop'),
                   ('aegis_check_rewrite', 'check_rewrite')) AS x (name, routine)
     CROSS JOIN LATERAL (
        SELECT EXISTS (SELECT FROM aegis_guard.baselines AS b
                        WHERE b.schema_name = '' AND b.fingerprint ? ('event trigger ' || x.name)) AS was_installed
     ) AS w
      LEFT JOIN pg_event_trigger AS e ON e.evtname = x.name
      LEFT JOIN pg_roles AS o ON o.oid = e.evtowner
     WHERE e.evtname IS NULL
        OR e.evtfoid IS DISTINCT FROM to_regprocedure('aegis_guard.' || x.routine || '()')
        OR e.evtenabled <> 'A'
        OR NOT o.rolsuper;

    -- State against the sealed baseline. A new major version words descriptions anew.
    RETURN QUERY
    SELECT CASE WHEN d.is_weaker THEN 'critical' ELSE 'warning' END, 'baseline',
           CASE d.schema_name WHEN '' THEN d.aspect ELSE format('%I.%I', d.schema_name, d.table_name) END,
           format('%s was %s, is %s', d.aspect, coalesce(d.was, 'absent'), coalesce(d.is_now, 'gone')),
           'find out who did it; then undo it, or take it as good, by two persons if it is weaker: SELECT aegis.request_reseal(reason)'
      FROM (SELECT DISTINCT ON (c.schema_name, c.table_name, CASE WHEN c.is_new_subject THEN '' ELSE c.aspect END) c.*
              FROM (SELECT s.*, s.was IS NULL AND s.aspect = 'relation' AS is_new_relation,
                           s.was IS NULL AND NOT EXISTS (
                               SELECT FROM aegis_guard.baselines AS b
                                WHERE b.schema_name = s.schema_name AND b.table_name = s.table_name
                           ) AS is_new_subject
                      FROM aegis_guard.compare_state() AS s) AS c
             ORDER BY c.schema_name, c.table_name, CASE WHEN c.is_new_subject THEN '' ELSE c.aspect END,
                      c.is_weaker DESC, c.is_new_relation DESC) AS d;

    -- What two persons let be weaker, as long as it is.
    RETURN QUERY
    SELECT 'notice', 'approved', q.change ->> 'relation',
           format('%s was %s, is %s: requested by %s, approved by %s, done by %s at %s (request %s: %s)',
                  q.change ->> 'aspect', coalesce(q.change ->> 'was', 'absent'), coalesce(q.change ->> 'becomes', 'gone'),
                  q.requested_by, q.decided_by, q.used_by, q.used_at, q.request_id, q.reason),
           'put it back, if it is needed no longer'
      FROM (SELECT s.*, e.change
              FROM aegis.change_status AS s
             CROSS JOIN jsonb_array_elements(s.changes) AS e (change)
             WHERE s.status = 'used') AS q
     WHERE EXISTS (
               SELECT
                 FROM (SELECT DISTINCT ON (l.schema_name, l.table_name) l.fingerprint
                         FROM aegis_guard.baselines AS l
                        WHERE CASE
                                  WHEN q.change ->> 'relation' = 'code' THEN l.schema_name = '' AND l.table_name = 'code'
                                  ELSE q.change ->> 'relation' IN (l.root_name, format('%I.%I', l.schema_name, l.table_name))
                              END
                        ORDER BY l.schema_name, l.table_name, l.baseline_id DESC) AS b
                WHERE (b.fingerprint IS NOT NULL OR q.change ->> 'aspect' = 'relation')
                  AND b.fingerprint ->> (q.change ->> 'aspect') IS NOT DISTINCT FROM q.change ->> 'becomes'
           );

    RETURN QUERY
    SELECT 'warning', 'baseline', format('PostgreSQL %s', b.server_major),
           format('the baseline was sealed on it; this is PostgreSQL %s', current_setting('server_version_num')::integer / 10000),
           'look at the other rows of this layer, then SELECT aegis.request_reseal(reason), or aegis_guard.reseal if none is critical'
      FROM (SELECT l.server_major FROM aegis_guard.baselines AS l ORDER BY l.baseline_id DESC LIMIT 1) AS b
     WHERE b.server_major <> current_setting('server_version_num')::integer / 10000;

    -- Partitions: what DETACH CONCURRENTLY, a crash or another owner can do.
    RETURN QUERY
    WITH tree AS (
        SELECT r.oid AS root, r.relowner, t.relid::oid AS relid
          FROM aegis.protected_tables AS p
          JOIN pg_namespace AS n ON n.nspname = p.schema_name
          JOIN pg_class AS r ON r.relnamespace = n.oid AND r.relname = p.table_name AND r.relkind = 'p'
         CROSS JOIN pg_partition_tree(r.oid) AS t
    )
    SELECT 'warning', 'partitions', t.partrelid::regclass::text, 'has no default partition: DETACH CONCURRENTLY is not prevented',
           CASE t.partstrat WHEN 'h' THEN 'none for a hash-partitioned table; watch this list'
               ELSE format('CREATE TABLE ... PARTITION OF %s DEFAULT', t.partrelid::regclass) END
      FROM pg_partitioned_table AS t
     WHERE t.partrelid IN (SELECT r.root FROM tree AS r) AND t.partdefid = 0
     UNION ALL
    SELECT 'critical', 'partitions', c.oid::regclass::text, 'is not logged: a crash empties it', 'ALTER TABLE ... SET LOGGED'
      FROM tree AS r
      JOIN pg_class AS c ON c.oid = r.relid AND c.relpersistence <> 'p'
     UNION ALL
    SELECT 'warning', 'partitions', c.oid::regclass::text, format('belongs to %s, its table to %s', c.relowner::regrole, r.relowner::regrole),
           'ALTER TABLE ... OWNER TO, in a change window'
      FROM tree AS r
      JOIN pg_class AS c ON c.oid = r.relid AND c.relowner <> r.relowner;

    -- Settings and rights that put guards to sleep.
    RETURN QUERY
    SELECT 'critical', 'settings',
           concat_ws(' in ', CASE s.setrole WHEN 0 THEN 'all roles' ELSE s.setrole::regrole::text END,
                     (SELECT d.datname::text FROM pg_database AS d WHERE d.oid = s.setdatabase)),
           'sets ' || c.setting, 'ALTER ROLE or ALTER DATABASE ... RESET'
      FROM pg_db_role_setting AS s
     CROSS JOIN unnest(s.setconfig) AS c (setting)
     WHERE split_part(c.setting, '=', 1) IN ('event_triggers', 'session_replication_role', 'allow_system_table_mods')
     UNION ALL
    SELECT 'critical', 'settings', a.grantee::regrole::text, format('may SET %s', p.parname),
           format('REVOKE SET ON PARAMETER %s FROM %s', p.parname, a.grantee::regrole)
      FROM pg_parameter_acl AS p
     CROSS JOIN aclexplode(p.paracl) AS a
     WHERE p.parname IN ('event_triggers', 'session_replication_role')
       AND a.grantee <> 10                                      -- the bootstrap superuser
     UNION ALL
    SELECT 'critical', 'settings', p.oid::regprocedure::text, 'runs with ' || c.setting, 'ALTER ROUTINE ... RESET'
      FROM pg_proc AS p
     CROSS JOIN unnest(p.proconfig) AS c (setting)
     WHERE split_part(c.setting, '=', 1) IN ('event_triggers', 'session_replication_role', 'allow_system_table_mods')
     UNION ALL
    SELECT 'critical', 'settings', 'this session', format('%s is %s', x.name, current_setting(x.name, TRUE)), 'RESET it'
      FROM (VALUES ('event_triggers', 'on'), ('session_replication_role', 'origin')) AS x (name, good)
     WHERE current_setting(x.name, TRUE) <> x.good
     UNION ALL
    SELECT 'warning', 'attempts', 'wal_level', format('is %s: refused attempts are in the server log only', current_setting('wal_level')),
           'set wal_level = logical and restart'
     WHERE current_setting('wal_level') <> 'logical';

    -- Logical apply fires no statement trigger.
    RETURN QUERY
    SELECT 'critical', 'replication', s.srrelid::regclass::text, format('subscription %I writes into it', u.subname),
           'let it write into a staging table'
      FROM pg_subscription_rel AS s
      JOIN pg_subscription AS u ON u.oid = s.srsubid
     WHERE EXISTS (
               SELECT
                 FROM pg_trigger AS t
                 JOIN pg_proc AS p ON p.oid = t.tgfoid AND p.proname = 'refuse_removal'
                WHERE t.tgrelid = s.srrelid AND p.pronamespace = 'aegis_guard'::regnamespace
           );

    -- Who can become the owner of the data, or a guard.
    RETURN QUERY
    WITH RECURSIVE ways (member, role) AS (
        SELECT m.member, m.roleid
          FROM pg_auth_members AS m
         WHERE m.roleid IN (to_regrole('aegis_owner'), to_regrole('aegis_guard'))
           AND (m.admin_option
                OR coalesce((to_jsonb(m) ->> 'set_option')::boolean, TRUE)
                OR coalesce((to_jsonb(m) ->> 'inherit_option')::boolean, TRUE))
         UNION
        SELECT m.member, w.role
          FROM ways AS w
          JOIN pg_auth_members AS m ON m.roleid = w.member
           AND (m.admin_option
                OR coalesce((to_jsonb(m) ->> 'set_option')::boolean, TRUE)
                OR coalesce((to_jsonb(m) ->> 'inherit_option')::boolean, TRUE))
    )
    SELECT CASE w.role WHEN to_regrole('aegis_guard') THEN 'critical' ELSE 'warning' END, 'roles', r.rolname::text,
           format('can become %s', w.role::regrole), format('REVOKE %s FROM %I', w.role::regrole, r.rolname)
      FROM ways AS w
      JOIN pg_roles AS r ON r.oid = w.member
     WHERE NOT r.rolsuper AND r.rolname NOT IN ('aegis_guard', 'aegis_owner')
     UNION ALL
    SELECT 'warning', 'roles', r.rolname::text, 'has CREATEROLE: before PostgreSQL 16 it can become aegis_owner',
           format('ALTER ROLE %I NOCREATEROLE', r.rolname)
      FROM pg_roles AS r
     WHERE r.rolcreaterole AND NOT r.rolsuper AND current_setting('server_version_num')::integer < 160000;

    -- Rights that only a guard between them and a loss.
    RETURN QUERY
    SELECT 'warning', 'privileges', c.oid::regclass::text,
           format('%s may %s', CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END,
                  string_agg(a.privilege_type, ', ' ORDER BY a.privilege_type)),
           'REVOKE it'
      FROM aegis.protected_tables AS p
      JOIN pg_namespace AS n ON n.nspname = p.schema_name
      JOIN pg_class AS r ON r.relnamespace = n.oid AND r.relname = p.table_name
      LEFT JOIN LATERAL pg_partition_tree(r.oid) AS t ON TRUE
      JOIN pg_class AS c ON c.oid = coalesce(t.relid::oid, r.oid)
     CROSS JOIN aclexplode(c.relacl) AS a
     WHERE a.privilege_type IN ('DELETE', 'TRUNCATE', 'TRIGGER')
       AND a.grantee NOT IN (c.relowner, to_regrole('aegis_guard'))
     GROUP BY c.oid, a.grantee;
END;
$function$;

COMMENT ON FUNCTION aegis.posture() IS
'One row for each defect in what protects the data: what is wrong, how bad, how to mend it.';

ALTER FUNCTION aegis.posture() OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis.posture() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis.posture() TO aegis_auditor, aegis_operator;
