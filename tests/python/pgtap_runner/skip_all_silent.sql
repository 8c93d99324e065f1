-- Skipped without a reason.
SELECT '1..0';
