-- _follow_findings: what becomes of new findings. Trigger function of aegis.findings, once per statement: each
-- finding nobody can explain opens a case or joins the open one; a case about recent days raises an alert.
--
-- Many findings of one rule at once are one case of code *: a thousand cases are as good as none.
-- Cases and alerts are met in the order of their keys, so two sessions queue and never deadlock.

CREATE OR REPLACE FUNCTION aegis._follow_findings()
RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_flood CONSTANT integer := aegis.configuration('aegis.flood_findings')::integer;
    v_least CONSTANT integer := aegis._severity_rank(aegis.configuration('aegis.case_severity'));
    v_live_from CONSTANT date := aegis._live_from();
    v_group record;
    v_case aegis.cases;
BEGIN
    FOR v_group IN
        WITH fresh AS (
            SELECT n.*, count(*) OVER (PARTITION BY n.rule_code, n.target) > v_flood AS is_flood
              FROM new_findings AS n
             WHERE n.status = 'open'
               AND aegis._severity_rank(n.severity) >= v_least
        )
        SELECT f.rule_code, f.target, f.is_flood,
               CASE WHEN f.is_flood THEN '*' ELSE f.stock_code END COLLATE "C" AS stock_code,
               CASE WHEN NOT f.is_flood THEN f.trade_date END AS trade_date,
               CASE WHEN f.is_flood THEN 'raw' ELSE f.price_basis END COLLATE "C" AS price_basis,
               max(f.trade_date) AS latest_date,
               max(aegis._severity_rank(f.severity)) AS severity_rank,
               count(*) AS findings,
               count(DISTINCT f.stock_code) AS stocks,
               array_agg(f.finding_id) AS finding_ids,
               (array_agg(f.observed ORDER BY f.finding_id DESC))[1] AS observed
          FROM fresh AS f
         GROUP BY 1, 2, 3, 4, 5, 6
         ORDER BY f.rule_code COLLATE "C", f.target COLLATE "C", 4, latest_date, 6
    LOOP
        INSERT INTO aegis.cases AS c (
            rule_code, target, stock_code, trade_date, price_basis, severity, priority, findings, due_at
        )
        SELECT v_group.rule_code, v_group.target, v_group.stock_code, v_group.latest_date, v_group.price_basis,
               s.severity, 5 - v_group.severity_rank, v_group.findings,
               clock_timestamp() + aegis.configuration('aegis.case_due_' || s.severity)::interval
          FROM (SELECT (ARRAY['info', 'warning', 'error', 'critical'])[v_group.severity_rank] AS severity) AS s
        ON CONFLICT (rule_code, target, stock_code, trade_date, price_basis) WHERE state IN ('open', 'assigned')
        DO UPDATE SET findings = c.findings + excluded.findings,
                      severity = CASE WHEN excluded.priority < c.priority THEN excluded.severity ELSE c.severity END,
                      priority = least(c.priority, excluded.priority),
                      due_at = least(c.due_at, excluded.due_at),
                      state_version = c.state_version + 1,
                      changed_at = clock_timestamp()
        RETURNING c.* INTO v_case;

        INSERT INTO aegis.case_findings (finding_id, case_id)
        SELECT unnest(v_group.finding_ids), v_case.case_id;

        IF v_case.state_version = 1 THEN
            INSERT INTO aegis.case_events (case_id, event, to_state, reason, detail)
            SELECT v_case.case_id, 'opened', 'open', coalesce(r.description, v_case.rule_code), v_group.observed
              FROM (SELECT 1) AS one (row)
              LEFT JOIN aegis.validation_rules AS r ON r.rule_code = v_case.rule_code;
        END IF;

        IF v_group.latest_date >= v_live_from THEN
            PERFORM aegis._raise_alert(
                        CASE WHEN v_group.is_flood THEN 'finding_flood' ELSE 'finding' END,
                        format('%s:%s:%s:%s', v_case.rule_code, v_case.target, v_case.stock_code, v_case.trade_date),
                        v_case.severity,
                        jsonb_build_object(
                            'case_id', v_case.case_id,
                            'rule_code', v_case.rule_code,
                            'severity', aegis._severity_words(v_case.severity),
                            'target', v_case.target,
                            'stock_code', v_case.stock_code,
                            'stock_name', (SELECT k.stock_name FROM aegis.stocks AS k
                                            WHERE k.stock_code = v_case.stock_code),
                            'trade_date', v_case.trade_date,
                            'findings', v_group.findings,
                            'stocks', v_group.stocks,
                            'detail', left((SELECT string_agg(o.key || ' ' || o.value, ', ' ORDER BY o.key)
                                              FROM jsonb_each_text(v_group.observed) AS o), 300)),
                        v_case.rule_code,
                        nullif(v_case.stock_code, '*')
                    );
        END IF;
    END LOOP;

    RETURN NULL;
END;
$function$;

COMMENT ON FUNCTION aegis._follow_findings() IS
'Trigger function of aegis.findings: opens or joins cases and raises alerts, set by set.';

ALTER FUNCTION aegis._follow_findings() OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._follow_findings() FROM PUBLIC;
