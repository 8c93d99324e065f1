-- What the exchange lays down, by market and period: a day is judged by the rules of that day.

CREATE TABLE aegis.market_rules (
    market text COLLATE "C" NOT NULL,
    rule_name text COLLATE "C" NOT NULL,
    valid_from date NOT NULL DEFAULT '-infinity',
    valid_to date NOT NULL DEFAULT 'infinity',
    numeric_value numeric,
    text_value text,
    mark text NOT NULL,
    source text NOT NULL,

    CONSTRAINT market_rules_pk PRIMARY KEY (market, rule_name, valid_from),
    CONSTRAINT market_rules_market_ck
    CHECK (market IN ('KOSPI', 'KOSDAQ', 'KONEX', 'ETF', 'ETN', 'ELW', 'NXT')),
    CONSTRAINT market_rules_name_ck CHECK (rule_name ~ '^[a-z][a-z0-9_]*$'),
    CONSTRAINT market_rules_value_ck CHECK (num_nonnulls(numeric_value, text_value) = 1),
    CONSTRAINT market_rules_finite_ck CHECK (numeric_value BETWEEN -1e9 AND 1e9),
    CONSTRAINT market_rules_validity_ck CHECK (valid_from <= valid_to),
    CONSTRAINT market_rules_mark_ck CHECK (mark IN ('doc', 'observed', 'unverified'))
);

COMMENT ON TABLE aegis.market_rules IS
'Rules of the exchange (price limits, first listing day, liquidation, interruptions) with their periods; inclusive days.';
COMMENT ON COLUMN aegis.market_rules.market IS 'KOSPI, KOSDAQ, KONEX, ETF, ETN, ELW or NXT.';
COMMENT ON COLUMN aegis.market_rules.rule_name IS 'What is laid down, such as price_limit_pct.';
COMMENT ON COLUMN aegis.market_rules.valid_from IS
'First trading date (KST) it holds on; -infinity: no first one is known.';
COMMENT ON COLUMN aegis.market_rules.valid_to IS 'Last trading date (KST) it holds on; infinity: still in force.';
COMMENT ON COLUMN aegis.market_rules.numeric_value IS 'Value of a rule that is a number; null where it is a text.';
COMMENT ON COLUMN aegis.market_rules.text_value IS 'Value of a rule that is a text; null where it is a number.';
COMMENT ON COLUMN aegis.market_rules.mark IS
'doc (published), observed (computed from real data) or unverified (a warning may rest on it, no more).';
COMMENT ON COLUMN aegis.market_rules.source IS 'Where it comes from.';

ALTER TABLE aegis.market_rules OWNER TO aegis_owner;
GRANT SELECT ON aegis.market_rules TO aegis_reader;
