-- How each table of AEGIS is cut. A row here is what makes a partitioned table grow by itself.

CREATE TABLE aegis.partition_policies (
    table_name text COLLATE "C" NOT NULL,
    granularity text NOT NULL,
    key_column text COLLATE "C" NOT NULL,
    key_type text NOT NULL,
    open_parameters text [] NOT NULL DEFAULT '{fillfactor=100}',
    closed_parameters text [] NOT NULL DEFAULT '{fillfactor=100}',
    description text NOT NULL,

    CONSTRAINT partition_policies_pk PRIMARY KEY (table_name),
    CONSTRAINT partition_policies_granularity_ck CHECK (granularity IN ('month', 'day')),
    CONSTRAINT partition_policies_key_type_ck CHECK (key_type IN ('date', 'timestamptz')),
    CONSTRAINT partition_policies_open_parameters_ck
    CHECK (array_to_string(open_parameters, ' ') ~ '^([a-z_]+=[0-9.]+( |$))+$'),
    CONSTRAINT partition_policies_closed_parameters_ck
    CHECK (array_to_string(closed_parameters, ' ') ~ '^([a-z_]+=[0-9.]+( |$))+$')
);

COMMENT ON TABLE aegis.partition_policies IS
'How each partitioned table of schema aegis is cut; aegis.maintain_partitions follows it.';
COMMENT ON COLUMN aegis.partition_policies.table_name IS 'Partitioned table of schema aegis.';
COMMENT ON COLUMN aegis.partition_policies.granularity IS
'month or day, of the calendar of the venue (KST).';
COMMENT ON COLUMN aegis.partition_policies.key_column IS 'Column that decides the partition.';
COMMENT ON COLUMN aegis.partition_policies.key_type IS
'date (KST), or timestamptz, whose bounds are midnights of KST.';
COMMENT ON COLUMN aegis.partition_policies.open_parameters IS
'Storage parameters, name=value, of partitions that are still written; a fillfactor below 100 lets updates stay on their page (HOT).';
COMMENT ON COLUMN aegis.partition_policies.closed_parameters IS
'Storage parameters, name=value, of partitions whose period is over: only corrections come.';
COMMENT ON COLUMN aegis.partition_policies.description IS 'Why it is cut this way.';

ALTER TABLE aegis.partition_policies OWNER TO aegis_owner;
GRANT SELECT ON aegis.partition_policies TO aegis_reader;
