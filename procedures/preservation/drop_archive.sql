-- drop_archive: take away an archived partition for good, where its retention class permits that.
--
-- Call     SELECT aegis.drop_archive(4711);
-- Role     aegis_operator; aegis.apply_retention calls it for every archive that is due
-- Locks    ACCESS EXCLUSIVE on the archive; waits aegis.retention_lock_timeout at most, then 55P03
-- Raises   AEP50  there is no such archive
--          AEP52  a legal hold covers a row of it
--          AEP53  the clock is behind the ledger
--          AEP54  its rows are not those that were archived
--          AEP55  it may not be dropped: class, term, verification or export
--          AEP66  the transaction is not READ COMMITTED
-- Repeat   not idempotent: a dropped archive is there no more (AEP50)
--
-- Count, digest, bounds and columns stay in the ledger and in aegis.archived_partitions, so that
-- seals over the rows can be told from a loss. Returns the number of rows.

CREATE OR REPLACE FUNCTION aegis.drop_archive(p_archive_id bigint)
RETURNS bigint
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '2s'
AS $function$
DECLARE
    v_archive record;
    v_relation regclass;
    v_hold bigint;
    v_ledger_id bigint;
BEGIN
    PERFORM aegis_guard._check_moment();

    SELECT s.*, a.archive_name, a.partition_name, a.column_names
      INTO v_archive
      FROM aegis.archived_partitions AS a
      JOIN aegis.archive_status AS s ON s.archive_id = a.archive_id
     WHERE a.archive_id = p_archive_id;

    IF NOT FOUND OR v_archive.dropped_at IS NOT NULL THEN
        RAISE EXCEPTION 'there is no archive %', coalesce(p_archive_id::text, 'null')
            USING ERRCODE = 'AEP50', SCHEMA = 'aegis', TABLE = 'archived_partitions',
                  DETAIL = coalesce(format('It was dropped at %s.', v_archive.dropped_at), 'The number is unknown.'),
                  HINT = 'aegis.archive_status lists the archives.';
    ELSIF v_archive.obstacle IS NOT NULL THEN
        RAISE EXCEPTION '% is not dropped', v_archive.archive
            USING ERRCODE = 'AEP55', SCHEMA = 'aegis_archive', TABLE = v_archive.archive_name,
                  DETAIL = v_archive.obstacle,
                  HINT = 'aegis.archive_status says what each archive waits for.';
    END IF;

    PERFORM set_config('lock_timeout',
                       (extract(EPOCH FROM aegis.configuration('aegis.retention_lock_timeout')::interval) * 1000)
                       ::bigint::text, TRUE);
    LOCK TABLE aegis.legal_holds IN SHARE MODE;
    v_relation := to_regclass(v_archive.archive);
    IF v_relation IS NULL THEN
        RAISE EXCEPTION 'there is no archive %', p_archive_id
            USING ERRCODE = 'AEP50', SCHEMA = 'aegis_archive', TABLE = v_archive.archive_name,
                  DETAIL = format('Table %s is gone.', v_archive.archive),
                  HINT = 'aegis.archive_status lists the archives.';
    END IF;
    EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', v_relation);

    v_hold := aegis_guard._held_by(v_relation);
    IF v_hold IS NOT NULL THEN
        RAISE EXCEPTION '% is not dropped', v_archive.archive
            USING ERRCODE = 'AEP52', SCHEMA = 'aegis_archive', TABLE = v_archive.archive_name,
                  DETAIL = format('Legal hold %s covers a row of it.', v_hold),
                  HINT = 'aegis.active_holds says why.';
    END IF;

    PERFORM aegis.verify_archive(p_archive_id);

    PERFORM aegis_guard._issue_ticket(
        p_relation => v_relation,
        p_operation => 'DROP',
        p_row_limit => greatest(v_archive.row_count, 1),
        p_reason => format('archive %s is past its second term', p_archive_id)
    );
    PERFORM aegis_guard._seal_relation(v_relation, v_relation, 'tombstone');
    EXECUTE format('DROP TABLE %s', v_relation);

    PERFORM aegis_guard._issue_ticket(
        p_relation => 'aegis.protected_tables',
        p_operation => 'DELETE',
        p_row_limit => 1,
        p_reason => format('archive %s is dropped', p_archive_id)
    );
    DELETE FROM aegis.protected_tables AS p
     WHERE p.schema_name = 'aegis_archive'
       AND p.table_name = v_archive.archive_name;

    v_ledger_id := aegis_guard._record_act(
        p_kind => 'drop',
        p_subject => v_archive.relation,
        p_row_count => v_archive.row_count,
        p_digest => v_archive.digest,
        p_detail => jsonb_build_object(
            'archive_id', p_archive_id,
            'partition', v_archive.partition_name,
            'archive', v_archive.archive,
            'lower_bound', v_archive.lower_bound,
            'upper_bound', v_archive.upper_bound,
            'newest_event_on', v_archive.newest_event_on,
            'columns', to_jsonb(v_archive.column_names)
        )
    );
    INSERT INTO aegis.archive_events (ledger_id, archive_id, event, row_count, digest)
    VALUES (v_ledger_id, p_archive_id, 'dropped', v_archive.row_count, v_archive.digest);

    RETURN v_archive.row_count;
END;
$function$;

COMMENT ON FUNCTION aegis.drop_archive(bigint) IS -- noqa: LT01
'Drops an archive past its second term and leaves a tombstone in the ledger; raises AEP50 to AEP55 and AEP66.';

ALTER FUNCTION aegis.drop_archive(bigint) OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis.drop_archive(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis.drop_archive(bigint) TO aegis_operator;
