-- Takes back 0001_foundation. The roles stay: they belong to the cluster. The schema aegis stays
-- with the empty version table, which Alembic still needs.

-- Before the rows are counted: whoever is writing now comes first, and is counted.
LOCK TABLE aegis.system_configurations, aegis.system_configurations_history IN ACCESS EXCLUSIVE MODE;

DO $guard$
BEGIN
    IF current_setting('aegis.allow_data_loss', TRUE) IS DISTINCT FROM 'on'
        AND (EXISTS (SELECT FROM aegis.system_configurations_history)
             OR EXISTS (SELECT FROM aegis.system_configurations AS c WHERE c.configuration_key NOT LIKE 'aegis.%'))
    THEN
        RAISE EXCEPTION 'going back from 0001_foundation loses settings'
            USING ERRCODE = 'AEK90', HINT = 'SET aegis.allow_data_loss = ''on'' if that is meant.';
    END IF;
END
$guard$;

DROP PROCEDURE aegis.change_configuration;
DROP FUNCTION aegis.configuration;
DROP TABLE aegis.system_configurations_history;
DROP TABLE aegis.system_configurations;
DROP TABLE aegis.error_codes;
DROP TABLE aegis.deployments;
DROP SCHEMA aegis_archive;
DROP SCHEMA aegis_guard;
ALTER DEFAULT PRIVILEGES FOR ROLE aegis_owner, aegis_guard GRANT EXECUTE ON ROUTINES TO PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE aegis_owner, aegis_guard GRANT USAGE ON TYPES TO PUBLIC;
