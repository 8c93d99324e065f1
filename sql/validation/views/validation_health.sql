-- validation_health: is somebody looking after the findings? One row per measure and label, for people and for Prometheus.

CREATE OR REPLACE VIEW aegis.validation_health AS
WITH severity (severity) AS (VALUES ('critical'), ('error'), ('warning'), ('info')),
scope (scope) AS (VALUES ('code'), ('source'), ('market')),
measured (measure, label, label_value, value, is_healthy) AS (
    SELECT 'cases_unresolved', 'severity', s.severity, count(c.case_id)::numeric, TRUE
      FROM severity AS s
      LEFT JOIN aegis.cases AS c ON c.severity = s.severity AND c.state IN ('open', 'assigned')
     GROUP BY s.severity
    UNION ALL
    SELECT 'cases_overdue', 'severity', s.severity, count(c.case_id), count(c.case_id) = 0
      FROM severity AS s
      LEFT JOIN aegis.cases AS c
        ON c.severity = s.severity AND c.state IN ('open', 'assigned') AND c.due_at < clock_timestamp()
     GROUP BY s.severity
    UNION ALL
    SELECT 'oldest_case_seconds', NULL, NULL,
           coalesce(round(extract(EPOCH FROM clock_timestamp() - min(c.opened_at))), 0), TRUE
      FROM aegis.cases AS c
     WHERE c.state IN ('open', 'assigned')
    UNION ALL
    SELECT 'breakers_tripped', 'scope', s.scope, count(b.subject), count(b.subject) = 0
      FROM scope AS s
      LEFT JOIN aegis.circuit_breakers AS b ON b.scope = s.scope AND b.state <> 'closed'
     GROUP BY s.scope
    UNION ALL
    SELECT 'alerts_undelivered', 'channel', h.channel, count(d.delivery_id), count(d.delivery_id) < 100
      FROM aegis.alert_channels AS h
      LEFT JOIN aegis.alert_deliveries AS d ON d.channel = h.channel AND d.state IN ('pending', 'claimed')
     GROUP BY h.channel
    UNION ALL
    SELECT 'alerts_dead', 'channel', h.channel, count(d.delivery_id), count(d.delivery_id) = 0
      FROM aegis.alert_channels AS h
      LEFT JOIN aegis.alert_deliveries AS d
        ON d.channel = h.channel AND d.state = 'dead' AND d.next_attempt_at > clock_timestamp() - INTERVAL '1 day'
     GROUP BY h.channel
    UNION ALL
    SELECT 'oldest_delivery_seconds', NULL, NULL,
           coalesce(round(extract(EPOCH FROM clock_timestamp() - min(a.raised_at))), 0),
           coalesce(clock_timestamp() - min(a.raised_at) < INTERVAL '10 minutes', TRUE)
      FROM aegis.alert_deliveries AS d
      JOIN aegis.alerts AS a ON a.alert_id = d.alert_id
     WHERE d.state IN ('pending', 'claimed')
    UNION ALL
    SELECT 'checks_deferred', NULL, NULL, count(*), TRUE
      FROM aegis.deferred_checks AS d
     WHERE d.checked_at IS NULL
    UNION ALL
    SELECT 'oldest_deferred_check_seconds', NULL, NULL,
           coalesce(round(extract(EPOCH FROM clock_timestamp() - min(d.deferred_at))), 0),
           coalesce(clock_timestamp() - min(d.deferred_at) < INTERVAL '1 day', TRUE)
      FROM aegis.deferred_checks AS d
     WHERE d.checked_at IS NULL
    UNION ALL
    SELECT 'load_level', NULL, NULL, aegis.load_level(), aegis.load_level() < 2
    UNION ALL
    SELECT 'load_measured_seconds', NULL, NULL, round(extract(EPOCH FROM clock_timestamp() - s.measured_at)),
           clock_timestamp() - s.measured_at < INTERVAL '10 minutes'
      FROM aegis.load_state AS s
)
SELECT
    m.measure,
    m.label,
    m.label_value,
    m.value,
    m.is_healthy,
    t.description,
    t.description_ko
FROM measured AS m
JOIN (VALUES
    ('cases_unresolved', 'Cases that wait for a decision.', '미처리 검증 건수'),
    ('cases_overdue', 'Cases that should have been decided already.', '처리기한을 넘긴 검증 건수'),
    ('oldest_case_seconds', 'Age of the oldest case that waits.', '가장 오래된 미처리 건의 경과 시간(초)'),
    ('breakers_tripped', 'Circuit breakers that are open or half open.', '발동 중인 회로차단 수'),
    ('alerts_undelivered', 'Deliveries that wait or are being sent.', '미발송 알림 수'),
    ('alerts_dead', 'Deliveries given up within a day.', '최근 1일간 발송을 포기한 알림 수'),
    ('oldest_delivery_seconds', 'Age of the oldest alert that was not delivered.', '가장 오래된 미발송 알림의 경과 시간(초)'),
    ('checks_deferred', 'Batches whose checks were put off and not made up for.', '보류 중인 검증 배치 수'),
    ('oldest_deferred_check_seconds', 'Age of the oldest check put off.', '가장 오래된 보류 검증의 경과 시간(초)'),
    ('load_level', 'Load level in force, 0 to 3.', '현재 부하 단계(0~3)'),
    ('load_measured_seconds', 'Time since the load was measured.', '마지막 부하 측정 이후 경과 시간(초)')
) AS t (measure, description, description_ko) ON t.measure = m.measure;

COMMENT ON VIEW aegis.validation_health IS
'Measures of the queue, the circuit breakers, the alerts and the load, with what is healthy; aegis-db metrics prints it.';
COMMENT ON COLUMN aegis.validation_health.measure IS 'What is measured.';
COMMENT ON COLUMN aegis.validation_health.label IS 'Name of its label: severity, scope or channel; null for none.';
COMMENT ON COLUMN aegis.validation_health.label_value IS 'Value of the label.';
COMMENT ON COLUMN aegis.validation_health.value IS 'The value; 0 where there is nothing.';
COMMENT ON COLUMN aegis.validation_health.is_healthy IS 'Whether nobody has to do anything about it.';
COMMENT ON COLUMN aegis.validation_health.description IS 'What it means, in English.';
COMMENT ON COLUMN aegis.validation_health.description_ko IS 'What it means, in Korean.';

ALTER VIEW aegis.validation_health OWNER TO aegis_owner;
GRANT SELECT ON aegis.validation_health TO aegis_reader;
