-- Preservation: what replicates into a protected table, past its history, is refused.
BEGIN;
SELECT plan(4);

CREATE TABLE public.example (id integer PRIMARY KEY, body text);
CALL aegis.protect_table('public.example', 'test');
SELECT lives_ok('INSERT INTO public.example VALUES (1)', 'a normal session writes');
SET LOCAL session_replication_role = replica;
SELECT throws_ok('INSERT INTO public.example VALUES (2)', 'AEP25', NULL, 'a replica inserts nothing');
SELECT throws_ok('UPDATE public.example SET body = ''x''', 'AEP25', NULL, 'changes nothing');
SELECT throws_ok('DELETE FROM public.example', 'AEP01', NULL, 'and removes nothing');

SELECT * FROM finish();
ROLLBACK;
