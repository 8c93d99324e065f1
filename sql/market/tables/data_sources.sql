-- Who may say something about the market, and whose word wins between equal event times.

CREATE TABLE aegis.data_sources (
    source text COLLATE "C" NOT NULL,
    source_rank smallint NOT NULL,
    kind text NOT NULL,
    introduces_codes boolean NOT NULL DEFAULT FALSE,
    clock_skew interval NOT NULL,
    description text NOT NULL,

    CONSTRAINT data_sources_pk PRIMARY KEY (source),
    CONSTRAINT data_sources_source_ck CHECK (source ~ '^[a-z][a-z0-9_]*$'),
    CONSTRAINT data_sources_rank_ck CHECK (source_rank > 0),
    CONSTRAINT data_sources_kind_ck
    CHECK (kind IN ('exchange', 'vendor', 'broker', 'website', 'person', 'application')),
    CONSTRAINT data_sources_clock_skew_ck
    CHECK (clock_skew >= INTERVAL '0' AND clock_skew <= INTERVAL '1 hour')
);

COMMENT ON TABLE aegis.data_sources IS
'Sources of market data; the rank decides between values of one event time.';
COMMENT ON COLUMN aegis.data_sources.source IS 'Short name, used as p_source of every batch.';
COMMENT ON COLUMN aegis.data_sources.source_rank IS 'The higher wins between equal event times.';
COMMENT ON COLUMN aegis.data_sources.kind IS 'exchange, vendor, broker, website, person or application.';
COMMENT ON COLUMN aegis.data_sources.introduces_codes IS
'Whether a code unknown to aegis.stocks is believed when it comes from here.';
COMMENT ON COLUMN aegis.data_sources.clock_skew IS
'How far ahead of this server the clock of the source may run; rows beyond it are quarantined.';
COMMENT ON COLUMN aegis.data_sources.description IS 'What it is.';

ALTER TABLE aegis.data_sources OWNER TO aegis_owner;
GRANT SELECT ON aegis.data_sources TO aegis_reader;
