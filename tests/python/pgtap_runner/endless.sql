-- Never ends by itself.
BEGIN;
SELECT plan(1);
SELECT pg_sleep(600);
