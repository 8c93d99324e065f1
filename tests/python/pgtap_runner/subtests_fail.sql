-- runtests() with a failure inside.
BEGIN;
CREATE SCHEMA pgtap_subtests;
CREATE FUNCTION pgtap_subtests.test_sums() RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN NEXT tap.is(1 + 1, 2, 'one and one');
    RETURN NEXT tap.is(2 + 2, 5, 'two and two');
END $$;
CREATE FUNCTION pgtap_subtests.test_words() RETURNS SETOF text LANGUAGE sql AS $$
    SELECT tap.ok(true, 'a word')
$$;
SELECT * FROM runtests('pgtap_subtests'::name);
ROLLBACK;
