-- The sessions of a day (KST) by market and period. A day that opens late shifts them; see aegis.trading_calendar.

CREATE TABLE aegis.market_sessions (
    market text COLLATE "C" NOT NULL,
    session_kind text COLLATE "C" NOT NULL,
    valid_from date NOT NULL DEFAULT '-infinity',
    valid_to date NOT NULL DEFAULT 'infinity',
    starts time NOT NULL,
    ends time NOT NULL,
    excluded_kinds text [],
    mark text NOT NULL,
    source text NOT NULL,

    CONSTRAINT market_sessions_pk PRIMARY KEY (market, session_kind, valid_from),
    CONSTRAINT market_sessions_market_ck
    CHECK (market IN ('KOSPI', 'KOSDAQ', 'KONEX', 'ETF', 'ETN', 'ELW', 'NXT')),
    CONSTRAINT market_sessions_kind_ck CHECK (session_kind IN (
        'regular', 'opening_auction', 'closing_auction', 'pre_open', 'after_hours_close', 'after_hours_auction',
        'pre_market', 'main_market', 'after_market'
    )),
    CONSTRAINT market_sessions_hours_ck CHECK (starts < ends),
    CONSTRAINT market_sessions_validity_ck CHECK (valid_from <= valid_to),
    CONSTRAINT market_sessions_mark_ck CHECK (mark IN ('doc', 'observed', 'unverified'))
);

COMMENT ON TABLE aegis.market_sessions IS
'Sessions of a trading day (KST) by market and period; inclusive days.';
COMMENT ON COLUMN aegis.market_sessions.market IS 'KOSPI, KOSDAQ, KONEX, ETF, ETN, ELW or NXT.';
COMMENT ON COLUMN aegis.market_sessions.session_kind IS
'regular, opening_auction, closing_auction, pre_open, after_hours_close, after_hours_auction, pre_market, main_market or after_market.';
COMMENT ON COLUMN aegis.market_sessions.valid_from IS
'First trading date (KST) it holds on; -infinity: no first one is known.';
COMMENT ON COLUMN aegis.market_sessions.valid_to IS 'Last trading date (KST) it holds on; infinity: still in force.';
COMMENT ON COLUMN aegis.market_sessions.starts IS 'First moment of the session (KST).';
COMMENT ON COLUMN aegis.market_sessions.ends IS 'Last moment of the session (KST).';
COMMENT ON COLUMN aegis.market_sessions.excluded_kinds IS
'Markets of the same venue that do not take part, such as ETF; null: none.';
COMMENT ON COLUMN aegis.market_sessions.mark IS
'doc (published), observed (computed from real data) or unverified (a warning may rest on it, no more).';
COMMENT ON COLUMN aegis.market_sessions.source IS 'Where it comes from.';

ALTER TABLE aegis.market_sessions OWNER TO aegis_owner;
GRANT SELECT ON aegis.market_sessions TO aegis_reader;
