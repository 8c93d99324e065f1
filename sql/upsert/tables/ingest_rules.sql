-- What puts a row aside on its way in. The first rule that holds, by priority, gives the reason.
-- A predicate is SQL that runs as the owner: it changes by a revision, never by a grant.

CREATE TABLE aegis.ingest_rules (
    target text COLLATE "C" NOT NULL,
    reason text COLLATE "C" NOT NULL,
    priority smallint NOT NULL,
    rule_version integer NOT NULL DEFAULT 1,
    verdict text NOT NULL,
    predicate text NOT NULL,
    description text NOT NULL,
    description_ko text NOT NULL,

    CONSTRAINT ingest_rules_pk PRIMARY KEY (target, reason),
    CONSTRAINT ingest_rules_priority_uq UNIQUE (target, priority),
    CONSTRAINT ingest_rules_target_fk FOREIGN KEY (target) REFERENCES aegis.ingest_targets (target),
    CONSTRAINT ingest_rules_verdict_ck CHECK (verdict IN ('quarantined', 'rejected')),
    CONSTRAINT ingest_rules_version_ck CHECK (rule_version > 0)
);

COMMENT ON TABLE aegis.ingest_rules IS 'What puts a row aside on its way in, with the verdict and the reason.';
COMMENT ON COLUMN aegis.ingest_rules.target IS 'Table the rule belongs to.';
COMMENT ON COLUMN aegis.ingest_rules.reason IS 'Name of the rule, as dead letters carry it.';
COMMENT ON COLUMN aegis.ingest_rules.priority IS 'Smaller is asked first; the first that holds wins.';
COMMENT ON COLUMN aegis.ingest_rules.rule_version IS
'One more with each change of the rule; dead letters carry it.';
COMMENT ON COLUMN aegis.ingest_rules.verdict IS 'rejected: impossible; quarantined: doubtful.';
COMMENT ON COLUMN aegis.ingest_rules.predicate IS
'SQL condition over w (the row), c (its day in aegis.trading_calendar), k (its code in aegis.stocks); '
'$1 latest event time allowed, $2 today (KST), $3 whether the source introduces codes, $4 whether it is a vendor, who speaks of the moment only.';
COMMENT ON COLUMN aegis.ingest_rules.description IS 'What is wrong with such a row, in English.';
COMMENT ON COLUMN aegis.ingest_rules.description_ko IS 'What is wrong with such a row, in Korean.';

ALTER TABLE aegis.ingest_rules OWNER TO aegis_owner;
GRANT SELECT ON aegis.ingest_rules TO aegis_reader;
