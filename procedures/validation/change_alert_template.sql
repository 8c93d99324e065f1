-- change_alert_template: give a kind of alert another text in one language.
--
-- Call     CALL aegis.change_alert_template('test', 'en', 'Test', 'Sent by {actor}.', 'shorter');
-- Role     aegis_operator
-- Locks    the template's row, until the caller's transaction ends
-- Raises   AEV60  the text lacks a placeholder of its kind, has another one, or the title is no line
--          AEV61  there is no such kind of alert
--          AEV62  the language is neither en nor ko
--          AEV63  the reason is blank
-- Repeat   idempotent: a text in force already changes nothing

CREATE OR REPLACE PROCEDURE aegis.change_alert_template(
    p_alert_kind text,
    p_language text,
    p_title text,
    p_body text,
    p_reason text
)
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $procedure$
DECLARE
    v_template aegis.alert_templates;
    v_used text [];
BEGIN
    IF coalesce(btrim(p_reason), '') = '' THEN
        RAISE EXCEPTION 'a change of alert % needs a reason', p_alert_kind
            USING ERRCODE = 'AEV63',
                  HINT = 'Pass a non-blank p_reason.';
    ELSIF p_language IS NULL OR p_language NOT IN ('en', 'ko') THEN
        RAISE EXCEPTION 'alerts have no language %', coalesce(quote_literal(p_language), 'null')
            USING ERRCODE = 'AEV62',
                  HINT = 'Pass en or ko.';
    END IF;

    SELECT t.* INTO v_template FROM aegis.alert_templates AS t WHERE t.alert_kind = p_alert_kind FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no kind of alert %', coalesce(quote_literal(p_alert_kind), 'null')
            USING ERRCODE = 'AEV61', SCHEMA = 'aegis', TABLE = 'alert_templates',
                  HINT = 'aegis.alert_templates lists the kinds.';
    END IF;

    v_used := aegis._placeholders(coalesce(p_title, '') || coalesce(p_body, ''));
    IF v_used <> v_template.placeholders OR coalesce(btrim(p_title), '') = '' OR p_title ~ '[[:cntrl:]]'
        OR p_body IS NULL
    THEN
        RAISE EXCEPTION 'this text does not fit alerts of kind %', p_alert_kind
            USING ERRCODE = 'AEV60', SCHEMA = 'aegis', TABLE = 'alert_templates',
                  DETAIL = format(
                      'Missing placeholders: %s; unknown ones: %s.',
                      coalesce(nullif(array_to_string(ARRAY(SELECT unnest(v_template.placeholders)
                                                            EXCEPT SELECT unnest(v_used)), ', '), ''), 'none'),
                      coalesce(nullif(array_to_string(ARRAY(SELECT unnest(v_used)
                                                            EXCEPT SELECT unnest(v_template.placeholders)), ', '), ''),
                               'none')),
                  HINT = format('Use each of these in braces, and a title of one line: %s.',
                                array_to_string(v_template.placeholders, ', '));
    END IF;

    UPDATE aegis.alert_templates AS t
       SET title_en = CASE p_language WHEN 'en' THEN p_title ELSE t.title_en END,
           body_en = CASE p_language WHEN 'en' THEN p_body ELSE t.body_en END,
           title_ko = CASE p_language WHEN 'ko' THEN p_title ELSE t.title_ko END,
           body_ko = CASE p_language WHEN 'ko' THEN p_body ELSE t.body_ko END,
           change_reason = p_reason,
           data_version = t.data_version + 1,
           last_updated = clock_timestamp(),
           updated_by = SESSION_USER
     WHERE t.alert_kind = p_alert_kind
       AND (p_title, p_body) IS DISTINCT FROM (
               CASE p_language WHEN 'en' THEN t.title_en ELSE t.title_ko END,
               CASE p_language WHEN 'en' THEN t.body_en ELSE t.body_ko END
           );

    IF FOUND THEN
        PERFORM aegis_guard._record_act('alert_change', format('template %s', p_alert_kind), NULL, NULL,
                                    (SELECT aegis._version_change(to_jsonb(v_template), to_jsonb(t))
                                       FROM aegis.alert_templates AS t WHERE t.alert_kind = p_alert_kind)
                                    || jsonb_build_object('language', p_language, 'reason', p_reason));
    END IF;
END;
$procedure$;

COMMENT ON PROCEDURE aegis.change_alert_template(text, text, text, text, text) IS -- noqa: LT01
'Gives a kind of alert another text in one language and keeps the former; raises AEV60 to AEV63.';

ALTER PROCEDURE aegis.change_alert_template(text, text, text, text, text) OWNER TO aegis_owner;
REVOKE ALL ON PROCEDURE aegis.change_alert_template(text, text, text, text, text) FROM PUBLIC;
GRANT EXECUTE ON PROCEDURE aegis.change_alert_template(text, text, text, text, text) TO aegis_operator;
