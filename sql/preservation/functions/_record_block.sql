-- Appends a block of written rows, or a tombstone of removed ones, to the ledger. Who calls it
-- without rows adds a block that no rows bear out, which verification shows; none is replaced.

CREATE OR REPLACE FUNCTION aegis_guard._record_block(
    p_kind text,
    p_subject text,
    p_digest bytea,
    p_row_hashes bigint[],
    p_detail jsonb,
    p_batch_number bigint
)
RETURNS void
LANGUAGE sql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    INSERT INTO aegis.ledger (kind, subject, row_count, digest, detail, batch_number, row_hashes)
    VALUES (p_kind, p_subject, cardinality(p_row_hashes), p_digest, p_detail, p_batch_number, p_row_hashes);
$function$;

COMMENT ON FUNCTION aegis_guard._record_block(text, text, bytea, bigint [], jsonb, bigint) IS -- noqa: LT01
'Appends a block of written or removed rows to aegis.ledger.';

ALTER FUNCTION aegis_guard._record_block(text, text, bytea, bigint [], jsonb, bigint) OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis_guard._record_block(text, text, bytea, bigint [], jsonb, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis_guard._record_block(text, text, bytea, bigint [], jsonb, bigint) TO aegis_owner;
