-- _version_change: what differs between two versions of a row, for the ledger: {"old": {...}, "new": {...}}, each with the
-- properties that differ alone.

CREATE OR REPLACE FUNCTION aegis._version_change(
    p_old jsonb,
    p_new jsonb
)
RETURNS jsonb
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object('old', coalesce(jsonb_object_agg(n.key, p_old -> n.key) FILTER (WHERE p_old ? n.key), '{}'),
                              'new', coalesce(jsonb_object_agg(n.key, n.value), '{}'))
      FROM jsonb_each(p_new) AS n
     WHERE n.value IS DISTINCT FROM p_old -> n.key
$function$;

COMMENT ON FUNCTION aegis._version_change(jsonb, jsonb) IS -- noqa: LT01
'What differs between two versions of a row, as {"old": ..., "new": ...}.';

ALTER FUNCTION aegis._version_change(jsonb, jsonb) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._version_change(jsonb, jsonb) FROM PUBLIC;
