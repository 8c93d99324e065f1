-- purge_personal_data: erase one person or account everywhere, with a certificate.
--
-- Call     CALL aegis.purge_personal_data('user-4711', 'DSR-2026-031', 'erasure asked for on 2026-11-20');
-- Role     aegis_privacy_officer
-- Locks    ROW EXCLUSIVE on every table with personal columns: readers and writers go on,
--          archiving waits
-- Raises   AEP52  a legal hold covers the subject or a row of it
--          AEP53  the clock is behind the ledger
--          AEP63  no subject, reference or reason; they name the subject; or nobody is known by it
--          AEP65  foreign code would run
--          AEP66  the transaction is not READ COMMITTED
-- Repeat   not idempotent: who was erased is unknown (AEP63)
--
-- What aegis.personal_columns says is erased, or replaced by a pseudonym where the law wants the row
-- kept: in tables, histories, archived partitions and the vault. p_certificate returns the number
-- of the ledger's act; it knows the subject by its keyed hash only. After a restore,
-- aegis.reapply_erasures does it again.

CREATE OR REPLACE PROCEDURE aegis.purge_personal_data(
    p_subject text,
    p_request_reference text,
    p_reason text,
    INOUT p_certificate bigint DEFAULT NULL
)
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $procedure$
DECLARE
    v_hash bytea := aegis_guard._subject_hash(p_subject);
    v_erased record;
    v_detail text;
BEGIN
    PERFORM aegis_guard._check_moment();

    v_detail := CASE
        WHEN coalesce(btrim(p_subject), '') = '' THEN 'A subject is needed.'
        WHEN coalesce(btrim(p_request_reference), '') = '' THEN 'The reference of the request is needed.'
        WHEN coalesce(btrim(p_reason), '') = '' THEN 'A reason is needed.'
        WHEN position(p_subject IN p_request_reference) > 0 OR position(p_subject IN p_reason) > 0
            THEN 'Reference and reason are kept for ever; they must not name the subject.'
    END;

    IF v_detail IS NULL THEN
        LOCK TABLE aegis.legal_holds IN SHARE MODE;
        v_erased := aegis_guard._erase_subjects(ARRAY[v_hash], ARRAY[p_subject], format('erasure %s', p_request_reference));
        IF v_erased.row_count = 0 THEN
            v_detail := 'No registered column names this subject.';
        END IF;
    END IF;

    IF v_detail IS NOT NULL THEN
        RAISE EXCEPTION 'nothing is erased'
            USING ERRCODE = 'AEP63', SCHEMA = 'aegis', TABLE = 'personal_columns',
                  DETAIL = v_detail,
                  HINT = 'aegis.personal_columns lists where AEGIS looks.';
    END IF;

    p_certificate := aegis_guard._record_act(
        p_kind => 'erasure',
        p_subject => format('erasure %s', p_request_reference),
        p_row_count => v_erased.row_count,
        p_digest => sha256(convert_to(v_erased.relations::text, 'UTF8')),
        p_detail => jsonb_build_object(
            'event', 'purged', 'request_reference', p_request_reference, 'reason', p_reason,
            'subject_hash', encode(v_hash, 'hex'), 'key_id', 1, 'relations', v_erased.relations
        )
    );
    INSERT INTO aegis.erasures (certificate_id, subject_hash, request_reference)
    VALUES (p_certificate, v_hash, p_request_reference);
END;
$procedure$;

COMMENT ON PROCEDURE aegis.purge_personal_data(text, text, text, bigint) IS -- noqa: LT01
'Erases a person or account in tables, histories, archives and vault and returns the certificate; raises AEP52, AEP53, AEP63, AEP65 or AEP66.';

ALTER PROCEDURE aegis.purge_personal_data(text, text, text, bigint) OWNER TO aegis_guard;
REVOKE ALL ON PROCEDURE aegis.purge_personal_data(text, text, text, bigint) FROM PUBLIC;
GRANT EXECUTE ON PROCEDURE aegis.purge_personal_data(text, text, text, bigint) TO aegis_privacy_officer;
