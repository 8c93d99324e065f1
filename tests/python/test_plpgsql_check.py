"""Every routine is sound inside: the one check that sees wrong columns and types in a body."""

from __future__ import annotations

import psycopg
import pytest

ROUTINES = """
SELECT p.oid::regprocedure::text, c.level, c.lineno, c.statement, c.message
  FROM pg_proc AS p
  JOIN pg_language AS l ON l.oid = p.prolang AND l.lanname = 'plpgsql'
 CROSS JOIN LATERAL plpgsql_check_function_tb(
        funcoid => p.oid,
        relid => CASE WHEN p.proname = '_follow_findings' THEN 'aegis.findings'::regclass
                      WHEN p.proname = 'close_change' THEN 'aegis_guard.tickets'::regclass
                      WHEN p.prorettype = 'trigger'::regtype THEN 'aegis.stock_prices'::regclass
                      ELSE 0 END,
        newtable => CASE p.proname WHEN '_follow_findings' THEN 'new_findings'
                                   WHEN 'record_soft_delete' THEN 'new_rows'
                                   WHEN 'seal_rows' THEN 'new_rows' END,
        oldtable => CASE p.proname WHEN 'capture_history' THEN 'old_rows'
                                   WHEN 'record_soft_delete' THEN 'old_rows'
                                   WHEN 'settle_ticket' THEN 'removed_rows' END,
        extra_warnings => false
     ) AS c
 WHERE p.pronamespace IN ('aegis'::regnamespace, 'aegis_guard'::regnamespace)
   AND c.level = 'error'
"""


def test_no_routine_has_an_error_inside(database: str) -> None:
    with psycopg.connect(database) as connection:
        available = connection.execute(
            "SELECT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'plpgsql_check')"
        ).fetchone()
        if not available or not available[0]:
            pytest.skip("this server lacks plpgsql_check (Debian: postgresql-15-plpgsql-check)")
        connection.execute("CREATE EXTENSION plpgsql_check SCHEMA pg_catalog")
        # What a routine makes before it uses it has to be there for the checker.
        connection.execute("SELECT aegis.open_stage(target) FROM aegis.ingest_targets")
        assert connection.execute(ROUTINES).fetchall() == []
