-- The part of an erasure that concerns the rows of one deletion request in the vault. Their values
-- stay such that the row could be put back. hold_id names a legal hold that covers one of them;
-- then nothing is changed.

CREATE OR REPLACE FUNCTION aegis_guard._erase_in_vault(
    p_request_id bigint,
    p_hashes bytea[],
    p_subjects text[],
    p_reason text,
    OUT row_count bigint,
    OUT hold_id bigint,
    OUT entry jsonb
)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_request aegis.deletion_requests;
    v_place record;
    v_rows bigint[];
    v_data text;
    v_values text;
    v_ticket bigint;
    v_digest record;
    v_ledger_id bigint;
BEGIN
    row_count := 0;
    SELECT q.* INTO v_request FROM aegis.deletion_requests AS q WHERE q.request_id = p_request_id;
    SELECT f.*
      INTO v_place
      FROM aegis_guard._personal_relations() AS f
     WHERE f.relation = to_regclass(format('%I.%I', v_request.schema_name, v_request.table_name));

    SELECT array_agg(DISTINCT v.row_number)
      INTO v_rows
      FROM aegis_guard.deletion_vault AS v
     CROSS JOIN LATERAL unnest(v_place.subject_columns) AS c (name)
     WHERE v.request_id = p_request_id
       AND CASE
               WHEN p_subjects IS NULL THEN aegis_guard._subject_hash(v.row_data ->> c.name) = ANY(p_hashes)
               ELSE v.row_data ->> c.name = ANY(p_subjects)
           END;

    IF v_rows IS NULL THEN
        RETURN;
    END IF;

    -- A day or code that the row does not have is no reason to let it go.
    SELECT min(h.hold_id)
      INTO hold_id
      FROM aegis.legal_holds AS h
      JOIN aegis_guard.deletion_vault AS v ON v.request_id = p_request_id AND v.row_number = ANY(v_rows)
     CROSS JOIN LATERAL (
        SELECT coalesce(v.row_data ->> 'trade_date', left(v.row_data ->> 'occurred_at', 10))::date AS day
     ) AS d
     WHERE (h.table_names IS NULL OR h.table_names @> ARRAY[format('%I.%I', v_request.schema_name, v_request.table_name)])
       AND (h.stock_codes IS NULL OR coalesce(v.row_data ->> 'stock_code' = ANY(h.stock_codes), h.table_names IS NOT NULL))
       AND (h.subject_hashes IS NULL OR h.subject_hashes && p_hashes)
       AND (d.day >= h.from_day) IS NOT FALSE
       AND (d.day <= h.to_day) IS NOT FALSE
       AND NOT EXISTS (SELECT FROM aegis.legal_hold_lifts AS l WHERE l.hold_id = h.hold_id);

    IF hold_id IS NOT NULL THEN
        RETURN;
    END IF;

    SELECT string_agg(CASE
               WHEN c.name = ANY(v_place.pseudonym_columns)
                   THEN format('aegis_guard._pseudonym(v.row_values[%s])', c.position)
               WHEN c.name = ANY(v_place.erased_columns) THEN n.literal
               ELSE format('v.row_values[%s]', c.position)
           END, ', ' ORDER BY c.position),
           string_agg(CASE
               WHEN c.name = ANY(v_place.pseudonym_columns)
                   THEN format('%L, aegis_guard._pseudonym(v.row_values[%s])', c.name, c.position)
               WHEN c.name = ANY(v_place.erased_columns)
                   THEN format('%L, %s%s', c.name, n.literal,
                               CASE WHEN a.atttypid = 'jsonb'::regtype AND n.literal <> 'NULL' THEN '::jsonb' ELSE '' END)
           END, ', ' ORDER BY c.position)
      INTO v_values, v_data
      FROM unnest(v_request.column_names) WITH ORDINALITY AS c (name, position)
      LEFT JOIN pg_attribute AS a ON a.attrelid = v_place.relation AND a.attname = c.name AND NOT a.attisdropped
     CROSS JOIN LATERAL (
        SELECT CASE
                   WHEN a.attnotnull IS NOT TRUE THEN 'NULL'
                   WHEN a.atttypid = 'jsonb'::regtype THEN '''{}'''
                   WHEN a.atttypid = 'text'::regtype THEN ''''''
                   ELSE '''0'''
               END AS literal
     ) AS n;

    v_ticket := aegis_guard._issue_ticket(
        p_relation => 'aegis_guard.deletion_vault',
        p_operation => 'ERASE',
        p_row_limit => cardinality(v_rows),
        p_reason => p_reason
    );
    EXECUTE format('UPDATE aegis_guard.deletion_vault AS v '
                   'SET row_values = ARRAY[%s]::text[], row_data = v.row_data || jsonb_build_object(%s) '
                   'WHERE v.request_id = $1 AND v.row_number = ANY($2)', v_values, v_data)
      USING p_request_id, v_rows;
    GET DIAGNOSTICS row_count = ROW_COUNT;
    INSERT INTO aegis_guard.ticket_uses (ticket_id, removed_rows) VALUES (v_ticket, row_count);

    v_digest := aegis_guard._vault_digest(p_request_id);
    v_ledger_id := aegis_guard._record_act(
        p_kind => 'emergency_deletion',
        p_subject => format('%I.%I', v_request.schema_name, v_request.table_name),
        p_row_count => v_digest.row_count,
        p_digest => v_digest.digest,
        p_detail => jsonb_build_object('event', 'erased', 'request_id', p_request_id, 'rows', row_count)
    );
    INSERT INTO aegis.deletion_events (request_id, event, ledger_id, row_count, digest, reason)
    VALUES (p_request_id, 'erased', v_ledger_id, v_digest.row_count, v_digest.digest, p_reason);

    entry := jsonb_build_array(jsonb_build_object(
        'relation', 'aegis_guard.deletion_vault', 'rows', row_count, 'request_id', p_request_id,
        'digest_before', encode(v_request.digest, 'hex'), 'digest_after', encode(v_digest.digest, 'hex')
    ));
END;
$function$;

COMMENT ON FUNCTION aegis_guard._erase_in_vault(bigint, bytea[], text[], text) IS -- noqa: LT01
'Erases subjects in the vaulted rows of one deletion request; tells rows, digests and a hold that forbids it.';

ALTER FUNCTION aegis_guard._erase_in_vault(bigint, bytea[], text[], text) OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis_guard._erase_in_vault(bigint, bytea[], text[], text) FROM PUBLIC;
