-- _has_taken_token: take one token from a bucket, refilling it first; false when it is empty. A clock set back refills nothing.

CREATE OR REPLACE FUNCTION aegis._has_taken_token(p_bucket text, p_rate_per_minute numeric, p_burst integer)
RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_bucket aegis.alert_buckets;
    v_now CONSTANT timestamptz := clock_timestamp();
    v_tokens numeric;
BEGIN
    INSERT INTO aegis.alert_buckets (bucket, tokens, refilled_at)
    VALUES (p_bucket, p_burst, v_now)
    ON CONFLICT (bucket) DO NOTHING;

    SELECT b.* INTO v_bucket FROM aegis.alert_buckets AS b WHERE b.bucket = p_bucket FOR UPDATE;

    v_tokens := least(
        p_burst,
        v_bucket.tokens + greatest(0, extract(EPOCH FROM v_now - v_bucket.refilled_at)) * p_rate_per_minute / 60
    );

    UPDATE aegis.alert_buckets AS b
       SET tokens = CASE WHEN v_tokens >= 1 THEN v_tokens - 1 ELSE v_tokens END,
           refilled_at = v_now
     WHERE b.bucket = p_bucket;

    RETURN v_tokens >= 1;
END;
$function$;

COMMENT ON FUNCTION aegis._has_taken_token(text, numeric, integer) IS -- noqa: LT01
'Takes one token from a bucket, refilled by the minute up to the burst; false when there is none.';

ALTER FUNCTION aegis._has_taken_token(text, numeric, integer) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._has_taken_token(text, numeric, integer) FROM PUBLIC;
