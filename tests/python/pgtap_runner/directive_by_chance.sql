-- A description that is a directive.
SELECT '1..2';
SELECT 'not ok 1 - a # TODO';
SELECT 'not ok 2 - b # SKIPPED';
