-- TAP lets numbers out.
SELECT '1..2';
SELECT 'ok - first';
SELECT 'ok';
