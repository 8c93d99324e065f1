-- default_partition_periods: the months or days whose rows lie in the default partition.
--
-- Raises   AEM01  the table is not registered

CREATE OR REPLACE FUNCTION aegis.default_partition_periods(p_table regclass)
RETURNS TABLE (
    period date,
    row_count bigint,
    can_be_moved boolean
)
LANGUAGE plpgsql
STABLE
ROWS 10
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_policy aegis.partition_policies := aegis._partition_policy(p_table);
    v_default regclass := (SELECT b.partition FROM aegis.partition_bounds(p_table) AS b WHERE b.is_default);
BEGIN
    IF v_default IS NULL THEN
        RETURN;
    END IF;

    RETURN QUERY EXECUTE format(
        $sql$SELECT d.period, count(*), isfinite(d.period) AND d.period >= DATE '1980-01-01' AND d.period <= $1
               FROM (SELECT date_trunc(%L, %s)::date AS period FROM %s AS r) AS d
              GROUP BY d.period
              ORDER BY d.period$sql$,
        v_policy.granularity,
        CASE v_policy.key_type
            WHEN 'date' THEN format('r.%I::timestamp', v_policy.key_column)
            ELSE format('r.%I AT TIME ZONE ''Asia/Seoul''', v_policy.key_column)
        END,
        v_default)
      USING ((now() AT TIME ZONE 'Asia/Seoul')::date + INTERVAL '2 years')::date;
END;
$function$;

COMMENT ON FUNCTION aegis.default_partition_periods(regclass) IS -- noqa: LT01
'Months or days whose rows lie in the default partition, and whether they can get one of their own; raises AEM01.';

ALTER FUNCTION aegis.default_partition_periods(regclass) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis.default_partition_periods(regclass) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis.default_partition_periods(regclass) TO aegis_reader;
