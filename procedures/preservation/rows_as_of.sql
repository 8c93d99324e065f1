-- rows_as_of: the rows of a range of days as they stood at a moment, soft-deleted ones among them.
--
-- Call     SELECT * FROM aegis.rows_as_of('aegis.stock_prices', '2026-01-02 15:00+09', '2026-01-01', '2026-01-31');
--          typed, and best for large ranges: aegis.stock_prices_as_of, aegis.daily_market_data_as_of
-- Role     aegis_reader, or any that may read the table and its history
-- Locks    none
-- Raises   AEP35 to AEP37, as aegis.soft_delete: the table
--          AEP46  the table keeps no history
--          AEP47  the moment is null or has not come yet, the range is reversed, or the table has no days
-- Repeat   reads only
--
-- Days are those of the first date in the primary key; null bounds are open. A table without such a
-- date (aegis.stocks) takes null for both.
--
-- The moment is that of writing, by the clock of the server: a version holds from the moment it was
-- written until before the moment it was superseded. Writers of one key take turns, so its versions
-- never overlap. A transaction that was still open at the moment counts with what it had
-- written by then, once it has committed: a read is final when all transactions that ran at that
-- moment have ended. Whoever needs that at once locks the table first (SHARE mode waits for them).

CREATE OR REPLACE FUNCTION aegis.rows_as_of(
    p_table regclass,
    p_at timestamptz,
    p_from date DEFAULT NULL,
    p_to date DEFAULT NULL
)
RETURNS SETOF jsonb
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $function$
DECLARE
    v_history regclass;
    v_key record;
    v_day text;
    v_created text := '';
    v_range text := '';
    v_derived text[];
    v_order text;
BEGIN
    SELECT r.* INTO STRICT v_key FROM aegis.row_key(p_table) AS r;
    v_history := aegis.history_table(p_table);

    SELECT a.attname
      INTO v_day
      FROM unnest(v_key.key_columns) WITH ORDINALITY AS k (name, place)
      JOIN pg_attribute AS a ON a.attrelid = p_table AND a.attname = k.name AND a.atttypid = 'date'::regtype
     ORDER BY k.place
     LIMIT 1;

    IF p_at IS NULL OR p_at > clock_timestamp() THEN
        RAISE EXCEPTION 'nobody knows % as of %', p_table, coalesce(p_at::text, 'null')
            USING ERRCODE = 'AEP47',
                  HINT = 'Pass a moment that has come.';
    ELSIF p_from > p_to THEN
        RAISE EXCEPTION 'there are no days from % to %', p_from, p_to
            USING ERRCODE = 'AEP47',
                  HINT = 'Pass the first day and the last, or null for an open end.';
    ELSIF v_day IS NULL AND num_nonnulls(p_from, p_to) > 0 THEN
        RAISE EXCEPTION 'the rows of % have no days', p_table
            USING ERRCODE = 'AEP47',
                  DETAIL = format('The primary key is (%s).', array_to_string(v_key.key_columns, ', ')),
                  HINT = 'Pass null for both bounds.';
    END IF;

    -- Constants, so that the planner leaves out partitions of other days.
    IF p_from IS NOT NULL THEN
        v_range := v_range || format(' AND t.%I >= %L::date', v_day, p_from);
    END IF;
    IF p_to IS NOT NULL THEN
        v_range := v_range || format(' AND t.%I <= %L::date', v_day, p_to);
    END IF;
    IF EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = p_table AND a.attname = 'created_at') THEN
        v_created := ' AND t.created_at <= $1';
    END IF;

    -- What the history leaves out follows from the rest.
    v_derived := ARRAY(
        SELECT a.attname::text FROM pg_attribute AS a WHERE a.attrelid = p_table AND a.attnum > 0
        EXCEPT
        SELECT a.attname::text FROM pg_attribute AS a WHERE a.attrelid = v_history
    );
    v_order := CASE
        WHEN EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = v_history AND a.attname = 'data_version')
        THEN ', t.data_version'
    END;

    RETURN QUERY EXECUTE format(
        $sql$WITH superseded AS MATERIALIZED (
                SELECT DISTINCT ON (%6$s) t.*
                  FROM %2$s AS t
                 WHERE t.superseded_at > $1 %3$s
                 ORDER BY %6$s, t.superseded_at%7$s
             )
             SELECT to_jsonb(t) - $2
               FROM %1$s AS t
              WHERE NOT EXISTS (SELECT FROM superseded AS k WHERE %5$s) %3$s %4$s
             UNION ALL
             SELECT to_jsonb(t) - '{superseded_at, superseded_by}'::text[]
               FROM superseded AS t
              WHERE TRUE %4$s$sql$,
        p_table, v_history, v_range, v_created, v_key.key_comparison,
        (SELECT string_agg(format('t.%I', c), ', ' ORDER BY n) FROM unnest(v_key.key_columns) WITH ORDINALITY AS u (c, n)),
        v_order)
      USING p_at, v_derived;
END;
$function$;

COMMENT ON FUNCTION aegis.rows_as_of(regclass, timestamptz, date, date) IS -- noqa: LT01
'Rows of a range of days as they stood at a moment, as jsonb; raises AEP35 to AEP37, AEP46 and AEP47.';

ALTER FUNCTION aegis.rows_as_of(regclass, timestamptz, date, date) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis.rows_as_of(regclass, timestamptz, date, date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis.rows_as_of(regclass, timestamptz, date, date) TO aegis_reader;
