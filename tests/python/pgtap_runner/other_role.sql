-- pgTAP serves every role.
BEGIN;
CREATE ROLE pgtap_guest;
SELECT plan(2);
SET LOCAL ROLE pgtap_guest;
SELECT is(current_user, 'pgtap_guest'::name, 'the guest asserts');
SELECT throws_ok('CREATE SCHEMA pgtap_guest', '42501', NULL, 'and is a guest');
RESET ROLE;
SELECT * FROM finish();
ROLLBACK;
