"""What an upgrade refuses before it has changed anything."""

from __future__ import annotations

import psycopg
from click.testing import CliRunner

from aegis_db.cli import main
from aegis_db.cluster import Cluster


def test_a_database_in_another_encoding_is_refused(cluster: Cluster) -> None:
    with psycopg.connect(cluster.dsn(), autocommit=True) as connection:
        connection.execute(
            "CREATE DATABASE ascii ENCODING 'SQL_ASCII'"
            " LOCALE 'C' LOCALE_PROVIDER libc TEMPLATE template0"
        )
    result = CliRunner().invoke(main, ["upgrade", "--dsn", cluster.dsn("ascii")])
    assert result.exit_code == 1
    assert result.stderr.startswith("AEK01: AEGIS needs a database in UTF8")
    with psycopg.connect(cluster.dsn("ascii")) as connection:
        assert connection.execute("SELECT to_regnamespace('aegis')").fetchone() == (None,)


def test_an_unknown_revision_is_refused(database: str) -> None:
    result = CliRunner().invoke(main, ["upgrade", "9999_nothing", "--dsn", database])
    assert result.exit_code == 1
    assert result.stderr.startswith("AEK10: ")
    assert "Traceback" not in result.output


def test_no_server_is_a_sentence() -> None:
    result = CliRunner().invoke(main, ["upgrade", "--dsn", "host=/nonexistent dbname=x"])
    assert result.exit_code == 1
    assert result.stderr.startswith("08000: ")
    assert "HINT: " in result.stderr
