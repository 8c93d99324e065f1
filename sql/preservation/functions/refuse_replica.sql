-- Row trigger function, ENABLE REPLICA: asleep in normal sessions. Logical apply fires no statement
-- trigger, so it would write past history and digests; a session with session_replication_role =
-- replica writes past what is not ALWAYS.
--
-- Raises   AEP25  a replica writes into a protected table

CREATE OR REPLACE FUNCTION aegis_guard.refuse_replica()
RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM aegis_guard.record_attempt(TG_RELID, TG_OP || ' as replica', 'AEP25');
    RAISE EXCEPTION 'writing to % as a replica is refused', TG_RELID::regclass
        USING ERRCODE = 'AEP25', SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME,
              DETAIL = 'Replication writes past the history of the table.',
              HINT = 'Let the subscription write into a staging table, and ingest from there.';
END;
$function$;

COMMENT ON FUNCTION aegis_guard.refuse_replica() IS
'Refuses what logical replication or a session in replica mode writes into a protected table; raises AEP25.';

ALTER FUNCTION aegis_guard.refuse_replica() OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis_guard.refuse_replica() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis_guard.refuse_replica() TO aegis_owner, aegis_operator;
