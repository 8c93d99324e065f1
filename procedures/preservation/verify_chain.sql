-- verify_chain: recompute every seal and every act it covers; a row for whatever differs.
--
-- Call     SELECT * FROM aegis.verify_chain();      no row: the chain holds
-- Role     aegis_auditor, aegis_operator
-- Locks    none
-- Raises   nothing of its own
--
-- A superuser who rebuilt the whole chain passes; the anchor that left the server does not let him:
-- aegis-db anchor verify.

CREATE OR REPLACE FUNCTION aegis.verify_chain(
    p_from bigint DEFAULT 1,
    OUT finding text,
    OUT seal_number bigint,
    OUT ledger_id bigint,
    OUT particulars text
)
RETURNS SETOF record
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $function$
    WITH chain AS (
        SELECT s AS seal, s.seal_number, s.digest, s.previous_digest, s.entry_count, s.entries_digest,
               lag(s.digest) OVER w AS before, lag(s.seal_number) OVER w AS number_before
          FROM aegis.seals AS s
         WHERE s.seal_number >= p_from - 1
        WINDOW w AS (ORDER BY s.seal_number)
    ),
    entries AS (
        SELECT e.seal_number, count(*) AS entry_count, sha256(string_agg(e.digest, '' ORDER BY e.ledger_id)) AS digest
          FROM aegis.seal_entries AS e
         WHERE e.seal_number >= p_from
         GROUP BY e.seal_number
    ),
    last AS (
        SELECT s.horizon
          FROM aegis.seals AS s
         WHERE s.system_identifier = (SELECT c.system_identifier FROM pg_control_system() AS c)
         ORDER BY s.seal_number DESC
         LIMIT 1
    )
    SELECT 'seal_altered', c.seal_number, NULL::bigint, 'the digest of the seal is another'
      FROM chain AS c
     WHERE c.seal_number >= p_from
       AND aegis_guard._seal_digest(c.seal) <> c.digest
    UNION ALL
    SELECT 'chain_cut', c.seal_number, NULL, format('it does not follow seal %s', c.seal_number - 1)
      FROM chain AS c
     WHERE c.seal_number >= p_from
       AND (c.previous_digest <> coalesce(c.before, decode(repeat('00', 32), 'hex'))
            OR coalesce(c.number_before, 0) <> c.seal_number - 1)
    UNION ALL
    SELECT 'entries_altered', c.seal_number, NULL,
           format('it covers %s acts, %s are listed, or others', c.entry_count, coalesce(e.entry_count, 0))
      FROM chain AS c
      LEFT JOIN entries AS e ON e.seal_number = c.seal_number
     WHERE c.seal_number >= p_from
       AND (c.entry_count, c.entries_digest) IS DISTINCT FROM (e.entry_count, e.digest)
    UNION ALL
    SELECT CASE WHEN l.ledger_id IS NULL THEN 'act_missing' ELSE 'act_altered' END, e.seal_number, e.ledger_id,
           coalesce(format('%s of %s', l.kind, l.subject), 'the act is gone from the ledger')
      FROM aegis.seal_entries AS e
      LEFT JOIN aegis.ledger AS l ON l.ledger_id = e.ledger_id
     WHERE e.seal_number >= p_from
       AND (l.ledger_id IS NULL OR aegis_guard._act_digest(l) <> e.digest)
    UNION ALL
    SELECT 'act_unsealed', NULL, l.ledger_id, format('%s of %s came behind the seals', l.kind, l.subject)
      FROM aegis.ledger AS l
      JOIN last AS h ON l.transaction_id < h.horizon
     WHERE NOT EXISTS (SELECT FROM aegis.seal_entries AS e WHERE e.ledger_id = l.ledger_id)
    UNION ALL
    SELECT 'seal_missing', e.seal_number, min(e.ledger_id), 'acts refer to a seal that is gone'
      FROM aegis.seal_entries AS e
     WHERE NOT EXISTS (SELECT FROM aegis.seals AS s WHERE s.seal_number = e.seal_number)
     GROUP BY e.seal_number
     ORDER BY 2 NULLS LAST, 3 NULLS FIRST;
$function$;

COMMENT ON FUNCTION aegis.verify_chain(bigint) IS
'Recomputes the seals from p_from on and the acts they cover; one row for whatever differs.';

ALTER FUNCTION aegis.verify_chain(bigint) OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis.verify_chain(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis.verify_chain(bigint) TO aegis_auditor, aegis_operator;
