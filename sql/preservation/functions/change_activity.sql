-- change_activity: what aegis.soft_delete and aegis.restore_deleted have in common. Runs with the
-- rights of its caller; rows of aegis_owner's tables are changed as aegis_owner, through
-- aegis.change_own_activity, so that no trigger, rule or policy of somebody else's table ever
-- runs with rights that are not its owner's or its caller's.
--
-- Keys are locked in the order of the primary key, as the upsert locks them: sessions queue and do
-- not deadlock. Nested loops only: a hash would read the table, and would lose that order.
--
-- Raises   AEP35 to AEP43 of aegis.row_keys
--          AEP38  the table lacks the columns of soft delete, or the trigger that records it
--          AEP44  the reason is blank
--          AEP45  other rows were changed than were meant

CREATE OR REPLACE FUNCTION aegis.change_activity(
    p_table regclass,
    p_keys jsonb,
    p_reason text,
    p_is_active boolean
)
RETURNS TABLE (
    key_number bigint,
    row_key jsonb,
    verdict text
)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $function$
DECLARE
    v_keys jsonb := aegis.row_keys(p_table, p_keys);
    v_key record;
    v_table record;
    v_done text := CASE WHEN p_is_active THEN 'restored' ELSE 'deleted' END;
    v_idle text := CASE WHEN p_is_active THEN 'already_active' ELSE 'already_deleted' END;
    v_match text;
    v_rows jsonb;
    v_verdicts text[];
    v_expected bigint;
    v_changed bigint;
    v_batch bigint;
BEGIN
    SELECT n.nspname AS schema_name, c.relname AS table_name, c.relowner = 'aegis_owner'::regrole AS is_own,
           format('%s%s', CASE c.relkind WHEN 'r' THEN 'ONLY ' END, p_table) AS rows,
           EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attname = 'data_version') AS has_version,
           EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attname = 'batch_number') AS has_batch,
           (SELECT count(*)
              FROM pg_attribute AS a
             WHERE a.attrelid = c.oid
               AND (a.attname, a.atttypid::regtype::text, a.attgenerated) IN (
                       ('deleted_at', 'timestamp with time zone', ''), ('deleted_by', 'text', ''),
                       ('delete_reason', 'text', ''), ('is_active', 'boolean', 's')
                   )) = 4 AS has_columns,
           EXISTS (
               SELECT
                 FROM pg_trigger AS t
                WHERE t.tgrelid = c.oid
                  AND t.tgname = 'aegis_soft_delete'
                  AND t.tgenabled <> 'D'
           ) AS has_trigger
      INTO v_table
      FROM pg_class AS c
      JOIN pg_namespace AS n ON n.oid = c.relnamespace
     WHERE c.oid = p_table;

    IF NOT v_table.has_columns OR NOT (v_table.is_own OR v_table.has_trigger) THEN
        RAISE EXCEPTION 'rows of % cannot be soft-deleted', p_table
            USING ERRCODE = 'AEP38', SCHEMA = v_table.schema_name, TABLE = v_table.table_name,
                  DETAIL = CASE WHEN v_table.has_columns
                      THEN 'It lacks the trigger aegis_soft_delete, which records the act.'
                      ELSE 'It lacks deleted_at, deleted_by, delete_reason or a generated is_active.'
                  END,
                  HINT = format('CALL aegis.add_soft_delete(%L) adds what a table of yours lacks.', p_table::text);
    ELSIF coalesce(btrim(p_reason), '') = '' THEN
        RAISE EXCEPTION 'a soft delete and its undoing need a reason'
            USING ERRCODE = 'AEP44', SCHEMA = v_table.schema_name, TABLE = v_table.table_name,
                  HINT = 'Pass a non-blank p_reason; it is kept.';
    ELSIF v_table.is_own AND CURRENT_USER <> 'aegis_owner' THEN
        RETURN QUERY SELECT * FROM aegis.change_own_activity(p_table, p_keys, p_reason, p_is_active);
        RETURN;
    END IF;

    SELECT r.* INTO STRICT v_key FROM aegis.row_key(p_table) AS r;

    v_match := v_key.key_comparison || aegis.row_key_range(p_table, v_keys);

    EXECUTE format(
        $sql$SELECT array_agg(CASE
                       WHEN f.nth > 1 THEN 'duplicate'
                       WHEN f.is_active IS NULL THEN 'not_found'
                       WHEN f.is_active = $2 THEN $3
                       ELSE $4
                   END ORDER BY f.number),
                   jsonb_agg(f.item ORDER BY f.number) FILTER (WHERE f.nth = 1 AND f.is_active <> $2)
              FROM (
                SELECT w.number, w.item, w.nth, r.is_active
                  FROM (
                    SELECT e.number, e.item, row_number() OVER (PARTITION BY %1$s ORDER BY e.number) AS nth
                      FROM jsonb_array_elements($1) WITH ORDINALITY AS e (item, number)
                     CROSS JOIN LATERAL jsonb_to_record(e.item) AS k (%2$s)
                     ORDER BY %1$s, e.number
                  ) AS w
                  LEFT JOIN LATERAL (
                    SELECT t.deleted_at IS NULL AS is_active
                      FROM jsonb_to_record(w.item) AS k (%2$s)
                      JOIN %3$s AS t ON %4$s
                     WHERE w.nth = 1
                       FOR NO KEY UPDATE OF t
                  ) AS r ON TRUE
              ) AS f$sql$,
        v_key.key_order, v_key.key_definition, v_table.rows, v_match)
       INTO v_verdicts, v_rows
      USING v_keys, p_is_active, v_idle, v_done;

    v_expected := coalesce(jsonb_array_length(v_rows), 0);

    IF v_expected > 0 THEN
        IF v_table.is_own AND v_table.has_batch THEN
            v_batch := aegis_guard._next_batch_number();
        END IF;

        EXECUTE format(
            'UPDATE %s AS t SET deleted_at = $2, deleted_by = $3, delete_reason = $4 %s %s
               FROM jsonb_array_elements($1) AS e (item) CROSS JOIN LATERAL jsonb_to_record(e.item) AS k (%s)
              WHERE %s AND t.is_active <> $6',
            v_table.rows,
            CASE WHEN v_table.is_own AND v_table.has_version THEN ', data_version = t.data_version + 1' END,
            CASE WHEN v_batch IS NOT NULL THEN ', batch_number = $5' END,
            v_key.key_definition, v_match)
          USING v_rows, CASE WHEN NOT p_is_active THEN clock_timestamp() END,
                CASE WHEN NOT p_is_active THEN SESSION_USER END, CASE WHEN NOT p_is_active THEN p_reason END,
                v_batch, p_is_active;
        GET DIAGNOSTICS v_changed = ROW_COUNT;

        IF v_changed <> v_expected THEN
            RAISE EXCEPTION '% rows of % were to be changed, % were', v_expected, p_table, v_changed
                USING ERRCODE = 'AEP45', SCHEMA = v_table.schema_name, TABLE = v_table.table_name,
                      DETAIL = 'Nothing was changed.',
                      HINT = 'Look for triggers, rules or policies of the table that change or hide rows.';
        END IF;

        IF v_table.is_own THEN
            PERFORM aegis_guard._record_act(
                p_kind => CASE WHEN p_is_active THEN 'restore' ELSE 'soft_delete' END,
                p_subject => format('%I.%I', v_table.schema_name, v_table.table_name),
                p_row_count => v_changed,
                p_detail => jsonb_build_object('reason', p_reason, 'keys', jsonb_array_length(v_keys)),
                p_batch_number => v_batch
            );
            -- What rests on these rows and has been computed; validation comes with a later revision.
            IF to_regprocedure('aegis._outdate_by_keys(regclass, jsonb)') IS NOT NULL THEN
                PERFORM aegis._outdate_by_keys(p_table, v_rows);
            END IF;
        END IF;
    END IF;

    RETURN QUERY
    SELECT e.number, e.item, v_verdicts[e.number]
      FROM jsonb_array_elements(v_keys) WITH ORDINALITY AS e (item, number);
END;
$function$;

COMMENT ON FUNCTION aegis.change_activity(regclass, jsonb, text, boolean) IS -- noqa: LT01
'Soft-deletes or restores the rows of the keys and returns a verdict for each key; raises AEP35 to AEP45.';

ALTER FUNCTION aegis.change_activity(regclass, jsonb, text, boolean) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis.change_activity(regclass, jsonb, text, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis.change_activity(regclass, jsonb, text, boolean) TO aegis_operator;
