-- _judge_stage: fill in what the sender left out, if a survey of the stage says so, and ask the rules, in one scan.
-- Only where a rule holds is a row touched again, to note its reason.

CREATE OR REPLACE FUNCTION aegis._judge_stage(
    p_sql aegis.target_fragments,
    p_source aegis.data_sources,
    p_is_incomplete boolean,
    p_first date,
    p_last date,
    OUT put_aside bigint,
    OUT unknown_codes bigint,
    OUT lower_bound text,
    OUT upper_bound text
)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_judged text;
BEGIN
    IF p_is_incomplete THEN
        EXECUTE format('UPDATE %1$s AS s SET (%2$s, filled) = ROW(%6$s, j.filled)
                          FROM (SELECT w.ctid AS place, %3$s, array_remove(ARRAY[%4$s], NULL)
                                  FROM %1$s AS w %5$s WHERE (%7$s) AND w.reason IS NULL) AS j (place, %2$s, filled)
                         WHERE s.ctid = j.place',
                       p_sql.stage, p_sql.input_columns, p_sql.completed, p_sql.filled, p_sql.joins,
                       'j.' || replace(p_sql.input_columns, ', ', ', j.'), p_sql.incomplete);
        EXECUTE format('SELECT %s FROM %s AS w', p_sql.survey, p_sql.stage) INTO p_is_incomplete, p_first, p_last;
    END IF;

    -- Of the calendar only the days of the batch: it is short, the calendar is long.
    v_judged := format(
        'SELECT w.ctid AS place, w.reason IS NULL AS is_judged, %s AS bound, %s AS is_unknown_code, CASE WHEN w.reason IS NOT NULL THEN w.reason %s END AS reason
           FROM %s AS w %s OFFSET 0',
        coalesce('w.' || p_sql.bound_column, 'NULL::text'),
        CASE WHEN p_sql.joins LIKE '%aegis.stocks%' THEN 'k.stock_code IS NULL' ELSE 'FALSE' END,
        p_sql.rules, p_sql.stage,
        replace(p_sql.joins, 'c.trade_date = w.trade_date',
                format('c.trade_date = w.trade_date AND c.trade_date BETWEEN %L AND %L', p_first, p_last)));

    EXECUTE format('SELECT count(j.reason), count(*) FILTER (WHERE j.reason IS NULL AND j.is_unknown_code),
                           min(j.bound) FILTER (WHERE j.reason IS NULL)::text,
                           max(j.bound) FILTER (WHERE j.reason IS NULL)::text
                      FROM (%s) AS j', v_judged)
       INTO put_aside, unknown_codes, lower_bound, upper_bound
      USING clock_timestamp() + p_source.clock_skew, (clock_timestamp() AT TIME ZONE 'Asia/Seoul')::date,
            p_source.introduces_codes, p_source.kind = 'vendor';

    IF put_aside > 0 THEN
        -- No condition on s: of a table without statistics it would be believed to leave next to nothing.
        EXECUTE format('UPDATE %s AS s SET reason = j.reason FROM (%s) AS j
                         WHERE s.ctid = j.place AND j.is_judged AND j.reason IS NOT NULL', p_sql.stage, v_judged)
          USING clock_timestamp() + p_source.clock_skew, (clock_timestamp() AT TIME ZONE 'Asia/Seoul')::date,
                p_source.introduces_codes, p_source.kind = 'vendor';
    END IF;
END;
$function$;

COMMENT ON FUNCTION aegis._judge_stage(aegis.target_fragments, aegis.data_sources, boolean, date, date) IS -- noqa: LT01
'Completes the rows of a stage and notes the reason of those that a rule puts aside.';

ALTER FUNCTION aegis._judge_stage(aegis.target_fragments, aegis.data_sources, boolean, date, date) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._judge_stage(aegis.target_fragments, aegis.data_sources, boolean, date, date) FROM PUBLIC;
