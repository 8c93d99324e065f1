-- New routines are nobody's until granted. Works only without IN SCHEMA: a default
-- privilege per schema cannot take away what the global default gives.

ALTER DEFAULT PRIVILEGES FOR ROLE aegis_owner, aegis_guard REVOKE EXECUTE ON ROUTINES FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE aegis_owner, aegis_guard REVOKE USAGE ON TYPES FROM PUBLIC;
