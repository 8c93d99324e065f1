-- Skipped inside TODO: the first directive counts.
BEGIN;
SELECT plan(1);
SELECT todo('not written yet', 1);
SELECT skip('needs the moon', 1);
SELECT * FROM finish();
ROLLBACK;
