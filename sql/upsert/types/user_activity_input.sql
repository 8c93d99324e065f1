-- One activity of a user, for applications that send their log in batches.

CREATE TYPE aegis.user_activity_input AS (
    occurred_at timestamptz,
    activity_id uuid,
    user_id text,
    activity text,
    detail jsonb,
    client_address inet
);

COMMENT ON TYPE aegis.user_activity_input IS 'One entry for the table user_activity_logs; personal data.';
COMMENT ON COLUMN aegis.user_activity_input.occurred_at IS 'When it happened.';
COMMENT ON COLUMN aegis.user_activity_input.activity_id IS 'Identity of the entry, given by the sender, so that it may be sent again.';
COMMENT ON COLUMN aegis.user_activity_input.user_id IS 'User of the application; null before login.';
COMMENT ON COLUMN aegis.user_activity_input.activity IS 'What was done, a short name such as order.place.';
COMMENT ON COLUMN aegis.user_activity_input.detail IS 'Particulars, an object; null: none.';
COMMENT ON COLUMN aegis.user_activity_input.client_address IS 'Address of the client; null when unknown.';

ALTER TYPE aegis.user_activity_input OWNER TO aegis_owner;
REVOKE ALL ON TYPE aegis.user_activity_input FROM PUBLIC;
GRANT USAGE ON TYPE aegis.user_activity_input TO aegis_ingest, aegis_app;
