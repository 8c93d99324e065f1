-- Shows how psql was called.
SELECT '1..0 # SKIP only for its stray row';
\! tr '\0' ' ' < /proc/$PPID/cmdline
