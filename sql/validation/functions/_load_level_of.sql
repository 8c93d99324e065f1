-- _load_level_of: the level that measures amount to, each limit multiplied by p_factor (below 1 for going down).

CREATE OR REPLACE FUNCTION aegis._load_level_of(p_measures jsonb, p_factor numeric)
RETURNS integer
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT coalesce(max(l.level), 0)
      FROM generate_series(1, 3) AS l (level)
     WHERE (p_measures ->> 'backends')::numeric >= p_factor * aegis.configuration('aegis.load_backends_' || l.level)::numeric
        OR (p_measures ->> 'waiting')::numeric >= p_factor * aegis.configuration('aegis.load_waiting_' || l.level)::numeric
        OR (p_measures ->> 'batch_seconds')::numeric
           >= p_factor * extract(EPOCH FROM aegis.configuration('aegis.load_batch_time_' || l.level)::interval)
$function$;

COMMENT ON FUNCTION aegis._load_level_of(jsonb, numeric) IS -- noqa: LT01
'Load level that measures amount to by the settings, their limits multiplied by a factor.';

ALTER FUNCTION aegis._load_level_of(jsonb, numeric) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._load_level_of(jsonb, numeric) FROM PUBLIC;
