-- Every SQLSTATE that AEGIS raises. A code is never reused or renumbered.

CREATE TABLE aegis.error_codes (
    sqlstate text COLLATE "C" NOT NULL,
    meaning text NOT NULL,
    remedy text NOT NULL,
    meaning_ko text NOT NULL,

    CONSTRAINT error_codes_pk PRIMARY KEY (sqlstate),
    CONSTRAINT error_codes_sqlstate_ck CHECK (sqlstate ~ '^AE[PUTVRLMKZ][0-9]{2}$')
);

COMMENT ON TABLE aegis.error_codes IS
'Every SQLSTATE that AEGIS raises: AE, pillar letter (P preservation, U upsert, T truth, V validation, '
'R recovery, L roles, M partitions, K catalog, Z internal fault) and two digits.';
COMMENT ON COLUMN aegis.error_codes.sqlstate IS 'Five characters, as drivers report them.';
COMMENT ON COLUMN aegis.error_codes.meaning IS 'What happened, in English, without the particulars.';
COMMENT ON COLUMN aegis.error_codes.remedy IS 'The next step for whoever meets it, in English.';
COMMENT ON COLUMN aegis.error_codes.meaning_ko IS 'What happened, in Korean.';

ALTER TABLE aegis.error_codes OWNER TO aegis_owner;
GRANT SELECT ON aegis.error_codes TO aegis_reader;
