-- Which file ran here, at which content, when and by whom: one row per file that a
-- revision applied or took back. aegis-db verify compares it with the package.

CREATE TABLE aegis.deployments (
    deployment_id bigint GENERATED ALWAYS AS IDENTITY,
    revision text COLLATE "C" NOT NULL,
    direction text NOT NULL,
    path text COLLATE "C" NOT NULL,
    sha256 text COLLATE "C" NOT NULL,
    deployed_by text NOT NULL DEFAULT SESSION_USER,
    deployed_at timestamptz NOT NULL DEFAULT clock_timestamp(),

    CONSTRAINT deployments_pk PRIMARY KEY (deployment_id),
    CONSTRAINT deployments_direction_ck CHECK (direction IN ('up', 'down')),
    CONSTRAINT deployments_sha256_ck CHECK (sha256 ~ '^[0-9a-f]{64}$')
);

COMMENT ON TABLE aegis.deployments IS
'Log of migrations: one row per file that a revision applied or took back; append-only.';
COMMENT ON COLUMN aegis.deployments.deployment_id IS 'Order of execution.';
COMMENT ON COLUMN aegis.deployments.revision IS 'The revision that ran the file.';
COMMENT ON COLUMN aegis.deployments.direction IS
'up: applied by an upgrade; down: run by a downgrade, to drop or to restore an older body.';
COMMENT ON COLUMN aegis.deployments.path IS 'The file, relative to the root of the package.';
COMMENT ON COLUMN aegis.deployments.sha256 IS 'sha256 of its content, in hexadecimal.';
COMMENT ON COLUMN aegis.deployments.deployed_by IS 'Login role of the migrator.';
COMMENT ON COLUMN aegis.deployments.deployed_at IS 'When the row was written, in the transaction of its revision.';

ALTER TABLE aegis.deployments OWNER TO aegis_owner;
GRANT SELECT ON aegis.deployments TO aegis_reader;
