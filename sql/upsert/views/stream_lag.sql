-- How far every consumer is behind the end of its stream.

CREATE OR REPLACE VIEW aegis.stream_lag AS
SELECT
    o.consumer,
    o.topic,
    o.partition_number,
    o.next_offset,
    o.end_offset,
    greatest(o.end_offset - coalesce(o.next_offset, 0), 0) AS lag,
    o.epoch,
    o.claimed_by,
    o.advanced_at
FROM aegis.stream_offsets AS o;

COMMENT ON VIEW aegis.stream_lag IS 'How many messages every consumer is behind the end of its stream.';
COMMENT ON COLUMN aegis.stream_lag.consumer IS 'Name of the consumer.';
COMMENT ON COLUMN aegis.stream_lag.topic IS 'Topic of the stream.';
COMMENT ON COLUMN aegis.stream_lag.partition_number IS 'Partition of the topic.';
COMMENT ON COLUMN aegis.stream_lag.next_offset IS 'First message that is not applied; null: none was.';
COMMENT ON COLUMN aegis.stream_lag.end_offset IS 'End of the partition when the consumer last looked.';
COMMENT ON COLUMN aegis.stream_lag.lag IS 'Messages between the two; null when the end is unknown.';
COMMENT ON COLUMN aegis.stream_lag.epoch IS 'How often the partition was claimed.';
COMMENT ON COLUMN aegis.stream_lag.claimed_by IS 'Login role of the consumer.';
COMMENT ON COLUMN aegis.stream_lag.advanced_at IS 'When messages were applied last.';

ALTER VIEW aegis.stream_lag OWNER TO aegis_owner;
GRANT SELECT ON aegis.stream_lag TO aegis_reader;
