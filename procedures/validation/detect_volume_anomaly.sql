-- detect_volume_anomaly: a volume against those before, by the rules volume_spike, volume_zscore and volume_iqr.
--
-- Call     SELECT * FROM aegis.detect_volume_anomaly(900000, ARRAY[100000, 120000, 90000, 110000, 105000]);
-- Role     aegis_reader
-- Locks    nothing
-- Raises   nothing; with fewer observations than the rules ask for (5) nothing is judged
-- Repeat   as often as wanted
--
-- Standard deviation of the sample; without spread (a window of halts) there is no z-score.

CREATE OR REPLACE FUNCTION aegis.detect_volume_anomaly(
    p_current_volume bigint,
    p_historical_volumes bigint []
)
RETURNS TABLE (
    is_anomaly boolean,
    reason text,
    observations integer,
    z_score double precision,
    current_vs_avg double precision,
    is_iqr_outlier boolean
)
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $function$
    SELECT coalesce(s.observations >= k.observations
                    AND (s.z > k.zscore OR s.z < -k.zscore OR p_current_volume > k.spike * s.mean), FALSE),
           CASE WHEN s.observations < k.observations THEN '데이터 부족' END,
           s.observations,
           CASE WHEN s.observations >= k.observations THEN s.z END,
           CASE WHEN s.observations >= k.observations THEN p_current_volume / nullif(s.mean, 0) END,
           coalesce(s.observations >= k.observations AND p_current_volume > s.q3 + k.iqr * (s.q3 - s.q1), FALSE)
      FROM (
        SELECT max(r.minimum_observations) FILTER (WHERE r.rule_code = 'volume_spike') AS observations,
               max(r.threshold) FILTER (WHERE r.rule_code = 'volume_spike')::double precision AS spike,
               max(r.threshold) FILTER (WHERE r.rule_code = 'volume_zscore')::double precision AS zscore,
               max(r.threshold) FILTER (WHERE r.rule_code = 'volume_iqr')::double precision AS iqr
          FROM aegis.validation_rules AS r
      ) AS k
     CROSS JOIN (
        SELECT count(h.volume)::integer AS observations,
               avg(h.volume)::double precision AS mean,
               (p_current_volume - avg(h.volume)::double precision)
                   / nullif(stddev_samp(h.volume::double precision), 0) AS z,
               percentile_cont(0.25) WITHIN GROUP (ORDER BY h.volume) AS q1,
               percentile_cont(0.75) WITHIN GROUP (ORDER BY h.volume) AS q3
          FROM unnest(p_historical_volumes) AS h (volume)
      ) AS s
$function$;

COMMENT ON FUNCTION aegis.detect_volume_anomaly(bigint, bigint []) IS -- noqa: LT01
'Whether a volume is unusual beside those before: multiple of the mean, z-score, quartiles.';

ALTER FUNCTION aegis.detect_volume_anomaly(bigint, bigint []) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis.detect_volume_anomaly(bigint, bigint []) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis.detect_volume_anomaly(bigint, bigint []) TO aegis_reader;
