-- row_keys: keys from outside as an array of complete keys of a table, or the reason why they are
-- not. A key is an object of exactly the columns of the primary key; nothing in it is ever read as
-- SQL.
--
-- Raises   AEP35 to AEP37 of aegis.row_key
--          AEP39  it is neither an object nor an array of objects
--          AEP40  a key names a column that is not in the primary key
--          AEP41  a key lacks a column of the primary key
--          AEP42  a column of a key is null
--          AEP43  there are no keys, or more than aegis.soft_delete_rows_maximum

CREATE OR REPLACE FUNCTION aegis.row_keys(
    p_table regclass,
    p_keys jsonb
)
RETURNS jsonb
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_columns text[] := (SELECT r.key_columns FROM aegis.row_key(p_table) AS r);
    v_keys jsonb := CASE jsonb_typeof(p_keys)
        WHEN 'object' THEN jsonb_build_array(p_keys)
        WHEN 'array' THEN p_keys
    END;
    v_limit integer := aegis.configuration('aegis.soft_delete_rows_maximum')::integer;
    v_detail text := format('The primary key of %s is (%s).', p_table, array_to_string(v_columns, ', '));
    v_wrong record;
BEGIN
    IF v_keys IS NULL THEN
        RAISE EXCEPTION 'this is no key of %: %', p_table, left(coalesce(p_keys::text, 'null'), 100)
            USING ERRCODE = 'AEP39',
                  DETAIL = v_detail,
                  HINT = 'Pass an object such as {"column": value}, or an array of them.';
    ELSIF jsonb_array_length(v_keys) NOT BETWEEN 1 AND v_limit THEN
        RAISE EXCEPTION '% keys cannot be taken at once', jsonb_array_length(v_keys)
            USING ERRCODE = 'AEP43',
                  DETAIL = format('The setting aegis.soft_delete_rows_maximum allows 1 to %s.', v_limit),
                  HINT = 'Split them; each call is a step of its own in the ledger.';
    END IF;

    SELECT w.*
      INTO v_wrong
      FROM (
        SELECT e.number, e.item,
               CASE
                   WHEN jsonb_typeof(e.item) <> 'object' THEN 'AEP39'
                   WHEN e.item - v_columns <> '{}' THEN 'AEP40'
                   WHEN NOT e.item ?& v_columns THEN 'AEP41'
                   WHEN NOT jsonb_strip_nulls(e.item) ?& v_columns THEN 'AEP42'
               END AS code
          FROM jsonb_array_elements(v_keys) WITH ORDINALITY AS e (item, number)
      ) AS w
     WHERE w.code IS NOT NULL
     ORDER BY w.number
     LIMIT 1;

    IF FOUND THEN
        RAISE EXCEPTION 'key % of % %: %', v_wrong.number, p_table,
                CASE v_wrong.code
                    WHEN 'AEP39' THEN 'is no object'
                    WHEN 'AEP40' THEN format('has the unknown column %s',
                                             (SELECT min(k) FROM jsonb_object_keys(v_wrong.item - v_columns) AS k))
                    WHEN 'AEP41' THEN format('lacks column %s',
                                             (SELECT min(c) FROM unnest(v_columns) AS c WHERE NOT v_wrong.item ? c))
                    ELSE format('has null for column %s',
                                (SELECT min(c) FROM unnest(v_columns) AS c WHERE v_wrong.item -> c = 'null'))
                END,
                left(v_wrong.item::text, 100)
            USING ERRCODE = v_wrong.code,
                  DETAIL = v_detail,
                  HINT = 'Name each column of the primary key, and nothing else, with a value.';
    END IF;

    RETURN v_keys;
END;
$function$;

COMMENT ON FUNCTION aegis.row_keys(regclass, jsonb) IS -- noqa: LT01
'Keys from outside as an array of complete keys of a table; raises AEP35 to AEP43.';

ALTER FUNCTION aegis.row_keys(regclass, jsonb) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis.row_keys(regclass, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis.row_keys(regclass, jsonb) TO aegis_reader;
