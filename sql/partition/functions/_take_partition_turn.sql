-- _take_partition_turn: until the transaction ends no other session makes partitions of the table; the next one finds what
-- this one made. Waiting for the turn stands in nobody's way, so it may take as long as making many partitions does; from
-- then on the caller waits for locks others feel no longer than aegis.partition_lock_timeout. The caller has lock_timeout
-- among its own settings, so that its end takes the change back.

CREATE OR REPLACE FUNCTION aegis._take_partition_turn(p_table regclass)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_patience CONSTANT interval := aegis.configuration('aegis.partition_lock_timeout')::interval;
BEGIN
    PERFORM set_config('lock_timeout', '60s', true);
    PERFORM pg_advisory_xact_lock(hashtextextended('aegis.ensure_partitions', p_table::oid::bigint));
    PERFORM set_config('lock_timeout', (extract(EPOCH FROM v_patience) * 1000)::bigint::text, true);
END;
$function$;

COMMENT ON FUNCTION aegis._take_partition_turn(regclass) IS
'Waits until this session alone may make partitions of a table, and sets the patience for what follows.';

ALTER FUNCTION aegis._take_partition_turn(regclass) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._take_partition_turn(regclass) FROM PUBLIC;
