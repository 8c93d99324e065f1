-- _sliding_values: the values of the last rows in order, nulls left out; empty, not null, without any. Called for all rows
-- up to one, each with its value and the value that leaves with its coming. From row to row little changes in the array:
-- that is ten times as fast as sorting each window.

CREATE OR REPLACE AGGREGATE aegis._sliding_values(double precision, double precision) ( -- noqa: PRS
    sfunc = aegis._slide,
    stype = double precision [],
    initcond = '{}',
    parallel = safe
);

COMMENT ON AGGREGATE aegis._sliding_values(double precision, double precision) IS
'The values of the last rows that are not null, ascending; arguments are the value that comes and the one that leaves.';

ALTER AGGREGATE aegis._sliding_values(double precision, double precision) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._sliding_values(double precision, double precision) FROM PUBLIC;
