-- emergency_deletion: delete the rows of an approved request; the last of three steps.
--
-- Call     CALL aegis.emergency_deletion(7);
-- Role     aegis_operator
-- Locks    SHARE ROW EXCLUSIVE on the table until the caller's transaction ends: readers go on,
--          writers wait
-- Raises   AEP52  a legal hold covers a row
--          AEP53  the clock is behind the ledger
--          AEP61  the rows are no longer those that were approved
--          AEP62  the request is not approved, its time is over, or it was executed already
--          AEP65  foreign code would run
--          AEP66  the transaction is not READ COMMITTED
-- Repeat   not idempotent: a request is executed once (AEP62)
--
-- The rows go to the vault first: an auditor reads them through aegis.deleted_rows, and
-- aegis.restore_from_vault puts them back.

CREATE OR REPLACE PROCEDURE aegis.emergency_deletion(p_request_id bigint)
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
SET datestyle = 'ISO, YMD'
SET intervalstyle = 'postgres'
SET extra_float_digits = 1
SET bytea_output = 'hex'
SET xmloption = 'content'
AS $procedure$
DECLARE
    v_request aegis.deletion_requests;
    v_decision aegis.deletion_decisions;
    v_table regclass;
    v_found record;
    v_hold bigint;
    v_rows bigint;
    v_ledger_id bigint;
    v_detail text;
BEGIN
    PERFORM aegis_guard._check_moment();
    PERFORM pg_advisory_xact_lock(hashtextextended('aegis.emergency_deletion', p_request_id));

    SELECT q.* INTO v_request FROM aegis.deletion_requests AS q WHERE q.request_id = p_request_id;
    SELECT d.* INTO v_decision FROM aegis.deletion_decisions AS d WHERE d.request_id = p_request_id;

    v_detail := CASE
        WHEN v_request.request_id IS NULL THEN 'There is no such request.'
        WHEN v_decision.request_id IS NULL THEN 'Nobody has approved it.'
        WHEN NOT v_decision.is_approved THEN format('%I rejected it.', v_decision.decided_by)
        WHEN EXISTS (
            SELECT FROM aegis.deletion_events AS e WHERE e.request_id = p_request_id AND e.event = 'executed'
        ) THEN 'It was executed already.'
        WHEN clock_timestamp() > v_decision.expires_at THEN format('Its approval ended at %s.', v_decision.expires_at)
    END;
    IF v_detail IS NOT NULL THEN
        RAISE EXCEPTION 'deletion request % cannot be executed', coalesce(p_request_id::text, 'null')
            USING ERRCODE = 'AEP62', SCHEMA = 'aegis', TABLE = 'deletion_requests',
                  DETAIL = v_detail,
                  HINT = 'aegis.emergency_deletion_status shows where each request stands.';
    END IF;

    LOCK TABLE aegis.legal_holds IN SHARE MODE;
    v_table := format('%I.%I', v_request.schema_name, v_request.table_name)::regclass;
    EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', v_table);
    PERFORM aegis_guard._check_foreign_code(v_table);

    v_found := aegis.rows_digest(v_table, NULL, v_request.condition);
    IF (v_found.row_count, v_found.digest, v_found.column_names)
        IS DISTINCT FROM (v_request.row_count, v_request.digest, v_request.column_names)
    THEN
        RAISE EXCEPTION 'the rows of deletion request % are no longer those that were approved', p_request_id
            USING ERRCODE = 'AEP61', SCHEMA = v_request.schema_name, TABLE = v_request.table_name,
                  DETAIL = format('%s rows with digest %s meet the predicate; approved were %s with %s.',
                                  v_found.row_count, encode(v_found.digest, 'hex'), v_request.row_count,
                                  encode(v_request.digest, 'hex')),
                  HINT = 'Make a new request for the rows as they are now.';
    END IF;

    v_hold := aegis_guard._held_by(v_table, v_request.condition);
    IF v_hold IS NOT NULL THEN
        RAISE EXCEPTION 'rows of % are under legal hold', v_table
            USING ERRCODE = 'AEP52', SCHEMA = v_request.schema_name, TABLE = v_request.table_name,
                  DETAIL = format('Hold %s covers at least one of the %s rows.', v_hold, v_found.row_count),
                  HINT = 'aegis.active_holds says why.';
    END IF;

    -- Text as the type's own output gives it: what rows_digest reads, and what the type reads back.
    EXECUTE format('INSERT INTO aegis_guard.deletion_vault (request_id, row_number, row_data, row_values) '
                   'SELECT $1, row_number() OVER (), to_jsonb(r), ARRAY[%s] FROM %s AS r WHERE %s',
                   (SELECT string_agg(format('CASE WHEN r.%I IS NOT NULL THEN format(''%%s'', r.%1$I) END', c.name), ', '
                                      ORDER BY c.position)
                      FROM unnest(v_request.column_names) WITH ORDINALITY AS c (name, position)),
                   v_table, v_request.condition)
      USING p_request_id;

    PERFORM aegis_guard._issue_ticket(
        p_relation => v_table,
        p_operation => 'DELETE',
        p_row_limit => v_request.row_count,
        p_reason => format('deletion request %s: %s', p_request_id, v_request.reason)
    );
    EXECUTE format('DELETE FROM %s AS r WHERE %s', v_table, v_request.condition);
    GET DIAGNOSTICS v_rows = ROW_COUNT;

    v_found := aegis_guard._vault_digest(p_request_id);
    IF v_rows <> v_request.row_count OR (v_found.row_count, v_found.digest) <> (v_request.row_count, v_request.digest) THEN
        RAISE EXCEPTION 'what request % deleted is not what the vault holds', p_request_id
            USING ERRCODE = 'AEP61', SCHEMA = v_request.schema_name, TABLE = v_request.table_name,
                  DETAIL = format('%s rows were deleted, %s are in the vault.', v_rows, v_found.row_count),
                  HINT = 'Nothing was deleted; look for foreign triggers on the table.';
    END IF;

    v_ledger_id := aegis_guard._record_act(
        p_kind => 'emergency_deletion',
        p_subject => format('%I.%I', v_request.schema_name, v_request.table_name),
        p_row_count => v_rows,
        p_digest => v_request.digest,
        p_detail => jsonb_build_object(
            'event', 'executed', 'request_id', p_request_id, 'reason', v_request.reason,
            'condition', v_request.condition, 'requested_by', v_request.requested_by,
            'approved_by', v_decision.decided_by, 'columns', to_jsonb(v_request.column_names)
        )
    );
    INSERT INTO aegis.deletion_events (request_id, event, ledger_id, row_count, digest)
    VALUES (p_request_id, 'executed', v_ledger_id, v_rows, v_request.digest);
END;
$procedure$;

COMMENT ON PROCEDURE aegis.emergency_deletion(bigint) IS -- noqa: LT01
'Deletes the rows of an approved request, if they are still the same, into the vault; raises AEP52, AEP53, AEP61, AEP62, AEP65 or AEP66.';

ALTER PROCEDURE aegis.emergency_deletion(bigint) OWNER TO aegis_guard;
REVOKE ALL ON PROCEDURE aegis.emergency_deletion(bigint) FROM PUBLIC;
GRANT EXECUTE ON PROCEDURE aegis.emergency_deletion(bigint) TO aegis_operator;
