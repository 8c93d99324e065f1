-- rule_set_version: the version of the rules as a whole; it grows with every change of a rule and with every new rule.

CREATE OR REPLACE FUNCTION aegis.rule_set_version()
RETURNS bigint
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN (SELECT sum(r.rule_version) FROM aegis.validation_rules AS r);
END;
$function$;

COMMENT ON FUNCTION aegis.rule_set_version() IS
'Version of the validation rules as a whole: the sum of their versions, so it grows with every change.';

ALTER FUNCTION aegis.rule_set_version() OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis.rule_set_version() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis.rule_set_version() TO aegis_reader;
