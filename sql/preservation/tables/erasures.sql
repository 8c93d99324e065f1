-- Who was erased, by keyed hash: what has to be erased again after a restore.

CREATE TABLE aegis.erasures (
    subject_hash bytea NOT NULL,
    certificate_id bigint NOT NULL,
    request_reference text NOT NULL,
    erased_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    erased_by text NOT NULL DEFAULT SESSION_USER,

    CONSTRAINT erasures_pk PRIMARY KEY (subject_hash, certificate_id),
    CONSTRAINT erasures_subject_hash_ck CHECK (octet_length(subject_hash) = 32)
);

COMMENT ON TABLE aegis.erasures IS
'Subjects that were erased, by keyed hash, for aegis.reapply_erasures; append-only.';
COMMENT ON COLUMN aegis.erasures.subject_hash IS 'Keyed hash of the subject.';
COMMENT ON COLUMN aegis.erasures.certificate_id IS
'Ledger number of the certificate; of a certificate from outside, the number it has there.';
COMMENT ON COLUMN aegis.erasures.request_reference IS 'Reference of the request.';
COMMENT ON COLUMN aegis.erasures.erased_at IS 'When it was erased, or brought in from outside.';
COMMENT ON COLUMN aegis.erasures.erased_by IS 'Login role that erased it or brought it in.';

ALTER TABLE aegis.erasures OWNER TO aegis_guard;
GRANT SELECT ON aegis.erasures TO aegis_auditor, aegis_privacy_officer;
