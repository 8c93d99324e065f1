-- _decide_checks: check of ingest (stage after, before the rules): under load, or in a flood, writes down which rules
-- this batch is spared. The rules read the decision here (aegis.active_priorities), never the level itself: what is
-- skipped and what is on record cannot differ.

CREATE OR REPLACE FUNCTION aegis._decide_checks(
    p_target text,
    p_source text,
    p_batch_number bigint,
    p_work regclass
)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_level CONSTANT integer := aegis.load_level();
    v_limit CONSTANT numeric := aegis.configuration('aegis.flood_rows_per_second')::numeric;
    v_rate numeric;
    v_seconds CONSTANT numeric := 10;
    v_rows_per_second numeric;
    v_through integer;
    v_accepted bigint;
    v_from date;
    v_to date;
BEGIN
    SELECT sum(b.received) / v_seconds INTO v_rows_per_second
      FROM (
        SELECT i.received, i.source, i.applied_at FROM aegis.ingest_batches AS i ORDER BY i.batch_number DESC LIMIT 200
      ) AS b
     WHERE b.source = p_source
       AND b.applied_at > clock_timestamp() - v_seconds * INTERVAL '1 second';

    IF v_level = 0 AND coalesce(v_rows_per_second, 0) <= v_limit THEN
        RETURN;
    END IF;

    v_rate := aegis.configuration('aegis.sampling_rate')::numeric;
    v_through := aegis._priorities_through(v_level);
    SELECT b.first_day, b.last_day, b.received - b.quarantined - b.rejected
      INTO v_from, v_to, v_accepted
      FROM aegis.ingest_batches AS b
     WHERE b.batch_number = p_batch_number;
    IF v_accepted = 0 THEN
        RETURN;
    END IF;

    IF v_rows_per_second > v_limit THEN
        v_through := least(v_through, aegis._priorities_through(1));
        INSERT INTO aegis.flood_log (target, source, batch_number, accepted_rows, rows_per_second, sampling_rate)
        VALUES (p_target, p_source, p_batch_number, v_accepted, round(v_rows_per_second), v_rate);
    END IF;

    IF NOT EXISTS (
        SELECT FROM aegis.validation_rules AS r WHERE p_target = ANY (r.targets) AND r.is_enabled AND r.priority > v_through
    ) THEN
        RETURN;                                                 -- none of its rules is put off
    END IF;

    INSERT INTO aegis.deferred_checks (
        target, source, batch_number, trade_date_from, trade_date_to, accepted_rows, priorities_through, sampling_rate,
        load_level, reason
    )
    VALUES (
        p_target, p_source, p_batch_number, v_from, v_to, v_accepted, v_through, v_rate, v_level,
        CASE WHEN v_level > 0 THEN 'load' ELSE 'flood' END
    );
END;
$function$;

COMMENT ON FUNCTION aegis._decide_checks(text, text, bigint, regclass) IS -- noqa: LT01
'Check of ingest: writes down which rules a batch is spared under load or in a flood.';

ALTER FUNCTION aegis._decide_checks(text, text, bigint, regclass) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._decide_checks(text, text, bigint, regclass) FROM PUBLIC;
