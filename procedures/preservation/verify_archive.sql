-- verify_archive: read an archived partition again and compare it with what was archived.
--
-- Call     SELECT aegis.verify_archive(4711);
-- Role     aegis_operator, aegis_auditor
-- Locks    readers' lock on the archive
-- Raises   AEP50  there is no such archive
--          AEP54  its rows are not those that were archived
-- Repeat   idempotent: the first success is kept in the ledger, later ones change nothing
--
-- Returns the number of rows.

CREATE OR REPLACE FUNCTION aegis.verify_archive(p_archive_id bigint)
RETURNS bigint
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_archive record;
    v_found record;
    v_ledger_id bigint;
BEGIN
    SELECT s.*, a.column_names
      INTO v_archive
      FROM aegis.archived_partitions AS a
      JOIN aegis.archive_status AS s ON s.archive_id = a.archive_id
     WHERE a.archive_id = p_archive_id;

    IF NOT FOUND OR v_archive.dropped_at IS NOT NULL THEN
        RAISE EXCEPTION 'there is no archive %', coalesce(p_archive_id::text, 'null')
            USING ERRCODE = 'AEP50', SCHEMA = 'aegis', TABLE = 'archived_partitions',
                  DETAIL = coalesce(format('It was dropped at %s.', v_archive.dropped_at), 'The number is unknown.'),
                  HINT = 'aegis.archive_status lists the archives.';
    END IF;

    v_found := aegis.rows_digest(v_archive.archive::regclass, v_archive.column_names);
    IF (v_found.row_count, v_found.digest) <> (v_archive.row_count, v_archive.digest) THEN
        RAISE EXCEPTION 'archive % is not what was archived', v_archive.archive
            USING ERRCODE = 'AEP54', SCHEMA = 'aegis_archive', TABLE = v_archive.archive,
                  DETAIL = format('%s rows with digest %s are there; %s with %s should be.', v_found.row_count,
                                  encode(v_found.digest, 'hex'), v_archive.row_count, encode(v_archive.digest, 'hex')),
                  HINT = 'Keep it as it is for analysis and restore the partition from a backup.';
    END IF;

    IF v_archive.verified_at IS NULL THEN
        v_ledger_id := aegis_guard._record_act(
            p_kind => 'archive',
            p_subject => v_archive.relation,
            p_row_count => v_found.row_count,
            p_digest => v_found.digest,
            p_detail => jsonb_build_object('event', 'verified', 'archive_id', p_archive_id, 'archive', v_archive.archive)
        );
        INSERT INTO aegis.archive_events (ledger_id, archive_id, event, row_count, digest)
        VALUES (v_ledger_id, p_archive_id, 'verified', v_found.row_count, v_found.digest);
    END IF;

    RETURN v_found.row_count;
END;
$function$;

COMMENT ON FUNCTION aegis.verify_archive(bigint) IS -- noqa: LT01
'Reads an archived partition again and compares count and digest with what was archived; raises AEP50 or AEP54.';

ALTER FUNCTION aegis.verify_archive(bigint) OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis.verify_archive(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis.verify_archive(bigint) TO aegis_operator, aegis_auditor;
