-- What the calendar said before it was corrected.

CREATE TABLE aegis.trading_calendar_history (
    venue text COLLATE "C" NOT NULL,
    trade_date date NOT NULL,
    is_open boolean NOT NULL,
    opens_at timestamptz,
    closes_at timestamptz,
    day_kind text NOT NULL,
    calendar_source text NOT NULL,
    note text,
    data_version integer NOT NULL,
    last_updated timestamptz NOT NULL,
    updated_by text NOT NULL,
    superseded_at timestamptz NOT NULL,
    superseded_by text NOT NULL,

    CONSTRAINT trading_calendar_history_pk PRIMARY KEY (venue, trade_date, data_version)
);

COMMENT ON TABLE aegis.trading_calendar_history IS
'Superseded days of aegis.trading_calendar, written by its history trigger.';
COMMENT ON COLUMN aegis.trading_calendar_history.venue IS 'XKRX (market identifier code, ISO 10383) or NXT.';
COMMENT ON COLUMN aegis.trading_calendar_history.trade_date IS 'Calendar day of the venue (KST).';
COMMENT ON COLUMN aegis.trading_calendar_history.is_open IS 'Whether there is a session.';
COMMENT ON COLUMN aegis.trading_calendar_history.opens_at IS
'When the regular session opens; null on closed days.';
COMMENT ON COLUMN aegis.trading_calendar_history.closes_at IS
'When the regular session closes; null on closed days.';
COMMENT ON COLUMN aegis.trading_calendar_history.day_kind IS
'regular, late_open (opens later, closes as ever), late_session (opens and closes '
'later), special (other hours), weekend, holiday or closure (announced at short '
'notice).';
COMMENT ON COLUMN aegis.trading_calendar_history.calendar_source IS
'Name and version of the source, or override for what a person decided.';
COMMENT ON COLUMN aegis.trading_calendar_history.note IS 'Reason of an override; null otherwise.';
COMMENT ON COLUMN aegis.trading_calendar_history.data_version IS
'1 when inserted, one more with each change.';
COMMENT ON COLUMN aegis.trading_calendar_history.last_updated IS 'When the day got this content.';
COMMENT ON COLUMN aegis.trading_calendar_history.updated_by IS 'Login role that wrote it.';
COMMENT ON COLUMN aegis.trading_calendar_history.superseded_at IS
'When this version was superseded.';
COMMENT ON COLUMN aegis.trading_calendar_history.superseded_by IS 'Login role that superseded it.';

ALTER TABLE aegis.trading_calendar_history OWNER TO aegis_owner;
GRANT SELECT ON aegis.trading_calendar_history TO aegis_reader;
