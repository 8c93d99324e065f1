-- Takes back 0005_upsert. Lost are the record of batches and the dead letters.

-- Before the rows are counted: whoever is writing now comes first, and is counted.
LOCK TABLE aegis.ingest_batches, aegis.dead_letters, aegis.stream_offsets IN ACCESS EXCLUSIVE MODE;

DO $guard$
BEGIN
    IF current_setting('aegis.allow_data_loss', TRUE) IS DISTINCT FROM 'on'
        AND (EXISTS (SELECT FROM aegis.ingest_batches) OR EXISTS (SELECT FROM aegis.stream_offsets))
    THEN
        RAISE EXCEPTION 'going back from 0005_upsert loses batches and dead letters'
            USING ERRCODE = 'AEK90', HINT = 'SET aegis.allow_data_loss = ''on'' if that is meant.';
    END IF;
END
$guard$;

DO $forget$
DECLARE
    v_tables CONSTANT text [] := ARRAY['ingest_batches', 'dead_letters', 'ingest_targets', 'ingest_rules', 'ingest_checks', 'batch_verdicts',
                                  'dead_letter_resolutions', 'stream_offsets'];
BEGIN
    PERFORM aegis_guard._issue_ticket('aegis.protected_tables', 'DELETE', cardinality(v_tables), '0005_upsert is taken back');
    DELETE FROM aegis.protected_tables AS p WHERE p.schema_name = 'aegis' AND p.table_name = ANY (v_tables);
END
$forget$;

DROP FUNCTION aegis.advance_stream;
DROP FUNCTION aegis.claim_stream;
DROP VIEW aegis.stream_lag;
DROP TABLE aegis.stream_offsets;
DROP FUNCTION aegis.upsert_market_events;
DROP FUNCTION aegis.upsert_corporate_actions;
DROP FUNCTION aegis.upsert_stocks;
DROP FUNCTION aegis.upsert_stock_prices;
DROP FUNCTION aegis.upsert_daily_market_data;
DROP FUNCTION aegis.upsert_rows;
DROP FUNCTION aegis.upsert_messages;
DROP FUNCTION aegis.replay_dead_letters;
DROP PROCEDURE aegis.resolve_dead_letter;
DROP PROCEDURE aegis.register_ingest_target;
DROP FUNCTION aegis.upsert_staged;
DROP FUNCTION aegis.backfill_staged;
DROP FUNCTION aegis.open_stage;
DROP FUNCTION aegis._apply_batch;
DROP FUNCTION aegis._ask_checks;
DROP FUNCTION aegis._backfill_rows;
DROP FUNCTION aegis._classify_rows;
DROP FUNCTION aegis._find_refused;
DROP FUNCTION aegis._introduce_codes;
DROP FUNCTION aegis._is_castable;
DROP FUNCTION aegis._judge_stage;
DROP FUNCTION aegis._parse_stage;
DROP FUNCTION aegis._put_aside;
DROP FUNCTION aegis._read_document;
DROP FUNCTION aegis._repeated_batch;
DROP FUNCTION aegis._target_fragments;
DROP FUNCTION aegis._write_latest;
DROP FUNCTION aegis._spend_stage;
DROP FUNCTION aegis._refill_stage;
DROP FUNCTION aegis._empty_stage;
DROP FUNCTION aegis._write_once;
DROP FUNCTION aegis._write_rows;
DROP FUNCTION aegis._check_stage;
DROP FUNCTION aegis._parse_timestamptz;
DROP FUNCTION aegis._parse_date;
DROP FUNCTION aegis._parse_numeric;
DROP FUNCTION aegis._parse_bigint;
DROP FUNCTION aegis._parse_text;
DROP VIEW aegis.row_verdicts;
DROP TABLE aegis.ingest_checks;
DROP TABLE aegis.ingest_rules;
DROP TABLE aegis.batch_verdicts;
DROP TABLE aegis.ingest_targets;
DROP VIEW aegis.dead_letter_statistics;
DROP TABLE aegis.dead_letter_resolutions;
DROP TABLE aegis.dead_letters;
DROP TABLE aegis.ingest_batches;
DROP TYPE aegis.market_event_input;
DROP TYPE aegis.corporate_action_input;
DROP TYPE aegis.batch_result;
DROP TYPE aegis.target_fragments;
DROP TYPE aegis.stock_price_input;
DROP TYPE aegis.daily_market_data_input;
DROP TYPE aegis.stock_input;
DROP TYPE aegis.stock_tick_input;
DROP TYPE aegis.stock_transaction_input;
DROP TYPE aegis.option_trade_input;
DROP TYPE aegis.user_activity_input;
DROP TYPE aegis.api_request_input;
