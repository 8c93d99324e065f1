-- What retention, holds, deletions and erasures remember is protected like the data itself.

DO $retention_tables$
DECLARE
    v_table text;
BEGIN
    -- Its former versions are in the ledger: every change is an act.
    CALL aegis.protect_table('aegis.retention_policies', 'how long rows stay');

    FOREACH v_table IN ARRAY ARRAY[
        'aegis.archived_partitions', 'aegis.archive_events', 'aegis.legal_holds', 'aegis.legal_hold_lifts',
        'aegis.deletion_requests', 'aegis.deletion_decisions', 'aegis.deletion_events', 'aegis_guard.deletion_vault',
        'aegis.change_requests', 'aegis.change_events',
        'aegis.personal_columns', 'aegis.erasures', 'aegis_guard.subject_keys'
    ]
    LOOP
        CALL aegis.protect_table(v_table::regclass, 'who removed what, and why', NULL, TRUE);
    END LOOP;
END
$retention_tables$;
