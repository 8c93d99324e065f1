-- reapply_erasures: erase again whoever was erased before; after every restore.
--
-- Call     SELECT aegis.reapply_erasures();
--          SELECT aegis.reapply_erasures('[{"subject_hash": "9f...", "certificate_id": 81, "request_reference": "DSR-7"}]');
-- Role     aegis_privacy_officer, aegis_operator
-- Locks    those of aegis.purge_personal_data; reads all subjects there are
-- Raises   AEP52  a legal hold covers a subject
--          AEP53  the clock is behind the ledger
--          AEP63  the certificates from outside are not readable
--          AEP65  foreign code would run
--          AEP66  the transaction is not READ COMMITTED
-- Repeat   idempotent: returns 0 when nothing came back
--
-- A database restored to a moment before an erasure does not know of it: pass what
-- aegis-db erasure export wrote. Rows merged into a database that knows need nothing.

CREATE OR REPLACE FUNCTION aegis.reapply_erasures(p_certificates jsonb DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_hashes bytea[];
    v_erased record;
BEGIN
    PERFORM aegis_guard._check_moment();

    IF p_certificates IS NOT NULL THEN
        IF jsonb_typeof(p_certificates) <> 'array' OR EXISTS (
            SELECT
              FROM jsonb_array_elements(p_certificates) AS e (certificate)
             WHERE coalesce(e.certificate ->> 'subject_hash', '') !~ '^[0-9a-f]{64}$'
                OR coalesce(e.certificate ->> 'certificate_id', '') !~ '^[0-9]{1,18}$'
                OR coalesce(btrim(e.certificate ->> 'request_reference'), '') = ''
        ) THEN
            RAISE EXCEPTION 'the certificates cannot be read'
                USING ERRCODE = 'AEP63', SCHEMA = 'aegis', TABLE = 'erasures',
                      HINT = 'Pass a list of objects with subject_hash, certificate_id and request_reference.';
        END IF;

        INSERT INTO aegis.erasures (subject_hash, certificate_id, request_reference)
        SELECT decode(e.certificate ->> 'subject_hash', 'hex'), (e.certificate ->> 'certificate_id')::bigint,
               e.certificate ->> 'request_reference'
          FROM jsonb_array_elements(p_certificates) AS e (certificate)
            ON CONFLICT (subject_hash, certificate_id) DO NOTHING;
    END IF;

    SELECT array_agg(DISTINCT x.subject_hash) INTO v_hashes FROM aegis.erasures AS x;
    IF v_hashes IS NULL THEN
        RETURN 0;
    END IF;

    LOCK TABLE aegis.legal_holds IN SHARE MODE;
    v_erased := aegis_guard._erase_subjects(v_hashes, NULL, 'erasures again after a restore');

    IF v_erased.row_count > 0 THEN
        PERFORM aegis_guard._record_act(
            p_kind => 'erasure',
            p_subject => 'erasures again',
            p_row_count => v_erased.row_count,
            p_digest => sha256(convert_to(v_erased.relations::text, 'UTF8')),
            p_detail => jsonb_build_object(
                'event', 'reapplied', 'subjects', cardinality(v_hashes), 'relations', v_erased.relations
            )
        );
    END IF;

    RETURN v_erased.row_count;
END;
$function$;

COMMENT ON FUNCTION aegis.reapply_erasures(jsonb) IS -- noqa: LT01
'Erases again whoever was erased before and came back with a restore; returns the rows; raises AEP52, AEP53, AEP63, AEP65 or AEP66.';

ALTER FUNCTION aegis.reapply_erasures(jsonb) OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis.reapply_erasures(jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis.reapply_erasures(jsonb) TO aegis_privacy_officer, aegis_operator;
