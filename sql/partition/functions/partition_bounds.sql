-- partition_bounds: the partitions of a table with their bounds as days of KST, the upper one
-- exclusive. The catalog keeps bounds as text in the zone and style of the reader, hence the SET.

CREATE OR REPLACE FUNCTION aegis.partition_bounds(p_table regclass)
RETURNS TABLE (
    partition regclass,
    is_default boolean,
    lower_bound date,
    upper_bound date
)
LANGUAGE sql
STABLE
STRICT
ROWS 50
SET search_path = pg_catalog, pg_temp
SET timezone = 'Asia/Seoul'
SET datestyle = 'ISO, YMD'
AS $function$
    SELECT
        c.oid::regclass,
        b.bound = 'DEFAULT',
        CASE WHEN b.bound LIKE '%FROM (MINVALUE)%' THEN '-infinity'
             ELSE (regexp_match(b.bound, 'FROM \(''([^'']+)''\)'))[1]::timestamptz::date END,
        CASE WHEN b.bound LIKE '%TO (MAXVALUE)%' THEN 'infinity'
             ELSE (regexp_match(b.bound, 'TO \(''([^'']+)''\)'))[1]::timestamptz::date END
      FROM pg_inherits AS i
      JOIN pg_class AS c ON c.oid = i.inhrelid
     CROSS JOIN LATERAL pg_get_expr(c.relpartbound, c.oid) AS b (bound)
     WHERE i.inhparent = p_table
       AND c.relispartition
$function$;

COMMENT ON FUNCTION aegis.partition_bounds(regclass) IS -- noqa: LT01
'Partitions of a table with their bounds as days of KST, the upper one exclusive; null for the default partition.';

ALTER FUNCTION aegis.partition_bounds(regclass) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis.partition_bounds(regclass) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis.partition_bounds(regclass) TO aegis_reader;
