-- Every relation that holds rows of a registered table now: the table, its history, and the
-- archived partitions of both; with what an erasure sets there. A column that a relation does
-- not have, because it came later or the history is slimmer, is left out.
--
-- Bases come before histories: a change of the base leaves what it superseded in its history.

CREATE OR REPLACE FUNCTION aegis_guard._personal_relations()
RETURNS TABLE (
    relation regclass,
    archive_id bigint,
    subject_columns text[],
    erased_columns text[],
    pseudonym_columns text[]
)
LANGUAGE sql
STABLE
ROWS 20
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH registered AS (
        SELECT DISTINCT c.schema_name, c.table_name FROM aegis.personal_columns AS c
    ),
    tables AS (
        SELECT r.schema_name, r.table_name, r.schema_name AS found_schema, r.table_name AS found_table, 1 AS turn
          FROM registered AS r
        UNION ALL
        SELECT r.schema_name, r.table_name, p.history_schema_name, p.history_table_name, 2
          FROM registered AS r
          JOIN aegis.protected_tables AS p
            ON (p.schema_name, p.table_name) = (r.schema_name, r.table_name)
           AND p.history_table_name IS NOT NULL
    ),
    relations AS (
        SELECT t.schema_name, t.table_name, to_regclass(format('%I.%I', t.found_schema, t.found_table)) AS relid,
               NULL::bigint AS archive_id, t.turn
          FROM tables AS t
        UNION ALL
        SELECT t.schema_name, t.table_name, to_regclass(format('aegis_archive.%I', a.archive_name)), a.archive_id, 3
          FROM tables AS t
          JOIN aegis.archived_partitions AS a ON (a.schema_name, a.table_name) = (t.found_schema, t.found_table)
    )
    SELECT r.relid::regclass,
           r.archive_id,
           array_agg(c.column_name) FILTER (WHERE c.is_subject),
           array_agg(c.column_name) FILTER (WHERE c.treatment = 'erase'),
           array_agg(c.column_name) FILTER (WHERE c.treatment = 'pseudonymise')
      FROM relations AS r
      JOIN aegis.personal_columns AS c ON (c.schema_name, c.table_name) = (r.schema_name, r.table_name)
      JOIN pg_attribute AS a
        ON a.attrelid = r.relid
       AND a.attname = c.column_name
       AND NOT a.attisdropped
     GROUP BY r.relid, r.archive_id, r.turn
    HAVING bool_or(c.is_subject)
     ORDER BY r.turn, r.relid::regclass::text
$function$;

COMMENT ON FUNCTION aegis_guard._personal_relations() IS -- noqa: LT01
'Tables, histories and archives that hold personal data now, with the columns an erasure finds and sets.';

ALTER FUNCTION aegis_guard._personal_relations() OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis_guard._personal_relations() FROM PUBLIC;
