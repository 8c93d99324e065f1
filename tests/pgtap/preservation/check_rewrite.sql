-- Preservation: no protected table is written anew.
BEGIN;
SELECT plan(5);

CREATE TABLE public.example (id integer, body text);
SELECT lives_ok('ALTER TABLE public.example ALTER COLUMN id TYPE bigint', 'other tables may be rewritten');
CALL aegis.protect_table('public.example', 'test');
SELECT throws_ok('ALTER TABLE public.example ALTER COLUMN body TYPE integer USING 0', 'AEP19', NULL, 'a protected one may not');
SELECT throws_ok('ALTER TABLE public.example SET UNLOGGED', 'AEP19', NULL, 'nor lose its log');
SELECT aegis_guard.open_change('test');
SELECT throws_ok('ALTER TABLE public.example ALTER COLUMN body TYPE text USING ''x''', 'AEP19', NULL, 'not in a change window either');
SELECT lives_ok('ALTER TABLE public.example ADD COLUMN at timestamptz DEFAULT clock_timestamp()', 'which may fill a column more');

SELECT * FROM finish();
ROLLBACK;
