-- When the venue is open: one row for each calendar day, sessions and closed days alike. A day
-- without a row is unknown, not closed. An override is a person's word and outlives every refill.

CREATE TABLE aegis.trading_calendar (
    venue text COLLATE "C" NOT NULL DEFAULT 'XKRX',
    trade_date date NOT NULL,
    is_open boolean NOT NULL,
    opens_at timestamptz,
    closes_at timestamptz,
    day_kind text NOT NULL,
    calendar_source text NOT NULL,
    note text,
    data_version integer NOT NULL DEFAULT 1,
    last_updated timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_by text NOT NULL DEFAULT SESSION_USER,

    CONSTRAINT trading_calendar_pk PRIMARY KEY (venue, trade_date),
    CONSTRAINT trading_calendar_date_ck CHECK (isfinite(trade_date)),
    CONSTRAINT trading_calendar_kind_ck CHECK (
        day_kind IN (
            'regular', 'late_open', 'late_session', 'special', 'weekend', 'holiday', 'closure'
        )
        AND is_open = (day_kind IN ('regular', 'late_open', 'late_session', 'special'))
    ),
    CONSTRAINT trading_calendar_hours_ck CHECK (
        is_open = (opens_at IS NOT NULL)
        AND is_open = (closes_at IS NOT NULL)
        AND opens_at < closes_at
    ),
    CONSTRAINT trading_calendar_hours_date_ck CHECK (
        (opens_at AT TIME ZONE 'Asia/Seoul')::date = trade_date
        AND (closes_at AT TIME ZONE 'Asia/Seoul')::date = trade_date
    ),
    CONSTRAINT trading_calendar_override_ck
    CHECK (calendar_source <> 'override' OR btrim(note) <> ''),
    CONSTRAINT trading_calendar_version_ck CHECK (data_version > 0)
);

COMMENT ON TABLE aegis.trading_calendar IS
'Calendar of the venue, one row per day; a day without a row is unknown, not closed.';
COMMENT ON COLUMN aegis.trading_calendar.venue IS
'XKRX (market identifier code, ISO 10383), or NXT for a day on which Nextrade alone is closed.';
COMMENT ON COLUMN aegis.trading_calendar.trade_date IS 'Calendar day of the venue (KST).';
COMMENT ON COLUMN aegis.trading_calendar.is_open IS 'Whether there is a session.';
COMMENT ON COLUMN aegis.trading_calendar.opens_at IS
'When the regular session opens; null on closed days.';
COMMENT ON COLUMN aegis.trading_calendar.closes_at IS
'When the regular session closes; null on closed days.';
COMMENT ON COLUMN aegis.trading_calendar.day_kind IS
'regular, late_open (opens later, closes as ever), late_session (opens and closes '
'later), special (other hours), weekend, holiday or closure (announced at short '
'notice).';
COMMENT ON COLUMN aegis.trading_calendar.calendar_source IS
'Name and version of the source, or override for what a person decided.';
COMMENT ON COLUMN aegis.trading_calendar.note IS 'Reason of an override; null otherwise.';
COMMENT ON COLUMN aegis.trading_calendar.data_version IS
'1 when inserted, one more with each change.';
COMMENT ON COLUMN aegis.trading_calendar.last_updated IS 'When the day got this content.';
COMMENT ON COLUMN aegis.trading_calendar.updated_by IS 'Login role that wrote it.';

ALTER TABLE aegis.trading_calendar OWNER TO aegis_owner;
GRANT SELECT ON aegis.trading_calendar TO aegis_reader;
