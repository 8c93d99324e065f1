-- SHA-256 of an act of the ledger, every column of it; times in microseconds, whatever the settings.

CREATE OR REPLACE FUNCTION aegis_guard._act_digest(p_act aegis.ledger)
RETURNS bytea
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT aegis_guard._digest_of(ARRAY[
        p_act.ledger_id::text, p_act.kind, p_act.subject, p_act.row_count::text, encode(p_act.digest, 'hex'),
        p_act.detail::text, (extract(EPOCH FROM p_act.acted_at) * 1000000)::bigint::text, p_act.acted_by,
        p_act.transaction_id::text, p_act.batch_number::text, array_to_string(p_act.row_hashes, ' ')
    ]);
$function$;

COMMENT ON FUNCTION aegis_guard._act_digest(aegis.ledger) IS 'SHA-256 of an act of the ledger.';

ALTER FUNCTION aegis_guard._act_digest(aegis.ledger) OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis_guard._act_digest(aegis.ledger) FROM PUBLIC;
