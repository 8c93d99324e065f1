-- verify_seals: hold the rows of a table against the blocks of the ledger; a row for whatever differs.
--
-- Call     SELECT * FROM aegis.verify_seals('aegis.stock_prices', '2024-01-01', '2024-01-31');
-- Role     aegis_auditor, aegis_operator
-- Locks    none
-- Raises   AEP71  the table is not sealed
--
-- Every version ever written is either in the table, in its history, in the archive, or has a tombstone:
-- per row, versions = blocks - tombstones. Findings: row_altered, row_missing, row_unknown, block_differs
-- (the digest of the block, its rows in place), day_differs (the root of a day). Without days: all.
--
-- First it is asked whether every digest comes out, which needs no name of a row; only if one does not,
-- rows and blocks are numbered, matched and named, at several times the cost.

CREATE OR REPLACE FUNCTION aegis.verify_seals(
    p_table regclass,
    p_from date DEFAULT NULL,
    p_until date DEFAULT NULL,
    OUT finding text,
    OUT day date,
    OUT ledger_id bigint,
    OUT row_key text,
    OUT particulars text
)
RETURNS SETOF record
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET client_encoding = 'UTF8'
SET jit = off
SET work_mem = '256MB'
-- What comes out of an array has no statistics: for "ten" rows a loop looks cheap, and a sort.
SET enable_nestloop = off
SET enable_mergejoin = off
AS $function$
DECLARE
    v_format aegis.seal_formats;
    v_subject text;
    v_lowest date;
    v_highest date;
    v_versions text;
    v_bytes text;
    v_count text;
    v_is_whole boolean;
    v_open_from date[];
    v_open_until date[];
BEGIN
    SELECT f.* INTO v_format
      FROM pg_class AS c
      JOIN pg_namespace AS n ON n.oid = c.relnamespace
      JOIN aegis.seal_formats AS f ON f.schema_name = n.nspname AND f.table_name = c.relname
     WHERE c.oid = p_table
     ORDER BY f.format_version DESC
     LIMIT 1;

    IF NOT FOUND THEN
        RAISE EXCEPTION '% is not sealed', coalesce(p_table::text, 'null')
            USING ERRCODE = 'AEP71',
                  HINT = 'aegis.seal_formats lists the tables that are; of a partitioned table name the root.';
    END IF;
    v_subject := format('%I.%I', v_format.schema_name, v_format.table_name);

    -- Blocks reach over the days asked for; all their rows are needed.
    SELECT least(p_from, min((l.detail ->> 'from')::date)), greatest(p_until, max((l.detail ->> 'until')::date))
      INTO v_lowest, v_highest
      FROM aegis.ledger AS l
     WHERE l.kind IN ('block', 'tombstone')
       AND l.subject = v_subject
       AND coalesce((l.detail ->> 'from')::date <= p_until, TRUE)
       AND coalesce((l.detail ->> 'until')::date >= p_from, TRUE);

    -- The table, its history and what was archived of both. As many readings of a row as there are formats.
    SELECT string_agg(
               format('SELECT %s::integer AS format, %L AS place, (%s) AS bytes, %s AS bucket, %s AS batch, '
                      'concat_ws('', '', %s) AS key FROM %s AS t WHERE %s',
                      y.format_version, y.relation::text, y.row_bytes, y.row_bucket, y.batch, y.key, y.relation, y.condition),
               ' UNION ALL '),
           string_agg(
               format('SELECT %s AS format, %s AS relation, t.tableoid AS part, t.ctid AS tid, %s AS readings, (%s) AS bytes, '
                      '%s AS bucket FROM %s AS t WHERE %s',
                      y.format_version, y.relation::oid, y.readings, y.row_bytes, y.row_bucket, y.relation, y.condition),
               ' UNION ALL '),
           string_agg(format('(SELECT count(*) FROM %s AS t WHERE %s)', y.relation, y.condition), ' + ')
      INTO v_versions, v_bytes, v_count
      FROM (
        SELECT f.format_version, f.row_bytes, f.row_bucket, x.relation, count(*) OVER (PARTITION BY x.relation) AS readings,
               CASE WHEN 'batch_number' = ANY (f.column_names) THEN 't.batch_number' ELSE 'NULL::bigint' END AS batch,
               (SELECT string_agg(format('t.%I', k), ', ') FROM unnest(f.key_columns) AS k) AS key,
               CASE WHEN f.bucket_column IS NULL THEN 'TRUE'
                    WHEN f.row_bucket LIKE '% AT TIME ZONE %'
                    THEN format('t.%I >= coalesce($3::timestamp AT TIME ZONE ''Asia/Seoul'', ''-infinity'') AND '
                                't.%1$I < coalesce(($4 + 1)::timestamp AT TIME ZONE ''Asia/Seoul'', ''infinity'')',
                                f.bucket_column)
                    ELSE format('t.%I >= coalesce($3, ''-infinity'') AND t.%1$I <= coalesce($4, ''infinity'')',
                                f.bucket_column)
               END AS condition
          FROM aegis.seal_formats AS f
         CROSS JOIN LATERAL (
            SELECT p_table AS relation
            UNION ALL
            SELECT h.oid::regclass
              FROM aegis.protected_tables AS p
              JOIN pg_namespace AS n ON n.nspname = p.history_schema_name
              JOIN pg_class AS h ON h.relnamespace = n.oid AND h.relname = p.history_table_name
             WHERE (p.schema_name, p.table_name) = (f.schema_name, f.table_name)
            UNION ALL
            SELECT a.oid::regclass
              FROM pg_class AS a
             WHERE a.relnamespace = 'aegis_archive'::regnamespace
               AND a.relkind IN ('r', 'p')
               AND a.relname ~ ('^' || f.table_name || '(_history)?_(p[0-9_]+|default)')
         ) AS x
         WHERE (f.schema_name, f.table_name) = (v_format.schema_name, v_format.table_name)
           -- What lacks a column of a format holds no row of it.
           AND NOT EXISTS (
                   SELECT FROM unnest(f.column_names) AS c
                    WHERE NOT EXISTS (SELECT FROM pg_attribute AS t WHERE t.attrelid = x.relation AND t.attname = c)
               )
     ) AS y;

    -- Whole: each block has every row that no tombstone took, in its place, and its digest comes out; each row
    -- of the days asked for is that of a block, in some format; no row is that of two blocks. Rows alike
    -- enough to have one hash leave that open, and are told apart by number below.
    EXECUTE format(
        $sql$
        WITH blocks AS MATERIALIZED (
            SELECT l.ledger_id, l.kind, l.digest, l.row_hashes, (l.detail ->> 'format')::integer AS format
              FROM aegis.ledger AS l
             WHERE l.kind IN ('block', 'tombstone')
               AND l.subject = $5
               AND coalesce((l.detail ->> 'from')::date <= $2, TRUE)
               AND coalesce((l.detail ->> 'until')::date >= $1, TRUE)
        ),
        buried AS MATERIALIZED (
            SELECT DISTINCT b.format, h.hash
              FROM blocks AS b, unnest(b.row_hashes) AS h (hash)
             WHERE b.kind = 'tombstone'
        ),
        entries AS MATERIALIZED (
            SELECT b.ledger_id, b.format, h.hash, h.place
              FROM blocks AS b
             CROSS JOIN LATERAL unnest(b.row_hashes) WITH ORDINALITY AS h (hash, place)
             WHERE b.kind = 'block'
               AND NOT EXISTS (SELECT FROM buried AS x WHERE x.format = b.format AND x.hash = h.hash)
        ),
        expected AS (
            SELECT e.ledger_id, count(*) AS number FROM entries AS e GROUP BY e.ledger_id
        ),
        found AS MATERIALIZED (
            SELECT o.ledger_id, count(*) AS number, count(DISTINCT o.place) AS places, o.readings,
                   bool_and(coalesce(o.bucket >= $1, TRUE) AND coalesce(o.bucket <= $2, TRUE)) AS is_wanted,
                   CASE WHEN o.ledger_id IS NOT NULL THEN sha256(string_agg(o.bytes, '')) END AS digest
              FROM (
                SELECT e.ledger_id, e.place, v.bytes, v.bucket,
                       CASE WHEN e.ledger_id IS NULL THEN v.readings END AS readings,
                       CASE WHEN e.ledger_id IS NULL THEN v.relation END AS relation,
                       CASE WHEN e.ledger_id IS NULL THEN v.part END AS part,
                       CASE WHEN e.ledger_id IS NULL THEN v.tid END AS tid
                  FROM (SELECT r.*, hash_array_extended(ARRAY[r.bytes], 0) AS hash FROM (%s OFFSET 0) AS r) AS v
                  LEFT JOIN entries AS e ON e.format = v.format AND e.hash = v.hash
                 ORDER BY e.ledger_id, relation, part, tid, readings, e.place
              ) AS o
             GROUP BY o.ledger_id, o.relation, o.part, o.tid, o.readings
        )
        SELECT NOT EXISTS (
                   SELECT
                     FROM blocks AS b
                     LEFT JOIN expected AS e ON e.ledger_id = b.ledger_id
                     LEFT JOIN found AS f ON f.ledger_id = b.ledger_id
                    WHERE b.kind = 'block'
                      AND (coalesce(f.number, 0) <> coalesce(e.number, 0)
                           OR coalesce(f.places, 0) <> coalesce(e.number, 0)
                           OR f.number = cardinality(b.row_hashes) AND f.digest <> b.digest)
               )
               AND NOT EXISTS (SELECT FROM found AS f WHERE f.ledger_id IS NULL AND f.is_wanted AND f.number = f.readings)
               AND coalesce((SELECT sum(f.number) FROM found AS f), 0) = %s
        $sql$, v_bytes, v_count)
       INTO STRICT v_is_whole
      USING p_from, p_until, v_lowest, v_highest, v_subject;

    IF NOT v_is_whole THEN
    RETURN QUERY EXECUTE format(
        $sql$
        WITH blocks AS MATERIALIZED (
            SELECT l.ledger_id, l.kind, l.batch_number, l.digest, l.row_hashes,
                   (l.detail ->> 'format')::integer AS format, (l.detail ->> 'from')::date AS lowest,
                   (l.detail ->> 'until')::date AS highest
              FROM aegis.ledger AS l
             WHERE l.kind IN ('block', 'tombstone')
               AND l.subject = $5
               AND coalesce((l.detail ->> 'from')::date <= $2, TRUE)
               AND coalesce((l.detail ->> 'until')::date >= $1, TRUE)
        ),
        buried AS (
            SELECT b.format, h.hash, count(*) AS number
              FROM blocks AS b, unnest(b.row_hashes) AS h (hash)
             WHERE b.kind = 'tombstone'
             GROUP BY b.format, h.hash
        ),
        written AS MATERIALIZED (
            SELECT b.ledger_id, b.batch_number, b.lowest, b.highest, b.format, h.hash, h.place,
                   row_number() OVER (PARTITION BY b.format, h.hash ORDER BY b.ledger_id, h.place) AS number
              FROM blocks AS b
             CROSS JOIN LATERAL unnest(b.row_hashes) WITH ORDINALITY AS h (hash, place)
             WHERE b.kind = 'block'
        ),
        versions AS MATERIALIZED (
            SELECT v.*, row_number() OVER (PARTITION BY v.format, v.hash) AS number
              FROM (SELECT r.*, hash_array_extended(ARRAY[r.bytes], 0) AS hash FROM (%s) AS r) AS v
        ),
        matched AS MATERIALIZED (
            SELECT w.ledger_id, w.batch_number, w.lowest, w.highest, w.place AS position, w.hash AS written_hash,
                   coalesce(w.format, v.format) AS format, w.number - coalesce(b.number, 0) AS number,
                   v.hash, v.bytes, v.bucket, v.batch, v.key, v.place
              FROM written AS w
              LEFT JOIN buried AS b ON b.format = w.format AND b.hash = w.hash
              FULL JOIN versions AS v ON v.format = w.format AND v.hash = w.hash
                    AND v.number = w.number - coalesce(b.number, 0)
        ),
        -- Rows that a tombstone covers: their block cannot be recomputed, what is left of it is matched row by row.
        lost AS (
            SELECT m.ledger_id, m.batch_number, m.lowest, m.highest, count(*) AS number
              FROM matched AS m
             WHERE m.hash IS NULL AND m.number > 0
             GROUP BY m.ledger_id, m.batch_number, m.lowest, m.highest
        ),
        strange AS (
            SELECT m.key, m.bucket, m.batch, m.place, m.bytes
              FROM matched AS m
             WHERE m.written_hash IS NULL
               AND coalesce(m.bucket >= $1, TRUE)
               AND coalesce(m.bucket <= $2, TRUE)
               -- A row of an older format is strange only when no format knows it.
               AND NOT EXISTS (
                       SELECT FROM matched AS o
                        WHERE o.written_hash IS NOT NULL AND o.key = m.key AND o.place = m.place
                          AND o.batch IS NOT DISTINCT FROM m.batch AND o.format <> m.format
                   )
        )
        SELECT CASE WHEN l.ledger_id IS NULL THEN 'row_unknown' ELSE 'row_altered' END, s.bucket, l.ledger_id, s.key,
               format(CASE WHEN l.ledger_id IS NULL THEN 'in %%s; no block knows it'
                           ELSE 'in %%s; the block knows a row with other values' END, s.place)
          FROM (SELECT DISTINCT ON (s.key, s.place, s.batch) s.* FROM strange AS s) AS s
          LEFT JOIN LATERAL (
            SELECT l.ledger_id
              FROM lost AS l
             WHERE l.batch_number = s.batch
                OR l.batch_number IS NULL AND coalesce(s.bucket BETWEEN l.lowest AND l.highest, TRUE)
             ORDER BY l.batch_number NULLS LAST
             LIMIT 1
          ) AS l ON TRUE
        UNION ALL
        SELECT 'row_missing', l.lowest, l.ledger_id, NULL,
               format('%%s of its rows are nowhere as they were written', l.number)
          FROM lost AS l
        UNION ALL
        SELECT 'block_differs', b.lowest, b.ledger_id, NULL, 'the digest of its rows is another'
          FROM blocks AS b
          JOIN (
            SELECT m.ledger_id, count(m.bytes) AS number, sha256(string_agg(m.bytes, '' ORDER BY m.position)) AS digest
              FROM matched AS m
             GROUP BY m.ledger_id
          ) AS d ON d.ledger_id = b.ledger_id AND d.number = cardinality(b.row_hashes)
         WHERE b.kind = 'block'
           AND d.digest <> b.digest
         ORDER BY 3, 2, 4
        $sql$, v_versions)
      USING p_from, p_until, v_lowest, v_highest, v_subject;
    END IF;

    -- Roots of days, unless a block or tombstone after the root awaits the sealer.
    SELECT array_agg((l.detail ->> 'from')::date), array_agg((l.detail ->> 'until')::date)
      INTO v_open_from, v_open_until
      FROM aegis.ledger AS l
     WHERE l.kind IN ('block', 'tombstone')
       AND l.subject = v_subject
       AND NOT EXISTS (SELECT FROM aegis.seal_entries AS e WHERE e.ledger_id = l.ledger_id);

    FOR v_format IN
        SELECT f.*
          FROM aegis.seal_formats AS f
         WHERE (f.schema_name, f.table_name) = (v_format.schema_name, v_format.table_name)
           AND f.bucket_column IS NOT NULL
         ORDER BY f.format_version
    LOOP
        RETURN QUERY
        WITH sealed AS (
            SELECT DISTINCT ON (l.detail ->> 'day')
                   (l.detail ->> 'day')::date AS day, l.ledger_id, l.row_count, l.digest, (l.detail ->> 'format')::integer AS format
              FROM aegis.ledger AS l
             WHERE l.kind = 'day'
               AND l.subject = v_subject
               AND coalesce((l.detail ->> 'day')::date >= p_from, TRUE)
               AND coalesce((l.detail ->> 'day')::date <= p_until, TRUE)
             ORDER BY l.detail ->> 'day', l.ledger_id DESC
        ),
        due AS MATERIALIZED (
            SELECT s.*
              FROM sealed AS s
             WHERE s.format = v_format.format_version
               AND NOT EXISTS (
                       SELECT FROM unnest(v_open_from, v_open_until) AS o (lowest, highest) WHERE s.day BETWEEN o.lowest AND o.highest
                   )
        )
        SELECT 'day_differs', d.day, d.ledger_id, NULL,
               format('%s rows were sealed, %s are there', d.row_count, coalesce(r.row_count, 0))
          FROM due AS d
          LEFT JOIN (
            SELECT g.*
              FROM (SELECT min(x.day) AS lowest, max(x.day) AS highest FROM due AS x) AS y
             CROSS JOIN LATERAL aegis_guard._day_digests(v_format, y.lowest, y.highest) AS g
          ) AS r ON r.day = d.day
         WHERE (coalesce(r.row_count, 0), coalesce(r.digest, sha256(''))) IS DISTINCT FROM (d.row_count, d.digest)
         ORDER BY d.day;
    END LOOP;
END;
$function$;

COMMENT ON FUNCTION aegis.verify_seals(regclass, date, date) IS -- noqa: LT01
'Holds the rows of a sealed table against the blocks of the ledger; one row for whatever differs; raises AEP71.';

ALTER FUNCTION aegis.verify_seals(regclass, date, date) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis.verify_seals(regclass, date, date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis.verify_seals(regclass, date, date) TO aegis_auditor, aegis_operator;
