-- What an upsert leaves behind is as safe as what it wrote.

CALL aegis.protect_table('aegis.ingest_batches', 'what came, from where, and what became of it', NULL, TRUE);
CALL aegis.protect_table('aegis.dead_letters', 'rows put aside are kept');
CALL aegis.protect_table('aegis.ingest_targets', 'how rows come in');
CALL aegis.protect_table('aegis.ingest_rules', 'why rows were put aside');
CALL aegis.protect_table('aegis.ingest_checks', 'what else was asked about rows');
CALL aegis.protect_table('aegis.batch_verdicts', 'what became of each row', NULL, TRUE);
CALL aegis.protect_table('aegis.dead_letter_resolutions', 'how dead letters ended', NULL, TRUE);
CALL aegis.protect_table('aegis.stream_offsets', 'which messages are applied; forgotten ones would be applied again');
