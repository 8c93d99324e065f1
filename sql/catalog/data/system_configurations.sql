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
('aegis.soft_delete_rows_maximum', 'integer', '50000', '50000', 1, 1000000, 'rows',
    'Most keys that one call of aegis.soft_delete or aegis.restore_deleted takes.'),
('aegis.report_lookback_rows', 'integer', '30', '30', 5, 250, 'rows',
    'Preceding rows of a code that the daily report averages the volume over.'),
('aegis.report_observations_minimum', 'integer', '5', '5', 1, 250, 'rows',
    'Fewer preceding rows than this and the volume is not judged.'),
('aegis.report_price_change_limit', 'numeric', '0.50', '0.50', 0.01, 10, 'fraction of base price',
    'Return against the base price beyond which the daily report says PRICE_ANOMALY.'),
('aegis.report_price_gap_limit', 'numeric', '0.20', '0.20', 0.01, 10, 'fraction of base price',
    'Opening gap against the base price beyond which the daily report says PRICE_GAP.'),
('aegis.report_volume_spike_factor', 'numeric', '5', '5', 1, 1000, 'times the average',
    'Multiple of the average volume beyond which the daily report says VOLUME_SPIKE.')
ON CONFLICT (configuration_key) DO NOTHING;
