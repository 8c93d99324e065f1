-- _baseline_alone: aegis._baseline planned for itself, at its first call: for queries that need it for few rows or none and
-- should not pay for planning all partitions of its look-back.

CREATE OR REPLACE FUNCTION aegis._baseline_alone(
    p_code text,
    p_basis text,
    p_date date,
    p_lookback integer
)
RETURNS TABLE (
    previous_date date,
    previous_open numeric,
    previous_high numeric,
    previous_low numeric,
    previous_close numeric,
    previous_volume bigint,
    previous_shares bigint,
    observations integer,
    mean_volume double precision,
    sd_volume double precision,
    volume_quartiles double precision [],
    minimum_volume double precision,
    return_observations integer,
    mean_return double precision,
    sd_return double precision,
    return_quartiles double precision [],
    market text,
    listing_state text,
    is_first_day boolean,
    offer_price numeric,
    leverage numeric,
    is_liquidation boolean,
    is_halted boolean,
    actions text [],
    action_factor double precision,
    previous_session date
)
LANGUAGE sql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT k.* FROM aegis._baseline(p_code, p_basis, p_date, p_lookback) AS k
$function$;

COMMENT ON FUNCTION aegis._baseline_alone(text, text, date, integer) IS -- noqa: LT01
'What aegis._baseline says, planned for itself.';

ALTER FUNCTION aegis._baseline_alone(text, text, date, integer) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._baseline_alone(text, text, date, integer) FROM PUBLIC;
