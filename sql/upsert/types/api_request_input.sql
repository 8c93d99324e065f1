-- One request, for applications that send their log in batches.

CREATE TYPE aegis.api_request_input AS (
    occurred_at timestamptz,
    request_id uuid,
    user_id text,
    method text,
    path text,
    status integer,
    duration interval,
    detail jsonb,
    client_address inet
);

COMMENT ON TYPE aegis.api_request_input IS 'One entry for the table api_request_logs; may hold personal data.';
COMMENT ON COLUMN aegis.api_request_input.occurred_at IS 'When it happened.';
COMMENT ON COLUMN aegis.api_request_input.request_id IS 'Identity of the request, given by the sender, so that it may be sent again.';
COMMENT ON COLUMN aegis.api_request_input.user_id IS 'User of the application; null when there is none.';
COMMENT ON COLUMN aegis.api_request_input.method IS 'Method: GET, POST or another name of the protocol.';
COMMENT ON COLUMN aegis.api_request_input.path IS 'Path or topic, without secrets.';
COMMENT ON COLUMN aegis.api_request_input.status IS 'Status of the answer; null when there was none.';
COMMENT ON COLUMN aegis.api_request_input.duration IS 'Time until the answer; null when there was none.';
COMMENT ON COLUMN aegis.api_request_input.detail IS 'Particulars, an object; null: none.';
COMMENT ON COLUMN aegis.api_request_input.client_address IS 'Address of the client; null when unknown.';

ALTER TYPE aegis.api_request_input OWNER TO aegis_owner;
REVOKE ALL ON TYPE aegis.api_request_input FROM PUBLIC;
GRANT USAGE ON TYPE aegis.api_request_input TO aegis_ingest, aegis_app;
