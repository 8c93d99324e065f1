-- What is known about the quality of each code: what the rules found, what of it is explained or decided, and when it was
-- judged last. A code without a finding is here too; * stands for the market as a whole.

CREATE OR REPLACE VIEW aegis.validation_by_code AS
SELECT
    s.stock_code,
    s.stock_name,
    s.market,
    f.last_date AS last_finding_date,
    coalesce(f.findings, 0)::bigint AS findings,
    coalesce(f.critical, 0)::bigint AS critical_findings,
    coalesce(f.errors, 0)::bigint AS error_findings,
    coalesce(f.warnings, 0)::bigint AS warning_findings,
    coalesce(f.infos, 0)::bigint AS info_findings,
    coalesce(f.unexplained, 0)::bigint AS unexplained_findings,
    coalesce(f.explained, 0)::bigint AS explained_findings,
    coalesce(f.decided, 0)::bigint AS decided_findings,
    coalesce(f.superseded, 0)::bigint AS superseded_findings,
    coalesce(f.by_rule, '{}') AS findings_by_rule,
    coalesce(f.unexplained_by_rule, '{}') AS unexplained_by_rule,
    c.open_cases,
    f.last_found_at,
    r.run_id AS last_run_id,
    r.finished_at AS last_validated_at,
    r.rule_set_version AS last_rule_set_version
  FROM (
    SELECT q.stock_code, q.stock_name, q.market FROM aegis.stocks AS q
     UNION ALL
    SELECT '*', NULL, NULL
  ) AS s
 CROSS JOIN LATERAL (
    SELECT
        sum(g.findings) AS findings,
        sum(g.critical) AS critical,
        sum(g.errors) AS errors,
        sum(g.warnings) AS warnings,
        sum(g.infos) AS infos,
        sum(g.unexplained) AS unexplained,
        sum(g.explained) AS explained,
        sum(g.decided) AS decided,
        sum(g.superseded) AS superseded,
        max(g.last_found_at) AS last_found_at,
        max(g.last_date) AS last_date,
        jsonb_object_agg(g.rule_code, g.findings) FILTER (WHERE g.findings > 0) AS by_rule,
        jsonb_object_agg(g.rule_code, g.unexplained) FILTER (WHERE g.unexplained > 0) AS unexplained_by_rule
      FROM (
        SELECT
            q.rule_code,
            count(*) FILTER (WHERE q.status <> 'superseded') AS findings,
            count(*) FILTER (WHERE q.status <> 'superseded' AND q.severity = 'critical') AS critical,
            count(*) FILTER (WHERE q.status <> 'superseded' AND q.severity = 'error') AS errors,
            count(*) FILTER (WHERE q.status <> 'superseded' AND q.severity = 'warning') AS warnings,
            count(*) FILTER (WHERE q.status <> 'superseded' AND q.severity = 'info') AS infos,
            count(*) FILTER (WHERE q.status = 'open') AS unexplained,
            count(*) FILTER (WHERE q.status = 'explained') AS explained,
            count(*) FILTER (WHERE q.status IN ('released', 'rejected', 'replayed')) AS decided,
            count(*) FILTER (WHERE q.status = 'superseded') AS superseded,
            max(q.found_at) AS last_found_at,
            max(q.trade_date) AS last_date
          FROM aegis.findings AS q
         WHERE q.stock_code = s.stock_code
         GROUP BY q.rule_code
      ) AS g
 ) AS f
 CROSS JOIN LATERAL (
    SELECT count(*) AS open_cases
      FROM aegis.cases AS q
     WHERE q.stock_code = s.stock_code
       AND q.state IN ('open', 'assigned')
 ) AS c
  LEFT JOIN LATERAL (
    SELECT q.run_id, q.finished_at, q.rule_set_version
      FROM aegis.validation_runs AS q
     WHERE q.found_by <> 'ingest'
       AND q.first_date <= f.last_date
       AND q.last_date >= f.last_date
     ORDER BY q.run_id DESC
     LIMIT 1
  ) AS r ON TRUE;

COMMENT ON VIEW aegis.validation_by_code IS
'Findings, cases and the latest run by code; filter it by stock_code.';
COMMENT ON COLUMN aegis.validation_by_code.stock_code IS 'KRX short code; * for what concerns the market as a whole.';
COMMENT ON COLUMN aegis.validation_by_code.stock_name IS 'Korean name; null until a master row has come.';
COMMENT ON COLUMN aegis.validation_by_code.market IS 'Market, see aegis.stocks.';
COMMENT ON COLUMN aegis.validation_by_code.last_finding_date IS
'Latest trading date (KST) with a finding; null without any.';
COMMENT ON COLUMN aegis.validation_by_code.findings IS 'Findings that hold or were decided: all but superseded ones.';
COMMENT ON COLUMN aegis.validation_by_code.critical_findings IS 'Of these, critical ones.';
COMMENT ON COLUMN aegis.validation_by_code.error_findings IS 'Of these, those of severity error.';
COMMENT ON COLUMN aegis.validation_by_code.warning_findings IS 'Of these, warnings.';
COMMENT ON COLUMN aegis.validation_by_code.info_findings IS 'Of these, those of severity info.';
COMMENT ON COLUMN aegis.validation_by_code.unexplained_findings IS
'Of these, those that nothing explains and nobody has decided about.';
COMMENT ON COLUMN aegis.validation_by_code.explained_findings IS 'Of these, those that something explains.';
COMMENT ON COLUMN aegis.validation_by_code.decided_findings IS
'Of these, those a person released, rejected or replayed.';
COMMENT ON COLUMN aegis.validation_by_code.superseded_findings IS
'Findings about values or rules that have a newer version.';
COMMENT ON COLUMN aegis.validation_by_code.findings_by_rule IS 'Number of findings by rule; superseded ones left out.';
COMMENT ON COLUMN aegis.validation_by_code.unexplained_by_rule IS 'Number of unexplained findings by rule.';
COMMENT ON COLUMN aegis.validation_by_code.open_cases IS 'Cases that wait for a decision.';
COMMENT ON COLUMN aegis.validation_by_code.last_found_at IS 'When the latest finding was made; null without any.';
COMMENT ON COLUMN aegis.validation_by_code.last_run_id IS
'Latest run of aegis.validation_runs over the day of its latest finding, other than of a batch on its way in; null: none.';
COMMENT ON COLUMN aegis.validation_by_code.last_validated_at IS 'When that run ended.';
COMMENT ON COLUMN aegis.validation_by_code.last_rule_set_version IS
'Version of the rules it asked, see aegis.rule_set_version.';

ALTER VIEW aegis.validation_by_code OWNER TO aegis_owner;
GRANT SELECT ON aegis.validation_by_code TO aegis_reader;
