-- The first legal hold in force that covers a row of a relation, or null. p_condition narrows
-- the rows, over alias r. A condition of a hold that a table has no column for is met by every
-- row of a table that the hold names, and by none of a table that it does not name.
--
-- A caller that is about to remove rows holds aegis.legal_holds IN SHARE MODE, so that no hold
-- comes between the look and the removal.

CREATE OR REPLACE FUNCTION aegis_guard._held_by(
    p_relation regclass,
    p_condition text DEFAULT 'TRUE'
)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_names text[];
    v_day text;
    v_subject text;
    v_has_code boolean;
    v_hold record;
    v_is_held boolean;
BEGIN
    SELECT array_agg(format('%I.%I', o.schema_name, o.table_name))
      INTO v_names
      FROM aegis_guard._origin(p_relation) AS o;

    v_has_code := EXISTS (
        SELECT FROM pg_attribute AS a WHERE a.attrelid = p_relation AND a.attname = 'stock_code' AND NOT a.attisdropped
    );

    SELECT CASE a.atttypid
               WHEN 'date'::regtype THEN format('r.%I', a.attname)
               ELSE format('(r.%I AT TIME ZONE ''Asia/Seoul'')::date', a.attname)
           END
      INTO v_day
      FROM pg_attribute AS a
     WHERE a.attrelid = p_relation
       AND NOT a.attisdropped
       AND a.atttypid IN ('date'::regtype, 'timestamptz'::regtype)
       AND (a.attname = 'trade_date'
            OR a.attname IN (
                   SELECT y.key_column
                     FROM aegis.partition_policies AS y
                     JOIN aegis_guard._origin(p_relation) AS o ON o.schema_name = 'aegis' AND o.table_name = y.table_name
               ))
     ORDER BY a.attname = 'trade_date' DESC
     LIMIT 1;

    SELECT string_agg(format('aegis_guard._subject_hash(r.%I::text) = ANY($1)', a.attname), ' OR ')
      INTO v_subject
      FROM aegis_guard._origin(p_relation) AS o
      JOIN aegis.personal_columns AS c
        ON c.schema_name = o.schema_name
       AND c.table_name = o.table_name
       AND c.is_subject
      JOIN pg_attribute AS a ON a.attrelid = p_relation AND a.attname = c.column_name AND NOT a.attisdropped;

    FOR v_hold IN
        SELECT h.*,
               CASE
                   WHEN h.stock_codes IS NULL THEN 'TRUE'
                   WHEN v_has_code THEN 'r.stock_code = ANY($2)'
                   ELSE (h.table_names IS NOT NULL)::text
               END AS code_condition,
               CASE
                   WHEN h.subject_hashes IS NULL THEN 'TRUE'
                   ELSE coalesce(v_subject, (h.table_names IS NOT NULL)::text)
               END AS subject_condition,
               CASE
                   WHEN h.from_day IS NULL AND h.to_day IS NULL THEN 'TRUE'
                   WHEN v_day IS NOT NULL
                       THEN format('%s >= coalesce($3, ''-infinity'') AND %1$s <= coalesce($4, ''infinity'')', v_day)
                   ELSE (h.table_names IS NOT NULL)::text
               END AS day_condition
          FROM aegis.legal_holds AS h
         WHERE (h.table_names IS NULL OR h.table_names && v_names)
           AND NOT EXISTS (SELECT FROM aegis.legal_hold_lifts AS l WHERE l.hold_id = h.hold_id)
         ORDER BY h.hold_id
    LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %s AS r WHERE (%s) AND (%s) AND (%s) AND (%s))',
                       p_relation, p_condition, v_hold.code_condition, v_hold.day_condition,
                       v_hold.subject_condition)
           INTO v_is_held
          USING v_hold.subject_hashes, v_hold.stock_codes, v_hold.from_day, v_hold.to_day;

        IF v_is_held THEN
            RETURN v_hold.hold_id;
        END IF;
    END LOOP;

    RETURN NULL;
END;
$function$;

COMMENT ON FUNCTION aegis_guard._held_by(regclass, text) IS -- noqa: LT01
'First legal hold in force that covers a row of the relation; null when none does.';

ALTER FUNCTION aegis_guard._held_by(regclass, text) OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis_guard._held_by(regclass, text) FROM PUBLIC;
