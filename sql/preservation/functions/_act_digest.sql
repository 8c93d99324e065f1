-- SHA-256 of an act of the ledger, every column of it; times in microseconds, whatever the settings.
-- The bytes are those of aegis_guard._digest_of. Without a SET clause, so that the planner puts it in place of the
-- call: a chain of a million acts is verified in the time of fifty thousand. Whoever calls it has a
-- pinned search_path.

CREATE OR REPLACE FUNCTION aegis_guard._act_digest(p_act aegis.ledger)
RETURNS bytea
LANGUAGE sql
STABLE
AS $function$
    SELECT sha256(convert_to(
        aegis_guard._field(p_act.ledger_id::text)
        || aegis_guard._field(p_act.kind)
        || aegis_guard._field(p_act.subject)
        || aegis_guard._field(p_act.row_count::text)
        || aegis_guard._field(encode(p_act.digest, 'hex'))
        || aegis_guard._field(p_act.detail::text)
        || aegis_guard._field((extract(EPOCH FROM p_act.acted_at) * 1000000)::bigint::text)
        || aegis_guard._field(p_act.acted_by)
        || aegis_guard._field(p_act.transaction_id::text)
        || aegis_guard._field(p_act.batch_number::text)
        || CASE WHEN p_act.row_hashes IS NULL THEN '-,' ELSE aegis_guard._hashes_field(p_act.row_hashes) END,
        'UTF8'));
$function$;

COMMENT ON FUNCTION aegis_guard._act_digest(aegis.ledger) IS 'SHA-256 of an act of the ledger.';

ALTER FUNCTION aegis_guard._act_digest(aegis.ledger) OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis_guard._act_digest(aegis.ledger) FROM PUBLIC;
