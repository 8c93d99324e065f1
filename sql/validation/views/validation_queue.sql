-- validation_queue: what waits for a person, the most urgent first: cases and dead letters nobody has settled.

CREATE OR REPLACE VIEW aegis.validation_queue AS
SELECT
    'case' AS kind,
    c.case_id AS item_id,
    c.state,
    c.priority,
    c.severity,
    c.rule_code AS reason,
    r.description,
    r.description_ko,
    c.target,
    c.stock_code,
    k.stock_name,
    c.trade_date,
    c.price_basis,
    c.findings AS items,
    c.assigned_to,
    c.opened_at,
    c.due_at,
    clock_timestamp() - c.opened_at AS age,
    clock_timestamp() > c.due_at AS is_overdue,
    c.state_version
FROM aegis.cases AS c
LEFT JOIN aegis.validation_rules AS r ON r.rule_code = c.rule_code
LEFT JOIN aegis.stocks AS k ON k.stock_code = c.stock_code
WHERE c.state IN ('open', 'assigned')
UNION ALL
SELECT
    'dead_letter' AS kind,
    d.dead_letter_id,
    'open' AS state,
    s.priority,
    s.severity,
    d.reason,
    i.description,
    i.description_ko,
    d.target,
    NULL AS stock_code,
    NULL AS stock_name,
    NULL AS trade_date,
    NULL AS price_basis,
    1 AS items,
    NULL AS assigned_to,
    d.recorded_at,
    d.recorded_at + s.due,
    clock_timestamp() - d.recorded_at,
    clock_timestamp() > d.recorded_at + s.due,
    1 AS state_version
FROM aegis.dead_letters AS d
LEFT JOIN aegis.ingest_rules AS i ON i.target = d.target AND i.reason = d.reason
CROSS JOIN LATERAL (
    SELECT
        CASE d.verdict WHEN 'quarantined' THEN 3 ELSE 4 END::smallint AS priority,
        CASE d.verdict WHEN 'quarantined' THEN 'warning' ELSE 'info' END AS severity,
        aegis.configuration(
            CASE d.verdict WHEN 'quarantined' THEN 'aegis.case_due_warning' ELSE 'aegis.case_due_info' END
        )::interval AS due
) AS s
WHERE NOT EXISTS (SELECT FROM aegis.dead_letter_resolutions AS r WHERE r.dead_letter_id = d.dead_letter_id);

COMMENT ON VIEW aegis.validation_queue IS
'What waits for a person: unresolved cases and dead letters, with their age and whether they are overdue.';
COMMENT ON COLUMN aegis.validation_queue.kind IS 'case or dead_letter.';
COMMENT ON COLUMN aegis.validation_queue.item_id IS 'Number of the case or dead letter.';
COMMENT ON COLUMN aegis.validation_queue.state IS 'open or assigned.';
COMMENT ON COLUMN aegis.validation_queue.priority IS '1 (critical) to 4 (info).';
COMMENT ON COLUMN aegis.validation_queue.severity IS 'critical, error, warning or info.';
COMMENT ON COLUMN aegis.validation_queue.reason IS 'The rule that doubts, or why the row was put aside.';
COMMENT ON COLUMN aegis.validation_queue.description IS 'What that means, in English.';
COMMENT ON COLUMN aegis.validation_queue.description_ko IS 'What that means, in Korean.';
COMMENT ON COLUMN aegis.validation_queue.target IS 'Table the value is in, or was meant for.';
COMMENT ON COLUMN aegis.validation_queue.stock_code IS 'The code; * for many; null for a dead letter.';
COMMENT ON COLUMN aegis.validation_queue.stock_name IS 'Its Korean name, when known.';
COMMENT ON COLUMN aegis.validation_queue.trade_date IS 'Trading date (KST); null for a dead letter.';
COMMENT ON COLUMN aegis.validation_queue.price_basis IS 'raw or adjusted; null for a dead letter.';
COMMENT ON COLUMN aegis.validation_queue.items IS 'Findings of the case; 1 for a dead letter.';
COMMENT ON COLUMN aegis.validation_queue.assigned_to IS 'Who works on it; null for nobody.';
COMMENT ON COLUMN aegis.validation_queue.opened_at IS 'Since when it waits.';
COMMENT ON COLUMN aegis.validation_queue.due_at IS 'When it has to be resolved.';
COMMENT ON COLUMN aegis.validation_queue.age IS 'How long it has waited.';
COMMENT ON COLUMN aegis.validation_queue.is_overdue IS 'Whether it should have been resolved already.';
COMMENT ON COLUMN aegis.validation_queue.state_version IS 'What to name as p_state_version when deciding.';

ALTER VIEW aegis.validation_queue OWNER TO aegis_owner;
GRANT SELECT ON aegis.validation_queue TO aegis_reader;
