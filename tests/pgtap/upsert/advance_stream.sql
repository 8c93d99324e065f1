-- Upsert: a message of a stream is applied by one process, once, and none is left out.
BEGIN;
SELECT plan(16);

SELECT results_eq(
    $$SELECT epoch, next_offset FROM aegis.claim_stream('c', 't', 0)$$, $$VALUES (1::bigint, NULL::bigint)$$,
    'a new partition begins anywhere'
);
SELECT is(aegis.advance_stream('c', 't', 0, 1, 5, 10, 40), 5::bigint, 'the first messages are noted');
SELECT is(aegis.advance_stream('c', 't', 0, 1, 10, 12, 50), 2::bigint, 'the next ones follow');
SELECT is(aegis.advance_stream('c', 't', 0, 1, 10, 12), 0::bigint, 'the same ones again are applied already');
SELECT is(aegis.advance_stream('c', 't', 0, 1, 5, 10), 0::bigint, 'and earlier ones too');
SELECT throws_ok($$SELECT aegis.advance_stream('c', 't', 0, 1, 14, 20)$$, 'AEU61', NULL, 'a gap is refused');
SELECT throws_ok($$SELECT aegis.advance_stream('c', 't', 0, 1, 11, 20)$$, 'AEU61', NULL, 'an overlap is refused');
SELECT results_eq(
    $$SELECT epoch, next_offset FROM aegis.claim_stream('c', 't', 0)$$, $$VALUES (2::bigint, 12::bigint)$$,
    'the next claim goes on where the last one stopped'
);
SELECT throws_ok(
    $$SELECT aegis.advance_stream('c', 't', 0, 1, 12, 20)$$, 'AEU60', NULL,
    'a process whose claim is over cannot advance'
);
SELECT throws_ok(
    $$SELECT aegis.advance_stream('c', 't', 7, 1, 0, 1)$$, 'AEU60', NULL, 'nor one that never claimed'
);
SELECT is(aegis.advance_stream('c', 't', 0, 2, 12, 12, 60), 0::bigint, 'an idle consumer can report the end');
SELECT results_eq(
    $$SELECT next_offset, end_offset, lag FROM aegis.stream_lag$$, $$VALUES (12::bigint, 60::bigint, 48::bigint)$$,
    'the lag is visible'
);
SELECT throws_ok($$SELECT aegis.advance_stream('c', 't', 0, 2, 12, 11)$$, 'AEU62', NULL, 'a range runs forwards');
SELECT throws_ok($$SELECT aegis.claim_stream('', 't', 0)$$, 'AEU62', NULL, 'a claim names its consumer');
SELECT throws_ok($$SELECT aegis.claim_stream('c', 't', NULL)$$, 'AEU62', NULL, 'and its partition');
SELECT throws_ok(
    $$DELETE FROM aegis.stream_offsets$$, 'AEP01', NULL,
    'what is known about a stream is never forgotten: it would be applied twice'
);

SELECT * FROM finish();
ROLLBACK;
