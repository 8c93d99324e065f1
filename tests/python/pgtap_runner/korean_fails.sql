-- Diagnostics in Korean.
BEGIN;
SELECT plan(1);
SELECT is('코스피'::text, '코스닥', '시장이 같다');
SELECT * FROM finish();
ROLLBACK;
