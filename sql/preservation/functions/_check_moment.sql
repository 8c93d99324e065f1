-- Whether this is a moment to take something away. Under a snapshot older than its locks a
-- routine would not see a hold that was placed while it waited; with a clock that was set back,
-- terms cannot be judged.
--
-- Raises   AEP53  the clock is behind the newest act of the ledger
--          AEP66  the transaction is not READ COMMITTED

CREATE OR REPLACE FUNCTION aegis_guard._check_moment()
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_newest timestamptz := (SELECT l.acted_at FROM aegis.ledger AS l ORDER BY l.ledger_id DESC LIMIT 1);
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'nothing is removed at isolation level %', current_setting('transaction_isolation')
            USING ERRCODE = 'AEP66',
                  DETAIL = 'A hold placed since the snapshot was taken would not be seen.',
                  HINT = 'Call it in a transaction that is READ COMMITTED.';
    ELSIF clock_timestamp() < v_newest - aegis.configuration('aegis.retention_clock_tolerance')::interval THEN
        RAISE EXCEPTION 'the clock is behind the ledger'
            USING ERRCODE = 'AEP53', SCHEMA = 'aegis', TABLE = 'ledger',
                  DETAIL = format('The newest act is of %s; now is %s.', v_newest, clock_timestamp()),
                  HINT = 'Set the clock of the server right.';
    END IF;
END;
$function$;

COMMENT ON FUNCTION aegis_guard._check_moment() IS -- noqa: LT01
'Refuses to judge terms and holds with a clock set back or an old snapshot; raises AEP53 or AEP66.';

ALTER FUNCTION aegis_guard._check_moment() OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis_guard._check_moment() FROM PUBLIC;
