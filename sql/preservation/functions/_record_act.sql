-- Appends an act to the ledger, as part of the transaction that does it. Who and when are never
-- the caller's to say.
--
-- Raises   AEP70  the act is not described

CREATE OR REPLACE FUNCTION aegis_guard._record_act(
    p_kind text,
    p_subject text,
    p_row_count bigint DEFAULT NULL,
    p_digest bytea DEFAULT NULL,
    p_detail jsonb DEFAULT '{}',
    p_batch_number bigint DEFAULT NULL
)
RETURNS bigint
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_ledger_id bigint;
BEGIN
    IF coalesce(btrim(p_subject), '') = '' OR (p_kind ~ '^[a-z][a-z_]*$') IS NOT TRUE
        OR octet_length(p_digest) <> 32 OR p_row_count < 0 OR jsonb_typeof(p_detail) <> 'object'
    THEN
        RAISE EXCEPTION 'an act of kind % cannot be recorded', coalesce(quote_literal(p_kind), 'null')
            USING ERRCODE = 'AEP70', SCHEMA = 'aegis', TABLE = 'ledger',
                  DETAIL = 'Kind or subject is missing, the digest has not 32 bytes, or the detail is no object.',
                  HINT = 'Say what was done, and to what.';
    END IF;

    INSERT INTO aegis.ledger (kind, subject, row_count, digest, detail, batch_number)
    VALUES (p_kind, p_subject, p_row_count, p_digest, coalesce(p_detail, '{}'), p_batch_number)
    RETURNING ledger_id INTO v_ledger_id;

    RETURN v_ledger_id;
END;
$function$;

COMMENT ON FUNCTION aegis_guard._record_act(text, text, bigint, bytea, jsonb, bigint) IS -- noqa: LT01
'Appends an act to aegis.ledger in the caller''s transaction; returns its number; raises AEP70.';

ALTER FUNCTION aegis_guard._record_act(text, text, bigint, bytea, jsonb, bigint) OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis_guard._record_act(text, text, bigint, bytea, jsonb, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis_guard._record_act(text, text, bigint, bytea, jsonb, bigint) TO aegis_owner;
