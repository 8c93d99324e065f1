-- Rules, their past, and what they said are as safe as what they spoke of.

CALL aegis.protect_table('aegis.validation_rules_history', 'what older findings were judged by', NULL, TRUE);
CALL aegis.protect_table('aegis.validation_rules', 'what values are judged by', 'aegis.validation_rules_history');
CALL aegis.protect_table('aegis.findings', 'what rules said about values');
CALL aegis.protect_table('aegis.validation_runs', 'what was judged, and what was not', NULL, TRUE);
CALL aegis.protect_table('aegis.validation_baselines', 'what the next bars are judged by');
