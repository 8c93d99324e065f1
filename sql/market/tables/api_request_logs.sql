-- Requests that the applications served or sent. Months are months of KST.

CREATE TABLE aegis.api_request_logs (
    occurred_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    request_id uuid NOT NULL DEFAULT gen_random_uuid(),
    user_id text COLLATE "C",
    method text NOT NULL,
    path text NOT NULL,
    status integer,
    duration interval,
    detail jsonb NOT NULL DEFAULT '{}',
    client_address inet,

    CONSTRAINT api_request_logs_pk PRIMARY KEY (occurred_at, request_id),
    CONSTRAINT api_request_logs_occurred_at_ck CHECK (isfinite(occurred_at)),
    CONSTRAINT api_request_logs_method_ck CHECK (btrim(method) <> ''),
    CONSTRAINT api_request_logs_duration_ck CHECK (duration >= INTERVAL '0'),
    CONSTRAINT api_request_logs_detail_ck CHECK (jsonb_typeof(detail) = 'object')
)
PARTITION BY RANGE (occurred_at);

CREATE TABLE aegis.api_request_logs_default PARTITION OF aegis.api_request_logs DEFAULT;

CREATE INDEX api_request_logs_occurred_at_ix ON aegis.api_request_logs
USING brin (occurred_at) WITH (pages_per_range = 8);

CREATE INDEX api_request_logs_user_id_ix ON aegis.api_request_logs (user_id, occurred_at);

COMMENT ON TABLE aegis.api_request_logs IS
'Requests of and to the applications, appended by them; may hold personal data.';
COMMENT ON COLUMN aegis.api_request_logs.occurred_at IS
'When it happened; decides the partition, by the month of KST.';
COMMENT ON COLUMN aegis.api_request_logs.request_id IS 'Identity of the request.';
COMMENT ON COLUMN aegis.api_request_logs.user_id IS
'User of the application; null when there is none.';
COMMENT ON COLUMN aegis.api_request_logs.method IS
'Method: GET, POST or another name of the protocol.';
COMMENT ON COLUMN aegis.api_request_logs.path IS 'Path or topic, without secrets.';
COMMENT ON COLUMN aegis.api_request_logs.status IS
'Status of the answer; null when there was none.';
COMMENT ON COLUMN aegis.api_request_logs.duration IS
'Time until the answer; null when there was none.';
COMMENT ON COLUMN aegis.api_request_logs.detail IS 'Particulars as the application gives them.';
COMMENT ON COLUMN aegis.api_request_logs.client_address IS
'Address of the client; null when unknown.';
COMMENT ON TABLE aegis.api_request_logs_default IS
'Rows of dates that have no partition yet; aegis.maintain_partitions moves them.';

ALTER TABLE aegis.api_request_logs OWNER TO aegis_owner;
ALTER TABLE aegis.api_request_logs_default OWNER TO aegis_owner;
-- Applications append single rows on every request, so they INSERT themselves; nobody changes them.
-- The rows are personal data: not every reader sees them.
GRANT INSERT ON aegis.api_request_logs TO aegis_app;
GRANT SELECT ON aegis.api_request_logs TO aegis_auditor, aegis_privacy_officer;
