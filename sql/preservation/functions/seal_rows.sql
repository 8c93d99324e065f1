-- Trigger function of a sealed table. After INSERT and UPDATE: one SHA-256 over the rows as they are
-- now, with a 64-bit hash of each, as an unlinked block of the ledger. After a DELETE that a ticket
-- let through: the same of the rows that went, as a tombstone. Histories and archives have those of
-- UPDATE and DELETE, for erasures. In the order of the statement,
-- without a sort: the hashes say what the order was.
--
-- The registry decides, not the trigger, so that a trigger on some other table forges nothing.
--
-- Raises   AEP71  the table has no seal format

CREATE OR REPLACE FUNCTION aegis_guard.seal_rows()
RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET client_encoding = 'UTF8'
AS $function$
DECLARE
    v_rows bigint := (SELECT count(*) FROM new_rows);
    v_format aegis.seal_formats;
BEGIN
    IF v_rows = 0 THEN
        RETURN NULL;                                            -- the other half of an upsert
    END IF;

    v_format := aegis_guard._seal_format(TG_RELID);

    IF v_format.table_name IS NULL THEN
        RAISE EXCEPTION 'rows of % cannot be sealed', TG_RELID::regclass
            USING ERRCODE = 'AEP71', SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME,
                  DETAIL = 'aegis.seal_formats does not know the table, perhaps because it was renamed.',
                  HINT = 'Give it back its name, or CALL aegis.seal_table.';
    END IF;

    -- Blocks of at most 32,768 rows: memory stays bounded, and a finding names less.
    EXECUTE format(
        $sql$
        SELECT aegis_guard._record_block(
                   CASE $3 WHEN 'delete' THEN 'tombstone' ELSE 'block' END, $1, sha256(b.bytes), b.hashes,
                   jsonb_strip_nulls(jsonb_build_object('format', $2, 'operation', $3, 'from', b.lowest, 'until', b.highest)),
                   CASE WHEN b.first_batch = b.last_batch THEN b.first_batch END
               )
          FROM (
            SELECT string_agg(r.bytes, '') AS bytes,
                   array_agg(hash_array_extended(ARRAY[r.bytes], 0)) AS hashes,
                   min(r.bucket) AS lowest, max(r.bucket) AS highest,
                   min(r.batch) AS first_batch, max(r.batch) AS last_batch
              FROM (SELECT %s AS bytes, %s AS bucket, %s AS batch%s FROM new_rows AS t OFFSET 0) AS r
             GROUP BY %s
          ) AS b
        $sql$,
        v_format.row_bytes, v_format.row_bucket,
        CASE WHEN 'batch_number' = ANY (v_format.column_names) THEN 't.batch_number' ELSE 'NULL::bigint' END,
        CASE WHEN v_rows > 32768 THEN ', (row_number() OVER () - 1) / 32768 AS chunk' END,
        CASE WHEN v_rows > 32768 THEN 'r.chunk' ELSE '()' END)
      USING format('%I.%I', v_format.schema_name, v_format.table_name), v_format.format_version, lower(TG_OP);

    RETURN NULL;
END;
$function$;

COMMENT ON FUNCTION aegis_guard.seal_rows() IS
'Appends a digest of the rows that a statement wrote to aegis.ledger; raises AEP71.';

-- A new owner must be able to create in the schema, for the moment.
GRANT CREATE ON SCHEMA aegis_guard TO aegis_owner;
ALTER FUNCTION aegis_guard.seal_rows() OWNER TO aegis_owner;
REVOKE CREATE ON SCHEMA aegis_guard FROM aegis_owner;
REVOKE ALL ON FUNCTION aegis_guard.seal_rows() FROM PUBLIC;
