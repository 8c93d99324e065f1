-- protect_table: refuse DELETE and TRUNCATE on a table, for everybody, from now on.
--
-- Call     CALL aegis.protect_table('public.orders', 'the law wants ten years');
-- Role     aegis_operator that owns the table, or a superuser
-- Locks    SHARE ROW EXCLUSIVE on the table and its partitions, until the caller's transaction
--          ends: readers go on, writers wait. None where nothing is missing
-- Raises   AEP10  it is not a table
--          AEP11  it is a partition
--          AEP12  a partition is a foreign table
--          AEP13  it is temporary or unlogged
--          AEP14  it belongs to PostgreSQL
--          AEP15  the caller does not own it and all its partitions
--          AEP16  the reason is blank
--          AEP08  the history table cannot serve
-- Repeat   idempotent: a second call mends what is missing and says so in a NOTICE
--
-- p_history names a table that shall keep every superseded row (both tables must belong to
-- aegis_owner); it is protected along with the table, append-only. p_append_only refuses UPDATE too.
-- Neither can be taken back. Partitions made later are guarded when they are made.

CREATE OR REPLACE PROCEDURE aegis.protect_table(
    p_table regclass,
    p_reason text DEFAULT 'protected on request',
    p_history regclass DEFAULT NULL,
    p_append_only boolean DEFAULT FALSE
)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $procedure$
DECLARE
    v_table record;
    v_known aegis.protected_tables;
    v_history regclass;
    v_gaps integer;
BEGIN
    IF coalesce(btrim(p_reason), '') = '' THEN
        RAISE EXCEPTION 'protecting % needs a reason', p_table
            USING ERRCODE = 'AEP16',
                  HINT = 'Pass a non-blank p_reason.';
    END IF;

    SELECT n.nspname AS schema_name, c.relname AS table_name, c.relkind, c.relpersistence, c.relispartition, c.relowner::regrole AS owner,
           n.nspname IN ('pg_catalog', 'information_schema', 'pg_toast') AS is_system
      INTO v_table
      FROM pg_class AS c
      JOIN pg_namespace AS n ON n.oid = c.relnamespace
     WHERE c.oid = p_table;

    IF v_table.is_system THEN
        RAISE EXCEPTION '% cannot be protected', p_table
            USING ERRCODE = 'AEP14',
                  DETAIL = 'It is part of PostgreSQL itself.',
                  HINT = 'Protect tables of your own.';
    ELSIF v_table.relispartition AND v_table.relkind IN ('r', 'p', 'f') THEN
        RAISE EXCEPTION '% cannot be protected alone', p_table
            USING ERRCODE = 'AEP11', SCHEMA = v_table.schema_name, TABLE = v_table.table_name,
                  DETAIL = format('It is a partition of %s.', pg_partition_root(p_table)),
                  HINT = format('CALL aegis.protect_table(%L) protects it with all the others.',
                                pg_partition_root(p_table)::text);
    ELSIF v_table.relkind IS NULL OR v_table.relkind NOT IN ('r', 'p') THEN
        RAISE EXCEPTION '% cannot be protected', coalesce(p_table::text, 'null')
            USING ERRCODE = 'AEP10',
                  DETAIL = CASE v_table.relkind
                      WHEN 'v' THEN 'It is a view; its rows are kept by the tables below it.'
                      WHEN 'm' THEN 'It is a materialized view; its rows are kept by the tables below it.'
                      WHEN 'f' THEN 'It is a foreign table; its rows are kept by another server.'
                      ELSE 'It is not a table.'
                  END,
                  HINT = 'Pass the table that keeps the rows.';
    ELSIF v_table.relpersistence <> 'p' THEN
        RAISE EXCEPTION '% cannot be protected', p_table
            USING ERRCODE = 'AEP13', SCHEMA = v_table.schema_name, TABLE = v_table.table_name,
                  DETAIL = 'It is temporary or unlogged: a session end or a crash empties it.',
                  HINT = 'ALTER TABLE ... SET LOGGED, or keep the rows in a permanent table.';
    END IF;

    PERFORM aegis_guard.check_history(p_table, p_history);

    SELECT p.* INTO v_known
      FROM aegis.protected_tables AS p
     WHERE (p.schema_name, p.table_name) = (v_table.schema_name, v_table.table_name);

    -- A past that can be emptied is none.
    v_history := coalesce(
        p_history, to_regclass(quote_ident(v_known.history_schema_name) || '.' || quote_ident(v_known.history_table_name))
    );
    IF v_history IS NOT NULL AND (
        EXISTS (SELECT FROM aegis_guard.guard_gaps(v_history, FALSE, TRUE))
        OR NOT EXISTS (
            SELECT
              FROM aegis.protected_tables AS p
              JOIN pg_namespace AS n ON n.nspname = p.schema_name
              JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = p.table_name
             WHERE c.oid = v_history
               AND p.is_append_only
        )
    ) THEN
        CALL aegis.protect_table(
            p_table => v_history,
            p_reason => format('superseded values of %s', v_table.table_name),
            p_append_only => TRUE
        );
    END IF;

    IF EXISTS (
        SELECT
          FROM aegis_guard.guard_gaps(
                   p_table,
                   p_history IS NOT NULL OR v_known.history_table_name IS NOT NULL,
                   p_append_only OR v_known.is_append_only IS TRUE
               )
    ) THEN
        IF EXISTS (
            SELECT
              FROM pg_class AS c
             WHERE (c.oid = p_table OR c.oid IN (SELECT t.relid FROM pg_partition_tree(p_table) AS t))
               AND NOT pg_has_role(c.relowner, 'USAGE')
        ) THEN
            RAISE EXCEPTION 'role % may not protect %', quote_ident(CURRENT_USER), p_table
                USING ERRCODE = 'AEP15', SCHEMA = v_table.schema_name, TABLE = v_table.table_name,
                      DETAIL = 'It does not own the table and each of its partitions.',
                      HINT = 'Let the owner call it, as a member of aegis_operator, or a superuser.';
        END IF;

        EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', p_table);
        v_gaps := aegis_guard.arm_table(
            p_table,
            p_history IS NOT NULL OR v_known.history_table_name IS NOT NULL,
            p_append_only OR v_known.is_append_only IS TRUE
        );

        -- What an approved deletion needs; without a ticket the guards refuse it like any other.
        IF v_table.owner NOT IN ('aegis_owner'::regrole, 'aegis_guard'::regrole) THEN
            EXECUTE format('GRANT SELECT, DELETE ON %s TO aegis_guard', p_table);
            IF has_schema_privilege(v_table.schema_name, 'USAGE WITH GRANT OPTION') THEN
                EXECUTE format('GRANT USAGE ON SCHEMA %I TO aegis_guard', v_table.schema_name);
            END IF;
        END IF;
    END IF;

    PERFORM aegis_guard.register_table(p_table, p_reason, p_history, p_append_only);

    IF v_known.table_name IS NOT NULL THEN
        RAISE NOTICE '% is protected already', p_table
            USING DETAIL = format('Guards that were missing or disabled: %s.', coalesce(v_gaps, 0));
    END IF;
END;
$procedure$;

COMMENT ON PROCEDURE aegis.protect_table(regclass, text, regclass, boolean) IS -- noqa: LT01
'Refuses DELETE and TRUNCATE on a table, its partitions and its history from now on; raises AEP08 and AEP10 to AEP16.';

ALTER PROCEDURE aegis.protect_table(regclass, text, regclass, boolean) OWNER TO aegis_owner;
REVOKE ALL ON PROCEDURE aegis.protect_table(regclass, text, regclass, boolean) FROM PUBLIC;
GRANT EXECUTE ON PROCEDURE aegis.protect_table(regclass, text, regclass, boolean) TO aegis_operator;
