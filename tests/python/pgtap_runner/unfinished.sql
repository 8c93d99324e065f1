-- The session ends before the transaction: rolled back.
BEGIN;
CREATE TABLE public.pgtap_unfinished (n integer);
SELECT plan(1);
SELECT ok(true, 'first');
