-- row_history: every version of one row, newest first.
--
-- Call     SELECT * FROM aegis.row_history('aegis.stock_prices',
--              '{"stock_code": "005930", "trade_date": "2026-01-02"}');
-- Role     aegis_reader, or any that may read the table and its history
-- Locks    none
-- Raises   AEP35 to AEP42, as aegis.soft_delete: the table or the key
--          AEP43  more than one key
--          AEP46  the table keeps no history
-- Repeat   reads only
--
-- A version holds from valid_from until before valid_to (null: it is the current one). The first
-- begins when the row was created, and each other when it superseded the one before; written_by is
-- null where nobody took down who wrote the first. No rows: there never was such a key.

CREATE OR REPLACE FUNCTION aegis.row_history(
    p_table regclass,
    p_key jsonb
)
RETURNS TABLE (
    data_version integer,
    is_current boolean,
    valid_from timestamptz,
    valid_to timestamptz,
    written_by text,
    source text,
    batch_number bigint,
    row_data jsonb
)
LANGUAGE plpgsql
STABLE
ROWS 20
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_keys jsonb := aegis.row_keys(p_table, p_key);
    v_history regclass := aegis.history_table(p_table);
    v_key record;
    v_match text;
BEGIN
    IF jsonb_array_length(v_keys) > 1 THEN
        RAISE EXCEPTION 'the history of % rows cannot be read at once', jsonb_array_length(v_keys)
            USING ERRCODE = 'AEP43',
                  HINT = 'Pass one key; aegis.rows_as_of reads many rows as of one moment.';
    END IF;

    SELECT r.* INTO STRICT v_key FROM aegis.row_key(p_table) AS r;
    v_match := v_key.key_comparison || aegis.row_key_range(p_table, v_keys);

    RETURN QUERY EXECUTE format(
        $sql$WITH versions AS (
                SELECT to_jsonb(t) AS row_data, NULL::timestamptz AS superseded_at, NULL::text AS superseded_by
                  FROM jsonb_to_record($1) AS k (%1$s)
                  JOIN %2$s AS t ON %4$s
                UNION ALL
                SELECT to_jsonb(t) - '{superseded_at, superseded_by}'::text[], t.superseded_at, t.superseded_by
                  FROM jsonb_to_record($1) AS k (%1$s)
                  JOIN %3$s AS t ON %4$s
             )
             SELECT (v.row_data ->> 'data_version')::integer,
                    v.superseded_at IS NULL,
                    coalesce(lag(v.superseded_at) OVER w, (v.row_data ->> 'created_at')::timestamptz),
                    v.superseded_at,
                    coalesce(lag(v.superseded_by) OVER w, v.row_data ->> 'updated_by'),
                    v.row_data ->> 'source',
                    (v.row_data ->> 'batch_number')::bigint,
                    v.row_data
               FROM versions AS v
             WINDOW w AS (ORDER BY v.superseded_at NULLS LAST, (v.row_data ->> 'data_version')::integer)
              ORDER BY v.superseded_at DESC NULLS FIRST, (v.row_data ->> 'data_version')::integer DESC$sql$,
        v_key.key_definition, p_table, v_history, v_match)
      USING v_keys -> 0;
END;
$function$;

COMMENT ON FUNCTION aegis.row_history(regclass, jsonb) IS -- noqa: LT01
'Every version of the row of a key, newest first; raises AEP35 to AEP43 and AEP46.';

ALTER FUNCTION aegis.row_history(regclass, jsonb) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis.row_history(regclass, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis.row_history(regclass, jsonb) TO aegis_reader;
