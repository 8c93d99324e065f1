-- Every object of the AEGIS schemas with its description, owner, rights and comment: two
-- columns of text. Names and pg_get_* texts only, never OIDs, so that databases can be compared.
-- Partitions are left out: each database has those of its own days.

WITH objects (classid, objid, name, description, owner, acl) AS (
    SELECT 'pg_namespace'::regclass, n.oid, 'schema ' || n.nspname, '', n.nspowner, n.nspacl
      FROM pg_namespace AS n
     WHERE n.nspname = ANY (%(schemas)s)
     UNION ALL
    SELECT 'pg_class'::regclass, c.oid, 'relation ' || c.oid::regclass::text,
           concat_ws(' ', c.relkind, c.relpersistence, c.relrowsecurity, c.relforcerowsecurity,
                     c.reloptions::text, pg_get_partkeydef(c.oid),
                     CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END,
                     CASE WHEN c.relkind IN ('i', 'I') THEN pg_get_indexdef(c.oid) END),
           c.relowner, c.relacl
      FROM pg_class AS c
      JOIN pg_namespace AS n ON n.oid = c.relnamespace
     WHERE n.nspname = ANY (%(schemas)s) AND NOT c.relispartition
     UNION ALL
    SELECT 'pg_class'::regclass, NULL, format('column %%s.%%I', c.oid::regclass, a.attname),
           concat_ws(' ', a.attnum, format_type(a.atttypid, a.atttypmod),
                     'collation ' || nullif(a.attcollation, 0)::regcollation::text,
                     CASE WHEN a.attnotnull THEN 'not null' END,
                     'identity ' || nullif(a.attidentity::text, ''),
                     'generated ' || nullif(a.attgenerated::text, ''),
                     pg_get_expr(d.adbin, d.adrelid), col_description(c.oid, a.attnum)),
           c.relowner, a.attacl
      FROM pg_class AS c
      JOIN pg_namespace AS n ON n.oid = c.relnamespace
      JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
     WHERE n.nspname = ANY (%(schemas)s) AND NOT c.relispartition AND c.relkind NOT IN ('i', 'I')
     UNION ALL
    SELECT 'pg_proc'::regclass, p.oid, 'routine ' || p.oid::regprocedure::text,
           CASE WHEN p.prokind <> 'a' THEN pg_get_functiondef(p.oid) END, p.proowner, p.proacl
      FROM pg_proc AS p
      JOIN pg_namespace AS n ON n.oid = p.pronamespace
     WHERE n.nspname = ANY (%(schemas)s)
     UNION ALL
    SELECT 'pg_type'::regclass, t.oid, 'type ' || t.oid::regtype::text, t.typtype::text,
           t.typowner, t.typacl
      FROM pg_type AS t
      JOIN pg_namespace AS n ON n.oid = t.typnamespace
      LEFT JOIN pg_class AS c ON c.oid = t.typrelid
     WHERE n.nspname = ANY (%(schemas)s) AND t.typelem = 0 AND (c.oid IS NULL OR c.relkind = 'c')
     UNION ALL
    SELECT 'pg_constraint'::regclass, k.oid,
           concat_ws(' ', 'constraint', k.conname, 'of', k.conrelid::regclass),
           concat_ws(' ', pg_get_constraintdef(k.oid), k.convalidated), NULL, NULL
      FROM pg_constraint AS k
      JOIN pg_class AS c ON c.oid = k.conrelid
      JOIN pg_namespace AS n ON n.oid = c.relnamespace
     WHERE n.nspname = ANY (%(schemas)s) AND NOT c.relispartition
     UNION ALL
    SELECT 'pg_trigger'::regclass, t.oid, concat_ws(' ', 'trigger', t.tgname, 'of', t.tgrelid::regclass),
           concat_ws(' ', t.tgenabled, pg_get_triggerdef(t.oid)), NULL, NULL
      FROM pg_trigger AS t
      JOIN pg_class AS c ON c.oid = t.tgrelid
      JOIN pg_namespace AS n ON n.oid = c.relnamespace
     WHERE n.nspname = ANY (%(schemas)s) AND NOT c.relispartition AND NOT t.tgisinternal
     UNION ALL
    SELECT 'pg_rewrite'::regclass, r.oid, concat_ws(' ', 'rule', r.rulename, 'of', r.ev_class::regclass),
           concat_ws(' ', r.ev_enabled, pg_get_ruledef(r.oid)), NULL, NULL
      FROM pg_rewrite AS r
      JOIN pg_class AS c ON c.oid = r.ev_class
      JOIN pg_namespace AS n ON n.oid = c.relnamespace
     WHERE n.nspname = ANY (%(schemas)s) AND NOT c.relispartition AND r.rulename <> '_RETURN'
     UNION ALL
    SELECT 'pg_policy'::regclass, y.oid, concat_ws(' ', 'policy', y.polname, 'of', y.polrelid::regclass),
           concat_ws(' ', y.polcmd, y.polpermissive, pg_get_expr(y.polqual, y.polrelid),
                     pg_get_expr(y.polwithcheck, y.polrelid)), NULL, NULL
      FROM pg_policy AS y
      JOIN pg_class AS c ON c.oid = y.polrelid
      JOIN pg_namespace AS n ON n.oid = c.relnamespace
     WHERE n.nspname = ANY (%(schemas)s)
     UNION ALL
    SELECT 'pg_event_trigger'::regclass, e.oid, 'event trigger ' || e.evtname,
           concat_ws(' ', e.evtevent, e.evtenabled, e.evttags::text, e.evtfoid::regprocedure),
           e.evtowner, NULL
      FROM pg_event_trigger AS e
     WHERE e.evtname ^@ 'aegis_'
)

SELECT o.name,
       concat_ws(' | ', o.description,
                 'owner ' || CASE WHEN o.classid <> 'pg_event_trigger'::regclass
                                  THEN pg_get_userbyid(o.owner) END,
                 (SELECT string_agg(concat_ws(' ', 'grant', x.privilege_type, 'to',
                                              CASE x.grantee WHEN 0 THEN 'PUBLIC'
                                                   ELSE pg_get_userbyid(x.grantee)::text END),
                                    ', ' ORDER BY x.privilege_type, x.grantee::regrole::text COLLATE "C")
                    FROM aclexplode(o.acl) AS x
                   WHERE x.grantee <> o.owner),
                 obj_description(o.objid, o.classid::text))
  FROM objects AS o
 ORDER BY o.name;
