-- _raise_alert: store an alert, put it into the outbox of every channel it concerns, and notify listeners when
-- the transaction commits. The same kind and key within the window of the kind is the same alert: it counts.
--
-- Waits only for a transaction that raises the very same alert for the first time in this window; a repetition
-- never waits. So an alert can be raised from ingest. Callers that raise several do it in the order of their keys.

CREATE OR REPLACE FUNCTION aegis._raise_alert(
    p_alert_kind text,
    p_dedupe_key text,
    p_severity text,
    p_values jsonb,
    p_rule_code text DEFAULT NULL,
    p_stock_code text DEFAULT NULL
)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_template aegis.alert_templates;
    v_begins_at timestamptz;
    v_alert_id bigint;
    v_now CONSTANT timestamptz := clock_timestamp();
BEGIN
    SELECT t.* INTO v_template FROM aegis.alert_templates AS t WHERE t.alert_kind = p_alert_kind;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no kind of alert %', coalesce(quote_literal(p_alert_kind), 'null')
            USING ERRCODE = 'AEV61', SCHEMA = 'aegis', TABLE = 'alert_templates',
                  HINT = 'aegis.alert_templates lists the kinds.';
    END IF;

    v_begins_at := date_bin(v_template.dedupe_window, v_now, TIMESTAMPTZ 'epoch');

    SELECT a.alert_id
      INTO v_alert_id
      FROM aegis.alerts AS a
     WHERE (a.alert_kind, a.dedupe_key, a.window_begins_at) = (p_alert_kind, p_dedupe_key, v_begins_at);

    IF NOT FOUND THEN
        INSERT INTO aegis.alerts (
            alert_kind, dedupe_key, window_begins_at, severity, rule_code, stock_code,
            title_en, body_en, title_ko, body_ko, detail, raised_at, last_raised_at
        )
        VALUES (
            p_alert_kind, p_dedupe_key, v_begins_at, p_severity, p_rule_code, p_stock_code,
            aegis._render_template(v_template.title_en, 'en', p_values),
            aegis._render_template(v_template.body_en, 'en', p_values),
            aegis._render_template(v_template.title_ko, 'ko', p_values),
            aegis._render_template(v_template.body_ko, 'ko', p_values),
            p_values, v_now, v_now
        )
        ON CONFLICT (alert_kind, dedupe_key, window_begins_at) DO NOTHING
        RETURNING alert_id INTO v_alert_id;

        IF v_alert_id IS NOT NULL THEN
            INSERT INTO aegis.alert_deliveries (alert_id, channel, next_attempt_at)
            SELECT v_alert_id, c.channel, v_now
              FROM aegis.alert_channels AS c
             WHERE c.is_enabled
               AND aegis._severity_rank(p_severity) >= aegis._severity_rank(c.minimum_severity)
               AND (c.alert_kinds IS NULL OR p_alert_kind = ANY (c.alert_kinds))
             ORDER BY c.channel;

            -- A full queue of notifications would make the caller's commit fail; deliverers also look by themselves.
            IF pg_notification_queue_usage() < 0.5 THEN
                PERFORM pg_notify('aegis_alerts', v_alert_id::text);
            END IF;
            RETURN v_alert_id;
        END IF;
    END IF;

    UPDATE aegis.alerts AS a
       SET occurrences = a.occurrences + 1,
           last_raised_at = greatest(a.last_raised_at, v_now)
      FROM (
        SELECT s.alert_id
          FROM aegis.alerts AS s
         WHERE (s.alert_kind, s.dedupe_key, s.window_begins_at) = (p_alert_kind, p_dedupe_key, v_begins_at)
           FOR UPDATE SKIP LOCKED
      ) AS f
     WHERE a.alert_id = f.alert_id;

    RETURN v_alert_id;
END;
$function$;

COMMENT ON FUNCTION aegis._raise_alert(text, text, text, jsonb, text, text) IS -- noqa: LT01
'Stores an alert once per kind, key and window, with its deliveries, and notifies aegis_alerts; raises AEV61.';

ALTER FUNCTION aegis._raise_alert(text, text, text, jsonb, text, text) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._raise_alert(text, text, text, jsonb, text, text) FROM PUBLIC;
