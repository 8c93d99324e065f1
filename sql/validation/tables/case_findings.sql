-- Which findings belong to which case. Append-only.

CREATE TABLE aegis.case_findings (
    finding_id bigint NOT NULL,
    case_id bigint NOT NULL,

    CONSTRAINT case_findings_pk PRIMARY KEY (finding_id),
    CONSTRAINT case_findings_finding_fk FOREIGN KEY (finding_id) REFERENCES aegis.findings (finding_id),
    CONSTRAINT case_findings_case_fk FOREIGN KEY (case_id) REFERENCES aegis.cases (case_id)
);

CREATE INDEX case_findings_case_ix ON aegis.case_findings (case_id);

COMMENT ON TABLE aegis.case_findings IS 'Findings by case; a finding belongs to one case.';
COMMENT ON COLUMN aegis.case_findings.finding_id IS 'The finding.';
COMMENT ON COLUMN aegis.case_findings.case_id IS 'Its case.';

ALTER TABLE aegis.case_findings OWNER TO aegis_owner;
GRANT SELECT ON aegis.case_findings TO aegis_reader;
