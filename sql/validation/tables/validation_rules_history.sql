-- Every superseded version of a validation rule: what a finding of an older version was judged by.

CREATE TABLE aegis.validation_rules_history (
    rule_code text COLLATE "C" NOT NULL,
    targets text [] NOT NULL,
    priority smallint NOT NULL,
    severity text NOT NULL,
    threshold numeric,
    minimum_observations integer,
    price_bases text [],
    markets text [],
    stock_codes text [],
    valid_from date NOT NULL,
    valid_to date NOT NULL,
    is_enabled boolean NOT NULL,
    predicate text NOT NULL,
    excused_by text [] NOT NULL,
    rule_version integer NOT NULL,
    change_reason text NOT NULL,
    last_updated timestamptz NOT NULL,
    updated_by text NOT NULL,
    superseded_at timestamptz NOT NULL,
    superseded_by text NOT NULL,

    CONSTRAINT validation_rules_history_pk PRIMARY KEY (rule_code, rule_version)
);

COMMENT ON TABLE aegis.validation_rules_history IS
'Superseded versions of aegis.validation_rules, written by its history trigger.';
COMMENT ON COLUMN aegis.validation_rules_history.rule_code IS 'The rule.';
COMMENT ON COLUMN aegis.validation_rules_history.targets IS 'Tables of schema aegis whose rows it judges.';
COMMENT ON COLUMN aegis.validation_rules_history.priority IS 'Its priority.';
COMMENT ON COLUMN aegis.validation_rules_history.severity IS 'Its severity.';
COMMENT ON COLUMN aegis.validation_rules_history.threshold IS 'Its threshold; null where it had none.';
COMMENT ON COLUMN aegis.validation_rules_history.minimum_observations IS
'Preceding sessions it needed; null where it needed none.';
COMMENT ON COLUMN aegis.validation_rules_history.price_bases IS 'Price bases it judged; null: all.';
COMMENT ON COLUMN aegis.validation_rules_history.markets IS 'Markets it judged; null: all.';
COMMENT ON COLUMN aegis.validation_rules_history.stock_codes IS 'Codes it judged; null: all.';
COMMENT ON COLUMN aegis.validation_rules_history.valid_from IS 'First trading date it judged.';
COMMENT ON COLUMN aegis.validation_rules_history.valid_to IS 'Last trading date it judged.';
COMMENT ON COLUMN aegis.validation_rules_history.is_enabled IS 'Whether it was asked.';
COMMENT ON COLUMN aegis.validation_rules_history.predicate IS 'Its condition.';
COMMENT ON COLUMN aegis.validation_rules_history.excused_by IS 'Explanations that excused it.';
COMMENT ON COLUMN aegis.validation_rules_history.rule_version IS 'The superseded version.';
COMMENT ON COLUMN aegis.validation_rules_history.change_reason IS 'Why it was so.';
COMMENT ON COLUMN aegis.validation_rules_history.last_updated IS 'When it became so.';
COMMENT ON COLUMN aegis.validation_rules_history.updated_by IS 'Login role that made it so.';
COMMENT ON COLUMN aegis.validation_rules_history.superseded_at IS 'When it was superseded.';
COMMENT ON COLUMN aegis.validation_rules_history.superseded_by IS 'Login role that superseded it.';

ALTER TABLE aegis.validation_rules_history OWNER TO aegis_owner;
GRANT SELECT ON aegis.validation_rules_history TO aegis_reader;
