-- Keyed hash of a person or account: HMAC-SHA256 with the key of this database. What cannot be
-- read from a hold or a certificate can still be found again.

CREATE OR REPLACE FUNCTION aegis_guard._subject_hash(p_subject text)
RETURNS bytea
LANGUAGE sql
STABLE
STRICT
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT sha256(k.outer_block || sha256(k.inner_block || convert_to(p_subject, 'UTF8')))
      FROM aegis_guard.subject_keys AS k
$function$;

COMMENT ON FUNCTION aegis_guard._subject_hash(text) IS -- noqa: LT01
'Keyed hash of a person or account (HMAC-SHA256).';

ALTER FUNCTION aegis_guard._subject_hash(text) OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis_guard._subject_hash(text) FROM PUBLIC;
