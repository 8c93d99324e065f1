-- The three schemas. aegis_guard stands apart from what it guards, so that dropping
-- the one cannot take the other with it.

CREATE SCHEMA IF NOT EXISTS aegis;
CREATE SCHEMA IF NOT EXISTS aegis_guard;
CREATE SCHEMA IF NOT EXISTS aegis_archive;

COMMENT ON SCHEMA aegis IS
'Market data and everything people call; names with a leading underscore are internal.';
COMMENT ON SCHEMA aegis_guard IS
'Guards against loss: trigger functions, tickets and the sealed state of what they protect.';
COMMENT ON SCHEMA aegis_archive IS
'Partitions past their retention, verified by count and digest.';

ALTER SCHEMA aegis OWNER TO aegis_owner;
ALTER SCHEMA aegis_guard OWNER TO aegis_guard;
ALTER SCHEMA aegis_archive OWNER TO aegis_owner;

REVOKE ALL ON SCHEMA aegis, aegis_guard, aegis_archive FROM PUBLIC;
GRANT USAGE ON SCHEMA aegis, aegis_archive TO aegis_reader;
GRANT USAGE ON SCHEMA aegis_guard TO aegis_owner;
-- `aegis-db verify` makes every view anew under pg_temp, which looks up the names in it.
GRANT USAGE ON SCHEMA aegis_guard TO aegis_auditor;
