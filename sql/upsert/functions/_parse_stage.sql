-- _parse_stage: from the stage of texts to the typed stage, each column parsed once.
-- What is no value of its column gets its reason here and is not judged further.

CREATE OR REPLACE FUNCTION aegis._parse_stage(
    p_sql aegis.target_fragments,
    OUT is_incomplete boolean,
    OUT first_day date,
    OUT last_day date
)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_parsed text;
    v_unparsable text;
BEGIN
    SELECT string_agg(
               CASE WHEN to_regprocedure(format('aegis._parse_%s(text)', i.type)) IS NOT NULL
                    THEN format('aegis._parse_%s(s.%I) AS %2$I, s.%2$I AS %I', i.type, i.name, 'raw_' || i.name)
                    ELSE format('CASE WHEN aegis._is_castable(s.%1$I, %2$L) THEN s.%1$I::%3$s END AS %1$I, s.%1$I AS %4$I',
                                i.name, i.type, format_type(i.type::regtype, NULL), 'raw_' || i.name) END,
               ', ' ORDER BY i.place),
           format('WHEN p.payload_bytes IS NOT NULL THEN ''broken_text'' WHEN num_nonnulls(%s) = 0 THEN ''malformed_line'' ',
                  string_agg(format('p.%I', 'raw_' || i.name), ', '))
           || coalesce(string_agg(format('WHEN p.%I <> '''' AND p.%I IS NULL THEN %L',
                                         'raw_' || i.name, i.name, 'unparsable_' || i.name), ' ' ORDER BY i.place)
                           FILTER (WHERE i.type <> 'text'), '')
      INTO v_parsed, v_unparsable
      FROM (
        SELECT a.attname AS name, a.attnum AS place,
               CASE a.atttypid WHEN 'timestamptz'::regtype THEN 'timestamptz'
                               ELSE format_type(a.atttypid, NULL) END AS type
          FROM aegis.ingest_targets AS t
          JOIN pg_type AS y ON y.oid = t.input_type::regtype
          JOIN pg_attribute AS a ON a.attrelid = y.typrelid AND a.attnum > 0 AND NOT a.attisdropped
         WHERE t.target = p_sql.target
      ) AS i;

    -- OFFSET 0 keeps the planner from parsing a text again wherever it is read.
    EXECUTE format(
        'INSERT INTO %s (line_number, %s, payload, payload_bytes, raw_place, reason)
         SELECT w.line_number, %s, w.payload, w.payload_bytes, w.raw_place, w.reason
           FROM (SELECT p.*, CASE %s END AS reason
                   FROM (SELECT s.line_number, s.payload, s.payload_bytes, s.ctid AS raw_place, %s
                           FROM pg_temp.%I AS s OFFSET 0) AS p
                 OFFSET 0) AS w
           %s',
        p_sql.stage, p_sql.input_columns, p_sql.completed, v_unparsable, v_parsed, 'stage_' || p_sql.target || '_raw', p_sql.joins);
    EXECUTE format('SELECT %s FROM %s AS w', p_sql.survey, p_sql.stage) INTO is_incomplete, first_day, last_day;
END;
$function$;

COMMENT ON FUNCTION aegis._parse_stage(aegis.target_fragments) IS -- noqa: LT01
'Fills the typed stage of a table from its stage of texts and surveys it.';

ALTER FUNCTION aegis._parse_stage(aegis.target_fragments) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._parse_stage(aegis.target_fragments) FROM PUBLIC;
