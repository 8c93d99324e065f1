-- Whether a partition may leave its table, judged by the rows in it and by the holds in force; its
-- bounds only say that it need not be read yet, since no row is older than they permit.

CREATE OR REPLACE FUNCTION aegis_guard._judge_partition(
    p_partition regclass,
    OUT parent regclass,
    OUT lower_bound date,
    OUT upper_bound date,
    OUT newest_event_on date,
    OUT due_on date,
    OUT obstacle_code text,
    OUT obstacle text
)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_today date := (transaction_timestamp() AT TIME ZONE 'Asia/Seoul')::date;
    v_policy aegis.retention_policies;
    v_is_default boolean;
    v_events text;
    v_arrival text;
    v_newest_arrival timestamptz;
    v_hold bigint;
BEGIN
    SELECT i.inhparent
      INTO parent
      FROM pg_inherits AS i
      JOIN pg_class AS c ON c.oid = i.inhrelid AND c.relispartition AND c.relkind = 'r'
     WHERE i.inhrelid = p_partition
       AND NOT i.inhdetachpending;

    SELECT y.* INTO v_policy FROM aegis_guard._retention_policy(parent) AS y;
    SELECT b.is_default, b.lower_bound, b.upper_bound
      INTO v_is_default, lower_bound, upper_bound
      FROM aegis.partition_bounds(parent) AS b
     WHERE b.partition = p_partition;

    IF v_policy.table_name IS NULL OR v_is_default IS NOT FALSE THEN
        obstacle_code := 'AEP50';
        obstacle := CASE
            WHEN parent IS NULL THEN 'It is no partition.'
            WHEN v_is_default THEN 'It is the default partition, which always stays.'
            ELSE format('No retention policy covers %s.', parent)
        END;
        RETURN;
    END IF;

    due_on := (lower_bound + v_policy.keep_term)::date + 1;
    IF due_on > v_today THEN
        obstacle_code := 'AEP51';
        obstacle := format('No row of it is due before %s.', due_on);
        RETURN;
    END IF;

    SELECT string_agg(CASE a.atttypid
                          WHEN 'date'::regtype THEN format('r.%I', a.attname)
                          ELSE format('(r.%I AT TIME ZONE ''Asia/Seoul'')::date', a.attname)
                      END, ', ')
      INTO v_events
      FROM unnest(v_policy.event_columns) AS e (name)
      JOIN pg_attribute AS a ON a.attrelid = p_partition AND a.attname = e.name AND NOT a.attisdropped;

    -- A history row came when it was superseded.
    SELECT format('r.%I', a.attname)
      INTO v_arrival
      FROM pg_attribute AS a
     WHERE a.attrelid = p_partition
       AND a.attname IN (v_policy.arrival_column, 'superseded_at')
       AND a.atttypid = 'timestamptz'::regtype
       AND NOT a.attisdropped
     ORDER BY a.attname = 'superseded_at' DESC
     LIMIT 1;

    BEGIN
        EXECUTE format('SELECT max(greatest(%s)), max(%s) FROM %s AS r', v_events, coalesce(v_arrival, 'NULL::timestamptz'),
                       p_partition)
           INTO newest_event_on, v_newest_arrival;

        newest_event_on := coalesce(newest_event_on, upper_bound - 1);
        due_on := (newest_event_on + v_policy.keep_term)::date + 1;

        IF NOT aegis_guard._is_past_term(newest_event_on, v_policy.keep_term, v_today) THEN
            obstacle_code := 'AEP51';
            obstacle := format('Its newest event is of %s and stays for %s.', newest_event_on, v_policy.keep_term);
            RETURN;
        ELSIF v_newest_arrival > transaction_timestamp() - aegis.configuration('aegis.retention_late_rows')::interval THEN
            obstacle_code := 'AEP51';
            obstacle := format('A row of it came as late as %s; more may follow.', v_newest_arrival);
            RETURN;
        END IF;

        v_hold := aegis_guard._held_by(p_partition);
        IF v_hold IS NOT NULL THEN
            obstacle_code := 'AEP52';
            obstacle := format('Legal hold %s covers a row of it.', v_hold);
        END IF;
    EXCEPTION
        -- Another session has archived it since its name was looked up, and it lies elsewhere.
        WHEN undefined_table THEN
            obstacle_code := 'AEP50';
            obstacle := 'It has just been archived.';
    END;
END;
$function$;

COMMENT ON FUNCTION aegis_guard._judge_partition(regclass) IS -- noqa: LT01
'Whether a partition may leave its table, by its newest event, late rows and legal holds; obstacle is null when it may.';

ALTER FUNCTION aegis_guard._judge_partition(regclass) OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis_guard._judge_partition(regclass) FROM PUBLIC;
