-- SQL expression of the bytes of a row that digests are taken over. record_send puts a length
-- before each value and is independent of every setting but client_encoding, so whoever evaluates it
-- pins that to UTF8: to convert each text by itself took two fifths of the time of a digest. Never
-- record_send(row): a new column would change it.
-- Rows of a history or an archive have the same bytes as those of the table.

CREATE OR REPLACE FUNCTION aegis_guard._row_bytes(
    p_table regclass,
    p_columns text[],
    p_alias text
)
RETURNS text
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT format('record_send(ROW(%s))',
                  string_agg(
                      format(CASE
                                 -- record_send writes the number of a type; that of an enum is not for ever.
                                 WHEN y.kind = 'e' THEN '%1$I.%2$I::text'
                                 WHEN y.kind = 'd' THEN '%1$I.%2$I::%3$s'
                                 ELSE '%1$I.%2$I'
                             END, p_alias, c.name, format_type(y.base, NULL)),
                      ', ' ORDER BY c.place))
      FROM unnest(p_columns) WITH ORDINALITY AS c (name, place)
      JOIN pg_attribute AS a ON a.attrelid = p_table AND a.attname = c.name
     CROSS JOIN LATERAL (
        SELECT coalesce(nullif(t.typbasetype, 0), t.oid) AS base, t.typtype AS kind FROM pg_type AS t WHERE t.oid = a.atttypid
     ) AS y;
$function$;

COMMENT ON FUNCTION aegis_guard._row_bytes(regclass, text [], text) IS -- noqa: LT01
'SQL expression of the bytes of a row that its digest covers: columns in the given order.';

ALTER FUNCTION aegis_guard._row_bytes(regclass, text [], text) OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis_guard._row_bytes(regclass, text [], text) FROM PUBLIC;
