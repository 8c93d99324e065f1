-- stock_status: whether a code may be traded on: what its circuit breaker and that of its market say. A breaker whose
-- cooldown has ended is half open: its rows are on trial, and not yet to be trusted.

CREATE OR REPLACE VIEW aegis.stock_status AS
SELECT
    k.stock_code,
    k.stock_name,
    k.market,
    coalesce(t.scope IS NOT NULL, FALSE) AS is_suspended,
    coalesce(t.state, 'closed') AS breaker_state,
    t.scope AS breaker_scope,
    t.reason,
    t.opened_at AS suspended_at,
    t.probing_from
FROM aegis.stocks AS k
LEFT JOIN LATERAL (
    SELECT
        b.scope,
        CASE WHEN b.probing_from <= clock_timestamp() THEN 'half_open' ELSE b.state END AS state,
        b.reason,
        b.opened_at,
        b.probing_from
    FROM aegis.circuit_breakers AS b
    WHERE b.state <> 'closed'
        AND (b.scope, b.subject) IN (('code', k.stock_code), ('market', k.market))
    ORDER BY b.probing_from DESC, b.scope
    LIMIT 1
) AS t ON TRUE;

COMMENT ON VIEW aegis.stock_status IS
'Each code with the state of its circuit breaker, or of that of its market: whoever trades looks here.';
COMMENT ON COLUMN aegis.stock_status.stock_code IS 'KRX short code.';
COMMENT ON COLUMN aegis.stock_status.stock_name IS 'Korean name, when known.';
COMMENT ON COLUMN aegis.stock_status.market IS 'Its market, when known.';
COMMENT ON COLUMN aegis.stock_status.is_suspended IS 'Whether its prices are not to be acted upon now.';
COMMENT ON COLUMN aegis.stock_status.breaker_state IS 'closed, open or half_open, the worse of code and market.';
COMMENT ON COLUMN aegis.stock_status.breaker_scope IS 'Whose breaker it is: code or market; null while closed.';
COMMENT ON COLUMN aegis.stock_status.reason IS 'Why it tripped; null while closed.';
COMMENT ON COLUMN aegis.stock_status.suspended_at IS 'Since when; null while closed.';
COMMENT ON COLUMN aegis.stock_status.probing_from IS 'From when on batches may try; infinity: not before a reset; null while closed.';

ALTER VIEW aegis.stock_status OWNER TO aegis_owner;
GRANT SELECT ON aegis.stock_status TO aegis_reader;
