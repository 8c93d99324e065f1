-- Catalog: a setting has a type, bounds and a past.
BEGIN;
SELECT plan(10);

SELECT is(aegis.configuration('aegis.partition_months_ahead'), '3', 'a setting has its default');
SELECT lives_ok($$CALL aegis.change_configuration('aegis.partition_months_ahead', '6', 'year end')$$, 'a setting can be changed');
SELECT is(aegis.configuration('aegis.partition_months_ahead'), '6', 'the new value is in force');
SELECT results_eq(
    $$SELECT h.configuration_value, h.data_version FROM aegis.system_configurations_history AS h WHERE h.configuration_key = 'aegis.partition_months_ahead'$$,
    $$VALUES ('3', 1)$$, 'the former value is kept'
);
SELECT throws_ok($$CALL aegis.change_configuration('aegis.nothing', '6', 'x')$$, 'AEK91', NULL, 'an unknown setting is refused');
SELECT throws_ok($$CALL aegis.change_configuration('aegis.partition_months_ahead', 'six', 'x')$$, 'AEK92', NULL, 'a value of another type is refused');
SELECT throws_ok($$CALL aegis.change_configuration('aegis.report_lookback_rows', 'NaN', 'x')$$, 'AEK92', NULL, 'NaN is no value');
SELECT throws_ok($$CALL aegis.change_configuration('aegis.partition_months_ahead', '600', 'x')$$, 'AEK93', NULL, 'a value out of bounds is refused');
SELECT throws_ok($$CALL aegis.change_configuration('aegis.partition_lock_timeout', '1 day', 'x')$$, 'AEK93', NULL, 'an interval has bounds too');
SELECT throws_ok($$CALL aegis.change_configuration('aegis.partition_months_ahead', '6', ' ')$$, 'AEK94', NULL, 'a change needs a reason');

SELECT * FROM finish();
ROLLBACK;
