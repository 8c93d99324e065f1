-- What a person has to decide: doubts of one rule about one code on one day are one case, from the first finding
-- until it is resolved. Nothing is removed by a decision; a correction or a soft delete follows it.

CREATE TABLE aegis.cases (
    case_id bigint GENERATED ALWAYS AS IDENTITY,
    rule_code text COLLATE "C" NOT NULL,
    target text COLLATE "C" NOT NULL,
    stock_code text COLLATE "C" NOT NULL,
    trade_date date NOT NULL,
    price_basis text COLLATE "C" NOT NULL,
    severity text NOT NULL,
    priority smallint NOT NULL,
    state text NOT NULL DEFAULT 'open',
    findings bigint NOT NULL,
    assigned_to text COLLATE "C",
    opened_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    due_at timestamptz NOT NULL,
    resolved_at timestamptz,
    resolved_by text,
    resolution_reason text,
    state_version integer NOT NULL DEFAULT 1,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),

    CONSTRAINT cases_pk PRIMARY KEY (case_id),
    CONSTRAINT cases_severity_ck CHECK (aegis._severity_rank(severity) IS NOT NULL),
    CONSTRAINT cases_priority_ck CHECK (priority BETWEEN 1 AND 4),
    CONSTRAINT cases_state_ck CHECK (state IN ('open', 'assigned', 'released', 'rejected', 'replayed')),
    CONSTRAINT cases_findings_ck CHECK (findings > 0),
    CONSTRAINT cases_assigned_to_ck CHECK (CASE state WHEN 'open' THEN assigned_to IS NULL WHEN 'assigned' THEN assigned_to IS NOT NULL END),
    CONSTRAINT cases_resolved_ck CHECK (
        (state IN ('open', 'assigned')) = (resolved_at IS NULL)
        AND (resolved_at IS NULL) = (resolved_by IS NULL)
        AND (resolved_at IS NULL) = (resolution_reason IS NULL)
    ),
    CONSTRAINT cases_version_ck CHECK (state_version > 0)
);

CREATE UNIQUE INDEX cases_unresolved_ix ON aegis.cases (rule_code, target, stock_code, trade_date, price_basis)
WHERE state IN ('open', 'assigned');
CREATE INDEX cases_trade_date_ix ON aegis.cases (trade_date);
CREATE INDEX cases_stock_code_ix ON aegis.cases (stock_code, trade_date);

COMMENT ON TABLE aegis.cases IS
'What a person has to decide; moved by aegis.assign_case, release_case, reject_case, replay_case and reopen_case.';
COMMENT ON COLUMN aegis.cases.case_id IS 'Number of the case.';
COMMENT ON COLUMN aegis.cases.rule_code IS 'The rule that doubts.';
COMMENT ON COLUMN aegis.cases.target IS 'Table of schema aegis that holds the doubted value.';
COMMENT ON COLUMN aegis.cases.stock_code IS 'The code; * for a flood of findings, or the market as a whole.';
COMMENT ON COLUMN aegis.cases.trade_date IS 'Trading date (KST); of a flood the latest one.';
COMMENT ON COLUMN aegis.cases.price_basis IS 'raw or adjusted.';
COMMENT ON COLUMN aegis.cases.severity IS 'Highest severity of its findings.';
COMMENT ON COLUMN aegis.cases.priority IS '1 (critical) to 4 (info), from its severity.';
COMMENT ON COLUMN aegis.cases.state IS
'open; assigned; released (the value is believed); rejected (it is wrong); replayed (corrected, and found right).';
COMMENT ON COLUMN aegis.cases.findings IS 'Findings that joined it, see aegis.case_findings.';
COMMENT ON COLUMN aegis.cases.assigned_to IS 'Login role that works on it, or resolved it while it had it.';
COMMENT ON COLUMN aegis.cases.opened_at IS 'When the first finding came.';
COMMENT ON COLUMN aegis.cases.due_at IS 'When it has to be resolved, by the settings aegis.case_due_<severity>.';
COMMENT ON COLUMN aegis.cases.resolved_at IS 'When it was resolved; null until then.';
COMMENT ON COLUMN aegis.cases.resolved_by IS 'Login role that resolved it.';
COMMENT ON COLUMN aegis.cases.resolution_reason IS 'Why it was resolved so.';
COMMENT ON COLUMN aegis.cases.state_version IS
'One more with each decision and each finding that joins: who decides names the version he has seen.';
COMMENT ON COLUMN aegis.cases.changed_at IS 'When it changed last.';

ALTER TABLE aegis.cases OWNER TO aegis_owner;
GRANT SELECT ON aegis.cases TO aegis_reader;
