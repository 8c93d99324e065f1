-- The secret of this database with which subjects are hashed. One row, made at installation and
-- carried by its backups, so that an erasure can be repeated after a restore. The two blocks are
-- the key as HMAC-SHA256 uses it.

CREATE TABLE aegis_guard.subject_keys (
    key_id integer NOT NULL DEFAULT 1,
    inner_block bytea NOT NULL,
    outer_block bytea NOT NULL,
    made_at timestamptz NOT NULL DEFAULT clock_timestamp(),

    CONSTRAINT subject_keys_pk PRIMARY KEY (key_id),
    CONSTRAINT subject_keys_key_id_ck CHECK (key_id = 1),
    CONSTRAINT subject_keys_inner_block_ck CHECK (octet_length(inner_block) = 64),
    CONSTRAINT subject_keys_outer_block_ck CHECK (octet_length(outer_block) = 64)
);

COMMENT ON TABLE aegis_guard.subject_keys IS
'Secret key of the hashes and pseudonyms of subjects; readable by nobody; append-only.';
COMMENT ON COLUMN aegis_guard.subject_keys.key_id IS 'Always 1.';
COMMENT ON COLUMN aegis_guard.subject_keys.inner_block IS 'The key, each byte XOR 0x36.';
COMMENT ON COLUMN aegis_guard.subject_keys.outer_block IS 'The key, each byte XOR 0x5c.';
COMMENT ON COLUMN aegis_guard.subject_keys.made_at IS 'When it was made.';

ALTER TABLE aegis_guard.subject_keys OWNER TO aegis_guard;
