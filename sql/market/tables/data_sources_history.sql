-- What data_sources said before: which rank a source had when. A handful of rows, read whole.

CREATE TABLE aegis.data_sources_history (
    source text COLLATE "C" NOT NULL,
    source_rank smallint NOT NULL,
    kind text NOT NULL,
    introduces_codes boolean NOT NULL,
    clock_skew interval NOT NULL,
    description text NOT NULL,
    superseded_at timestamptz NOT NULL,
    superseded_by text NOT NULL
);

COMMENT ON TABLE aegis.data_sources_history IS
'Superseded versions of aegis.data_sources, written by its history trigger; append-only.';
COMMENT ON COLUMN aegis.data_sources_history.source IS
'Short name, used as p_source of every batch.';
COMMENT ON COLUMN aegis.data_sources_history.source_rank IS
'The higher wins between equal event times.';
COMMENT ON COLUMN aegis.data_sources_history.kind IS 'exchange, vendor, broker, website or person.';
COMMENT ON COLUMN aegis.data_sources_history.introduces_codes IS
'Whether a code unknown to aegis.stocks is believed when it comes from here.';
COMMENT ON COLUMN aegis.data_sources_history.clock_skew IS
'How far ahead of this server the clock of the source may run; rows beyond it are quarantined.';
COMMENT ON COLUMN aegis.data_sources_history.description IS 'What it is.';
COMMENT ON COLUMN aegis.data_sources_history.superseded_at IS 'When this version was superseded.';
COMMENT ON COLUMN aegis.data_sources_history.superseded_by IS 'Login role that superseded it.';

ALTER TABLE aegis.data_sources_history OWNER TO aegis_owner;
GRANT SELECT ON aegis.data_sources_history TO aegis_reader;
