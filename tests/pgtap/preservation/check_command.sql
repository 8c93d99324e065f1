-- Preservation: commands that would take the guards before they are asked are refused beforehand.
BEGIN;
SELECT plan(4);

CREATE SCHEMA example;
SELECT throws_ok('DROP SCHEMA aegis_guard CASCADE', 'AEP23', NULL, 'the schema of the guards');
SELECT throws_ok('DROP EXTENSION plpgsql CASCADE', 'AEP23', NULL, 'the language they are written in');
SELECT throws_ok('DROP OWNED BY aegis_guard', 'AEP23', NULL, 'all that belongs to them');
SELECT lives_ok('DROP SCHEMA example CASCADE', 'other schemas may go');

SELECT * FROM finish();
ROLLBACK;
