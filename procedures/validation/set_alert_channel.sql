-- set_alert_channel: make a channel for alerts, or change one.
--
-- Call     CALL aegis.set_alert_channel('desk', '{"adapter": "webhook", "endpoint": "https://alerts.example.com/in",
--                                                 "secret_name": "desk", "minimum_severity": "error"}', 'new desk');
-- Role     aegis_operator
-- Locks    the channel's row, until the caller's transaction ends
-- Raises   AEV62  an option is unknown or its value is out of bounds
--          AEV63  the reason is blank
-- Repeat   idempotent: options that are not named stay as they are
--
-- Options: adapter (webhook, smtp), endpoint, language (en, ko), minimum_severity, alert_kinds, secret_name,
-- rate_per_minute, burst, attempts_maximum, is_enabled. The secret itself has no place in the database.

CREATE OR REPLACE PROCEDURE aegis.set_alert_channel(p_channel text, p_options jsonb, p_reason text)
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $procedure$
DECLARE
    v_old aegis.alert_channels;
    v_new aegis.alert_channels;
    v_unknown text;
    v_message text;
    v_constraint text;
    v_is_changed boolean;
BEGIN
    IF coalesce(btrim(p_reason), '') = '' THEN
        RAISE EXCEPTION 'a change of channel % needs a reason', p_channel
            USING ERRCODE = 'AEV63',
                  HINT = 'Pass a non-blank p_reason.';
    END IF;

    SELECT string_agg(o.name, ', ') INTO v_unknown
      FROM jsonb_object_keys(CASE jsonb_typeof(p_options) WHEN 'object' THEN p_options ELSE '{"?": 0}' END) AS o (name)
     WHERE o.name <> ALL ('{adapter,endpoint,language,minimum_severity,alert_kinds,secret_name,rate_per_minute,'
                          'burst,attempts_maximum,is_enabled}'::text []);
    IF v_unknown IS NOT NULL THEN
        RAISE EXCEPTION 'channels have no option %', v_unknown
            USING ERRCODE = 'AEV62', SCHEMA = 'aegis', TABLE = 'alert_channels',
                  HINT = 'Pass an object with columns of aegis.alert_channels.';
    END IF;

    SELECT c.* INTO v_old FROM aegis.alert_channels AS c WHERE c.channel = p_channel FOR UPDATE;
    IF NOT FOUND THEN
        v_old.channel := p_channel;
        v_old.language := 'ko';
        v_old.minimum_severity := 'warning';
        v_old.rate_per_minute := 30;
        v_old.burst := 10;
        v_old.attempts_maximum := 8;
        v_old.is_enabled := TRUE;
        v_old.data_version := 0;
    END IF;

    BEGIN
        v_new := jsonb_populate_record(v_old, p_options);
        v_new.data_version := v_old.data_version + 1;
        v_new.change_reason := p_reason;
        v_new.last_updated := clock_timestamp();
        v_new.updated_by := SESSION_USER;

        IF v_new.alert_kinds IS NOT NULL AND EXISTS (
            SELECT FROM unnest(v_new.alert_kinds) AS k (kind)
             WHERE NOT EXISTS (SELECT FROM aegis.alert_templates AS t WHERE t.alert_kind = k.kind)
        ) THEN
            RAISE EXCEPTION 'alert_kinds names a kind that does not exist' USING ERRCODE = 'check_violation';
        END IF;

        IF v_old.data_version = 0 THEN
            INSERT INTO aegis.alert_channels SELECT v_new.*;
        ELSE
            UPDATE aegis.alert_channels AS c
               SET (adapter, endpoint, language, minimum_severity, alert_kinds, secret_name, rate_per_minute, burst,
                    attempts_maximum, is_enabled, data_version, change_reason, last_updated, updated_by)
                 = (v_new.adapter, v_new.endpoint, v_new.language, v_new.minimum_severity, v_new.alert_kinds,
                    v_new.secret_name, v_new.rate_per_minute, v_new.burst, v_new.attempts_maximum, v_new.is_enabled,
                    v_new.data_version, v_new.change_reason, v_new.last_updated, v_new.updated_by)
             WHERE c.channel = p_channel
               AND to_jsonb(c) || p_options IS DISTINCT FROM to_jsonb(c);
        END IF;
        v_is_changed := FOUND;
    EXCEPTION
        WHEN check_violation OR not_null_violation OR data_exception THEN
            GET STACKED DIAGNOSTICS v_message = MESSAGE_TEXT, v_constraint = CONSTRAINT_NAME;
            RAISE EXCEPTION 'channel % cannot be like this', coalesce(quote_literal(p_channel), 'null')
                USING ERRCODE = 'AEV62', SCHEMA = 'aegis', TABLE = 'alert_channels', CONSTRAINT = v_constraint,
                      DETAIL = format('PostgreSQL says: %s.', v_message),
                      HINT = 'A webhook needs https (http on loopback only), smtp an address; see aegis.alert_channels.';
    END;

    IF v_is_changed THEN
        PERFORM aegis_guard._record_act('alert_change', format('channel %s', p_channel), NULL, NULL,
                                    aegis._version_change(CASE v_old.data_version WHEN 0 THEN '{}' ELSE to_jsonb(v_old) END, to_jsonb(v_new))
                                    || jsonb_build_object('options', p_options, 'reason', p_reason));
    END IF;
END;
$procedure$;

COMMENT ON PROCEDURE aegis.set_alert_channel(text, jsonb, text) IS -- noqa: LT01
'Makes or changes a channel for alerts and keeps its former state; raises AEV62 or AEV63.';

ALTER PROCEDURE aegis.set_alert_channel(text, jsonb, text) OWNER TO aegis_owner;
REVOKE ALL ON PROCEDURE aegis.set_alert_channel(text, jsonb, text) FROM PUBLIC;
GRANT EXECUTE ON PROCEDURE aegis.set_alert_channel(text, jsonb, text) TO aegis_operator;
