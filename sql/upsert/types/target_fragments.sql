-- What the statements of a batch are made of, see aegis._target_fragments.
--
-- In the fragments w and d are a row of the stage, c its day in the calendar, k its code in the master,
-- n the last value of its key in the batch, t the row of the table; @ stands for n or EXCLUDED.

CREATE TYPE aegis.target_fragments AS (
    target text,
    relation regclass,
    stage text,
    input_columns text,
    completed text,
    incomplete text,
    filled text,
    survey text,
    joins text,
    rules text,
    bound_column text,
    key_columns text,
    first_key text,
    columns text,
    ranked text,
    in_order text,
    matches text,
    supersedes text,
    repeats text,
    assigned text,
    deleted text,
    is_append_only boolean,
    is_hashable boolean
);

COMMENT ON TYPE aegis.target_fragments IS
'Fragments of SQL for the batches of one table; internal.';
COMMENT ON COLUMN aegis.target_fragments.target IS 'Name under which batches come.';
COMMENT ON COLUMN aegis.target_fragments.relation IS 'The table.';
COMMENT ON COLUMN aegis.target_fragments.stage IS 'The stage, with its schema.';
COMMENT ON COLUMN aegis.target_fragments.input_columns IS 'Columns of the input type.';
COMMENT ON COLUMN aegis.target_fragments.completed IS 'The same, of w, null replaced by the default.';
COMMENT ON COLUMN aegis.target_fragments.incomplete IS 'Whether w lacks a value that has a default; null when no column has one.';
COMMENT ON COLUMN aegis.target_fragments.filled IS 'Names of the columns of w that lack it.';
COMMENT ON COLUMN aegis.target_fragments.survey IS 'Of all w: whether one is to be completed, first and last day.';
COMMENT ON COLUMN aegis.target_fragments.joins IS 'Joins of w to k and c.';
COMMENT ON COLUMN aegis.target_fragments.rules IS 'WHEN branches of a CASE, one for each rule.';
COMMENT ON COLUMN aegis.target_fragments.bound_column IS 'Key column that decides the partition; null when there is none.';
COMMENT ON COLUMN aegis.target_fragments.key_columns IS 'Columns of the key.';
COMMENT ON COLUMN aegis.target_fragments.first_key IS 'The first of them.';
COMMENT ON COLUMN aegis.target_fragments.columns IS 'Columns that are written.';
COMMENT ON COLUMN aegis.target_fragments.ranked IS 'Their values, of a row d of the stage; $1 source, $2 its rank, $3 number of the batch.';
COMMENT ON COLUMN aegis.target_fragments.in_order IS 'Order of rows d of one key, the last value first.';
COMMENT ON COLUMN aegis.target_fragments.matches IS 'Whether t and n have one key.';
COMMENT ON COLUMN aegis.target_fragments.supersedes IS 'Whether @ supersedes t.';
COMMENT ON COLUMN aegis.target_fragments.repeats IS 'Whether @ says what t says.';
COMMENT ON COLUMN aegis.target_fragments.assigned IS 'What an update sets.';
COMMENT ON COLUMN aegis.target_fragments.deleted IS 'Whether t is soft-deleted.';
COMMENT ON COLUMN aegis.target_fragments.is_append_only IS 'Whether rows never change.';
COMMENT ON COLUMN aegis.target_fragments.is_hashable IS 'Whether every type of the input has a hash.';

ALTER TYPE aegis.target_fragments OWNER TO aegis_owner;
REVOKE ALL ON TYPE aegis.target_fragments FROM PUBLIC;
GRANT USAGE ON TYPE aegis.target_fragments TO aegis_auditor;
