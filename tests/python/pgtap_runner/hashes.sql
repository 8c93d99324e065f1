-- A number sign is part of a description unless a directive follows.
BEGIN;
SELECT plan(4);
SELECT ok(true, 'issue # 12');
SELECT ok(true, 'issue \# SKIP is escaped');
SELECT ok(true, '#1 of the list');
SELECT ok(true, 'back\\slash # and more # TODO');
SELECT * FROM finish();
ROLLBACK;
