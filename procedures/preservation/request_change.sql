-- request_change: ask that a change window may leave protection weaker; the first of three steps.
--
-- Call     SELECT aegis.request_change('incident 91: the default was wrong',
--              '[{"relation": "public.orders", "aspect": "default note",
--                 "was": "''x''::text", "becomes": null}]');
-- Role     aegis_operator
-- Locks    none
-- Raises   AEP26  the list cannot be requested
--          AEP53  the clock is behind the ledger
-- Repeat   each call makes a request
--
-- Returns the number of the request. The list is what AEP28 gives as its detail: try the change, and
-- pass on what was refused. A table speaks for its partitions, "code" for the code of AEGIS.
-- Another person approves it with aegis.approve_change; then, in one transaction,
-- aegis_guard.open_change(reason, number) and the change. No approval permits a loss.

CREATE OR REPLACE FUNCTION aegis.request_change(
    p_reason text,
    p_changes jsonb
)
RETURNS bigint
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_detail text;
BEGIN
    PERFORM aegis_guard._check_moment();

    IF coalesce(btrim(p_reason), '') = '' THEN
        v_detail := 'A request needs a reason.';
    ELSIF jsonb_typeof(p_changes) IS DISTINCT FROM 'array' OR p_changes = '[]' THEN
        v_detail := 'It is no list of changes.';
    ELSE
        SELECT format('%s: %s', e.item, x.fault)
          INTO v_detail
          FROM jsonb_array_elements(p_changes) WITH ORDINALITY AS e (item, number)
         CROSS JOIN LATERAL (
            SELECT CASE
                WHEN jsonb_typeof(e.item) <> 'object'
                    OR ARRAY(SELECT k.key FROM jsonb_object_keys(e.item) AS k (key) ORDER BY k.key)
                       <> ARRAY['aspect', 'becomes', 'relation', 'was']
                    OR jsonb_typeof(e.item -> 'relation') <> 'string' OR jsonb_typeof(e.item -> 'aspect') <> 'string'
                    OR jsonb_typeof(e.item -> 'was') NOT IN ('string', 'null')
                    OR jsonb_typeof(e.item -> 'becomes') NOT IN ('string', 'null')
                    THEN 'a change has relation, aspect, was and becomes, and nothing else'
                WHEN e.item ->> 'was' IS NOT DISTINCT FROM e.item ->> 'becomes' THEN 'that is no change'
                WHEN e.item ->> 'relation' <> 'code' AND NOT EXISTS (
                    SELECT
                      FROM aegis.protected_tables AS p
                     WHERE format('%I.%I', p.schema_name, p.table_name) = e.item ->> 'relation'
                ) THEN 'it is no protected table'
                WHEN e.item ->> 'aspect' ~ '^(relation$|column |rule |policy |disabled |public )'
                    THEN 'that is a loss, which no approval permits'
                WHEN e.item ->> 'was' IS NULL AND e.item ->> 'aspect' !~ '^(trigger|right) .'
                    THEN 'what is new does not weaken'
                WHEN NOT EXISTS (
                    SELECT
                      FROM (
                        SELECT DISTINCT ON (l.schema_name, l.table_name) l.fingerprint
                          FROM aegis_guard.baselines AS l
                         WHERE CASE
                                   WHEN e.item ->> 'relation' = 'code' THEN l.schema_name = '' AND l.table_name = 'code'
                                   ELSE l.root_name = e.item ->> 'relation'
                               END
                         ORDER BY l.schema_name, l.table_name, l.baseline_id DESC
                      ) AS b
                     WHERE b.fingerprint ->> (e.item ->> 'aspect') IS NOT DISTINCT FROM e.item ->> 'was'
                ) THEN 'the baseline says something else'
            END AS fault
         ) AS x
         WHERE x.fault IS NOT NULL
         ORDER BY e.number
         LIMIT 1;
    END IF;

    IF v_detail IS NOT NULL THEN
        RAISE EXCEPTION 'the change cannot be requested'
            USING ERRCODE = 'AEP26', SCHEMA = 'aegis', TABLE = 'change_requests',
                  DETAIL = v_detail,
                  HINT = 'Try the change in a window and pass the detail of AEP28, with a reason.';
    END IF;

    RETURN aegis_guard._record_request(p_reason, p_changes, FALSE);
END;
$function$;

COMMENT ON FUNCTION aegis.request_change(text, jsonb) IS -- noqa: LT01
'Requests that a change window may leave exactly these aspects weaker; raises AEP26 or AEP53.';

ALTER FUNCTION aegis.request_change(text, jsonb) OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis.request_change(text, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis.request_change(text, jsonb) TO aegis_operator;
