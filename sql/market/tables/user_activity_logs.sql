-- What people did in the applications. Months are months of KST.

CREATE TABLE aegis.user_activity_logs (
    occurred_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    activity_id uuid NOT NULL DEFAULT gen_random_uuid(),
    user_id text COLLATE "C",
    activity text NOT NULL,
    detail jsonb NOT NULL DEFAULT '{}',
    client_address inet,

    CONSTRAINT user_activity_logs_pk PRIMARY KEY (occurred_at, activity_id),
    CONSTRAINT user_activity_logs_occurred_at_ck CHECK (isfinite(occurred_at)),
    CONSTRAINT user_activity_logs_activity_ck CHECK (btrim(activity) <> ''),
    CONSTRAINT user_activity_logs_detail_ck CHECK (jsonb_typeof(detail) = 'object')
)
PARTITION BY RANGE (occurred_at);

CREATE TABLE aegis.user_activity_logs_default PARTITION OF aegis.user_activity_logs DEFAULT;

CREATE INDEX user_activity_logs_occurred_at_ix ON aegis.user_activity_logs
USING brin (occurred_at) WITH (pages_per_range = 8);

CREATE INDEX user_activity_logs_user_id_ix ON aegis.user_activity_logs (user_id, occurred_at);

COMMENT ON TABLE aegis.user_activity_logs IS
'Activities of users in the applications, appended by them; personal data.';
COMMENT ON COLUMN aegis.user_activity_logs.occurred_at IS
'When it happened; decides the partition, by the month of KST.';
COMMENT ON COLUMN aegis.user_activity_logs.activity_id IS 'Identity of the entry.';
COMMENT ON COLUMN aegis.user_activity_logs.user_id IS 'User of the application; null before login.';
COMMENT ON COLUMN aegis.user_activity_logs.activity IS
'What was done, a short name such as order.place.';
COMMENT ON COLUMN aegis.user_activity_logs.detail IS 'Particulars as the application gives them.';
COMMENT ON COLUMN aegis.user_activity_logs.client_address IS
'Address of the client; null when unknown.';
COMMENT ON TABLE aegis.user_activity_logs_default IS
'Rows of dates that have no partition yet; aegis.maintain_partitions moves them.';

ALTER TABLE aegis.user_activity_logs OWNER TO aegis_owner;
ALTER TABLE aegis.user_activity_logs_default OWNER TO aegis_owner;
-- Applications append single rows on every request, so they INSERT themselves; nobody changes them.
-- The rows are personal data: not every reader sees them.
GRANT INSERT ON aegis.user_activity_logs TO aegis_app;
GRANT SELECT ON aegis.user_activity_logs TO aegis_auditor, aegis_privacy_officer;
