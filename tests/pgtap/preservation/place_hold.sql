-- Preservation: a hold names rows, not persons, and is lifted by another person.
BEGIN;
SELECT plan(21);

CREATE ROLE holder IN ROLE aegis_operator, aegis_approver;
CREATE ROLE lifter IN ROLE aegis_approver;
CREATE ROLE clerk IN ROLE aegis_operator;
GRANT USAGE ON SCHEMA tap TO PUBLIC;

SELECT throws_ok($$CALL aegis.place_hold(' ', p_codes => '{005930}')$$, 'AEP57', NULL, 'a hold needs a reason');
SELECT throws_ok($$CALL aegis.place_hold('court')$$, 'AEP57', NULL, 'and a condition');
SELECT throws_ok($$CALL aegis.place_hold('court', p_codes => '{}')$$, 'AEP57', NULL, 'a list is not empty');
SELECT throws_ok($$CALL aegis.place_hold('court', p_codes => '{005930,NULL}')$$, 'AEP57', NULL, 'and without null');
SELECT throws_ok($$CALL aegis.place_hold('court', p_from => '2024-02-01', p_to => '2024-01-01')$$, 'AEP57', NULL, 'days are in order');
SELECT throws_ok($$CALL aegis.place_hold('court', p_tables => '{aegis.active_holds}')$$, 'AEP57', NULL, 'a view holds no rows');

SET SESSION AUTHORIZATION holder;
CALL aegis.place_hold('court', p_tables => '{aegis.stock_prices_history,aegis.stock_prices_default}', p_subjects => '{kim}') \gset hold_
SELECT is((SELECT h.table_names FROM aegis.active_holds AS h WHERE h.hold_id = :hold_p_hold_id),
          '{aegis.stock_prices,aegis.stock_prices_history}', 'a partition or a history stands for its table');
SELECT is((SELECT h.subjects FROM aegis.active_holds AS h WHERE h.hold_id = :hold_p_hold_id), 1, 'subjects are counted');
SELECT throws_ok(format('CALL aegis.lift_hold(%s, ''closed'')', :hold_p_hold_id), 'AEP58', NULL, 'who placed it does not lift it');
SET SESSION AUTHORIZATION clerk;
SELECT throws_ok(format('CALL aegis.lift_hold(%s, ''closed'')', :hold_p_hold_id), '42501', NULL, 'nor somebody without the role');
RESET SESSION AUTHORIZATION;
GRANT lifter TO clerk;
SET SESSION AUTHORIZATION clerk;
SET ROLE lifter;
SELECT throws_ok(format('CALL aegis.lift_hold(%s, ''closed'')', :hold_p_hold_id), 'AEP58', NULL, 'nor through SET ROLE');
RESET ROLE;
SET SESSION AUTHORIZATION lifter;
SELECT throws_ok(format('CALL aegis.lift_hold(%s, NULL)', :hold_p_hold_id), 'AEP57', NULL, 'lifting needs a reason');
SELECT throws_ok('CALL aegis.lift_hold(-1, ''closed'')', 'AEP57', NULL, 'and a hold');
SELECT lives_ok(format('CALL aegis.lift_hold(%s, ''closed'')', :hold_p_hold_id), 'another approver lifts it');
SELECT throws_ok(format('CALL aegis.lift_hold(%s, ''closed'')', :hold_p_hold_id), 'AEP57', NULL, 'once');
RESET SESSION AUTHORIZATION;

SELECT is_empty('SELECT FROM aegis.active_holds', 'then it is no longer in force');
SELECT is((SELECT count(*) FROM aegis.legal_holds AS h WHERE to_jsonb(h)::text LIKE '%kim%'), 0::bigint, 'a subject is kept as a hash only');
SELECT set_eq($$SELECT l.detail ->> 'event', l.acted_by FROM aegis.ledger AS l WHERE l.kind = 'legal_hold'$$,
              $$VALUES ('placed', 'holder'), ('lifted', 'lifter')$$, 'both are acts in the ledger');
SET LOCAL ROLE aegis_owner;
SELECT throws_ok('DELETE FROM aegis.legal_hold_lifts', '42501', NULL, 'the owner of the data cannot touch holds');
SELECT throws_ok($$INSERT INTO aegis.legal_hold_lifts (hold_id, reason) VALUES (1, 'forged')$$, '42501', NULL, 'or forge the end of one');
SELECT throws_ok($$INSERT INTO aegis.deletion_decisions (request_id, is_approved, expires_at) VALUES (1, TRUE, now())$$, '42501', NULL,
                 'or an approval');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;
