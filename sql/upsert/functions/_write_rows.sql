-- _write_rows: write the accepted rows of a stage, as its table wants them written.

CREATE OR REPLACE FUNCTION aegis._write_rows(
    p_sql aegis.target_fragments,
    p_batch_number bigint,
    p_source aegis.data_sources,
    p_bounds text,
    p_received integer,
    p_revive boolean,
    p_is_backfill boolean,
    OUT inserted bigint,
    OUT updated bigint,
    OUT conflicting bigint,
    OUT verdicts aegis.batch_verdicts []
)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_revived bigint;
BEGIN
    updated := 0;
    conflicting := 0;
    IF p_is_backfill THEN
        inserted := aegis._backfill_rows(p_sql, p_batch_number, p_source.source, p_source.source_rank);
        RETURN;
    END IF;

    IF p_sql.is_append_only THEN
        SELECT w.inserted, w.conflicting, w.verdicts
          INTO inserted, conflicting, verdicts
          FROM aegis._write_once(p_sql, p_batch_number, p_source.source, p_source.source_rank, p_bounds) AS w;
        RETURN;
    END IF;

    SELECT w.inserted, w.updated, w.revived, w.verdicts
      INTO inserted, updated, v_revived, verdicts
      FROM aegis._write_latest(p_sql, p_batch_number, p_source.source, p_source.source_rank, p_bounds, p_received,
                               p_revive) AS w;
    IF v_revived > 0 THEN
        PERFORM aegis_guard._record_act(
            p_kind => 'restore',
            p_subject => p_sql.relation::text,
            p_row_count => v_revived,
            p_detail => jsonb_build_object('by', 'upsert', 'source', p_source.source),
            p_batch_number => p_batch_number
        );
    END IF;
END;
$function$;

COMMENT ON FUNCTION aegis._write_rows(aegis.target_fragments, bigint, aegis.data_sources, text, integer, boolean, boolean) IS -- noqa: LT01
'Writes the accepted rows of a stage: latest wins, once only into append-only tables, or as new partitions; returns counts, and verdicts where it knows them.';

ALTER FUNCTION aegis._write_rows(aegis.target_fragments, bigint, aegis.data_sources, text, integer, boolean, boolean) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._write_rows(aegis.target_fragments, bigint, aegis.data_sources, text, integer, boolean, boolean) FROM PUBLIC;
