-- Lines of another operating system.
SELECT E'1..1\r';
SELECT E'ok 1 - first\r';
