-- archive_partition: move one partition past its term to aegis_archive, rows untouched.
--
-- Call     SELECT aegis.archive_partition('aegis.stock_ticks_p2020_01_02');
-- Role     aegis_operator; aegis.apply_retention calls it for every partition that is due
-- Locks    none while its rows are judged, counted and digested; then ACCESS EXCLUSIVE on its table,
--          the default partition and itself, from a look at the rows' versions to the caller's commit.
--          These are asked for aegis.retention_lock_attempts times, aegis.retention_lock_timeout
--          each, holding nothing in between, so that others wait no longer; then 55P03
-- Raises   AEP50  it is no partition under a retention policy
--          AEP51  its rows are not past their term, or came lately
--          AEP52  a legal hold covers a row of it
--          AEP53  the clock is behind the ledger
--          AEP54  what was moved is not what was counted
--          AEP66  the transaction is not READ COMMITTED
-- Repeat   not idempotent: what is archived is no partition any more (AEP50)
--
-- Returns the number of the archive. All or nothing: a crash leaves the partition where it was.

CREATE OR REPLACE FUNCTION aegis.archive_partition(p_partition regclass)
RETURNS bigint
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '2s'
AS $function$
DECLARE
    v_attempts integer := aegis.configuration('aegis.retention_lock_attempts')::integer;
    v_parent regclass := (SELECT i.inhparent FROM pg_inherits AS i WHERE i.inhrelid = p_partition);
    v_default regclass;
    v_source record;
    v_judged record;
    v_before record;
    v_horizon xid8;
    v_is_same boolean;
    v_name text;
    v_archive regclass;
    v_file record;
    v_index text;
    v_number integer := 1;
    v_archive_id bigint;
BEGIN
    PERFORM aegis_guard._check_moment();

    SELECT n.nspname AS schema_name, k.relname AS table_name, c.relname AS partition_name
      INTO v_source
      FROM pg_class AS c
      JOIN pg_class AS k ON k.oid = v_parent
      JOIN pg_namespace AS n ON n.oid = k.relnamespace
     WHERE c.oid = p_partition;

    IF NOT FOUND OR v_source.schema_name <> 'aegis' THEN
        RAISE EXCEPTION '% cannot be archived', coalesce(p_partition::text, 'null')
            USING ERRCODE = 'AEP50',
                  DETAIL = 'It is no partition of a table of AEGIS.',
                  HINT = 'aegis.retention_candidates lists what can be archived.';
    END IF;

    PERFORM set_config('lock_timeout',
                       (extract(EPOCH FROM aegis.configuration('aegis.retention_lock_timeout')::interval) * 1000)
                       ::bigint::text, TRUE);

    -- No hold is placed until the partition is gone. Everything else goes on: what is read now is
    -- looked at again under the lock.
    LOCK TABLE aegis.legal_holds IN SHARE MODE;
    v_horizon := pg_snapshot_xmin(pg_current_snapshot());
    v_judged := aegis_guard._judge_partition(p_partition);
    IF v_judged.obstacle IS NULL THEN
        v_before := aegis.rows_digest(p_partition);
    END IF;

    v_name := v_source.partition_name;
    WHILE EXISTS (SELECT FROM aegis.archived_partitions AS a WHERE a.archive_name = v_name)
        OR to_regclass(format('aegis_archive.%I', v_name)) IS NOT NULL
    LOOP
        v_number := v_number + 1;
        v_name := format('%s_%s', left(v_source.partition_name, 55), v_number);
    END LOOP;

    SELECT b.partition INTO v_default FROM aegis.partition_bounds(v_parent) AS b WHERE b.is_default;

    FOR v_attempt IN 1 .. CASE WHEN v_judged.obstacle IS NULL THEN v_attempts ELSE 0 END LOOP
        BEGIN
            -- The order of aegis.ensure_partitions and of writers: from the table to its partitions.
            PERFORM pg_advisory_xact_lock(hashtextextended('aegis.ensure_partitions', v_parent::oid::bigint));
            EXECUTE format('LOCK TABLE ONLY %s IN ACCESS EXCLUSIVE MODE', v_parent);
            IF v_default IS NOT NULL THEN
                EXECUTE format('LOCK TABLE ONLY %s IN ACCESS EXCLUSIVE MODE', v_default);
            END IF;
            EXECUTE format('LOCK TABLE ONLY %s IN ACCESS EXCLUSIVE MODE', p_partition);
            EXIT;
        EXCEPTION
            WHEN lock_not_available THEN
                IF v_attempt = v_attempts THEN
                    RAISE;
                END IF;
                PERFORM pg_sleep(0.05 + 0.1 * random());
        END;
    END LOOP;

    IF v_judged.obstacle IS NULL AND NOT EXISTS (
        SELECT FROM pg_inherits AS i WHERE i.inhrelid = p_partition AND i.inhparent = v_parent
    ) THEN
        v_judged.obstacle_code := 'AEP50';
        v_judged.obstacle := 'Another session archived it meanwhile.';
    END IF;

    -- As many rows, each of a transaction that had ended before they were read: the same rows.
    IF v_judged.obstacle IS NULL THEN
        EXECUTE format('SELECT count(*) = $1 AND coalesce(bool_and(age(r.xmin) > age($2)), TRUE) FROM %s AS r', p_partition)
           INTO v_is_same
          USING v_before.row_count, v_horizon::xid;
        IF NOT v_is_same THEN
            v_judged := aegis_guard._judge_partition(p_partition);
            v_before := aegis.rows_digest(p_partition);
        END IF;
    END IF;

    IF v_judged.obstacle IS NOT NULL THEN
        RAISE EXCEPTION '% is not archived', p_partition
            USING ERRCODE = v_judged.obstacle_code, SCHEMA = 'aegis', TABLE = v_source.partition_name,
                  DETAIL = v_judged.obstacle,
                  HINT = 'aegis.retention_candidates lists what is due; aegis.active_holds the holds.';
    END IF;

    SELECT c.relfilenode AS node, pg_relation_size(c.oid) AS size INTO v_file FROM pg_class AS c WHERE c.oid = p_partition;

    PERFORM aegis_guard._issue_ticket(
        p_relation => p_partition,
        p_operation => 'ARCHIVE',
        p_row_limit => greatest(v_before.row_count, 1),
        p_reason => format('past its term since %s', v_judged.due_on)
    );
    -- An archive is never updated but by an erasure, which must leave no copy of what it erases.
    IF EXISTS (SELECT FROM pg_trigger AS t WHERE t.tgrelid = p_partition AND t.tgname = 'aegis_history') THEN
        EXECUTE format('DROP TRIGGER aegis_history ON %s', p_partition);
    END IF;
    EXECUTE format('ALTER TABLE %s DETACH PARTITION %s', v_parent, p_partition);
    IF v_name <> v_source.partition_name THEN
        EXECUTE format('ALTER TABLE %s RENAME TO %I', p_partition, v_name);
        FOR v_index IN
            SELECT format('ALTER INDEX %s RENAME TO %I', x.indexrelid::regclass,
                          format('%s_%s', left(c.relname, 55), v_number))
              FROM pg_index AS x
              JOIN pg_class AS c ON c.oid = x.indexrelid
             WHERE x.indrelid = p_partition
        LOOP
            EXECUTE v_index;
        END LOOP;
    END IF;
    EXECUTE format('ALTER TABLE %s SET SCHEMA aegis_archive', p_partition);
    v_archive := format('aegis_archive.%I', v_name)::regclass;

    -- The same file of the same size under the same number: the rows themselves have not moved.
    -- aegis.verify_archive reads them again, once nobody waits for the table any more.
    IF NOT EXISTS (
        SELECT
          FROM pg_class AS c
         WHERE c.oid = v_archive
           AND c.oid = p_partition
           AND c.relfilenode = v_file.node
           AND pg_relation_size(c.oid) = v_file.size
           AND NOT c.relispartition
    ) THEN
        RAISE EXCEPTION '% is not what was counted', v_archive
            USING ERRCODE = 'AEP54', SCHEMA = 'aegis_archive', TABLE = v_name,
                  DETAIL = 'Its file changed while it was archived.',
                  HINT = 'Nothing was archived; look for foreign event triggers.';
    END IF;

    PERFORM aegis_guard._shelve_archive(v_archive, v_parent);

    v_archive_id := aegis_guard._record_act(
        p_kind => 'archive',
        p_subject => format('%I.%I', v_source.schema_name, v_source.table_name),
        p_row_count => v_before.row_count,
        p_digest => v_before.digest,
        p_detail => jsonb_build_object(
            'partition', v_source.partition_name,
            'archive', v_archive::text,
            'lower_bound', v_judged.lower_bound,
            'upper_bound', v_judged.upper_bound,
            'newest_event_on', v_judged.newest_event_on,
            'columns', to_jsonb(v_before.column_names)
        )
    );
    INSERT INTO aegis.archived_partitions (
        archive_id, schema_name, table_name, partition_name, archive_name, lower_bound, upper_bound,
        newest_event_on, row_count, digest, column_names
    )
    VALUES (
        v_archive_id, v_source.schema_name, v_source.table_name, v_source.partition_name, v_name,
        v_judged.lower_bound, v_judged.upper_bound, v_judged.newest_event_on, v_before.row_count,
        v_before.digest, v_before.column_names
    );

    RETURN v_archive_id;
END;
$function$;

COMMENT ON FUNCTION aegis.archive_partition(regclass) IS -- noqa: LT01
'Moves a partition past its term to aegis_archive, with count and digest in the ledger; raises AEP50 to AEP54 and AEP66.';

ALTER FUNCTION aegis.archive_partition(regclass) OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis.archive_partition(regclass) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis.archive_partition(regclass) TO aegis_operator;
