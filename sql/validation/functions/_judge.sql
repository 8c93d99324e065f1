-- _judge: ask the rules of a target about rows in their context and return what they found. Read-only: the writers of
-- findings insert what it returns, the readers show it.
--
-- The rules become one query with their thresholds in it.

CREATE OR REPLACE FUNCTION aegis._judge(
    p_target text,
    p_context text,
    p_priority_limit integer DEFAULT 100
)
RETURNS TABLE (
    rule_code text,
    rule_version integer,
    severity text,
    stock_code text,
    trade_date date,
    price_basis text,
    slot text,
    data_version integer,
    batch_number bigint,
    observed jsonb,
    explained_by text
)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $function$
DECLARE
    v_each text;
    v_codes text [];
BEGIN
    SELECT string_agg(format('CASE WHEN %s THEN %s END', c.condition, r.observed), E',\n        '
                      ORDER BY r.priority, r.rule_code),
           array_agg(r.rule_code ORDER BY r.priority, r.rule_code)
      INTO v_each, v_codes
      FROM aegis.validation_rules AS r
     CROSS JOIN LATERAL (
        SELECT concat_ws(' AND ',
                   CASE WHEN r.price_bases IS NOT NULL THEN format('b.price_basis = ANY (%L)', r.price_bases) END,
                   CASE WHEN r.markets IS NOT NULL THEN format('b.market = ANY (%L)', r.markets) END,
                   CASE WHEN r.stock_codes IS NOT NULL THEN format('b.stock_code = ANY (%L)', r.stock_codes) END,
                   CASE WHEN isfinite(r.valid_from) THEN format('b.trade_date >= %L', r.valid_from) END,
                   CASE WHEN isfinite(r.valid_to) THEN format('b.trade_date <= %L', r.valid_to) END,
                   '(' || aegis._rule_sql(r.predicate, r) || ')') AS condition
     ) AS c
     WHERE p_target = ANY (r.targets)
       AND r.is_enabled
       AND r.priority <= p_priority_limit;

    IF v_each IS NULL THEN
        RETURN;
    END IF;

    -- Every condition is computed once for each row, and only then, for the few rows where one holds, which one. Unnest of one
    -- array, because its expressions are prepared once; VALUES prepares them for every row.
    RETURN QUERY EXECUTE format(
        'SELECT r.rule_code, r.rule_version, r.severity, b.stock_code, b.trade_date, b.price_basis, b.slot,
                b.data_version, b.batch_number, b.observed,
                CASE WHEN b.explanations <> ''{}''
                     THEN (SELECT e.kind FROM unnest(r.excused_by) WITH ORDINALITY AS e (kind, place)
                            WHERE e.kind = ANY (b.explanations) ORDER BY e.place LIMIT 1) END
           FROM (
                SELECT b.stock_code, b.trade_date, b.price_basis, b.slot, b.data_version, b.batch_number, b.explanations,
                       f.observed, f.place
                  FROM (%s) AS b
                 CROSS JOIN LATERAL (SELECT ARRAY[
        %s
                 ] OFFSET 0) AS a (observed)
                 CROSS JOIN LATERAL unnest(a.observed) WITH ORDINALITY AS f (observed, place)
                 WHERE array_remove(a.observed, NULL) <> ''{}''
                   AND f.observed IS NOT NULL
                OFFSET 0
           ) AS b
           JOIN aegis.validation_rules AS r ON r.rule_code = ($1)[b.place]',
        p_context, v_each)
      USING v_codes;
END;
$function$;

COMMENT ON FUNCTION aegis._judge(text, text, integer) IS -- noqa: LT01
'What the enabled rules of a target find in the rows of p_context, a query whose columns the rules read as b.';

ALTER FUNCTION aegis._judge(text, text, integer) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._judge(text, text, integer) FROM PUBLIC;
