-- _quiet_version: what the quiet ranges of a baseline rest on besides bars and facts: the rules, the limits and the ticks, whole rows of
-- them, so that a change made by hand counts as well.

CREATE OR REPLACE FUNCTION aegis._quiet_version()
RETURNS bigint
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN (SELECT bit_xor(hash_record_extended(r, 1)) FROM aegis.validation_rules AS r)
         # (SELECT bit_xor(hash_record_extended(m, 2)) FROM aegis.market_rules AS m)
         # (SELECT bit_xor(hash_record_extended(t, 3)) FROM aegis.tick_sizes AS t);
END;
$function$;

COMMENT ON FUNCTION aegis._quiet_version() IS
'Hash of the validation rules, market rules and tick sizes: quiet ranges made under another one are not used.';

ALTER FUNCTION aegis._quiet_version() OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._quiet_version() FROM PUBLIC;
