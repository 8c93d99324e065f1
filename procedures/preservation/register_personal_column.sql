-- register_personal_column: tell where personal data lies, so that erasures find it.
--
-- Call     CALL aegis.register_personal_column('aegis.user_activity_logs', 'device', FALSE, 'erase', 'identifies a phone');
-- Role     aegis_privacy_officer
-- Locks    none
-- Raises   AEP64  the column cannot be registered so
-- Repeat   idempotent: a column registered the same way changes nothing
--
-- p_is_subject says that the column names the person or account: a table needs such a column
-- first. A registration is never taken back. History and archived partitions follow the table.

CREATE OR REPLACE PROCEDURE aegis.register_personal_column(
    p_table regclass,
    p_column text,
    p_is_subject boolean,
    p_treatment text,
    p_reason text
)
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $procedure$
DECLARE
    v_table record;
    v_column record;
    v_known aegis.personal_columns;
    v_detail text;
BEGIN
    SELECT n.nspname AS schema_name, c.relname AS table_name, c.relkind, c.relispartition,
           c.relowner::regrole::text AS owner,
           EXISTS (
               SELECT FROM aegis.personal_columns AS p
                WHERE (p.schema_name, p.table_name) = (n.nspname, c.relname) AND p.is_subject
           ) AS has_subject,
           EXISTS (
               SELECT FROM aegis.protected_tables AS p
                WHERE (p.history_schema_name, p.history_table_name) = (n.nspname, c.relname)
           ) AS is_history
      INTO v_table
      FROM pg_class AS c
      JOIN pg_namespace AS n ON n.oid = c.relnamespace
     WHERE c.oid = p_table;

    SELECT a.attname, a.atttypid, a.attnotnull, a.attgenerated,
           EXISTS (
               SELECT FROM pg_index AS x WHERE x.indrelid = p_table AND x.indisunique AND a.attnum = ANY(x.indkey)
           ) AS is_key
      INTO v_column
      FROM pg_attribute AS a
     WHERE a.attrelid = p_table
       AND a.attname = p_column
       AND a.attnum > 0
       AND NOT a.attisdropped;

    SELECT p.* INTO v_known
      FROM aegis.personal_columns AS p
     WHERE (p.schema_name, p.table_name, p.column_name) = (v_table.schema_name, v_table.table_name, p_column);

    v_detail := CASE
        WHEN v_table.relkind IS NULL OR v_table.relkind NOT IN ('r', 'p') THEN 'There is no such table.'
        WHEN v_table.relispartition OR v_table.schema_name = 'aegis_archive' OR v_table.is_history
            THEN 'It follows its table: register the column there.'
        WHEN v_table.owner <> 'aegis_owner' THEN format('The table belongs to %I, not to aegis_owner.', v_table.owner)
        WHEN v_column.attname IS NULL THEN 'There is no such column.'
        WHEN v_column.attgenerated <> '' THEN 'The column is generated: register those it is made of.'
        WHEN v_column.is_key THEN 'The column is part of a key: an erasure would break it.'
        WHEN coalesce(btrim(p_reason), '') = '' THEN 'A registration needs a reason.'
        WHEN p_treatment IS NULL OR p_treatment NOT IN ('erase', 'pseudonymise') THEN 'The treatment is erase or pseudonymise.'
        WHEN p_is_subject IS NULL THEN 'p_is_subject is true or false.'
        WHEN p_treatment = 'pseudonymise' AND v_column.atttypid <> 'text'::regtype THEN 'A pseudonym is text.'
        WHEN p_treatment = 'erase' AND v_column.attnotnull
            AND v_column.atttypid NOT IN ('text'::regtype, 'jsonb'::regtype, 'bigint'::regtype, 'integer'::regtype, 'numeric'::regtype)
            THEN 'The column knows no null and its type no empty value.'
        WHEN NOT p_is_subject AND NOT v_table.has_subject THEN 'Register the column that names the subject first.'
        WHEN (v_known.is_subject, v_known.treatment) <> (p_is_subject, p_treatment)
            THEN format('It is registered already, to be treated otherwise: %s.', v_known.treatment)
    END;
    IF v_detail IS NOT NULL THEN
        RAISE EXCEPTION 'column % of % is not registered', coalesce(quote_ident(p_column), 'null'), coalesce(p_table::text, 'null')
            USING ERRCODE = 'AEP64', SCHEMA = coalesce(v_table.schema_name, ''), TABLE = coalesce(v_table.table_name, ''),
                  DETAIL = v_detail,
                  HINT = 'aegis.personal_columns lists what is registered.';
    END IF;

    IF v_known.table_name IS NULL THEN
        INSERT INTO aegis.personal_columns (schema_name, table_name, column_name, is_subject, treatment, reason)
        VALUES (v_table.schema_name, v_table.table_name, p_column, p_is_subject, p_treatment, p_reason);

        PERFORM aegis_guard._record_act(
            p_kind => 'rule_change',
            p_subject => format('personal column %I.%I.%I', v_table.schema_name, v_table.table_name, p_column),
            p_detail => jsonb_build_object('is_subject', p_is_subject, 'treatment', p_treatment, 'reason', p_reason)
        );
    END IF;
END;
$procedure$;

COMMENT ON PROCEDURE aegis.register_personal_column(regclass, text, boolean, text, text) IS -- noqa: LT01
'Registers a column that holds personal data and what an erasure does to it; raises AEP64.';

ALTER PROCEDURE aegis.register_personal_column(regclass, text, boolean, text, text) OWNER TO aegis_guard;
REVOKE ALL ON PROCEDURE aegis.register_personal_column(regclass, text, boolean, text, text) FROM PUBLIC;
GRANT EXECUTE ON PROCEDURE aegis.register_personal_column(regclass, text, boolean, text, text) TO aegis_privacy_officer;
