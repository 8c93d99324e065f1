-- Numbers of writing acts: batches, soft deletes, corrections. A row carries the number of the act
-- that wrote its current version, so its block in aegis.ledger is found again.

CREATE SEQUENCE aegis.batch_numbers AS bigint;

COMMENT ON SEQUENCE aegis.batch_numbers IS
'Numbers of writing acts; each version of a row carries one.';

-- Not the owner of the data: setval would hand out numbers twice.
ALTER SEQUENCE aegis.batch_numbers OWNER TO aegis_guard;
GRANT USAGE ON SEQUENCE aegis.batch_numbers TO aegis_owner;
