-- advance_stream: note, in the transaction that applies them, that messages of a stream are applied.
--
-- Call     SELECT aegis.advance_stream('aegis', 'prices', 0, p_epoch => 7, p_from => 4000, p_to => 4500, p_end => 9000);
-- Role     aegis_ingest, aegis_app
-- Locks    the partition's row in aegis.stream_offsets, until the caller's transaction ends
-- Raises   AEU60  another process has claimed the partition since
--          AEU61  the messages do not follow those applied last
--          AEU62  the range is none
-- Repeat   returns 0 when the messages are applied already: do not apply them again

CREATE OR REPLACE FUNCTION aegis.advance_stream(
    p_consumer text,
    p_topic text,
    p_partition_number integer,
    p_epoch bigint,
    p_from bigint,
    p_to bigint,
    p_end bigint DEFAULT NULL
)
RETURNS bigint
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_known aegis.stream_offsets;
BEGIN
    IF p_from IS NULL OR p_to IS NULL OR p_from < 0 OR p_to < p_from THEN
        RAISE EXCEPTION 'messages % to % are no range', coalesce(p_from::text, 'null'), coalesce(p_to::text, 'null')
            USING ERRCODE = 'AEU62', SCHEMA = 'aegis', TABLE = 'stream_offsets',
                  HINT = 'p_from is the first offset, p_to the one after the last.';
    END IF;

    SELECT o.*
      INTO v_known
      FROM aegis.stream_offsets AS o
     WHERE o.consumer = p_consumer
       AND o.topic = p_topic
       AND o.partition_number = p_partition_number
       FOR UPDATE;

    IF v_known.epoch IS DISTINCT FROM p_epoch THEN
        RAISE EXCEPTION 'partition % of % is not claimed by this process', p_partition_number, p_topic
            USING ERRCODE = 'AEU60', SCHEMA = 'aegis', TABLE = 'stream_offsets',
                  DETAIL = format('The claim has epoch %s, the last one has %s.', p_epoch, v_known.epoch),
                  HINT = 'Another process reads it now; drop these messages, or claim the partition again.';
    ELSIF p_to > p_from AND v_known.next_offset >= p_to THEN
        RETURN 0;
    ELSIF v_known.next_offset <> p_from THEN
        RAISE EXCEPTION 'messages from % on do not follow those applied last', p_from
            USING ERRCODE = 'AEU61', SCHEMA = 'aegis', TABLE = 'stream_offsets',
                  DETAIL = format('The next message of partition %s of %s is %s.', p_partition_number, p_topic,
                                  v_known.next_offset),
                  HINT = 'Claim the partition again and read on from the offset that returns.';
    END IF;

    UPDATE aegis.stream_offsets AS o
       SET next_offset = p_to,
           end_offset = coalesce(p_end, o.end_offset),
           advanced_at = CASE WHEN p_to > p_from THEN clock_timestamp() ELSE o.advanced_at END
     WHERE o.consumer = p_consumer
       AND o.topic = p_topic
       AND o.partition_number = p_partition_number;
    RETURN p_to - p_from;
END;
$function$;

COMMENT ON FUNCTION aegis.advance_stream(text, text, integer, bigint, bigint, bigint, bigint) IS -- noqa: LT01
'Notes that the messages from p_from up to, not including, p_to are applied and returns their number, 0 when they were already; raises AEU60 to AEU62.';

ALTER FUNCTION aegis.advance_stream(text, text, integer, bigint, bigint, bigint, bigint) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis.advance_stream(text, text, integer, bigint, bigint, bigint, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis.advance_stream(text, text, integer, bigint, bigint, bigint, bigint) TO aegis_ingest, aegis_app;
