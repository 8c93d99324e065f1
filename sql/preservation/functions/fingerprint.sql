-- What can be said about relations as far as their rows depend on it: one object per relation, one
-- key per aspect. Names and pg_get_* texts, never OIDs. Indexes, comments, statistics, storage
-- parameters and rights of named roles are left out: they lose no row. Settings that change how
-- bounds and defaults are written are pinned: the session's own must not look like a change.

CREATE OR REPLACE FUNCTION aegis_guard.fingerprint(p_relations oid [])
RETURNS TABLE (
    relation oid,
    fingerprint jsonb
)
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET datestyle = 'ISO, YMD'
SET intervalstyle = 'postgres'
SET timezone = 'UTC'
SET bytea_output = 'hex'
SET extra_float_digits = 1
SET quote_all_identifiers = off
AS $function$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH aspects (relation, aspect, description) AS (
        SELECT c.oid, 'relation',
               concat_ws(' ', c.relkind, c.relpersistence, 'owner ' || pg_get_userbyid(c.relowner)::text,
                         CASE WHEN c.relrowsecurity THEN 'row security' END,
                         CASE WHEN c.relforcerowsecurity THEN 'forced' END,
                         pg_get_partkeydef(c.oid), pg_get_expr(c.relpartbound, c.oid),
                         (SELECT string_agg(i.inhparent::regclass::text
                                            || CASE WHEN i.inhdetachpending THEN ' pending' ELSE '' END,
                                            ', ' ORDER BY i.inhseqno)
                            FROM pg_inherits AS i WHERE i.inhrelid = c.oid))
          FROM pg_class AS c
         WHERE c.oid = ANY (p_relations)
         UNION ALL
        SELECT a.attrelid, 'column ' || a.attname,
               concat_ws(' ', format_type(a.atttypid, a.atttypmod),
                         nullif(a.attcollation, 0)::regcollation::text,
                         'identity ' || nullif(a.attidentity::text, ''),
                         'generated ' || nullif(a.attgenerated::text, ''),
                         CASE WHEN a.attgenerated <> '' THEN pg_get_expr(d.adbin, d.adrelid) END)
          FROM pg_attribute AS a
          LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
         WHERE a.attrelid = ANY (p_relations) AND a.attnum > 0 AND NOT a.attisdropped
         UNION ALL
        SELECT a.attrelid, 'not null ' || a.attname, 'yes'
          FROM pg_attribute AS a
         WHERE a.attrelid = ANY (p_relations) AND a.attnum > 0 AND NOT a.attisdropped AND a.attnotnull
         UNION ALL
        SELECT d.adrelid, 'default ' || a.attname, pg_get_expr(d.adbin, d.adrelid)
          FROM pg_attrdef AS d
          JOIN pg_attribute AS a ON a.attrelid = d.adrelid AND a.attnum = d.adnum AND a.attgenerated = ''
         WHERE d.adrelid = ANY (p_relations)
         UNION ALL
        SELECT t.tgrelid,
               CASE
                   WHEN n.nspname = 'aegis_guard' AND t.tgname ^@ 'aegis_' THEN 'guard '
                   ELSE 'trigger '
               END || t.tgname,
               concat_ws(' ', t.tgenabled, pg_get_triggerdef(t.oid))
          FROM pg_trigger AS t
          JOIN pg_proc AS p ON p.oid = t.tgfoid
          JOIN pg_namespace AS n ON n.oid = p.pronamespace
         WHERE t.tgrelid = ANY (p_relations) AND NOT t.tgisinternal
         UNION ALL
        SELECT t.tgrelid, 'disabled ' || k.conname, string_agg(DISTINCT t.tgenabled::text, '')
          FROM pg_trigger AS t
          JOIN pg_constraint AS k ON k.oid = t.tgconstraint
         WHERE t.tgrelid = ANY (p_relations) AND t.tgisinternal AND t.tgenabled <> 'O'
         GROUP BY t.tgrelid, k.conname
         UNION ALL
        SELECT r.ev_class, 'rule ' || r.rulename, concat_ws(' ', r.ev_enabled, pg_get_ruledef(r.oid))
          FROM pg_rewrite AS r
         WHERE r.ev_class = ANY (p_relations)
         UNION ALL
        SELECT y.polrelid, 'policy ' || y.polname,
               concat_ws(' ', y.polcmd, y.polpermissive, pg_get_expr(y.polqual, y.polrelid),
                         pg_get_expr(y.polwithcheck, y.polrelid))
          FROM pg_policy AS y
         WHERE y.polrelid = ANY (p_relations)
         UNION ALL
        SELECT k.conrelid, 'constraint ' || k.conname,
               -- pg_get_constraintdef says NOT VALID and NOT ENFORCED itself.
               pg_get_constraintdef(k.oid)
          FROM pg_constraint AS k
         WHERE k.conrelid = ANY (p_relations) AND (k.contype IN ('c', 'f', 'p', 'u', 'x') OR NOT k.convalidated)
         UNION ALL
        SELECT c.oid, 'public ' || a.privilege_type, 'granted'
          FROM pg_class AS c
         CROSS JOIN aclexplode(c.relacl) AS a
         WHERE c.oid = ANY (p_relations) AND a.grantee = 0 AND a.privilege_type <> 'SELECT'
    )
    SELECT a.relation, jsonb_object_agg(a.aspect, a.description)
      FROM aspects AS a
     GROUP BY a.relation;
END;
$function$;

COMMENT ON FUNCTION aegis_guard.fingerprint(oid []) IS
'Describes relations, aspect by aspect, as far as their rows depend on it.';

ALTER FUNCTION aegis_guard.fingerprint(oid []) OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis_guard.fingerprint(oid []) FROM PUBLIC;
