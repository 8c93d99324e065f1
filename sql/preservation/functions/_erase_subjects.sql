-- Erases persons or accounts wherever personal columns are registered: tables, histories, archives
-- and the vault. Returns rows changed and, per relation, counts and digests of these rows before
-- and after. Called with the subjects themselves, or with their hashes alone, which reads all
-- subjects there are and compares.
--
-- Raises   AEP52  a legal hold covers the subject or a row of it
--          AEP65  foreign code would run

CREATE OR REPLACE FUNCTION aegis_guard._erase_subjects(
    p_hashes bytea[],
    p_subjects text[],
    p_reason text,
    OUT row_count bigint,
    OUT relations jsonb
)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_place record;
    v_condition text;
    v_hold bigint;
    v_subjects text[];
    v_sets text;
    v_before record;
    v_after record;
    v_whole record;
    v_ticket bigint;
    v_batches text;
    v_numbers jsonb;
    v_rows bigint;
    v_ledger_id bigint;
BEGIN
    row_count := 0;
    relations := '[]';

    v_hold := (
        SELECT min(h.hold_id)
          FROM aegis.legal_holds AS h
         WHERE h.subject_hashes && p_hashes
           AND NOT EXISTS (SELECT FROM aegis.legal_hold_lifts AS l WHERE l.hold_id = h.hold_id)
    );

    -- From here on nothing is archived and no row goes to the vault, so no place is missed.
    FOR v_place IN SELECT f.relation FROM aegis_guard._personal_relations() AS f WHERE f.archive_id IS NULL LOOP
        EXECUTE format('LOCK TABLE ONLY %s IN ROW EXCLUSIVE MODE', v_place.relation);
    END LOOP;

    FOR v_place IN SELECT f.* FROM aegis_guard._personal_relations() AS f LOOP
        v_subjects := p_subjects;
        IF v_subjects IS NULL THEN
            EXECUTE format(
                'SELECT array_agg(s.subject) FROM (SELECT DISTINCT u.subject FROM %s AS r '
                'CROSS JOIN LATERAL unnest(ARRAY[%s]) AS u (subject) WHERE u.subject IS NOT NULL) AS s '
                'WHERE aegis_guard._subject_hash(s.subject) = ANY($1)',
                v_place.relation,
                (SELECT string_agg(format('r.%I::text', c.name), ', ') FROM unnest(v_place.subject_columns) AS c (name)))
               INTO v_subjects
              USING p_hashes;
            CONTINUE WHEN v_subjects IS NULL;
        END IF;

        SELECT string_agg(format(CASE a.atttypid WHEN 'text'::regtype THEN 'r.%I = ANY(%L::text[])'
                                     ELSE 'r.%I::text = ANY(%L::text[])' END, a.attname, v_subjects), ' OR ')
          INTO v_condition
          FROM pg_attribute AS a
         WHERE a.attrelid = v_place.relation
           AND a.attname = ANY(v_place.subject_columns);

        v_before := aegis.rows_digest(v_place.relation, NULL, v_condition);
        CONTINUE WHEN v_before.row_count = 0;

        v_hold := coalesce(v_hold, aegis_guard._held_by(v_place.relation, v_condition));
        EXIT WHEN v_hold IS NOT NULL;
        PERFORM aegis_guard._check_foreign_code(v_place.relation);

        SELECT string_agg(
                   format('%I = %s', a.attname,
                          CASE
                              WHEN a.attname = ANY(v_place.pseudonym_columns)
                                  THEN format('CASE WHEN r.%I = ANY(%L::text[]) THEN aegis_guard._pseudonym(r.%1$I) ELSE r.%1$I END',
                                              a.attname, v_subjects)
                              WHEN NOT a.attnotnull THEN 'NULL'
                              WHEN a.atttypid = 'jsonb'::regtype THEN '''{}'''
                              WHEN a.atttypid = 'text'::regtype THEN ''''''
                              ELSE '0'
                          END), ', ' ORDER BY a.attnum),
               CASE
                   WHEN EXISTS (
                       SELECT FROM pg_attribute AS b
                        WHERE b.attrelid = v_place.relation AND b.attname = 'batch_number' AND NOT b.attisdropped
                   ) THEN 'to_jsonb(array_agg(DISTINCT r.batch_number))'
                   ELSE 'NULL::jsonb'
               END
          INTO v_sets, v_batches
          FROM pg_attribute AS a
         WHERE a.attrelid = v_place.relation
           AND (a.attname = ANY(v_place.erased_columns) OR a.attname = ANY(v_place.pseudonym_columns));

        EXECUTE format('SELECT %s FROM %s AS r WHERE %s', v_batches, v_place.relation, v_condition) INTO v_numbers;

        v_ticket := aegis_guard._issue_ticket(
            p_relation => v_place.relation,
            p_operation => 'ERASE',
            p_row_limit => v_before.row_count,
            p_reason => p_reason
        );
        -- What no history keeps leaves a tombstone.
        IF NOT EXISTS (SELECT FROM pg_trigger AS t WHERE t.tgrelid = v_place.relation AND t.tgname = 'aegis_history') THEN
            PERFORM aegis_guard._seal_relation(v_place.relation, v_place.relation, 'tombstone', v_condition);
        END IF;
        EXECUTE format('UPDATE %s AS r SET %s WHERE %s', v_place.relation, v_sets, v_condition);
        GET DIAGNOSTICS v_rows = ROW_COUNT;
        INSERT INTO aegis_guard.ticket_uses (ticket_id, removed_rows) VALUES (v_ticket, v_rows);

        IF v_place.archive_id IS NOT NULL THEN
            SELECT a.column_names INTO v_whole FROM aegis.archived_partitions AS a WHERE a.archive_id = v_place.archive_id;
            v_after := aegis.rows_digest(v_place.relation, v_whole.column_names);
            v_ledger_id := aegis_guard._record_act(
                p_kind => 'archive',
                p_subject => v_place.relation::text,
                p_row_count => v_after.row_count,
                p_digest => v_after.digest,
                p_detail => jsonb_build_object('event', 'erased', 'archive_id', v_place.archive_id, 'rows', v_rows)
            );
            INSERT INTO aegis.archive_events (ledger_id, archive_id, event, row_count, digest)
            VALUES (v_ledger_id, v_place.archive_id, 'erased', v_after.row_count, v_after.digest);
        END IF;

        row_count := row_count + v_rows;
        relations := relations || jsonb_build_object(
            'relation', v_place.relation::text, 'rows', v_rows, 'archive_id', v_place.archive_id,
            'digest_before', encode(v_before.digest, 'hex'), 'columns', to_jsonb(v_before.column_names),
            'batch_numbers', v_numbers
        );
    END LOOP;

    IF v_hold IS NULL THEN
        FOR v_place IN
            SELECT e.*
              FROM aegis.deletion_requests AS q
             CROSS JOIN LATERAL aegis_guard._erase_in_vault(q.request_id, p_hashes, p_subjects, p_reason) AS e
             WHERE EXISTS (SELECT FROM aegis_guard.deletion_vault AS v WHERE v.request_id = q.request_id)
             ORDER BY q.request_id
        LOOP
            v_hold := coalesce(v_hold, v_place.hold_id);
            row_count := row_count + v_place.row_count;
            relations := relations || coalesce(v_place.entry, '[]');
        END LOOP;
    END IF;

    IF v_hold IS NOT NULL THEN
        RAISE EXCEPTION 'the subject is under legal hold'
            USING ERRCODE = 'AEP52',
                  DETAIL = format('Hold %s covers it or a row of it.', v_hold),
                  HINT = 'aegis.active_holds says why; erase when the hold is lifted.';
    END IF;
END;
$function$;

COMMENT ON FUNCTION aegis_guard._erase_subjects(bytea[], text[], text) IS -- noqa: LT01
'Erases subjects in tables, histories, archives and vault; returns rows and digests per relation; raises AEP52 or AEP65.';

ALTER FUNCTION aegis_guard._erase_subjects(bytea[], text[], text) OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis_guard._erase_subjects(bytea[], text[], text) FROM PUBLIC;
