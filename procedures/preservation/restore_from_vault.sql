-- restore_from_vault: put the rows of an executed deletion back.
--
-- Call     CALL aegis.restore_from_vault(7, 'the feed was right after all');
-- Role     aegis_operator
-- Locks    those of an INSERT
-- Raises   AEP62  the request was not executed, or its rows are back already
--          AEP65  foreign code would run
--          AEP68  the rows cannot be put back: a key is taken, a column is gone, the vault differs
-- Repeat   not idempotent: the second call raises AEP62
--
-- What was erased in the vault since comes back erased.

CREATE OR REPLACE PROCEDURE aegis.restore_from_vault(
    p_request_id bigint,
    p_reason text
)
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
SET datestyle = 'ISO, YMD'
SET intervalstyle = 'postgres'
SET xmloption = 'content'
AS $procedure$
DECLARE
    v_request aegis.deletion_requests;
    v_last record;
    v_table regclass;
    v_found record;
    v_columns text;
    v_values text;
    v_rows bigint;
    v_ledger_id bigint;
    v_detail text;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('aegis.emergency_deletion', p_request_id));

    SELECT q.* INTO v_request FROM aegis.deletion_requests AS q WHERE q.request_id = p_request_id;
    SELECT (array_agg(e.row_count ORDER BY e.ledger_id DESC))[1] AS row_count,
           (array_agg(e.digest ORDER BY e.ledger_id DESC))[1] AS digest,
           bool_or(e.event = 'restored') AS is_restored
      INTO v_last
      FROM aegis.deletion_events AS e
     WHERE e.request_id = p_request_id;

    v_detail := CASE
        WHEN v_request.request_id IS NULL THEN 'There is no such request.'
        WHEN coalesce(btrim(p_reason), '') = '' THEN 'It needs a reason.'
        WHEN v_last.digest IS NULL THEN 'It was not executed.'
        WHEN v_last.is_restored THEN 'Its rows are back already.'
    END;
    IF v_detail IS NOT NULL THEN
        RAISE EXCEPTION 'nothing of deletion request % is put back', coalesce(p_request_id::text, 'null')
            USING ERRCODE = 'AEP62', SCHEMA = 'aegis', TABLE = 'deletion_requests',
                  DETAIL = v_detail,
                  HINT = 'aegis.emergency_deletion_status shows where each request stands.';
    END IF;

    v_table := to_regclass(format('%I.%I', v_request.schema_name, v_request.table_name));
    v_found := aegis_guard._vault_digest(p_request_id);

    SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY c.position) FILTER (WHERE a.attgenerated = ''),
           string_agg(format('v.row_values[%s]::%s', c.position, format_type(a.atttypid, a.atttypmod)), ', '
                      ORDER BY c.position) FILTER (WHERE a.attgenerated = ''),
           CASE WHEN bool_or(a.attname IS NULL) THEN 'A column that they have is gone.' END
      INTO v_columns, v_values, v_detail
      FROM unnest(v_request.column_names) WITH ORDINALITY AS c (name, position)
      LEFT JOIN pg_attribute AS a ON a.attrelid = v_table AND a.attname = c.name AND NOT a.attisdropped;

    v_detail := CASE
        WHEN v_table IS NULL THEN 'Their table is gone.'
        WHEN (v_found.row_count, v_found.digest) <> (v_last.row_count, v_last.digest)
            THEN 'The vault does not hold what was deleted.'
        ELSE v_detail
    END;

    IF v_detail IS NULL THEN
        PERFORM aegis_guard._check_foreign_code(v_table);
        BEGIN
            EXECUTE format('INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE '
                           'SELECT %s FROM aegis_guard.deletion_vault AS v WHERE v.request_id = $1',
                           v_table, v_columns, v_values)
              USING p_request_id;
            GET DIAGNOSTICS v_rows = ROW_COUNT;
        EXCEPTION
            WHEN integrity_constraint_violation THEN v_detail := SQLERRM || '.';
        END;
    END IF;

    IF v_detail IS NOT NULL OR v_rows <> v_last.row_count THEN
        RAISE EXCEPTION 'the rows of deletion request % cannot be put back', p_request_id
            USING ERRCODE = 'AEP68', SCHEMA = v_request.schema_name, TABLE = v_request.table_name,
                  DETAIL = coalesce(v_detail, 'Not all of them were accepted.'),
                  HINT = 'An auditor reads them in aegis.deleted_rows.';
    END IF;

    v_ledger_id := aegis_guard._record_act(
        p_kind => 'emergency_deletion',
        p_subject => format('%I.%I', v_request.schema_name, v_request.table_name),
        p_row_count => v_rows,
        p_digest => v_found.digest,
        p_detail => jsonb_build_object('event', 'restored', 'request_id', p_request_id, 'reason', p_reason)
    );
    INSERT INTO aegis.deletion_events (request_id, event, ledger_id, row_count, digest, reason)
    VALUES (p_request_id, 'restored', v_ledger_id, v_rows, v_found.digest, p_reason);
END;
$procedure$;

COMMENT ON PROCEDURE aegis.restore_from_vault(bigint, text) IS -- noqa: LT01
'Puts the rows of an executed deletion back, verified against their digest; raises AEP62, AEP65 or AEP68.';

ALTER PROCEDURE aegis.restore_from_vault(bigint, text) OWNER TO aegis_guard;
REVOKE ALL ON PROCEDURE aegis.restore_from_vault(bigint, text) FROM PUBLIC;
GRANT EXECUTE ON PROCEDURE aegis.restore_from_vault(bigint, text) TO aegis_operator;
