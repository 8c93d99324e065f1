-- _introduce_codes: a row in the master for each code that came before its master row did.

CREATE OR REPLACE FUNCTION aegis._introduce_codes(
    p_stage text,
    p_source text,
    p_source_rank smallint,
    p_batch_number bigint
)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    -- Any master row is later than the epoch.
    EXECUTE format(
        $sql$INSERT INTO aegis.stocks (stock_code, source, source_rank, batch_number, last_updated)
             SELECT DISTINCT w.stock_code, $1, $2, $3, TIMESTAMPTZ 'epoch'
               FROM %s AS w
               LEFT JOIN aegis.stocks AS k ON k.stock_code = w.stock_code
              WHERE w.reason IS NULL AND k.stock_code IS NULL
              ORDER BY 1
             ON CONFLICT (stock_code) DO NOTHING$sql$, p_stage)
      USING p_source, p_source_rank, p_batch_number;
END;
$function$;

COMMENT ON FUNCTION aegis._introduce_codes(text, text, smallint, bigint) IS -- noqa: LT01
'Adds the accepted codes of a stage that aegis.stocks does not know.';

ALTER FUNCTION aegis._introduce_codes(text, text, smallint, bigint) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._introduce_codes(text, text, smallint, bigint) FROM PUBLIC;
