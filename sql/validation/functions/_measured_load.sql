-- _measured_load: how loaded this database is now. Asks nothing that needs rights: sessions in a transaction and
-- sessions that wait for a lock are seen in pg_locks, the time of the latest batches in ingest_batches.

CREATE OR REPLACE FUNCTION aegis._measured_load()
RETURNS jsonb
LANGUAGE sql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
               'backends', (
                   SELECT count(DISTINCT l.pid)
                     FROM pg_locks AS l
                     JOIN pg_stat_activity AS a ON a.pid = l.pid AND a.datname = current_database()
                    WHERE l.locktype = 'virtualxid' AND l.granted AND l.pid <> pg_backend_pid()
               ),
               'waiting', (
                   SELECT count(DISTINCT l.pid)
                     FROM pg_locks AS l
                     JOIN pg_stat_activity AS a ON a.pid = l.pid AND a.datname = current_database()
                    WHERE NOT l.granted
               ),
               'batch_seconds', coalesce((
                   SELECT round(avg(extract(EPOCH FROM b.duration)), 3)
                     FROM (
                       SELECT i.duration, i.applied_at FROM aegis.ingest_batches AS i ORDER BY i.batch_number DESC LIMIT 50
                     ) AS b
                    WHERE b.applied_at > clock_timestamp() - INTERVAL '1 minute'
               ), 0)
           )
$function$;

COMMENT ON FUNCTION aegis._measured_load() IS
'Sessions in a transaction, sessions that wait for a lock, mean seconds of the latest batches.';

ALTER FUNCTION aegis._measured_load() OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._measured_load() FROM PUBLIC;
