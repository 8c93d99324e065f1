-- The version table existed before the roles did.

COMMENT ON TABLE aegis.alembic_version IS
'The revision this database is at; one row, written by Alembic.';
COMMENT ON COLUMN aegis.alembic_version.version_num IS 'Name of the revision.';

ALTER TABLE aegis.alembic_version OWNER TO aegis_owner;
GRANT SELECT ON aegis.alembic_version TO aegis_reader;
