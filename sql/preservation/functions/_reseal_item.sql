-- What a reseal would take as good, as requests list it: a relation that is gone by itself, all else by its table.

CREATE OR REPLACE FUNCTION aegis_guard._reseal_item(
    p_schema_name text,
    p_table_name text,
    p_root_name text,
    p_aspect text,
    p_was text,
    p_becomes text
)
RETURNS jsonb
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'relation',
        CASE
            WHEN p_schema_name = '' THEN 'code'
            WHEN p_aspect = 'relation' THEN format('%I.%I', p_schema_name, p_table_name)
            ELSE p_root_name
        END,
        'aspect', p_aspect, 'was', p_was, 'becomes', p_becomes
    )
$function$;

COMMENT ON FUNCTION aegis_guard._reseal_item(text, text, text, text, text, text) IS -- noqa: LT01
'An aspect that differs from its baseline, as a request for a reseal lists it.';

ALTER FUNCTION aegis_guard._reseal_item(text, text, text, text, text, text) OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis_guard._reseal_item(text, text, text, text, text, text) FROM PUBLIC;
