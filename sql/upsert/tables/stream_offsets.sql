-- How far each consumer of a message stream has come, advanced in the transaction that applies the
-- messages: so each message is applied exactly once, whatever the broker remembers.

CREATE TABLE aegis.stream_offsets (
    consumer text COLLATE "C" NOT NULL,
    topic text COLLATE "C" NOT NULL,
    partition_number integer NOT NULL,
    epoch bigint NOT NULL DEFAULT 1,
    next_offset bigint,
    end_offset bigint,
    claimed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    claimed_by text NOT NULL DEFAULT SESSION_USER,
    advanced_at timestamptz,

    CONSTRAINT stream_offsets_pk PRIMARY KEY (consumer, topic, partition_number),
    CONSTRAINT stream_offsets_partition_number_ck CHECK (partition_number >= 0),
    CONSTRAINT stream_offsets_next_offset_ck CHECK (next_offset >= 0)
);

COMMENT ON TABLE aegis.stream_offsets IS
'How far each consumer of a message stream has come; written in the transaction that applies the messages.';
COMMENT ON COLUMN aegis.stream_offsets.consumer IS 'Name of the consumer, as Kafka has it: the consumer group.';
COMMENT ON COLUMN aegis.stream_offsets.topic IS 'Topic of the stream.';
COMMENT ON COLUMN aegis.stream_offsets.partition_number IS 'Partition of the topic, from 0.';
COMMENT ON COLUMN aegis.stream_offsets.epoch IS
'Counts the claims: only the process that claimed last can advance, an earlier one is refused.';
COMMENT ON COLUMN aegis.stream_offsets.next_offset IS
'Offset of the first message that is not applied yet; null before the first one is.';
COMMENT ON COLUMN aegis.stream_offsets.end_offset IS 'End of the partition when the consumer last looked; null when unknown.';
COMMENT ON COLUMN aegis.stream_offsets.claimed_at IS 'When the partition was claimed last.';
COMMENT ON COLUMN aegis.stream_offsets.claimed_by IS 'Login role that claimed it last.';
COMMENT ON COLUMN aegis.stream_offsets.advanced_at IS 'When messages were applied last; null: never.';

ALTER TABLE aegis.stream_offsets OWNER TO aegis_owner;
GRANT SELECT ON aegis.stream_offsets TO aegis_reader;
