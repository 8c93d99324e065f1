-- _rule_sql: SQL text of a rule with its threshold and its number of observations filled in.

CREATE OR REPLACE FUNCTION aegis._rule_sql(
    p_text text,
    p_rule aegis.validation_rules
)
RETURNS text
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT replace(replace(p_text, '{threshold}', coalesce(p_rule.threshold::text, 'NULL')),
                   '{observations}', coalesce(p_rule.minimum_observations::text, 'NULL'))
$function$;

COMMENT ON FUNCTION aegis._rule_sql(text, aegis.validation_rules) IS
'SQL text of a rule with {threshold} and {observations} filled in.';

ALTER FUNCTION aegis._rule_sql(text, aegis.validation_rules) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._rule_sql(text, aegis.validation_rules) FROM PUBLIC;
