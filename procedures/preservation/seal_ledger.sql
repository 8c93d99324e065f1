-- seal_ledger: link every act that is final into the chain, and take the roots of the days they touched.
--
-- Call     CALL aegis.seal_ledger();      every minute
-- Role     aegis_operator
-- Locks    aegis.seals against other sealers, until the caller's transaction ends; no writer waits
-- Raises   AEP73  the transaction is REPEATABLE READ or above: it would seal by an old snapshot
-- Repeat   idempotent: without new acts nothing is sealed; killed, it has done nothing
--
-- An act is final when every transaction that began before it is over. A mark by number or by time
-- would lose those that commit late: what counts is the oldest transaction still running.

CREATE OR REPLACE PROCEDURE aegis.seal_ledger()
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $procedure$
DECLARE
    v_last aegis.seals;
    v_seal aegis.seals;
    v_lowest xid8 := '0';
    v_highest xid8;
    v_format aegis.seal_formats;
    v_subject text;
    v_days daterange;
BEGIN
    IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
        RAISE EXCEPTION 'the ledger cannot be sealed in a % transaction', current_setting('transaction_isolation')
            USING ERRCODE = 'AEP73',
                  HINT = 'Call it in a transaction of its own, READ COMMITTED.';
    END IF;

    LOCK TABLE aegis.seals IN SHARE ROW EXCLUSIVE MODE;

    SELECT s.* INTO v_last FROM aegis.seals AS s ORDER BY s.seal_number DESC LIMIT 1;

    v_seal.horizon := pg_snapshot_xmin(pg_current_snapshot());
    v_highest := pg_snapshot_xmax(pg_current_snapshot());
    v_seal.system_identifier := (SELECT c.system_identifier FROM pg_control_system() AS c);

    -- After a restore transactions are counted anew: then every act without a seal is looked at,
    -- those with numbers from before the restore too.
    IF v_last.system_identifier = v_seal.system_identifier AND v_last.horizon <= v_seal.horizon THEN
        v_lowest := v_last.horizon;
        v_highest := NULL;
    END IF;

    v_seal.seal_number := coalesce(v_last.seal_number, 0) + 1;

    INSERT INTO aegis.seal_entries (ledger_id, seal_number, digest)
    SELECT l.ledger_id, v_seal.seal_number, aegis_guard._act_digest(l)
      FROM aegis.ledger AS l
     WHERE (l.transaction_id >= v_lowest AND l.transaction_id < v_seal.horizon OR l.transaction_id >= v_highest)
       AND NOT EXISTS (SELECT FROM aegis.seal_entries AS e WHERE e.ledger_id = l.ledger_id)
     ORDER BY l.ledger_id;

    IF NOT FOUND THEN
        RETURN;
    END IF;

    SELECT count(*), sha256(string_agg(e.digest, '' ORDER BY e.ledger_id))
      INTO v_seal.entry_count, v_seal.entries_digest
      FROM aegis.seal_entries AS e
     WHERE e.seal_number = v_seal.seal_number;

    v_seal.previous_digest := coalesce(v_last.digest, decode(repeat('00', 32), 'hex'));
    v_seal.sealed_at := clock_timestamp();
    v_seal.sealed_by := SESSION_USER;
    v_seal.digest := aegis_guard._seal_digest(v_seal);
    INSERT INTO aegis.seals SELECT v_seal.*;

    -- The days these blocks touched, as they stand now. A day that a later block touches has its turn again.
    FOR v_format IN
        SELECT DISTINCT ON (f.schema_name, f.table_name) f.*
          FROM aegis.seal_formats AS f
         WHERE f.bucket_column IS NOT NULL
           AND to_regclass(format('%I.%I', f.schema_name, f.table_name)) IS NOT NULL
         ORDER BY f.schema_name, f.table_name, f.format_version DESC
    LOOP
        v_subject := format('%I.%I', v_format.schema_name, v_format.table_name);

        FOR v_days IN
            SELECT r.days
              FROM (
                SELECT range_agg(daterange((l.detail ->> 'from')::date, (l.detail ->> 'until')::date, '[]')) AS touched
                  FROM aegis.seal_entries AS e
                  JOIN aegis.ledger AS l ON l.ledger_id = e.ledger_id
                 WHERE e.seal_number = v_seal.seal_number
                   AND l.kind IN ('block', 'tombstone')
                   AND l.subject = v_subject
                   -- Whoever writes a block by hand may not stop the sealer.
                   AND (l.detail ->> 'from')::date <= (l.detail ->> 'until')::date
              ) AS b
             CROSS JOIN LATERAL unnest(b.touched) AS r (days)
        LOOP
            PERFORM aegis_guard._record_act(
                        'day', v_subject, d.row_count, d.digest,
                        jsonb_build_object('day', d.day, 'version', d.version, 'format', v_format.format_version)
                    )
               FROM (
                SELECT coalesce(g.day, k.day) AS day, coalesce(g.row_count, 0) AS row_count,
                       coalesce(g.digest, sha256('')) AS digest, coalesce(k.version, 0) + 1 AS version
                  FROM aegis_guard._day_digests(v_format, lower(v_days), upper(v_days) - 1) AS g
                  FULL JOIN (
                    SELECT DISTINCT ON (l.detail ->> 'day')
                           (l.detail ->> 'day')::date AS day, l.digest, (l.detail ->> 'version')::integer AS version
                      FROM aegis.ledger AS l
                     WHERE l.kind = 'day'
                       AND l.subject = v_subject
                       AND l.detail ->> 'day' BETWEEN to_char(lower(v_days), 'YYYY-MM-DD') AND to_char(upper(v_days) - 1, 'YYYY-MM-DD')
                     ORDER BY l.detail ->> 'day', l.ledger_id DESC
                  ) AS k ON k.day = g.day
                 WHERE k.digest IS DISTINCT FROM coalesce(g.digest, sha256(''))
                 ORDER BY 1
               ) AS d;
        END LOOP;
    END LOOP;
END;
$procedure$;

COMMENT ON PROCEDURE aegis.seal_ledger() IS -- noqa: LT01
'Links every final act of aegis.ledger into the chain and takes the roots of the days touched; raises AEP73.';

ALTER PROCEDURE aegis.seal_ledger() OWNER TO aegis_guard;
REVOKE ALL ON PROCEDURE aegis.seal_ledger() FROM PUBLIC;
GRANT EXECUTE ON PROCEDURE aegis.seal_ledger() TO aegis_operator;
