-- Floods: batches that came while their source sent more rows a second than can be judged. Append-only.

CREATE TABLE aegis.flood_log (
    flood_id bigint GENERATED ALWAYS AS IDENTITY,
    target text COLLATE "C" NOT NULL,
    source text COLLATE "C" NOT NULL,
    batch_number bigint NOT NULL,
    accepted_rows bigint NOT NULL,
    rows_per_second numeric NOT NULL,
    sampling_rate numeric NOT NULL,
    logged_at timestamptz NOT NULL DEFAULT clock_timestamp(),

    CONSTRAINT flood_log_pk PRIMARY KEY (flood_id)
);

COMMENT ON TABLE aegis.flood_log IS
'Batches of sources that sent too many rows a second to be judged at once; only a sample was.';
COMMENT ON COLUMN aegis.flood_log.flood_id IS 'Identity, in order of time.';
COMMENT ON COLUMN aegis.flood_log.target IS 'Table of schema aegis the batch went to.';
COMMENT ON COLUMN aegis.flood_log.source IS 'The source.';
COMMENT ON COLUMN aegis.flood_log.batch_number IS 'The batch.';
COMMENT ON COLUMN aegis.flood_log.accepted_rows IS 'Rows of it that were accepted.';
COMMENT ON COLUMN aegis.flood_log.rows_per_second IS 'What the source sent in the seconds before.';
COMMENT ON COLUMN aegis.flood_log.sampling_rate IS 'Part of the codes that was judged by all rules.';
COMMENT ON COLUMN aegis.flood_log.logged_at IS 'When.';

ALTER TABLE aegis.flood_log OWNER TO aegis_owner;
GRANT SELECT ON aegis.flood_log TO aegis_reader;
