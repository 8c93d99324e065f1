-- The first partitions: the month before, this one and those ahead; of daily tables since
-- yesterday. Older months are made when their rows come.

SELECT aegis.ensure_partitions(
    ('aegis.' || quote_ident(p.table_name))::regclass,
    CASE p.granularity
        WHEN 'month' THEN (d.today - INTERVAL '1 month')::date
        ELSE d.today - 1
    END,
    CASE p.granularity
        WHEN 'month' THEN
            (d.today + make_interval(months => aegis.configuration('aegis.partition_months_ahead')::integer))::date
        ELSE d.today + aegis.configuration('aegis.partition_days_ahead')::integer
    END
)
  FROM aegis.partition_policies AS p
 CROSS JOIN (SELECT (now() AT TIME ZONE 'Asia/Seoul')::date AS today) AS d
 ORDER BY p.table_name;
