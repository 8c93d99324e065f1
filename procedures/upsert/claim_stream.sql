-- claim_stream: become the one process that may advance a partition of a stream.
--
-- Call     SELECT * FROM aegis.claim_stream('aegis', 'prices', 0);
-- Role     aegis_ingest, aegis_app
-- Locks    the partition's row in aegis.stream_offsets: waits for who is applying messages of it
-- Raises   AEU62  consumer, topic or partition is missing
-- Repeat   every call is a new claim; the process that claimed before is refused from then on (AEU60)

CREATE OR REPLACE FUNCTION aegis.claim_stream(
    p_consumer text,
    p_topic text,
    p_partition_number integer,
    OUT epoch bigint,
    OUT next_offset bigint
)
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_column
BEGIN
    IF coalesce(p_consumer, '') = '' OR coalesce(p_topic, '') = '' OR coalesce(p_partition_number, -1) < 0 THEN
        RAISE EXCEPTION 'a claim names consumer, topic and partition'
            USING ERRCODE = 'AEU62', SCHEMA = 'aegis', TABLE = 'stream_offsets',
                  HINT = 'Pass non-blank names and a partition from 0.';
    END IF;

    INSERT INTO aegis.stream_offsets AS o (consumer, topic, partition_number)
    VALUES (p_consumer, p_topic, p_partition_number)
    ON CONFLICT (consumer, topic, partition_number) DO UPDATE
       SET epoch = o.epoch + 1,
           claimed_at = clock_timestamp(),
           claimed_by = SESSION_USER
    RETURNING o.epoch, o.next_offset
      INTO claim_stream.epoch, claim_stream.next_offset;
END;
$function$;

COMMENT ON FUNCTION aegis.claim_stream(text, text, integer) IS -- noqa: LT01
'Claims a partition of a stream for the caller and returns the claim''s epoch and the first offset that is not applied, null for none; raises AEU62.';

ALTER FUNCTION aegis.claim_stream(text, text, integer) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis.claim_stream(text, text, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis.claim_stream(text, text, integer) TO aegis_ingest, aegis_app;
