-- Settings of the queue, the alerts, the circuit breakers and load shedding.

INSERT INTO aegis.system_configurations AS c (
    configuration_key, value_type, configuration_value, default_value, minimum_value, maximum_value,
    unit, description
)
VALUES
('aegis.case_severity', 'text', 'warning', 'warning', NULL, NULL, NULL,
    'Least severity of a finding that opens a case: info, warning, error or critical.'),
('aegis.case_due_critical', 'interval', '15 minutes', '15 minutes', 60, 31536000, NULL,
    'How soon a case of severity critical has to be resolved.'),
('aegis.case_due_error', 'interval', '2 hours', '2 hours', 60, 31536000, NULL,
    'How soon a case of severity error has to be resolved.'),
('aegis.case_due_warning', 'interval', '1 day', '1 day', 60, 31536000, NULL,
    'How soon a case of severity warning, or a quarantined row, has to be resolved.'),
('aegis.case_due_info', 'interval', '5 days', '5 days', 60, 31536000, NULL,
    'How soon a case of severity info, or a rejected row, has to be resolved.'),
('aegis.flood_findings', 'integer', '20', '20', 1, 100000, 'findings',
    'More findings of one rule at once than this are one case and one alert.'),
('aegis.live_days', 'integer', '7', '7', 0, 36500, 'days',
    'Findings about trading dates older than this raise no alert and trip no circuit breaker.'),
('aegis.overdue_alerts_maximum', 'integer', '50', '50', 1, 10000, NULL,
    'Reminders of overdue cases that one call of aegis.raise_overdue_cases raises at most.'),
('aegis.alert_claim_time', 'interval', '60 seconds', '60 seconds', 1, 3600, NULL,
    'How long a deliverer may take for a delivery before another takes it over.'),
('aegis.alert_backoff_base', 'interval', '5 seconds', '5 seconds', 0.01, 600, NULL,
    'Wait after the first failed delivery; it doubles with each further one.'),
('aegis.alert_backoff_maximum', 'interval', '15 minutes', '15 minutes', 1, 86400, NULL,
    'Longest wait between two attempts of a delivery.'),
('aegis.alert_rule_rate', 'numeric', '6', '6', 0.01, 6000, 'a minute',
    'Alerts of one rule that a channel gets in the long run; more are throttled, critical ones never.'),
('aegis.alert_rule_burst', 'integer', '20', '20', 1, 10000, NULL,
    'Alerts of one rule that a channel gets at once.'),
('aegis.alert_code_rate', 'numeric', '2', '2', 0.01, 6000, 'a minute',
    'Alerts of one stock code that a channel gets in the long run; more are throttled, critical ones never.'),
('aegis.alert_code_burst', 'integer', '6', '6', 1, 10000, NULL,
    'Alerts of one stock code that a channel gets at once.')
ON CONFLICT (configuration_key) DO NOTHING;
