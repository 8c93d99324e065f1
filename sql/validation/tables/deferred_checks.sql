-- Checks that were put off: the decision about a batch, made before its rules are asked, and the debt until
-- aegis.run_deferred_checks pays it.

CREATE TABLE aegis.deferred_checks (
    deferred_check_id bigint GENERATED ALWAYS AS IDENTITY,
    target text COLLATE "C" NOT NULL,
    source text COLLATE "C" NOT NULL,
    batch_number bigint NOT NULL,
    trade_date_from date NOT NULL,
    trade_date_to date NOT NULL,
    accepted_rows bigint NOT NULL,
    priorities_through integer NOT NULL,
    sampling_rate numeric NOT NULL,
    load_level smallint NOT NULL,
    reason text NOT NULL,
    deferred_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    checked_at timestamptz,
    checked_by text,

    CONSTRAINT deferred_checks_pk PRIMARY KEY (deferred_check_id),
    CONSTRAINT deferred_checks_batch_uq UNIQUE (batch_number, target),
    CONSTRAINT deferred_checks_dates_ck CHECK (trade_date_from <= trade_date_to),
    CONSTRAINT deferred_checks_rate_ck CHECK (sampling_rate BETWEEN 0 AND 1),
    CONSTRAINT deferred_checks_reason_ck CHECK (reason IN ('load', 'flood')),
    CONSTRAINT deferred_checks_checked_ck CHECK ((checked_at IS NULL) = (checked_by IS NULL))
);

CREATE INDEX deferred_checks_pending_ix ON aegis.deferred_checks (trade_date_from) WHERE checked_at IS NULL;

COMMENT ON TABLE aegis.deferred_checks IS
'Batches whose less important rules were put off, and when they were checked after all.';
COMMENT ON COLUMN aegis.deferred_checks.deferred_check_id IS 'Identity, in order of time.';
COMMENT ON COLUMN aegis.deferred_checks.target IS 'Table of schema aegis the batch went to.';
COMMENT ON COLUMN aegis.deferred_checks.source IS 'Source of the batch.';
COMMENT ON COLUMN aegis.deferred_checks.batch_number IS 'The batch.';
COMMENT ON COLUMN aegis.deferred_checks.trade_date_from IS 'First trading date in it.';
COMMENT ON COLUMN aegis.deferred_checks.trade_date_to IS 'Last trading date in it.';
COMMENT ON COLUMN aegis.deferred_checks.accepted_rows IS 'Rows of it that were accepted.';
COMMENT ON COLUMN aegis.deferred_checks.priorities_through IS 'Rules of priorities up to this one ran; the others were put off.';
COMMENT ON COLUMN aegis.deferred_checks.sampling_rate IS 'Part of the codes that was judged by all rules nevertheless.';
COMMENT ON COLUMN aegis.deferred_checks.load_level IS 'Load level then.';
COMMENT ON COLUMN aegis.deferred_checks.reason IS 'load, or flood: too many rows a second from this source.';
COMMENT ON COLUMN aegis.deferred_checks.deferred_at IS 'When it was put off.';
COMMENT ON COLUMN aegis.deferred_checks.checked_at IS 'When it was checked after all; null until then.';
COMMENT ON COLUMN aegis.deferred_checks.checked_by IS 'Login role that had it checked.';

ALTER TABLE aegis.deferred_checks OWNER TO aegis_owner;
GRANT SELECT ON aegis.deferred_checks TO aegis_reader;
