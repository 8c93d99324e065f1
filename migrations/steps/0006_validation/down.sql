-- Takes back 0006_validation. Lost are findings and what was changed about the rules.

-- Before the rows are counted: whoever is writing now comes first, and is counted.
LOCK TABLE aegis.findings, aegis.validation_rules, aegis.validation_rules_history IN ACCESS EXCLUSIVE MODE;

DO $guard$
BEGIN
    IF current_setting('aegis.allow_data_loss', TRUE) IS DISTINCT FROM 'on'
        AND (EXISTS (SELECT FROM aegis.findings) OR EXISTS (SELECT FROM aegis.validation_rules_history))
    THEN
        RAISE EXCEPTION 'going back from 0006_validation loses findings or versions of rules'
            USING ERRCODE = 'AEK90', HINT = 'SET aegis.allow_data_loss = ''on'' if that is meant.';
    END IF;
END
$guard$;

DO $forget$
DECLARE
    v_tables CONSTANT text [] := ARRAY['findings', 'validation_rules', 'validation_rules_history'];
BEGIN
    PERFORM aegis_guard._issue_ticket('aegis.protected_tables', 'DELETE', cardinality(v_tables), '0006_validation is taken back');
    DELETE FROM aegis.protected_tables AS p WHERE p.schema_name = 'aegis' AND p.table_name = ANY (v_tables);
END
$forget$;

DROP VIEW aegis.data_quality_daily_report;
DROP PROCEDURE aegis.change_validation_rule;
DROP TABLE aegis.findings;
DROP TABLE aegis.validation_rules;
DROP TABLE aegis.validation_rules_history;
