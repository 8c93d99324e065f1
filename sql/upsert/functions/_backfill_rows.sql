-- _backfill_rows: write the accepted rows of a stage into partitions that do not exist yet: each is
-- filled as a table of its own, gets its keys in one go, and only then becomes part of the table.
-- So no index is kept up row by row, and nobody sees or waits for anything before it is whole.
--
-- Raises   AEU13  rows belong to partitions that exist, or wait in the default partition

CREATE OR REPLACE FUNCTION aegis._backfill_rows(
    p_sql aegis.target_fragments,
    p_batch_number bigint,
    p_source text,
    p_source_rank smallint,
    OUT inserted bigint
)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET maintenance_work_mem = '256MB'
SET lock_timeout = '60s'
AS $function$
DECLARE
    v_first date;
    v_last date;
    v_partition regclass;
    v_default regclass;
    v_new record;
    v_inside text;
    v_rows bigint;
    v_outside bigint;
    v_waiting bigint := 0;
    v_definition text;
BEGIN
    inserted := 0;
    EXECUTE format('SELECT min(w.day), max(w.day)
                      FROM (SELECT CASE WHEN pg_typeof(d.%1$s) = ''timestamptz''::regtype
                                        THEN (d.%1$s::timestamptz AT TIME ZONE ''Asia/Seoul'')::date ELSE d.%1$s::date END AS day
                              FROM %2$s AS d WHERE d.reason IS NULL) AS w',
                   p_sql.bound_column, p_sql.stage)
       INTO v_first, v_last;
    IF v_first IS NULL THEN
        RETURN;                                                 -- every row was put aside
    END IF;

    PERFORM aegis._take_partition_turn(p_sql.relation);

    SELECT coalesce(string_agg(format('d.%s >= %L AND d.%1$s < %3$L', p_sql.bound_column, m.lower_literal, m.upper_literal), ' OR '),
                    'FALSE')
      INTO v_inside
      FROM aegis._missing_partitions(p_sql.relation, v_first, v_last) AS m
     WHERE NOT m.is_partly_covered;
    SELECT b.partition INTO v_default FROM aegis.partition_bounds(p_sql.relation) AS b WHERE b.is_default;
    EXECUTE format('SELECT count(*) FROM %s AS d WHERE d.reason IS NULL AND NOT (%s)', p_sql.stage, v_inside)
       INTO v_outside;
    IF v_default IS NOT NULL THEN
        EXECUTE format('SELECT count(*) FROM %s AS d WHERE %s', v_default, v_inside) INTO v_waiting;
    END IF;
    IF v_outside + v_waiting > 0 THEN
        RAISE EXCEPTION 'rows of this backfill belong to partitions of % that exist', p_sql.relation
            USING ERRCODE = 'AEU13', SCHEMA = 'aegis', TABLE = p_sql.target,
                  DETAIL = format('%s of the rows from %s to %s; %s rows of the new partitions wait in the default partition.',
                                  v_outside, v_first, v_last, v_waiting),
                  HINT = 'Send such rows as ordinary batches; a backfill is for time that has no partition yet.';
    END IF;

    FOR v_new IN
        SELECT m.*
          FROM aegis._missing_partitions(p_sql.relation, v_first, v_last) AS m
         WHERE NOT m.is_partly_covered
         ORDER BY m.lower_bound
    LOOP
        v_partition := aegis._create_partition(p_sql.relation, v_new.partition_name, v_new.lower_bound, v_new.upper_bound, FALSE);
        EXECUTE format('INSERT INTO %s (%s)
                        SELECT %2$s FROM (SELECT DISTINCT ON (%3$s) %4$s FROM %5$s AS d
                                           WHERE d.reason IS NULL AND d.%6$s >= %7$L AND d.%6$s < %8$L ORDER BY %3$s, %9$s) AS n',
                       v_partition, p_sql.columns, 'd.' || replace(p_sql.key_columns, ', ', ', d.'), p_sql.ranked, p_sql.stage,
                       p_sql.bound_column, v_new.lower_literal, v_new.upper_literal, p_sql.in_order)
          USING p_source, p_source_rank, p_batch_number;
        GET DIAGNOSTICS v_rows = ROW_COUNT;

        IF v_rows = 0 THEN
            EXECUTE format('DROP TABLE %s', v_partition);       -- a month of closed days
            CONTINUE;
        END IF;
        inserted := inserted + v_rows;

        FOR v_definition IN
            SELECT coalesce(
                       format('ALTER TABLE %s ADD ', v_partition) || pg_get_constraintdef(k.oid),
                       regexp_replace(pg_get_indexdef(i.indexrelid), '^CREATE (UNIQUE )?INDEX .* ON (ONLY )?\S+ USING ',
                                      format('CREATE \1INDEX ON %s USING ', v_partition))
                   )
              FROM pg_index AS i
              LEFT JOIN pg_constraint AS k ON k.conindid = i.indexrelid AND k.contype IN ('p', 'u') AND k.conrelid = i.indrelid
             WHERE i.indrelid = p_sql.relation
             ORDER BY i.indexrelid
        LOOP
            EXECUTE v_definition;
        END LOOP;

        -- No trigger saw these rows.
        PERFORM aegis_guard._seal_relation(p_sql.relation, v_partition);
        PERFORM aegis_guard.fill_partition(
            p_table => p_sql.relation,
            p_partition => v_partition,
            p_lower => v_new.lower_literal,
            p_upper => v_new.upper_literal
        );
    END LOOP;
END;
$function$;

COMMENT ON FUNCTION aegis._backfill_rows(aegis.target_fragments, bigint, text, smallint) IS -- noqa: LT01
'Writes the accepted rows of a stage as new partitions; returns their number; raises AEU13.';

ALTER FUNCTION aegis._backfill_rows(aegis.target_fragments, bigint, text, smallint) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._backfill_rows(aegis.target_fragments, bigint, text, smallint) FROM PUBLIC;
