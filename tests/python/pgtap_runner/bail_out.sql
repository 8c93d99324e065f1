-- Nothing after this makes sense.
SELECT '1..2';
SELECT 'ok 1';
SELECT 'Bail out! the server is on fire';
SELECT 'ok 2';
