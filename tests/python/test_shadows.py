"""Names in pg_temp: no routine that runs with the rights of others takes them for its own."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

# Every relation and type that a routine names without a schema could be another one of the caller.
RELATIONS = """
SELECT DISTINCT c.relname
  FROM pg_class AS c
  JOIN pg_proc AS p ON position(c.relname IN p.prosrc) > 0
 WHERE c.relkind IN ('r', 'p', 'v')
   AND c.relnamespace IN ('pg_catalog'::regnamespace, 'aegis'::regnamespace,
                          'aegis_guard'::regnamespace)
   AND p.pronamespace IN ('aegis'::regnamespace, 'aegis_guard'::regnamespace)
   AND NOT c.relispartition
"""
TYPES = [
    "text",
    "bigint",
    "int8",
    "integer",
    "int4",
    "boolean",
    "bool",
    "jsonb",
    "bytea",
    "date",
    "interval",
    "timestamptz",
    "oid",
    "regclass",
    "regnamespace",
    "regprocedure",
    "regrole",
    "name",
    "xid8",
    "numeric",
    "record",
]
PERSONS = """
CREATE ROLE shadow_operator LOGIN IN ROLE aegis_operator;
CREATE ROLE shadow_approver LOGIN IN ROLE aegis_approver;
CREATE ROLE shadow_auditor LOGIN IN ROLE aegis_auditor;
"""
TICKS = """
INSERT INTO aegis.stock_ticks (stock_code, trade_date, traded_at, sequence_number, price, volume,
                               source, batch_number)
SELECT '005930', d, d + '10:00'::time AT TIME ZONE 'Asia/Seoul', n, 100, 1, 'feed', 1
  FROM unnest('{2020-01-02,2020-02-03}'::date[]) AS d, generate_series(1, 10) AS n
"""
PREDICATE = (
    '[{"column": "trade_date", "operator": "=", "value": "2020-02-03"},'
    ' {"column": "sequence_number", "operator": "=", "value": 7}]'
)


@pytest.fixture
def shadowed(database: str) -> Iterator[psycopg.Connection]:
    """A session full of shadows, whose search path begins with them."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(PERSONS)
        connection.execute(
            "SELECT aegis.ensure_partitions('aegis.stock_ticks', '2020-01-02', '2020-02-03')"
        )
        connection.execute(TICKS)
        names = [name for (name,) in connection.execute(RELATIONS).fetchall()]
        for name in names:
            connection.execute(f'CREATE TEMP TABLE "{name}" (shadow integer)')
        tables = ", ".join(f'pg_temp."{name}"' for name in names)
        connection.execute(f"GRANT ALL ON {tables} TO PUBLIC")
        for name in TYPES:
            connection.execute(f'CREATE DOMAIN pg_temp."{name}" AS int4 CHECK (false)')
        connection.execute("SET search_path = pg_temp, pg_catalog")
        yield connection
        connection.execute("RESET SESSION AUTHORIZATION; RESET search_path; DISCARD TEMP")
        for person in ("operator", "approver", "auditor"):
            connection.execute(f"DROP ROLE shadow_{person}")


def speak(connection: psycopg.Connection, person: str, statement: str) -> list[tuple[object, ...]]:
    """Run a statement as a person, with the shadows in front."""
    connection.execute(f"SET SESSION AUTHORIZATION shadow_{person}")
    try:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []
    finally:
        connection.execute("RESET SESSION AUTHORIZATION")


def test_every_routine_with_the_rights_of_others_looks_in_pg_temp_last(database: str) -> None:
    with psycopg.connect(database) as connection:
        paths = connection.execute(
            """SELECT p.oid::regprocedure::text,
                      (SELECT c FROM unnest(p.proconfig) AS c WHERE c LIKE 'search_path=%')
                 FROM pg_proc AS p
                WHERE p.prosecdef
                  AND p.pronamespace IN ('aegis'::regnamespace, 'aegis_guard'::regnamespace)"""
        ).fetchall()
        assert paths
        assert {path for _, path in paths} == {"search_path=pg_catalog, pg_temp"}


def test_a_deletion_sees_the_requests_that_there_are(shadowed: psycopg.Connection) -> None:
    ((request,),) = speak(
        shadowed,
        "operator",
        f"SELECT aegis.request_deletion('aegis.stock_ticks', '{PREDICATE}', 1, 'test')",
    )
    with pytest.raises(psycopg.Error) as refused:
        speak(shadowed, "operator", f"CALL aegis.emergency_deletion({request})")
    assert refused.value.sqlstate == "AEP62"
    speak(shadowed, "approver", f"CALL aegis.approve_deletion({request})")
    speak(shadowed, "operator", f"CALL aegis.emergency_deletion({request})")
    assert shadowed.execute("SELECT count(*) FROM aegis.stock_ticks").fetchone() == (19,)
    speak(shadowed, "operator", f"CALL aegis.restore_from_vault({request}, 'test')")
    assert shadowed.execute("SELECT count(*) FROM aegis.stock_ticks").fetchone() == (20,)


def test_a_hold_keeps_what_it_holds(shadowed: psycopg.Connection) -> None:
    speak(shadowed, "auditor", "CALL aegis.place_hold('case 7', p_codes => ARRAY['005930'])")
    with pytest.raises(psycopg.Error) as refused:
        speak(
            shadowed,
            "operator",
            f"SELECT aegis.request_deletion('aegis.stock_ticks', '{PREDICATE}', 1, 'test')",
        )
    assert refused.value.sqlstate == "AEP52"
    with pytest.raises(psycopg.Error) as refused:
        speak(
            shadowed,
            "operator",
            "SELECT aegis.archive_partition('aegis.stock_ticks_p2020_01_02')",
        )
    assert refused.value.sqlstate in {"AEP51", "AEP52"}
    assert shadowed.execute("SELECT count(*) FROM aegis.stock_ticks").fetchone() == (20,)


def test_a_change_and_the_evidence_are_the_real_ones(shadowed: psycopg.Connection) -> None:
    with pytest.raises(psycopg.Error) as refused:
        speak(
            shadowed,
            "operator",
            """SELECT aegis.request_change('test', '[{"relation": "pg_temp.stock_ticks",
               "aspect": "not null price", "was": "yes", "becomes": null}]')""",
        )
    assert refused.value.sqlstate == "AEP26"
    ((request,),) = speak(
        shadowed,
        "operator",
        """SELECT aegis.request_change('test', '[{"relation": "aegis.stock_ticks",
           "aspect": "not null price", "was": "yes", "becomes": null}]')""",
    )
    speak(shadowed, "approver", f"CALL aegis.approve_change({request})")
    acts = shadowed.execute("SELECT count(*) FROM aegis.ledger").fetchone()
    speak(shadowed, "operator", "CALL aegis.seal_ledger()")
    assert shadowed.execute("SELECT count(*) FROM aegis.seal_entries").fetchone() == acts
    defects = speak(shadowed, "auditor", "SELECT severity, layer FROM aegis.posture()")
    assert [defect for defect in defects if defect[0] == "critical"] == []


@pytest.mark.parametrize("statement", ["DELETE FROM aegis.stock_ticks", "TRUNCATE aegis.stocks"])
def test_a_guard_guards(shadowed: psycopg.Connection, statement: str) -> None:
    with pytest.raises(psycopg.Error) as refused:
        shadowed.execute(statement)
    assert refused.value.sqlstate in {"AEP01", "AEP02"}
