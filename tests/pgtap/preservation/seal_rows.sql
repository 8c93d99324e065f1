-- Preservation: every statement that writes rows leaves one block, of the bytes that were written.
BEGIN;
SELECT plan(14);

CREATE TABLE aegis.examples (
    id text COLLATE "C" NOT NULL, day date NOT NULL, price numeric, note text, detail jsonb, batch_number bigint,
    doubled numeric GENERATED ALWAYS AS (price * 2) STORED,
    CONSTRAINT examples_pk PRIMARY KEY (id, day)
) PARTITION BY RANGE (day);
CREATE TABLE aegis.examples_p2024 PARTITION OF aegis.examples FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
ALTER TABLE aegis.examples OWNER TO aegis_owner;
ALTER TABLE aegis.examples_p2024 OWNER TO aegis_owner;

SELECT throws_ok($$CALL aegis.seal_table('aegis.examples')$$, 'AEP72', NULL, 'only what is protected is sealed');
CALL aegis.protect_table('aegis.examples', 'test');
SELECT lives_ok($$CALL aegis.seal_table('aegis.examples')$$, 'a protected table is sealed');
SELECT results_eq($$SELECT column_names, bucket_column FROM aegis.seal_formats WHERE table_name = 'examples'$$,
                  $$VALUES ('{id,day,price,note,detail,batch_number}'::text[], 'day' COLLATE "C")$$,
                  'a digest covers what is stored, and days go by the partition key');
CREATE TABLE aegis.examples_default PARTITION OF aegis.examples DEFAULT;
SELECT is((SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'aegis\_seal%' AND tgenabled = 'A'
              AND tgrelid IN ('aegis.examples'::regclass, 'aegis.examples_p2024'::regclass, 'aegis.examples_default'::regclass)),
          9::bigint, 'the table and each partition, later ones too, have the three seals');

INSERT INTO aegis.examples VALUES ('가', '2024-01-02', 10.50, '메모', '{"a": 1}', 7), ('b', '2030-01-01', NULL, NULL, NULL, 7);
SELECT results_eq(
    $$SELECT row_count, batch_number, cardinality(row_hashes), detail FROM aegis.ledger
       WHERE subject = 'aegis.examples' AND kind = 'block'$$,
    $$VALUES (2::bigint, 7::bigint, 2, '{"format": 1, "operation": "insert", "from": "2024-01-02", "until": "2030-01-01"}'::jsonb)$$,
    'a statement leaves one block, whichever partitions it went to'
);
SELECT is(
    (SELECT digest FROM aegis.ledger WHERE subject = 'aegis.examples' AND kind = 'block'),
    (SELECT sha256(string_agg(record_send(ROW(id, day, price, note, detail, batch_number)), '' ORDER BY day))
       FROM aegis.examples),
    'its digest is that of the bytes'
);
SET LOCAL client_encoding = 'UHC';
SET LOCAL timezone = 'Asia/Seoul';
SET LOCAL datestyle = 'SQL, DMY';
SELECT is_empty($$SELECT * FROM aegis.verify_seals('aegis.examples')$$, 'no setting of the reader changes a digest');
RESET client_encoding;
RESET timezone;
RESET datestyle;

UPDATE aegis.examples SET price = price + 1 WHERE id = 'none';
SELECT is((SELECT count(*) FROM aegis.ledger WHERE subject = 'aegis.examples' AND kind = 'block'), 1::bigint,
          'a statement without rows leaves none');
INSERT INTO aegis.examples_p2024 SELECT 'n' || i, '2024-02-01', i, NULL, NULL, 8 FROM generate_series(1, 32776) AS i;
SELECT set_eq($$SELECT row_count FROM aegis.ledger WHERE subject = 'aegis.examples' AND batch_number = 8$$,
              ARRAY[32768, 8]::bigint[], 'a large statement leaves several, by partition name as well');
SELECT is_empty($$SELECT * FROM aegis.verify_seals('aegis.examples')$$, 'all of it is borne out by the rows');

ALTER TABLE aegis.examples ADD COLUMN added text;
CALL aegis.seal_table('aegis.examples');
INSERT INTO aegis.examples VALUES ('c', '2024-03-01', 1, NULL, NULL, 9, DEFAULT, 'new');
SELECT is((SELECT detail ->> 'format' FROM aegis.ledger WHERE batch_number = 9 AND subject = 'aegis.examples'), '2',
          'a new column comes with a new format');
SELECT is_empty($$SELECT * FROM aegis.verify_seals('aegis.examples')$$, 'old blocks are verified with the old one');

SELECT throws_ok($$SELECT * FROM aegis.verify_seals('aegis.error_codes')$$, 'AEP71', NULL, 'what has no seals is not verified');

SET LOCAL client_encoding = 'UHC';
INSERT INTO aegis.examples SELECT e.id || e.id, '2024-03-04', 1, e.note, e.detail, 9 FROM aegis.examples AS e WHERE e.note IS NOT NULL;
RESET client_encoding;
SELECT is_empty($$SELECT * FROM aegis.verify_seals('aegis.examples') AS v WHERE v.day = '2024-03-04'$$,
                'nor does the encoding of the client that wrote it');

SELECT * FROM finish();
ROLLBACK;
