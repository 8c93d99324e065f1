-- One corporate action, as a writer hands it over.

CREATE TYPE aegis.corporate_action_input AS (
    stock_code text,
    effective_on date,
    action_kind text,
    ratio numeric,
    price_factor numeric,
    announced_on date,
    note text,
    event_at timestamptz,
    sequence_number bigint
);

COMMENT ON TYPE aegis.corporate_action_input IS
'One corporate action for aegis.upsert_corporate_actions.';
COMMENT ON COLUMN aegis.corporate_action_input.stock_code IS 'KRX short code, text: 005930, 33637L, 0115H0.';
COMMENT ON COLUMN aegis.corporate_action_input.effective_on IS 'First trading date on the new terms (ex-date, KST).';
COMMENT ON COLUMN aegis.corporate_action_input.action_kind IS
'bonus_issue, rights_issue, split, reverse_split, capital_reduction, merger, spin_off, stock_dividend, cash_dividend or other.';
COMMENT ON COLUMN aegis.corporate_action_input.ratio IS
'New shares for one old share; null where the event has none.';
COMMENT ON COLUMN aegis.corporate_action_input.price_factor IS
'Factor that brings earlier prices to the new terms (0.02 for a 50:1 split); null when unknown.';
COMMENT ON COLUMN aegis.corporate_action_input.announced_on IS 'Day of the announcement (KST); null when unknown.';
COMMENT ON COLUMN aegis.corporate_action_input.note IS 'Remark of the source; null where there is none.';
COMMENT ON COLUMN aegis.corporate_action_input.event_at IS
'When the source published it; decides which version is latest.';
COMMENT ON COLUMN aegis.corporate_action_input.sequence_number IS
'Order within one event time where the source numbers its messages; null: 0.';

ALTER TYPE aegis.corporate_action_input OWNER TO aegis_owner;
REVOKE ALL ON TYPE aegis.corporate_action_input FROM PUBLIC;
GRANT USAGE ON TYPE aegis.corporate_action_input TO aegis_ingest, aegis_app, aegis_auditor;
