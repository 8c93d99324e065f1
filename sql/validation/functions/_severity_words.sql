-- _severity_words: a severity as people read it, in both languages, for the values of an alert.

CREATE OR REPLACE FUNCTION aegis._severity_words(p_severity text)
RETURNS jsonb
LANGUAGE sql
IMMUTABLE
STRICT
PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
               'en', p_severity,
               'ko', CASE p_severity
                         WHEN 'info' THEN '참고' WHEN 'warning' THEN '주의' WHEN 'error' THEN '경고' WHEN 'critical' THEN '긴급'
                         ELSE p_severity
                     END
           )
$function$;

COMMENT ON FUNCTION aegis._severity_words(text) IS -- noqa: LT01
'A severity in English and Korean, as a value of an alert.';

ALTER FUNCTION aegis._severity_words(text) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._severity_words(text) FROM PUBLIC;
