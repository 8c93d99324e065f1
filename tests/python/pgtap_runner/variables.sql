-- psql's own variables and conditions.
BEGIN;
\set planned 2
SELECT plan(:planned);
SELECT 42 AS answer, 'it''s' AS word \gset
SELECT is(:answer, 42, 'gset keeps a number');
\if :{?answer}
SELECT is(:'word'::text, 'it''s'::text, 'gset keeps a quoted word');
\endif
SELECT * FROM finish();
ROLLBACK;
