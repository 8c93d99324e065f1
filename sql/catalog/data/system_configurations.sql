-- The settings AEGIS is installed with.

INSERT INTO aegis.system_configurations AS c (
    configuration_key, value_type, configuration_value, default_value, minimum_value, maximum_value,
    unit, description
)
VALUES
('aegis.partition_months_ahead', 'integer', '3', '3', 1, 60, 'months',
    'How far ahead aegis.maintain_partitions makes monthly partitions.'),
('aegis.partition_days_ahead', 'integer', '14', '14', 1, 366, 'days',
    'How far ahead aegis.maintain_partitions makes daily partitions.'),
('aegis.partition_lock_timeout', 'interval', '2 seconds', '2 seconds', 0.01, 60, NULL,
    'How long partition maintenance waits for a lock before it lets the writers go first.'),
('aegis.batch_rows_maximum', 'integer', '50000', '50000', 1, 1000000, 'rows',
    'Largest batch that one call of an upsert routine takes.'),
('aegis.backfill_rows_maximum', 'integer', '2000000', '2000000', 1, 20000000, 'rows',
    'Largest batch that one call of aegis.backfill_staged takes.'),
('aegis.soft_delete_rows_maximum', 'integer', '50000', '50000', 1, 1000000, 'rows',
    'Most keys that one call of aegis.soft_delete or aegis.restore_deleted takes.'),
('aegis.batch_rows_guessed', 'integer', '200', '200', 1, 1000001, 'rows',
    'From so many rows on an upsert guesses whether a batch is all new or all newer; below, and on Citus, one INSERT ... ON CONFLICT does it.'),
('aegis.report_lookback_rows', 'integer', '30', '30', 5, 250, 'rows',
    'Preceding rows of a code that the daily report averages the volume over.'),
('aegis.retention_lock_timeout', 'interval', '200 milliseconds', '200 milliseconds', 0.01, 60, NULL,
    'How long one attempt of retention waits for a lock; readers who come meanwhile wait as long.'),
('aegis.retention_lock_attempts', 'integer', '10', '10', 1, 1000, 'attempts',
    'How often retention asks for the lock on a table before it postpones the partition.'),
('aegis.retention_late_rows', 'interval', '7 days', '7 days', 0, 31536000, NULL,
    'A partition that a row came to within this time is not archived yet.'),
('aegis.retention_clock_tolerance', 'interval', '5 minutes', '5 minutes', 0, 86400, NULL,
    'How far the clock may be behind the newest act of the ledger before removals are refused.'),
('aegis.deletion_approval_limit', 'interval', '4 hours', '4 hours', 1, 604800, NULL,
    'How long a deletion request can be approved.'),
('aegis.deletion_execution_limit', 'interval', '1 hour', '1 hour', 1, 604800, NULL,
    'How long an approved deletion can be executed.'),
('aegis.change_approval_limit', 'interval', '4 hours', '4 hours', 1, 604800, NULL,
    'How long a request to leave protection weaker can be approved.'),
('aegis.change_execution_limit', 'interval', '1 hour', '1 hour', 1, 604800, NULL,
    'How long an approved change can be used by a change window.'),
('aegis.deletion_rows_maximum', 'integer', '100000', '100000', 1, 10000000, 'rows',
    'Most rows that one deletion request may name.')
ON CONFLICT (configuration_key) DO NOTHING;
