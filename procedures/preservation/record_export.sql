-- record_export: tell that an archived partition was written to a file and read back.
--
-- Call     SELECT aegis.record_export(4711, 's3://bucket/x.csv.gz', 'csv.gz', 1200, '\x...', '9f...');
-- Role     aegis_operator; aegis-db archive export calls it
-- Locks    readers' lock on the archive
-- Raises   AEP50  there is no such archive
--          AEP69  count or digest are not those of the archive, or file or sha256 are missing
-- Repeat   each call leaves a record
--
-- p_rows and p_digest are those of the rows as they were read back from the file, as
-- aegis.rows_digest gives them. Returns the ledger's number.

CREATE OR REPLACE FUNCTION aegis.record_export(
    p_archive_id bigint,
    p_file text,
    p_format text,
    p_rows bigint,
    p_digest bytea,
    p_sha256 text
)
RETURNS bigint
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_archive record;
    v_detail text;
    v_ledger_id bigint;
BEGIN
    PERFORM aegis.verify_archive(p_archive_id);
    SELECT s.* INTO v_archive FROM aegis.archive_status AS s WHERE s.archive_id = p_archive_id;

    v_detail := CASE
        WHEN (p_rows, p_digest) IS DISTINCT FROM (v_archive.row_count, v_archive.digest)
            THEN 'What was read back is not what the archive holds.'
        WHEN coalesce(btrim(p_file), '') = '' OR coalesce(btrim(p_format), '') = '' THEN 'File and format are needed.'
        WHEN coalesce(p_sha256, '') !~ '^[0-9a-f]{64}$' THEN 'The sha256 of the file is needed, in hex.'
    END;
    IF v_detail IS NOT NULL THEN
        RAISE EXCEPTION 'the export of % is not recorded', v_archive.archive
            USING ERRCODE = 'AEP69', SCHEMA = 'aegis', TABLE = 'archive_events',
                  DETAIL = v_detail,
                  HINT = 'aegis-db archive export writes, reads back and records.';
    END IF;

    v_ledger_id := aegis_guard._record_act(
        p_kind => 'archive',
        p_subject => v_archive.relation,
        p_row_count => p_rows,
        p_digest => p_digest,
        p_detail => jsonb_build_object(
            'event', 'exported', 'archive_id', p_archive_id, 'archive', v_archive.archive,
            'file', p_file, 'format', p_format, 'sha256', p_sha256
        )
    );
    INSERT INTO aegis.archive_events (ledger_id, archive_id, event, row_count, digest, detail)
    VALUES (v_ledger_id, p_archive_id, 'exported', p_rows, p_digest,
            jsonb_build_object('file', p_file, 'format', p_format, 'sha256', p_sha256));

    RETURN v_ledger_id;
END;
$function$;

COMMENT ON FUNCTION aegis.record_export(bigint, text, text, bigint, bytea, text) IS -- noqa: LT01
'Records a verified export of an archived partition; raises AEP50 or AEP69.';

ALTER FUNCTION aegis.record_export(bigint, text, text, bigint, bytea, text) OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis.record_export(bigint, text, text, bigint, bytea, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis.record_export(bigint, text, text, bigint, bytea, text) TO aegis_operator;
