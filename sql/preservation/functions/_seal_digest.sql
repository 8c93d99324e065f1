-- SHA-256 of a seal: what it covers, and the seal before.

CREATE OR REPLACE FUNCTION aegis_guard._seal_digest(p_seal aegis.seals)
RETURNS bytea
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT aegis_guard._digest_of(ARRAY[
        p_seal.seal_number::text, encode(p_seal.previous_digest, 'hex'), p_seal.entry_count::text,
        encode(p_seal.entries_digest, 'hex'), p_seal.horizon::text, p_seal.system_identifier::text,
        (extract(EPOCH FROM p_seal.sealed_at) * 1000000)::bigint::text, p_seal.sealed_by
    ]);
$function$;

COMMENT ON FUNCTION aegis_guard._seal_digest(aegis.seals) IS 'SHA-256 of a seal and of the one before.';

ALTER FUNCTION aegis_guard._seal_digest(aegis.seals) OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis_guard._seal_digest(aegis.seals) FROM PUBLIC;
