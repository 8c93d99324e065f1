-- A structured predicate as SQL over alias r. No word of the caller becomes SQL: columns must
-- exist and are quoted, operators are looked up, values are cast to the type of their column
-- here and now and come back as literals of that type. So 'now' means this moment for ever, and
-- an injection is a value that does not compare.
--
-- p_predicate  a list, all of whose parts must hold, such as
--              [{"column": "stock_code", "operator": "=", "value": "005930"},
--               {"column": "trade_date", "operator": "between", "value": ["2024-01-02", "2024-01-05"]},
--               {"column": "side", "operator": "in", "value": ["buy"]},
--               {"column": "delete_reason", "operator": "is null"}]
-- Raises   AEP60  it is no such list, empty, or does not fit the table

CREATE OR REPLACE FUNCTION aegis_guard._compile_predicate(
    p_relation regclass,
    p_predicate jsonb
)
RETURNS text
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
SET datestyle = 'ISO, YMD'
SET intervalstyle = 'postgres'
SET extra_float_digits = 1
AS $function$
DECLARE
    v_part jsonb;
    v_number integer := 0;
    v_column record;
    v_operator text;
    v_value jsonb;
    v_values text[];
    v_literals text[];
    v_text text;
    v_detail text;
    v_parts text[] := ARRAY[]::text[];
BEGIN
    IF coalesce(jsonb_typeof(p_predicate), '') <> 'array' OR jsonb_array_length(p_predicate) = 0 THEN
        v_detail := 'It is a list with at least one part.';
    ELSE
        FOR v_part IN SELECT e.part FROM jsonb_array_elements(p_predicate) AS e (part) LOOP
            v_number := v_number + 1;

            IF jsonb_typeof(v_part) <> 'object' OR v_part - ARRAY['column', 'operator', 'value'] <> '{}' THEN
                v_detail := format('Part %s is no object of column, operator and value.', v_number);
                EXIT;
            END IF;

            SELECT a.attname, y.typname, format_type(y.oid, NULL) AS type_name,
                   EXISTS (
                       SELECT
                         FROM aegis_guard._origin(p_relation) AS o
                         JOIN aegis.personal_columns AS c
                           ON (c.schema_name, c.table_name) = (o.schema_name, o.table_name)
                        WHERE c.column_name = a.attname
                   ) AS is_personal
              INTO v_column
              FROM pg_attribute AS a
              JOIN pg_type AS t ON t.oid = a.atttypid
              JOIN pg_type AS y
                ON y.oid = CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.oid END
               AND y.typnamespace = 'pg_catalog'::regnamespace
               AND y.typtype = 'b'
               AND y.typcategory <> 'A'
             WHERE a.attrelid = p_relation
               AND a.attname = v_part ->> 'column'
               AND a.attnum > 0
               AND NOT a.attisdropped;

            v_operator := lower(v_part ->> 'operator');
            v_value := v_part -> 'value';

            IF NOT FOUND THEN
                v_detail := format('Part %s: there is no column %L of a plain type.', v_number, v_part ->> 'column');
                EXIT;
            ELSIF v_column.is_personal THEN
                v_detail := format('Part %s: column %I is personal; aegis.purge_personal_data erases persons.',
                                   v_number, v_column.attname);
                EXIT;
            ELSIF v_operator IS NULL OR v_operator NOT IN (
                '=', '<>', '<', '<=', '>', '>=', 'in', 'between', 'is null', 'is not null'
            ) THEN
                v_detail := format('Part %s: %L is no operator.', v_number, v_part ->> 'operator');
                EXIT;
            ELSIF v_operator LIKE 'is %' THEN
                IF v_value IS NOT NULL THEN
                    v_detail := format('Part %s: %s takes no value.', v_number, v_operator);
                    EXIT;
                END IF;
                v_parts := v_parts || format('r.%I %s', v_column.attname, upper(v_operator));
                CONTINUE;
            ELSIF v_operator IN ('in', 'between')
                AND (coalesce(jsonb_typeof(v_value), '') <> 'array'
                     OR jsonb_array_length(v_value) = 0
                     OR v_operator = 'between' AND jsonb_array_length(v_value) <> 2)
            THEN
                v_detail := format('Part %s: %s takes a list of values.', v_number, v_operator);
                EXIT;
            END IF;

            SELECT array_agg(e.item #>> '{}' ORDER BY e.position),
                   bool_or(jsonb_typeof(e.item) NOT IN ('string', 'number', 'boolean'))::text
              INTO v_values, v_text
              FROM jsonb_array_elements(
                       CASE WHEN v_operator IN ('in', 'between') THEN v_value ELSE jsonb_build_array(v_value) END
                   ) WITH ORDINALITY AS e (item, position);

            IF v_value IS NULL OR v_text::boolean THEN
                v_detail := format('Part %s: a value is text, a number or a boolean.', v_number);
                EXIT;
            END IF;

            v_literals := ARRAY[]::text[];
            BEGIN
                FOREACH v_text IN ARRAY v_values LOOP
                    EXECUTE format('SELECT CAST(CAST($1 AS %s) AS text)', v_column.type_name) INTO v_text USING v_text;
                    v_literals := v_literals || format('CAST(%L AS %s)', v_text, v_column.type_name);
                END LOOP;
            EXCEPTION
                WHEN data_exception OR invalid_text_representation THEN
                    v_detail := format('Part %s: %L is no %s.', v_number, v_text, v_column.type_name);
            END;
            EXIT WHEN v_detail IS NOT NULL;

            v_parts := v_parts || CASE v_operator
                WHEN 'in' THEN format('r.%I IN (%s)', v_column.attname, array_to_string(v_literals, ', '))
                WHEN 'between' THEN format('r.%I BETWEEN %s AND %s', v_column.attname, v_literals[1], v_literals[2])
                ELSE format('r.%I %s %s', v_column.attname, v_operator, v_literals[1])
            END;
        END LOOP;
    END IF;

    IF v_detail IS NOT NULL THEN
        RAISE EXCEPTION 'the predicate for % cannot be used', p_relation
            USING ERRCODE = 'AEP60',
                  DETAIL = v_detail,
                  HINT = 'Pass a list such as [{"column": "stock_code", "operator": "=", "value": "005930"}].';
    END IF;

    RETURN array_to_string(v_parts, ' AND ');
END;
$function$;

COMMENT ON FUNCTION aegis_guard._compile_predicate(regclass, jsonb) IS -- noqa: LT01
'Compiles a structured predicate to SQL over alias r, every value a typed literal; raises AEP60.';

ALTER FUNCTION aegis_guard._compile_predicate(regclass, jsonb) OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis_guard._compile_predicate(regclass, jsonb) FROM PUBLIC;
