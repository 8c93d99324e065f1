-- The pseudonym of a person or account: the same for the same subject, so that the rows of one
-- account still belong together, and found again by whoever knows the subject and holds the key.

CREATE OR REPLACE FUNCTION aegis_guard._pseudonym(p_subject text)
RETURNS text
LANGUAGE sql
STABLE
STRICT
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT 'pseudonym:' || left(encode(aegis_guard._subject_hash(p_subject), 'hex'), 32)
$function$;

COMMENT ON FUNCTION aegis_guard._pseudonym(text) IS -- noqa: LT01
'Keyed pseudonym of a person or account.';

ALTER FUNCTION aegis_guard._pseudonym(text) OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis_guard._pseudonym(text) FROM PUBLIC;
