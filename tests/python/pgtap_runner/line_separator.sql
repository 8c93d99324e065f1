-- Only a line feed ends a line.
SELECT '1..1';
SELECT E'ok 1 - first\u2028not ok 2 - no line\x0bnot ok 3\rnot ok 4';
