-- A row that begins like TAP and goes on in Korean.
SELECT '1..1';
SELECT 'ok한글';
