-- _render_template: a template with its placeholders filled in. One pass: a value that holds braces is text,
-- not a placeholder. A value may be {"en": ..., "ko": ...}; a missing one becomes a dash, since an alert that
-- lacks a detail is better than no alert. Control characters of values become spaces.

CREATE OR REPLACE FUNCTION aegis._render_template(p_template text, p_language text, p_values jsonb)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT string_agg(
               t.part || coalesce(
                   regexp_replace(
                       coalesce(
                           CASE jsonb_typeof(p_values -> n.name[1])
                               WHEN 'object' THEN p_values -> n.name[1] ->> p_language
                               ELSE p_values ->> n.name[1]
                           END,
                           CASE WHEN n.name IS NOT NULL THEN '-' END
                       ),
                       '[[:cntrl:]]+', ' ', 'g'
                   ),
                   ''
               ),
               '' ORDER BY t.place
           )
      FROM regexp_split_to_table(p_template, '\{[^{}]*\}') WITH ORDINALITY AS t (part, place)
      LEFT JOIN regexp_matches(p_template, '\{([^{}]*)\}', 'g') WITH ORDINALITY AS n (name, place) USING (place)
$function$;

COMMENT ON FUNCTION aegis._render_template(text, text, jsonb) IS -- noqa: LT01
'A template with the values of its placeholders in one language; a dash where a value is missing.';

ALTER FUNCTION aegis._render_template(text, text, jsonb) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._render_template(text, text, jsonb) FROM PUBLIC;
