-- Nothing but pgTAP and pg_catalog is found without its schema.
BEGIN;
SELECT plan(1);
SELECT is(current_setting('search_path'), 'tap,pg_catalog', 'public is not on the search path');
SELECT * FROM finish();
ROLLBACK;
