-- What was decided, and what people were told, is kept.

CALL aegis.protect_table('aegis.cases', 'what people have to decide');
CALL aegis.protect_table('aegis.case_events', 'what people decided', NULL, TRUE);
CALL aegis.protect_table('aegis.case_findings', 'what they decided about', NULL, TRUE);
CALL aegis.protect_table('aegis.circuit_breakers', 'what is stopped');
CALL aegis.protect_table('aegis.circuit_breaker_events', 'what was stopped and why', NULL, TRUE);
CALL aegis.protect_table('aegis.circuit_breaker_probes', 'what was let through to try', NULL, TRUE);
CALL aegis.protect_table('aegis.breaker_conditions', 'what stops a feed', 'aegis.breaker_conditions_history');
CALL aegis.protect_table('aegis.breaker_conditions_history', 'superseded conditions', NULL, TRUE);
CALL aegis.protect_table('aegis.load_state', 'how loaded it is');
CALL aegis.protect_table('aegis.deferred_checks', 'what has not been checked yet');
CALL aegis.protect_table('aegis.flood_log', 'what was only sampled', NULL, TRUE);
CALL aegis.protect_table('aegis.alert_templates', 'what alerts say', 'aegis.alert_templates_history');
CALL aegis.protect_table('aegis.alert_templates_history', 'superseded texts of alerts', NULL, TRUE);
CALL aegis.protect_table('aegis.alert_channels', 'where alerts go', 'aegis.alert_channels_history');
CALL aegis.protect_table('aegis.alert_channels_history', 'superseded channels', NULL, TRUE);
CALL aegis.protect_table('aegis.alerts', 'what people were told');
CALL aegis.protect_table('aegis.alert_deliveries', 'who was told when');
CALL aegis.protect_table('aegis.alert_buckets', 'how many alerts may go');
