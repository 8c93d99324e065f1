-- is_sampled: whether a code of a batch is judged by all rules although the batch was spared some.
--
-- Call     SELECT aegis.is_sampled('005930', 4711);
-- Role     aegis_reader
-- Locks    none
-- Raises   nothing
-- Repeat   the same answer always: the sample follows from code and batch, and differs from batch to batch

CREATE OR REPLACE FUNCTION aegis.is_sampled(p_stock_code text, p_batch_number bigint)
RETURNS boolean
LANGUAGE sql
STABLE
STRICT
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT coalesce(
               (SELECT (hashtextextended(p_stock_code, p_batch_number) & 1048575) < d.sampling_rate * 1048576
                  FROM aegis.deferred_checks AS d
                 WHERE d.batch_number = p_batch_number
                 LIMIT 1),
               TRUE
           )
$function$;

COMMENT ON FUNCTION aegis.is_sampled(text, bigint) IS -- noqa: LT01
'Whether a code of a batch is in the sample that all rules judge; true for a batch that was spared nothing.';

ALTER FUNCTION aegis.is_sampled(text, bigint) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis.is_sampled(text, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis.is_sampled(text, bigint) TO aegis_reader;
