-- add_soft_delete: prepare a table of yours for soft delete.
--
-- Call     CALL aegis.add_soft_delete('public.orders');      before aegis.protect_table
-- Role     aegis_operator that owns the table
-- Locks    ACCESS EXCLUSIVE on the table while columns are missing: is_active is a stored column, so the
--          table is rewritten once. SHARE ROW EXCLUSIVE while only the trigger is missing
-- Raises   AEP35  it is not a table
--          AEP36  it is a partition
--          AEP37  it has no primary key
--          AEP48  a column of that name has another shape, or the table belongs to AEGIS
--          42501  the caller does not own the table
-- Repeat   idempotent: adds what is missing
--
-- Adds deleted_at, deleted_by, delete_reason, the generated is_active, the checks that keep them together
-- and the trigger aegis_soft_delete, which records each soft delete in the ledger, also those of an
-- ORM. From then on aegis.soft_delete and aegis.restore_deleted take the table.

CREATE OR REPLACE PROCEDURE aegis.add_soft_delete(p_table regclass)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $procedure$
DECLARE
    v_table record;
    v_changes text;
BEGIN
    PERFORM aegis.row_key(p_table);

    SELECT n.nspname AS schema_name, c.relname AS table_name, c.relowner
      INTO v_table
      FROM pg_class AS c
      JOIN pg_namespace AS n ON n.oid = c.relnamespace
     WHERE c.oid = p_table;

    IF v_table.schema_name IN ('aegis', 'aegis_guard', 'aegis_archive') THEN
        RAISE EXCEPTION '% cannot be given soft delete', p_table
            USING ERRCODE = 'AEP48', SCHEMA = v_table.schema_name, TABLE = v_table.table_name,
                  DETAIL = 'It belongs to AEGIS.',
                  HINT = 'Prepare tables of your own.';
    END IF;

    SELECT string_agg(CASE
               WHEN a.attname IS NULL THEN format('ADD COLUMN %I %s%s', w.name, w.type, w.rest)
               WHEN a.atttypid <> w.type::regtype OR a.attgenerated::text <> w.generated THEN '!' || quote_ident(w.name)
           END, ', ' ORDER BY w.place)
      INTO v_changes
      FROM (VALUES
               (1, 'deleted_at', 'timestamptz', '', ''), (2, 'deleted_by', 'text', '', ''), (3, 'delete_reason', 'text', '', ''),
               (4, 'is_active', 'boolean', 's', ' GENERATED ALWAYS AS (deleted_at IS NULL) STORED')
           ) AS w (place, name, type, generated, rest)
      LEFT JOIN pg_attribute AS a ON a.attrelid = p_table AND a.attname = w.name AND NOT a.attisdropped;

    IF v_changes LIKE '%!%' OR EXISTS (
        SELECT
          FROM pg_attrdef AS d
          JOIN pg_attribute AS a ON a.attrelid = d.adrelid AND a.attnum = d.adnum AND a.attname = 'is_active'
         WHERE d.adrelid = p_table
           AND pg_get_expr(d.adbin, d.adrelid) <> '(deleted_at IS NULL)'
    ) THEN
        RAISE EXCEPTION '% cannot be given soft delete', p_table
            USING ERRCODE = 'AEP48', SCHEMA = v_table.schema_name, TABLE = v_table.table_name,
                  DETAIL = format('Of another shape: %s.', coalesce((
                      SELECT string_agg(ltrim(c, '!'), ', ') FROM unnest(string_to_array(v_changes, ', ')) AS c WHERE c LIKE '!%'
                  ), 'is_active')),
                  HINT = 'deleted_at is timestamptz, deleted_by and delete_reason are text, is_active is '
                         'boolean GENERATED ALWAYS AS (deleted_at IS NULL) STORED.';
    END IF;

    SELECT concat_ws(', ', v_changes, string_agg(
               format('ADD CONSTRAINT %I CHECK ((deleted_at IS NULL) = (%I IS NULL))', w.name, w.other), ', '))
      INTO v_changes
      FROM (VALUES
               (left(v_table.table_name, 40) || '_deleted_by_ck', 'deleted_by'),
               (left(v_table.table_name, 40) || '_delete_reason_ck', 'delete_reason')
           ) AS w (name, other)
     WHERE NOT EXISTS (
               SELECT FROM pg_constraint AS k
                WHERE k.conrelid = p_table
                  AND k.contype = 'c'
                  AND k.convalidated
                  AND pg_get_constraintdef(k.oid) = format('CHECK (((deleted_at IS NULL) = (%s IS NULL)))', w.other)
           );

    IF v_changes <> '' THEN
        EXECUTE format('ALTER TABLE %s %s', p_table, v_changes);
    END IF;

    IF NOT EXISTS (
        SELECT
          FROM pg_trigger AS t
         WHERE t.tgrelid = p_table
           AND t.tgname = 'aegis_soft_delete'
           AND t.tgfoid = 'aegis.record_soft_delete'::regproc
           AND t.tgenabled = 'A'
    ) THEN
        EXECUTE format('CREATE OR REPLACE TRIGGER aegis_soft_delete AFTER UPDATE ON %s '
                       'REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows '
                       'EXECUTE FUNCTION aegis.record_soft_delete()', p_table);
        EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER aegis_soft_delete', p_table);
    END IF;
END;
$procedure$;

COMMENT ON PROCEDURE aegis.add_soft_delete(regclass) IS -- noqa: LT01
'Gives a table of the caller the columns, checks and trigger of soft delete; raises AEP35 to AEP37 and AEP48.';

ALTER PROCEDURE aegis.add_soft_delete(regclass) OWNER TO aegis_owner;
REVOKE ALL ON PROCEDURE aegis.add_soft_delete(regclass) FROM PUBLIC;
GRANT EXECUTE ON PROCEDURE aegis.add_soft_delete(regclass) TO aegis_operator;
