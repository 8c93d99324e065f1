-- What AEGIS' own code looks like: routines, views, schemas, event triggers. A routine that
-- somebody replaced can lose rows as well as a dropped guard.

CREATE OR REPLACE FUNCTION aegis_guard.code_fingerprint()
RETURNS jsonb
LANGUAGE sql
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
    SELECT jsonb_object_agg(a.aspect, a.description)
      FROM (
        SELECT 'routine ' || p.oid::regprocedure::text,
               concat_ws(' ', md5(p.prosrc), l.lanname, p.prokind, p.prosecdef, p.provolatile, p.proisstrict,
                         p.proconfig::text, 'owner ' || pg_get_userbyid(p.proowner)::text,
                         CASE WHEN EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS x
                                            WHERE x.grantee = 0) THEN 'public' END)
          FROM pg_proc AS p
          JOIN pg_namespace AS n ON n.oid = p.pronamespace
          JOIN pg_language AS l ON l.oid = p.prolang
         WHERE n.nspname IN ('aegis', 'aegis_guard')
         UNION ALL
        SELECT format('view %I.%I', n.nspname, c.relname),
               concat_ws(' ', md5(pg_get_viewdef(c.oid)), c.reloptions::text, 'owner ' || pg_get_userbyid(c.relowner)::text)
          FROM pg_class AS c
          JOIN pg_namespace AS n ON n.oid = c.relnamespace
         WHERE n.nspname IN ('aegis', 'aegis_guard') AND c.relkind = 'v'
         UNION ALL
        SELECT 'schema ' || n.nspname, 'owner ' || pg_get_userbyid(n.nspowner)::text
          FROM pg_namespace AS n
         WHERE n.nspname IN ('aegis', 'aegis_guard', 'aegis_archive')
         UNION ALL
        SELECT 'right on ' || c.oid::regclass::text,
               string_agg(concat_ws(' ', x.privilege_type, x.grantee::regrole), ', ' ORDER BY x.grantee, x.privilege_type)
          FROM pg_class AS c
         CROSS JOIN aclexplode(c.relacl) AS x
         WHERE c.relowner = to_regrole('aegis_guard') AND x.grantee <> c.relowner AND x.privilege_type NOT IN ('SELECT', 'USAGE')
         GROUP BY c.oid
         UNION ALL
        SELECT 'event trigger ' || e.evtname,
               concat_ws(' ', e.evtevent, e.evtenabled, e.evttags::text, e.evtfoid::regprocedure)
          FROM pg_event_trigger AS e
         WHERE e.evtname ^@ 'aegis_'
      ) AS a (aspect, description)
$function$;

COMMENT ON FUNCTION aegis_guard.code_fingerprint() IS
'Describes the routines, views, schemas and event triggers of AEGIS.';

ALTER FUNCTION aegis_guard.code_fingerprint() OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis_guard.code_fingerprint() FROM PUBLIC;
