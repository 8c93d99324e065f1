-- Takes back 0004_preservation: all guards go, those on tables of others too. No market data is
-- lost; lost are the registry of protected tables, the tickets and the ledger.

-- Before the rows are counted: whoever is writing now comes first, and is counted.
LOCK TABLE aegis_guard.tickets, aegis.protected_tables, aegis.ledger IN ACCESS EXCLUSIVE MODE;

DO $guard$
BEGIN
    IF current_setting('aegis.allow_data_loss', TRUE) IS DISTINCT FROM 'on'
        AND (EXISTS (SELECT FROM aegis_guard.tickets AS t WHERE t.operation <> 'ALTER' AND t.table_name NOT IN ('protected_tables', 'ingest_checks'))
             OR EXISTS (SELECT FROM aegis.blocked_attempts)
             OR EXISTS (SELECT FROM aegis.ledger AS l WHERE l.kind NOT IN ('seal_format', 'change_window'))
             OR EXISTS (SELECT FROM aegis.protected_tables AS p WHERE p.schema_name NOT IN ('aegis', 'aegis_guard')))
    THEN
        RAISE EXCEPTION 'going back from 0004_preservation loses tickets, acts of the ledger or the protection of tables of yours'
            USING ERRCODE = 'AEK90', HINT = 'SET aegis.allow_data_loss = ''on'' if that is meant.';
    END IF;
END
$guard$;

DROP EVENT TRIGGER IF EXISTS aegis_check_change;
DROP EVENT TRIGGER IF EXISTS aegis_check_drop;
DROP EVENT TRIGGER IF EXISTS aegis_check_rewrite;
DROP EVENT TRIGGER IF EXISTS aegis_check_command;
DROP EVENT TRIGGER IF EXISTS aegis_arm_partitions;
-- The change window of this revision ends here: the table that keeps it goes.
SET CONSTRAINTS ALL IMMEDIATE;

DROP VIEW aegis.active_stocks;
DROP VIEW aegis.active_market_events;
DROP VIEW aegis.active_corporate_actions;
DROP VIEW aegis.active_stock_prices;
DROP VIEW aegis.active_daily_market_data;
DROP VIEW aegis.active_stock_ticks;
DROP VIEW aegis.active_stock_transactions;
DROP VIEW aegis.active_option_trades;
DROP FUNCTION aegis.stock_prices_as_of;
DROP FUNCTION aegis.daily_market_data_as_of;
DROP FUNCTION aegis.rows_as_of;
DROP FUNCTION aegis.row_history;
DROP FUNCTION aegis.soft_delete;
DROP FUNCTION aegis.restore_deleted;
DROP PROCEDURE aegis.add_soft_delete;
DROP FUNCTION aegis.change_own_activity;
DROP FUNCTION aegis.change_activity;
-- CASCADE: their triggers on tables of users, whose columns stay.
DROP FUNCTION aegis.record_soft_delete CASCADE;
DROP FUNCTION aegis.history_table;
DROP FUNCTION aegis.row_key_range;
DROP FUNCTION aegis.row_keys;
DROP FUNCTION aegis.row_key;
DROP PROCEDURE aegis.purge_personal_data;
DROP PROCEDURE aegis.register_personal_column;
DROP PROCEDURE aegis.restore_from_vault;
DROP PROCEDURE aegis.emergency_deletion;
DROP PROCEDURE aegis.approve_deletion;
DROP PROCEDURE aegis.approve_change;
DROP PROCEDURE aegis.apply_retention;
DROP PROCEDURE aegis.lift_hold;
DROP PROCEDURE aegis.place_hold;
DROP PROCEDURE aegis.change_retention_policy;
DROP FUNCTION aegis.reapply_erasures;
DROP FUNCTION aegis.request_deletion;
DROP FUNCTION aegis.request_change;
DROP FUNCTION aegis.request_reseal;
DROP FUNCTION aegis.drop_archive;
DROP FUNCTION aegis.record_export;
DROP FUNCTION aegis.verify_archive;
DROP FUNCTION aegis.archive_partition;
DROP FUNCTION aegis_guard._erase_subjects;
DROP FUNCTION aegis_guard._erase_in_vault;
DROP FUNCTION aegis_guard._personal_relations;
DROP FUNCTION aegis_guard._vault_digest;
DROP FUNCTION aegis_guard._compile_predicate;
DROP FUNCTION aegis_guard._shelve_archive;
DROP FUNCTION aegis.retention_candidates;
DROP FUNCTION aegis_guard._judge_partition;
DROP FUNCTION aegis_guard._retention_policy;
DROP FUNCTION aegis_guard._check_foreign_code;
DROP FUNCTION aegis_guard._check_person;
DROP FUNCTION aegis_guard._check_moment;
DROP FUNCTION aegis_guard._held_by;
DROP FUNCTION aegis_guard._origin;
DROP FUNCTION aegis_guard._pseudonym;
DROP FUNCTION aegis_guard._subject_hash;
DROP FUNCTION aegis_guard._is_past_term;
DROP FUNCTION aegis.rows_digest;
DROP VIEW aegis.deleted_rows;
DROP VIEW aegis.emergency_deletion_status;
DROP VIEW aegis.archive_status;
DROP VIEW aegis.active_holds;
DROP TABLE aegis_guard.subject_keys;
DROP TABLE aegis.erasures;
DROP TABLE aegis.personal_columns;
DROP TABLE aegis_guard.deletion_vault;
DROP TABLE aegis.deletion_events;
DROP TABLE aegis.deletion_decisions;
DROP TABLE aegis.deletion_requests;
DROP VIEW aegis.change_status;
DROP TABLE aegis.change_events;
DROP TABLE aegis.change_requests;
DROP TABLE aegis.legal_hold_lifts;
DROP TABLE aegis.legal_holds;
DROP TABLE aegis.archive_events;
DROP TABLE aegis.archived_partitions;
DROP TABLE aegis.retention_policies;
DROP FUNCTION aegis_guard.check_change;
DROP FUNCTION aegis_guard.extend_history;
DROP FUNCTION aegis_guard.check_drop;
DROP FUNCTION aegis_guard.check_rewrite;
DROP FUNCTION aegis_guard.check_command;
DROP FUNCTION aegis_guard.close_change CASCADE;
DROP FUNCTION aegis_guard.open_change;
DROP FUNCTION aegis_guard._record_request;
DROP FUNCTION aegis_guard._reseal_item;
DROP FUNCTION aegis_guard._use_request;
DROP FUNCTION aegis_guard._lost_aspect;
DROP FUNCTION aegis_guard._is_approved;
DROP FUNCTION aegis_guard.reseal;
DROP FUNCTION aegis_guard.settle_departures;
DROP FUNCTION aegis_guard._current_window;
DROP FUNCTION aegis_guard._seal_state;
DROP FUNCTION aegis_guard.compare_state;
DROP FUNCTION aegis_guard._sealed_state;
DROP FUNCTION aegis_guard.code_fingerprint;
DROP FUNCTION aegis_guard.fingerprint;
DROP FUNCTION aegis_guard.arm_partitions;
-- A slot that nobody reads would hold back WAL for ever.
DO $slot$
BEGIN
    IF EXISTS (SELECT FROM pg_publication AS p WHERE p.pubname = 'aegis_attempts') THEN
        PERFORM pg_drop_replication_slot(s.slot_name)
           FROM pg_replication_slots AS s
          WHERE s.slot_name = 'aegis_attempts_' || (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database());
        DROP PUBLICATION aegis_attempts;
    END IF;
END
$slot$;

DROP PROCEDURE aegis.collect_attempts;
DROP PROCEDURE aegis.watch_attempts;
DROP FUNCTION aegis_guard._store_attempt;
DROP TABLE aegis.blocked_attempts;
DROP FUNCTION aegis.verify_seals;
DROP FUNCTION aegis.verify_chain;
DROP PROCEDURE aegis.seal_ledger;
DROP PROCEDURE aegis.seal_table;
DROP PROCEDURE aegis.protect_table;
DROP FUNCTION aegis.posture;
DROP VIEW aegis.protection_status;
DROP FUNCTION aegis_guard.register_table;
DROP FUNCTION aegis_guard.arm_table;
DROP FUNCTION aegis_guard.guard_gaps;
DROP FUNCTION aegis_guard.check_history;
-- CASCADE: their triggers, on whatever table they stand.
DROP FUNCTION aegis_guard.refuse_removal CASCADE;
DROP FUNCTION aegis_guard.capture_history CASCADE;
DROP FUNCTION aegis_guard.settle_ticket CASCADE;
DROP FUNCTION aegis_guard.seal_rows CASCADE;
DROP FUNCTION aegis_guard.refuse_replica CASCADE;
DROP FUNCTION aegis_guard._issue_ticket;
DROP FUNCTION aegis_guard._current_ticket;
DROP FUNCTION aegis_guard.record_attempt;
DROP TABLE aegis_guard.ticket_uses;
DROP TABLE aegis_guard.tickets;
DROP TABLE aegis_guard.baselines;
DROP TABLE aegis.protected_tables;
DROP FUNCTION aegis_guard._seal_relation;
DROP FUNCTION aegis_guard._seal_format;
DROP FUNCTION aegis_guard._day_digests;
DROP FUNCTION aegis_guard._seal_digest;
DROP FUNCTION aegis_guard._act_digest;
DROP FUNCTION aegis_guard._hashes_field;
DROP FUNCTION aegis_guard._field;
DROP FUNCTION aegis_guard._digest_of;
DROP FUNCTION aegis_guard._record_block;
DROP FUNCTION aegis_guard._row_bytes;
DROP FUNCTION aegis_guard._bucket;
DROP FUNCTION aegis_guard._record_act;
DROP FUNCTION aegis_guard._next_batch_number;
DROP TABLE aegis.seal_entries;
DROP TABLE aegis.seals;
DROP TABLE aegis.seal_formats;
DROP TABLE aegis.ledger;
DROP SEQUENCE aegis.batch_numbers;
DROP FUNCTION aegis_guard.fill_partition;
DROP FUNCTION aegis_guard.foreign_code;
REVOKE USAGE ON SCHEMA aegis_guard FROM aegis_operator;
