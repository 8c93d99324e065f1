-- What protected tables, partitions and the code around them looked like when they were last found
-- good: the state with which each DDL statement is compared. Texts and names only, never OIDs, so
-- that it is still true after dump and restore and after pg_upgrade. Append-only; the newest row
-- of a subject counts, and each names what changed since the one before.

CREATE TABLE aegis_guard.baselines (
    baseline_id bigint GENERATED ALWAYS AS IDENTITY,
    schema_name text COLLATE "C" NOT NULL,
    table_name text COLLATE "C" NOT NULL,
    root_name text COLLATE "C" NOT NULL,
    fingerprint jsonb,
    changes text [] NOT NULL,
    cause text NOT NULL,
    format smallint NOT NULL DEFAULT 1,
    server_major integer NOT NULL DEFAULT current_setting('server_version_num')::integer / 10000,
    sealed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    sealed_by text NOT NULL DEFAULT SESSION_USER,
    previous bytea,
    digest bytea NOT NULL,

    CONSTRAINT baselines_pk PRIMARY KEY (baseline_id)
);

CREATE INDEX baselines_schema_name_ix ON aegis_guard.baselines (schema_name, table_name, baseline_id DESC);
CREATE INDEX baselines_root_name_ix ON aegis_guard.baselines (root_name, schema_name, table_name);

COMMENT ON TABLE aegis_guard.baselines IS
'Sealed state of every protected relation and of the code of AEGIS; append-only.';
COMMENT ON COLUMN aegis_guard.baselines.baseline_id IS 'Number of the seal.';
COMMENT ON COLUMN aegis_guard.baselines.schema_name IS 'Schema of the relation; empty for the code.';
COMMENT ON COLUMN aegis_guard.baselines.table_name IS 'Table or partition; "code" for routines, views and schemas.';
COMMENT ON COLUMN aegis_guard.baselines.root_name IS 'Table whose partition it is, with its schema; itself when it is none.';
COMMENT ON COLUMN aegis_guard.baselines.fingerprint IS
'Each aspect with its description; null once the relation has gone by a legal way.';
COMMENT ON COLUMN aegis_guard.baselines.changes IS 'Aspects that differ from the seal before.';
COMMENT ON COLUMN aegis_guard.baselines.cause IS 'What led to the seal.';
COMMENT ON COLUMN aegis_guard.baselines.format IS 'Version of the description''s form.';
COMMENT ON COLUMN aegis_guard.baselines.server_major IS
'Major version of PostgreSQL that described it; descriptions differ between versions.';
COMMENT ON COLUMN aegis_guard.baselines.sealed_at IS 'When it was sealed.';
COMMENT ON COLUMN aegis_guard.baselines.sealed_by IS 'Login role under which it was sealed.';
COMMENT ON COLUMN aegis_guard.baselines.previous IS 'Digest of the seal before, of the same subject.';
COMMENT ON COLUMN aegis_guard.baselines.digest IS 'SHA-256 of previous, subject and description.';

ALTER TABLE aegis_guard.baselines OWNER TO aegis_guard;
