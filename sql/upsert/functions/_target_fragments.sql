-- _target_fragments: what the statements of a batch are made of, from the registry and the catalog.
--
-- Raises   AEU05  the table takes no batches

CREATE OR REPLACE FUNCTION aegis._target_fragments(
    p_target text
)
RETURNS aegis.target_fragments
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_target aegis.ingest_targets;
    v aegis.target_fragments;
    v_payload text;
    v_new text;
    v_old text;
BEGIN
    SELECT t.* INTO v_target FROM aegis.ingest_targets AS t WHERE t.target = p_target;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'table % takes no batches', coalesce(quote_literal(p_target), 'null')
            USING ERRCODE = 'AEU05',
                  HINT = 'aegis.ingest_targets lists the tables that do.';
    END IF;

    v.relation := format('%I.%I', v_target.schema_name, v_target.table_name)::regclass;
    v.stage := format('pg_temp.%I', 'stage_' || p_target);
    v.target := p_target;
    v.is_append_only := v_target.is_append_only;

    -- Sorted once, not in each aggregate.
    SELECT string_agg(quote_ident(a.name), ', '),
           string_agg(CASE WHEN a.expression IS NULL THEN format('w.%I', a.name)
                           ELSE format('coalesce(w.%I, %s)', a.name, a.expression) END, ', '),
           string_agg(format('w.%I IS NULL', a.name), ' OR ') FILTER (WHERE a.expression IS NOT NULL),
           string_agg(format('CASE WHEN w.%I IS NULL THEN %L END', a.name, a.name), ', ') FILTER (WHERE a.expression IS NOT NULL),
           bool_and(EXISTS (
               SELECT
                 FROM pg_opclass AS o
                 JOIN pg_am AS m ON m.oid = o.opcmethod AND m.amname = 'hash'
                WHERE o.opcdefault AND o.opcintype = a.atttypid
           )),
           concat_ws(' ',
               CASE WHEN bool_or(a.name = 'stock_code')
                    THEN 'LEFT JOIN aegis.stocks AS k ON k.stock_code = w.stock_code' END,
               CASE WHEN bool_or(a.name = 'trade_date')
                    THEN 'LEFT JOIN aegis.trading_calendar AS c ON c.venue = ''XKRX'' AND c.trade_date = w.trade_date' END)
      INTO v.input_columns, v.completed, v.incomplete, v.filled, v.is_hashable, v.joins
      FROM (
        SELECT a.attname AS name, a.atttypid, v_target.default_values ->> a.attname AS expression
          FROM pg_type AS y
          JOIN pg_attribute AS a ON a.attrelid = y.typrelid AND a.attnum > 0 AND NOT a.attisdropped
         WHERE y.oid = v_target.input_type::regtype
         ORDER BY a.attnum
      ) AS a;

    v.survey := format('bool_or((%s) AND w.reason IS NULL), %s', coalesce(v.incomplete, 'FALSE'),
                       CASE WHEN v.joins LIKE '%trading_calendar%' THEN 'min(w.trade_date), max(w.trade_date)'
                            ELSE 'NULL::date, NULL::date' END);

    SELECT coalesce(string_agg(format('WHEN %s THEN %L', r.predicate, r.reason), ' ' ORDER BY r.priority), '')
      INTO v.rules
      FROM aegis.ingest_rules AS r
     WHERE r.target = p_target;

    -- Every column that a batch writes: keys, payload, then what AEGIS adds where the table has it.
    WITH written AS (
        SELECT a.attname AS name, a.atttypid, format_type(a.atttypid, a.atttypmod) AS type,
               coalesce(k.place, 100 + p.place, 1000 + s.place) AS place,
               CASE WHEN k.place IS NOT NULL THEN 'key' WHEN p.place IS NOT NULL THEN 'payload' ELSE 'system' END AS kind,
               coalesce(s.value, format('d.%I::%s', a.attname, format_type(a.atttypid, a.atttypmod))) AS value,
               CASE WHEN a.atttypid = 'text'::regtype THEN ' COLLATE "C"' ELSE '' END AS collation
          FROM pg_attribute AS a
          LEFT JOIN unnest(v_target.key_columns) WITH ORDINALITY AS k (name, place) ON k.name = a.attname
          LEFT JOIN unnest(v_target.payload_columns) WITH ORDINALITY AS p (name, place) ON p.name = a.attname
          LEFT JOIN (VALUES ('last_updated', 'd.event_at', 1), ('sequence_number', 'd.sequence_number', 2),
                            ('source', '$1::text', 3), ('source_rank', '$2::smallint', 4),
                            ('batch_number', '$3::bigint', 5)) AS s (name, value, place)
            ON s.name = a.attname AND k.place IS NULL AND p.place IS NULL
         WHERE a.attrelid = v.relation
           AND a.attnum > 0
           AND NOT a.attisdropped
           AND coalesce(k.place, p.place, s.place) IS NOT NULL
         ORDER BY place
    )
    SELECT string_agg(format('%I', w.name), ', ') FILTER (WHERE w.kind = 'key'),
           quote_ident(v_target.key_columns[1]),
           string_agg(format('%I', w.name), ', '),
           string_agg(format('%s AS %I', w.value, w.name), ', '),
           string_agg(format('t.%I = n.%1$I', w.name), ' AND ') FILTER (WHERE w.kind = 'key'),
           string_agg(format('%I = @.%1$I', w.name), ', ') FILTER (WHERE w.kind <> 'key'),
           string_agg(format('d.%I DESC', w.name), ', ') FILTER (WHERE w.kind = 'payload'),
           string_agg(format('@.%I%s', w.name, w.collation), ', ') FILTER (WHERE w.kind = 'payload'),
           string_agg(format('t.%I%s', w.name, w.collation), ', ') FILTER (WHERE w.kind = 'payload')
      INTO v.key_columns, v.first_key, v.columns, v.ranked, v.matches, v.assigned, v_payload, v_new, v_old
      FROM written AS w;

    SELECT quote_ident(a.attname)
      INTO v.bound_column
      FROM pg_partitioned_table AS p
      JOIN pg_attribute AS a ON a.attrelid = p.partrelid AND a.attnum = p.partattrs[0]
     WHERE p.partrelid = v.relation
       AND a.attname = ANY (v_target.key_columns);

    v.deleted := CASE WHEN EXISTS (
        SELECT FROM pg_attribute AS a WHERE a.attrelid = v.relation AND a.attname = 'deleted_at' AND NOT a.attisdropped
    ) THEN 't.deleted_at IS NOT NULL' ELSE 'FALSE' END;

    v.repeats := format('ROW(%s)::record = ROW(%s)::record', v_new, v_old);
    IF v.is_append_only THEN
        v.in_order := v_payload;
        v.supersedes := 'FALSE';
    ELSE
        v.in_order := 'd.event_at DESC, d.sequence_number DESC, ' || v_payload;
        v.assigned := v.assigned || ', data_version = t.data_version + 1';
        v.supersedes := format(
            '((@.last_updated, @.source_rank, @.sequence_number) > (t.last_updated, t.source_rank, t.sequence_number)
              OR (@.last_updated, @.source_rank, @.sequence_number) = (t.last_updated, t.source_rank, t.sequence_number)
              AND ROW(%s)::record > ROW(%s)::record)', v_new, v_old);
        v.repeats := '(@.last_updated, @.source_rank, @.sequence_number) = (t.last_updated, t.source_rank, t.sequence_number) AND '
                    || v.repeats;
    END IF;
    RETURN v;
END;
$function$;

COMMENT ON FUNCTION aegis._target_fragments(text) IS -- noqa: LT01
'Fragments of SQL that the statements of a batch are made of; raises AEU05.';

ALTER FUNCTION aegis._target_fragments(text) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._target_fragments(text) FROM PUBLIC;
