-- _missing_partitions: the months or days of a range that no partition covers, with the name and
-- the bounds of the partition that would. Bounds of timestamptz carry their offset, so that they
-- mean the same in every session.
--
-- Raises   AEM01  the table is not registered

CREATE OR REPLACE FUNCTION aegis._missing_partitions(
    p_table regclass,
    p_from date,
    p_to date
)
RETURNS TABLE (
    partition_name text,
    lower_bound date,
    upper_bound date,
    lower_literal text,
    upper_literal text,
    is_partly_covered boolean
)
LANGUAGE sql
STABLE
ROWS 20
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH held AS MATERIALIZED (
        SELECT b.lower_bound, b.upper_bound
          FROM aegis.partition_bounds(p_table) AS b
         WHERE NOT b.is_default
    )
    SELECT
        p.table_name
        || to_char(s.first_day, CASE p.granularity WHEN 'month' THEN '"_p"YYYY_MM' ELSE '"_p"YYYY_MM_DD' END),
        s.first_day,
        s.next_day,
        to_char(s.first_day, 'YYYY-MM-DD') || z.midnight,
        to_char(s.next_day, 'YYYY-MM-DD') || z.midnight,
        EXISTS (SELECT FROM held AS h WHERE h.lower_bound < s.next_day AND h.upper_bound > s.first_day)
      FROM aegis._partition_policy(p_table) AS p
     CROSS JOIN LATERAL generate_series(
        date_trunc(p.granularity, p_from::timestamp), p_to::timestamp, ('1 ' || p.granularity)::interval
     ) AS g (day)
     CROSS JOIN LATERAL (
        SELECT g.day::date AS first_day, (g.day + ('1 ' || p.granularity)::interval)::date AS next_day
     ) AS s
     CROSS JOIN LATERAL (
        SELECT CASE p.key_type WHEN 'timestamptz' THEN ' 00:00:00+09' ELSE '' END AS midnight
     ) AS z
     WHERE NOT EXISTS (
        SELECT FROM held AS h WHERE h.lower_bound <= s.first_day AND h.upper_bound >= s.next_day
     )
$function$;

COMMENT ON FUNCTION aegis._missing_partitions(regclass, date, date) IS -- noqa: LT01
'Months or days of a range that no partition covers, with name and bounds of the missing one; raises AEM01.';

ALTER FUNCTION aegis._missing_partitions(regclass, date, date) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._missing_partitions(regclass, date, date) FROM PUBLIC;
