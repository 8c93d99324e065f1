-- What a value is judged by. A rule is a condition over one bar in its context; its thresholds,
-- scope and severity are data that aegis.change_validation_rule changes, its condition is SQL that
-- runs as the owner and changes by a revision only.

CREATE TABLE aegis.validation_rules (
    rule_code text COLLATE "C" NOT NULL,
    targets text [] NOT NULL,
    priority smallint NOT NULL,
    severity text NOT NULL,
    threshold numeric,
    threshold_minimum numeric,
    threshold_maximum numeric,
    threshold_unit text,
    minimum_observations integer,
    price_bases text [],
    markets text [],
    stock_codes text [],
    valid_from date NOT NULL DEFAULT '-infinity',
    valid_to date NOT NULL DEFAULT 'infinity',
    is_enabled boolean NOT NULL DEFAULT TRUE,
    predicate text NOT NULL,
    observed text NOT NULL DEFAULT '''{}''::jsonb',
    quiet_prices text,
    quiet_closes text,
    quiet_volumes text,
    quiet_when text,
    excused_by text [] NOT NULL DEFAULT '{}',
    description text NOT NULL,
    description_ko text NOT NULL,
    rule_version integer NOT NULL DEFAULT 1,
    change_reason text NOT NULL DEFAULT 'installed',
    last_updated timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_by text NOT NULL DEFAULT SESSION_USER,

    CONSTRAINT validation_rules_pk PRIMARY KEY (rule_code),
    CONSTRAINT validation_rules_code_ck CHECK (rule_code ~ '^[a-z][a-z0-9_]{2,62}$'),
    CONSTRAINT validation_rules_targets_ck CHECK (targets <> '{}'),
    CONSTRAINT validation_rules_priority_ck CHECK (priority BETWEEN 1 AND 100),
    CONSTRAINT validation_rules_severity_ck
    CHECK (severity IN ('info', 'warning', 'error', 'critical')),
    CONSTRAINT validation_rules_threshold_ck CHECK (
        (threshold IS NULL) = (threshold_minimum IS NULL)
        AND (threshold IS NULL) = (threshold_maximum IS NULL)
        AND threshold BETWEEN threshold_minimum AND threshold_maximum
        AND threshold_maximum < 'Infinity'
    ),
    CONSTRAINT validation_rules_observations_ck CHECK (minimum_observations BETWEEN 2 AND 250),
    CONSTRAINT validation_rules_bases_ck CHECK (price_bases <@ '{raw,adjusted}'),
    CONSTRAINT validation_rules_validity_ck CHECK (valid_from <= valid_to),
    CONSTRAINT validation_rules_version_ck CHECK (rule_version > 0),
    CONSTRAINT validation_rules_reason_ck CHECK (btrim(change_reason) <> '')
);

COMMENT ON TABLE aegis.validation_rules IS
'The rules values are judged by; changed by aegis.change_validation_rule, superseded versions in the history.';
COMMENT ON COLUMN aegis.validation_rules.rule_code IS 'Name of the rule, as findings carry it.';
COMMENT ON COLUMN aegis.validation_rules.targets IS 'Tables of schema aegis whose rows it judges.';
COMMENT ON COLUMN aegis.validation_rules.priority IS
'1 to 100; under load the rules of higher numbers are put off first.';
COMMENT ON COLUMN aegis.validation_rules.severity IS 'info, warning, error or critical.';
COMMENT ON COLUMN aegis.validation_rules.threshold IS 'Limit beyond which the rule speaks; null where it has none.';
COMMENT ON COLUMN aegis.validation_rules.threshold_minimum IS 'Smallest threshold that makes sense.';
COMMENT ON COLUMN aegis.validation_rules.threshold_maximum IS 'Largest threshold that makes sense.';
COMMENT ON COLUMN aegis.validation_rules.threshold_unit IS 'Unit of the threshold; null where it has none.';
COMMENT ON COLUMN aegis.validation_rules.minimum_observations IS
'Preceding sessions without which the rule stays silent; null where it needs none.';
COMMENT ON COLUMN aegis.validation_rules.price_bases IS 'Price bases it judges (raw, adjusted); null: all.';
COMMENT ON COLUMN aegis.validation_rules.markets IS 'Markets it judges; null: all.';
COMMENT ON COLUMN aegis.validation_rules.stock_codes IS 'Codes it judges; null: all.';
COMMENT ON COLUMN aegis.validation_rules.valid_from IS 'First trading date it judges; -infinity: no first one.';
COMMENT ON COLUMN aegis.validation_rules.valid_to IS 'Last trading date it judges; infinity: no last one.';
COMMENT ON COLUMN aegis.validation_rules.is_enabled IS 'Whether it is asked at all.';
COMMENT ON COLUMN aegis.validation_rules.predicate IS
'SQL condition over b, a bar in its context (aegis.bar_context); {threshold} and {observations} are filled in.';
COMMENT ON COLUMN aegis.validation_rules.observed IS
'SQL expression over b: the numbers that the finding keeps, as jsonb.';
COMMENT ON COLUMN aegis.validation_rules.quiet_prices IS
'SQL numrange over b, a bar that is not there yet: while every price (KRW) lies in it, the rule has nothing to say of it.';
COMMENT ON COLUMN aegis.validation_rules.quiet_closes IS 'The same of the close, KRW; null in these three: any value.';
COMMENT ON COLUMN aegis.validation_rules.quiet_volumes IS 'The same of the volume, shares.';
COMMENT ON COLUMN aegis.validation_rules.quiet_when IS
'SQL condition over b, a bar beside its baseline (aegis._quick_look), that must hold as well; all four null: the rule is never silent unasked.';
COMMENT ON COLUMN aegis.validation_rules.excused_by IS
'Explanations that make the finding an explained one, the strongest first.';
COMMENT ON COLUMN aegis.validation_rules.description IS 'What it means, in English.';
COMMENT ON COLUMN aegis.validation_rules.description_ko IS 'What it means, in Korean.';
COMMENT ON COLUMN aegis.validation_rules.rule_version IS '1 when installed, one more with each change.';
COMMENT ON COLUMN aegis.validation_rules.change_reason IS 'Why it is as it is.';
COMMENT ON COLUMN aegis.validation_rules.last_updated IS 'When it became so.';
COMMENT ON COLUMN aegis.validation_rules.updated_by IS 'Login role that made it so.';

ALTER TABLE aegis.validation_rules OWNER TO aegis_owner;
GRANT SELECT ON aegis.validation_rules TO aegis_reader;
