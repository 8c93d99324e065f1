-- SQL expression of the day that a row belongs to: a date as it is, a time by the date in KST.

CREATE OR REPLACE FUNCTION aegis_guard._bucket(
    p_table regclass,
    p_column text,
    p_alias text
)
RETURNS text
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT coalesce(
        (SELECT format(CASE a.atttypid WHEN 'timestamptz'::regtype
                           THEN '(%I.%I AT TIME ZONE ''Asia/Seoul'')::date' ELSE '%I.%I'
                       END, p_alias, a.attname)
           FROM pg_attribute AS a
          WHERE a.attrelid = p_table AND a.attname = p_column),
        'NULL::date');
$function$;

COMMENT ON FUNCTION aegis_guard._bucket(regclass, text, text) IS -- noqa: LT01
'SQL expression of the day that a row of a sealed table belongs to; of null without one.';

ALTER FUNCTION aegis_guard._bucket(regclass, text, text) OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis_guard._bucket(regclass, text, text) FROM PUBLIC;
