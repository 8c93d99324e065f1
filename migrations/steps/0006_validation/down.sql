-- Takes back 0006_validation. Lost are findings and what was changed about the rules.

-- Queue, alerts, breakers and load shedding first: they know the findings, the findings do not know them.
LOCK TABLE aegis.cases, aegis.deferred_checks, aegis.circuit_breakers, aegis.alerts, aegis.alert_channels IN ACCESS EXCLUSIVE MODE;

DO $guard$
BEGIN
    IF current_setting('aegis.allow_data_loss', TRUE) IS DISTINCT FROM 'on'
        AND (EXISTS (SELECT FROM aegis.cases) OR EXISTS (SELECT FROM aegis.circuit_breakers)
             OR EXISTS (SELECT FROM aegis.deferred_checks) OR EXISTS (SELECT FROM aegis.alerts) OR EXISTS (SELECT FROM aegis.alert_channels))
    THEN
        RAISE EXCEPTION 'going back from 0006_validation loses cases, circuit breakers, alerts or their channels'
            USING ERRCODE = 'AEK90', HINT = 'SET aegis.allow_data_loss = ''on'' if that is meant.';
    END IF;
END
$guard$;

DO $forget$
DECLARE
    v_tables CONSTANT text [] := ARRAY[
        'cases', 'case_events', 'case_findings', 'circuit_breakers', 'circuit_breaker_events',
        'circuit_breaker_probes', 'load_state', 'deferred_checks', 'flood_log', 'breaker_conditions', 'breaker_conditions_history', 'alert_templates', 'alert_templates_history', 'alert_channels', 'alert_channels_history', 'alerts',
        'alert_deliveries', 'alert_buckets'
    ];
BEGIN
    PERFORM aegis_guard._issue_ticket('aegis.protected_tables', 'DELETE', cardinality(v_tables), '0006_validation is taken back');
    DELETE FROM aegis.protected_tables AS p WHERE p.schema_name = 'aegis' AND p.table_name = ANY (v_tables);
END
$forget$;

DO $forget$
BEGIN
    PERFORM aegis_guard._issue_ticket('aegis.ingest_checks', 'DELETE', 1000, '0006_validation is taken back');
    DELETE FROM aegis.ingest_checks AS c WHERE c.routine IN ('_ask_breakers', '_watch_breakers', '_decide_checks');
END
$forget$;

DROP PROCEDURE aegis.run_deferred_checks;
DROP PROCEDURE aegis.replay_case;
DROP PROCEDURE aegis.reject_case;
DROP VIEW aegis.validation_health;
DROP PROCEDURE aegis.override_load_level;
DROP FUNCTION aegis.refresh_load_level;
DROP FUNCTION aegis.is_sampled;
DROP FUNCTION aegis.active_priorities;
DROP FUNCTION aegis._move_load_level;
DROP FUNCTION aegis._tell_load_level;
DROP FUNCTION aegis._decide_checks;
DROP FUNCTION aegis._priorities_through;
DROP FUNCTION aegis._load_level_of;
DROP FUNCTION aegis._measured_load;
DROP FUNCTION aegis.load_level;
DROP TABLE aegis.flood_log;
DROP TABLE aegis.deferred_checks;
DROP TABLE aegis.load_state;
DROP FUNCTION aegis.breaker_state;
DROP VIEW aegis.stock_status;
DROP PROCEDURE aegis.change_breaker_condition;
DROP PROCEDURE aegis.reset_breaker;
DROP PROCEDURE aegis.trip_breaker;
DROP FUNCTION aegis._check_breaker_subject;
DROP FUNCTION aegis._watch_breakers;
DROP FUNCTION aegis._ask_breakers;
DROP FUNCTION aegis._is_admitted;
DROP FUNCTION aegis._breaker_lock;
DROP FUNCTION aegis._measure_condition;
DROP FUNCTION aegis._move_breaker;
DROP FUNCTION aegis._lock_breaker;
DROP TABLE aegis.circuit_breaker_probes;
DROP TABLE aegis.circuit_breaker_events;
DROP TABLE aegis.circuit_breakers;
DROP TABLE aegis.breaker_conditions_history;
DROP TABLE aegis.breaker_conditions;
DROP FUNCTION aegis.raise_overdue_cases;
DROP VIEW aegis.validation_by_code;
DROP VIEW aegis.validation_by_day;
DROP VIEW aegis.validation_queue;
DROP PROCEDURE aegis.reopen_case;
DROP PROCEDURE aegis.release_case;
DROP PROCEDURE aegis.assign_case;
DROP FUNCTION aegis._decide_case;
DROP TRIGGER findings_10_follow ON aegis.findings;
DROP FUNCTION aegis._follow_findings;
DROP FUNCTION aegis._severity_words;
DROP FUNCTION aegis._live_from;
DROP TABLE aegis.case_findings;
DROP TABLE aegis.case_events;
DROP TABLE aegis.cases;
DROP FUNCTION aegis.send_test_alert;
DROP PROCEDURE aegis.settle_alert_delivery;
DROP FUNCTION aegis.claim_alert_deliveries;
DROP PROCEDURE aegis.set_alert_channel;
DROP PROCEDURE aegis.change_alert_template;
DROP FUNCTION aegis._has_taken_token;
DROP FUNCTION aegis._raise_alert;
DROP TABLE aegis.alert_buckets;
DROP TABLE aegis.alert_deliveries;
DROP TABLE aegis.alerts;
DROP TABLE aegis.alert_channels_history;
DROP TABLE aegis.alert_channels;
DROP TABLE aegis.alert_templates_history;
DROP TABLE aegis.alert_templates;
DROP FUNCTION aegis._render_template;
DROP FUNCTION aegis._placeholders;
DROP FUNCTION aegis._severity_rank;

-- Before the rows are counted: whoever is writing now comes first, and is counted.
LOCK TABLE aegis.findings, aegis.validation_rules, aegis.validation_rules_history, aegis.validation_runs IN ACCESS EXCLUSIVE MODE;

DO $guard$
BEGIN
    IF current_setting('aegis.allow_data_loss', TRUE) IS DISTINCT FROM 'on'
        AND (EXISTS (SELECT FROM aegis.findings) OR EXISTS (SELECT FROM aegis.validation_rules_history)
            OR EXISTS (SELECT FROM aegis.validation_runs))
    THEN
        RAISE EXCEPTION 'going back from 0006_validation loses findings, runs or versions of rules'
            USING ERRCODE = 'AEK90', HINT = 'SET aegis.allow_data_loss = ''on'' if that is meant.';
    END IF;
END
$guard$;

DO $forget$
DECLARE
    v_tables CONSTANT text [] := ARRAY[
        'findings', 'validation_rules', 'validation_rules_history', 'validation_runs', 'validation_baselines'
    ];
BEGIN
    PERFORM aegis_guard._issue_ticket('aegis.protected_tables', 'DELETE', cardinality(v_tables), '0006_validation is taken back');
    DELETE FROM aegis.protected_tables AS p WHERE p.schema_name = 'aegis' AND p.table_name = ANY (v_tables);

    -- The batches of the revision below must not call what goes.
    PERFORM aegis_guard._issue_ticket('aegis.ingest_checks', 'DELETE', 6, '0006_validation is taken back');
    DELETE FROM aegis.ingest_checks AS c WHERE c.routine IN ('_judge_batch', '_judge_ticks', '_outdate_baselines');
END
$forget$;

DROP VIEW aegis.data_quality_intraday_report;
DROP VIEW aegis.data_quality_daily_report;
DROP FUNCTION aegis.comprehensive_validation;
DROP FUNCTION aegis.validate_code;
DROP FUNCTION aegis.detect_volume_anomaly;
DROP FUNCTION aegis.validate_price_gap;
DROP FUNCTION aegis.validate_price_change;
DROP FUNCTION aegis.validate_period;
DROP FUNCTION aegis._range_context;
DROP FUNCTION aegis._code_bars;
DROP AGGREGATE aegis._sliding_values(double precision, double precision);
DROP FUNCTION aegis._slide;
DROP FUNCTION aegis.validate_trading_day;
DROP FUNCTION aegis.validate_twenty_minute_bars;
DROP FUNCTION aegis._judge_ticks;
DROP FUNCTION aegis._validate_ticks;
DROP FUNCTION aegis._tick_context;
DROP VIEW aegis.twenty_minute_bar_context;
DROP FUNCTION aegis._slot_bars;
DROP VIEW aegis.twenty_minute_bars;
DROP VIEW aegis.session_hours;
DROP PROCEDURE aegis.refresh_baselines;
DROP PROCEDURE aegis.change_validation_rule;
DROP FUNCTION aegis._version_change;
DROP FUNCTION aegis._refresh_baselines;
DROP FUNCTION aegis._judge_batch;
DROP FUNCTION aegis._outdate_by_keys;
DROP FUNCTION aegis._lock_baselines;
DROP FUNCTION aegis._outdate_baselines;
DROP FUNCTION aegis._record_run;
DROP FUNCTION aegis._supersede_findings;
DROP FUNCTION aegis._quick_look;
DROP FUNCTION aegis._quiet_range;
DROP FUNCTION aegis._quiet_version;
DROP FUNCTION aegis._judge;
DROP FUNCTION aegis._session_context;
DROP FUNCTION aegis._baseline_context;
DROP FUNCTION aegis._has_baselines;
DROP FUNCTION aegis._previous_sessions;
DROP FUNCTION aegis._bars_query;
DROP VIEW aegis.bar_context;
DROP FUNCTION aegis._context_query;
DROP FUNCTION aegis._rule_sql;
DROP FUNCTION aegis._span;
DROP FUNCTION aegis._market_days;
DROP FUNCTION aegis._baseline;
DROP FUNCTION aegis._bars_of_code;
DROP FUNCTION aegis._quartiles;
DROP FUNCTION aegis.rule_set_version;
DROP TABLE aegis.validation_baselines;
DROP TABLE aegis.validation_runs;
DROP TABLE aegis.findings;
DROP TABLE aegis.validation_rules;
DROP TABLE aegis.validation_rules_history;
