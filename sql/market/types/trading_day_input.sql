-- One day of a calendar, as a source hands it over.

CREATE TYPE aegis.trading_day_input AS (
    trade_date date,
    is_open boolean,
    opens_at timestamptz,
    closes_at timestamptz,
    day_kind text
);

COMMENT ON TYPE aegis.trading_day_input IS 'One day of a calendar for aegis.refill_trading_calendar.';
COMMENT ON COLUMN aegis.trading_day_input.trade_date IS 'Calendar day of the venue (KST).';
COMMENT ON COLUMN aegis.trading_day_input.is_open IS 'Whether there is a session.';
COMMENT ON COLUMN aegis.trading_day_input.opens_at IS
'When the regular session opens; null on closed days.';
COMMENT ON COLUMN aegis.trading_day_input.closes_at IS
'When the regular session closes; null on closed days.';
COMMENT ON COLUMN aegis.trading_day_input.day_kind IS
'A kind of aegis.trading_calendar, such as regular, late_open, weekend or holiday.';

ALTER TYPE aegis.trading_day_input OWNER TO aegis_owner;
REVOKE ALL ON TYPE aegis.trading_day_input FROM PUBLIC;
GRANT USAGE ON TYPE aegis.trading_day_input TO aegis_operator, aegis_ingest, aegis_auditor;
