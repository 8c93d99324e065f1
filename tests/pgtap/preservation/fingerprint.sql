-- Preservation: what a relation looks like does not depend on who looks.
BEGIN;
SELECT plan(3);

SELECT is_empty('SELECT * FROM aegis_guard.compare_state()', 'nothing differs from the baseline');

SET LOCAL datestyle = 'SQL, DMY';
SET LOCAL intervalstyle = 'iso_8601';
SET LOCAL timezone = 'America/New_York';
SET LOCAL bytea_output = 'escape';
SET LOCAL extra_float_digits = -15;
SET LOCAL quote_all_identifiers = on;
SELECT is_empty('SELECT * FROM aegis_guard.compare_state()', 'nor does it under other settings of the session');
SELECT lives_ok('CREATE INDEX any_ix ON aegis.user_activity_logs (user_id)', 'and unrelated DDL passes under them');

SELECT * FROM finish();
ROLLBACK;
