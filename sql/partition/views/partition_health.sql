-- Whether there is a partition for now and the time ahead, per table, and what to do if not.

CREATE OR REPLACE VIEW aegis.partition_health AS
SELECT
    p.table_name,
    p.granularity,
    b.partitions,
    b.first_bound,
    b.last_bound,
    b.last_bound - t.today AS days_ahead,
    m.missing_partitions,
    b.has_default,
    w.default_rows,
    w.stray_rows,
    b.has_default AND m.missing_partitions = 0 AND w.default_rows = 0 AS is_healthy,
    CASE
        WHEN NOT b.has_default THEN 'Attach a default partition: rows of other days are refused.'
        WHEN m.missing_partitions > 0 OR w.default_rows > w.stray_rows
            THEN 'CALL aegis.maintain_partitions();'
        WHEN w.stray_rows > 0
            THEN 'Correct the dates: rows before 1980 or more than two years ahead get no partition.'
    END AS advice
  FROM aegis.partition_policies AS p
 CROSS JOIN (SELECT (now() AT TIME ZONE 'Asia/Seoul')::date AS today) AS t
 CROSS JOIN LATERAL (SELECT ('aegis.' || quote_ident(p.table_name))::regclass) AS r (relation)
 CROSS JOIN LATERAL (
    SELECT
        count(*) FILTER (WHERE NOT c.is_default)::integer AS partitions,
        coalesce(bool_or(c.is_default), FALSE) AS has_default,
        min(c.lower_bound) AS first_bound,
        max(c.upper_bound) AS last_bound
      FROM aegis.partition_bounds(r.relation) AS c
 ) AS b
 CROSS JOIN LATERAL (
    SELECT count(*)::integer AS missing_partitions
      FROM generate_series(
        date_trunc(p.granularity, t.today::timestamp),
        CASE p.granularity
            WHEN 'month' THEN
                t.today + make_interval(months => aegis.configuration('aegis.partition_months_ahead')::integer)
            ELSE t.today + make_interval(days => aegis.configuration('aegis.partition_days_ahead')::integer)
        END,
        ('1 ' || p.granularity)::interval
      ) AS g (day)
     WHERE NOT EXISTS (
        SELECT
          FROM aegis.partition_bounds(r.relation) AS c
         WHERE c.lower_bound <= g.day
           AND c.upper_bound > g.day
     )
 ) AS m
 CROSS JOIN LATERAL (
    SELECT
        coalesce(sum(d.row_count), 0)::bigint AS default_rows,
        coalesce(sum(d.row_count) FILTER (WHERE NOT d.can_be_moved), 0)::bigint AS stray_rows
      FROM aegis.default_partition_periods(r.relation) AS d
 ) AS w;

COMMENT ON VIEW aegis.partition_health IS
'Per partitioned table: what there is, what is missing, what waits in the default partition, what to do.';
COMMENT ON COLUMN aegis.partition_health.table_name IS 'Partitioned table of schema aegis.';
COMMENT ON COLUMN aegis.partition_health.granularity IS 'month or day.';
COMMENT ON COLUMN aegis.partition_health.partitions IS 'Partitions, the default one not counted.';
COMMENT ON COLUMN aegis.partition_health.first_bound IS 'First day that has a partition (KST).';
COMMENT ON COLUMN aegis.partition_health.last_bound IS
'Day after the last one that has a partition (KST).';
COMMENT ON COLUMN aegis.partition_health.days_ahead IS 'Days from today (KST) to last_bound.';
COMMENT ON COLUMN aegis.partition_health.missing_partitions IS
'Partitions missing from today on, as far as aegis.partition_months_ahead or _days_ahead demand.';
COMMENT ON COLUMN aegis.partition_health.has_default IS 'Whether a default partition stands behind.';
COMMENT ON COLUMN aegis.partition_health.default_rows IS 'Rows that wait in the default partition.';
COMMENT ON COLUMN aegis.partition_health.stray_rows IS
'Those of them that no partition will ever be made for: before 1980 or more than two years ahead.';
COMMENT ON COLUMN aegis.partition_health.is_healthy IS
'Whether nothing is missing and nothing waits.';
COMMENT ON COLUMN aegis.partition_health.advice IS 'What to do; null when healthy.';

ALTER VIEW aegis.partition_health OWNER TO aegis_owner;
GRANT SELECT ON aegis.partition_health TO aegis_reader;
