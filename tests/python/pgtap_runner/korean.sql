-- Descriptions in Korean, TODO reasons, too.
BEGIN;
SELECT plan(3);
SELECT ok(true, '삼성전자의 종가는 양수다');
SELECT todo('아직 없음', 1);
SELECT ok(false, '배당락일');
SELECT is('코스피'::text, '코스피', 'KOSPI는 코스피다');
SELECT * FROM finish();
ROLLBACK;
