-- The first unescaped number sign decides.
SELECT '1..1';
SELECT 'not ok 1 - a # b # TODO later';
