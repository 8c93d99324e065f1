-- _quiet_range: SQL text over b, the context of a bar that is not there yet, of the lowest and the highest value at which no rule about
-- a target has anything to say: of 'prices', of 'closes' among them, or of 'volumes'. No row where there is no such range,
-- or where the base price is not the close before. Known a day ahead, it clears most bars by a few comparisons (aegis._quick_look).
--
-- A millionth is cut off each end, far more than the rounding of any rule: a bar so near to a threshold is asked.

CREATE OR REPLACE FUNCTION aegis._quiet_range(
    p_target text,
    p_measure text
)
RETURNS text
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT format('(SELECT least(greatest(ceil(lower(q.whole) * 1.000001 / %1$s) * %1$s, 0), %2$s),
                           least(floor(upper(q.whole) * 0.999999 / %1$s) * %1$s, %2$s)
                      FROM (SELECT %3$s) AS q (whole)
                     WHERE NOT isempty(q.whole) AND b.base_price = b.previous_close)',
                  CASE p_measure WHEN 'volumes' THEN '1' ELSE '0.01' END,
                  CASE p_measure WHEN 'volumes' THEN '9223372036854775807' ELSE '9999999999999.99' END,
                  coalesce(string_agg(format('coalesce(CASE WHEN %s THEN %s END, ''(,)'')',
                                             coalesce('b.price_basis = ANY (' || quote_literal(r.price_bases) || ')', 'TRUE'),
                                             aegis._rule_sql(q.range, r)), ' * '), 'numrange ''(,)'''))
      FROM aegis.validation_rules AS r
     CROSS JOIN LATERAL unnest(CASE p_measure
            WHEN 'prices' THEN ARRAY[r.quiet_prices]
            WHEN 'closes' THEN ARRAY[r.quiet_prices, r.quiet_closes]
            WHEN 'volumes' THEN ARRAY[r.quiet_volumes]
        END) AS q (range)
     WHERE p_target = ANY (r.targets)
       AND r.is_enabled
       AND q.range IS NOT NULL
$function$;

COMMENT ON FUNCTION aegis._quiet_range(text, text) IS
'SQL text of the lowest and the highest price (KRW), close or volume at which no rule speaks; no row where there is none.';

ALTER FUNCTION aegis._quiet_range(text, text) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._quiet_range(text, text) FROM PUBLIC;
