"""Three ways to one schema: online, as a script, and from the files of today without history."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

import psycopg
import pytest
from click.testing import CliRunner
from projects import contents

from aegis_db.cli import main
from aegis_db.manifest import ROOT, Tree
from aegis_db.migrate import WINDOW

Make = Callable[..., str]
Dump = Callable[[str], str]
Psql = Callable[..., subprocess.CompletedProcess[str]]


def script(*arguments: str) -> str:
    """Return what ``aegis-db upgrade|downgrade ... --sql`` prints."""
    done = CliRunner().invoke(main, [*arguments, "--sql"], catch_exceptions=False)
    assert done.exit_code == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def online(new_database: Make) -> str:
    """A database that Alembic has upgraded."""
    dsn = new_database("online", empty=True)
    done = CliRunner().invoke(main, ["upgrade", "--dsn", dsn], catch_exceptions=False)
    assert done.exit_code == 0, done.stderr
    return dsn


def test_the_script_of_sql_makes_the_same_database(
    online: str, new_database: Make, dump: Dump, psql: Psql
) -> None:
    offline = new_database("offline", empty=True)
    done = psql(offline, script("upgrade"), "-v", "ON_ERROR_STOP=1")
    assert (done.returncode, done.stderr) == (0, "")
    assert dump(offline) == dump(online)
    assert contents(offline) == contents(online)


def test_the_files_of_today_make_the_same_database(
    online: str, new_database: Make, dump: Dump
) -> None:
    dsn = new_database("from_files", empty=True)
    tree = Tree()
    settings = (ROOT / "migrations" / "session" / "settings.sql").read_bytes()
    with psycopg.connect(dsn) as connection:
        connection.execute(settings)
        reached = ""
        for path, (revision, _) in tree.latest().items():
            if revision != reached:
                connection.commit()
                connection.execute(WINDOW.format(revision=revision, direction="up").encode())
                reached = revision
            if not path.startswith("migrations/") and (tree.root / path).is_file():
                connection.execute((tree.root / path).read_bytes())
    assert dump(dsn) == dump(online)
    history = {"aegis.deployments": []}
    assert contents(dsn) | history == contents(online) | history


def test_every_file_is_in_the_log(online: str) -> None:
    tree = Tree()
    with psycopg.connect(online) as connection:
        logged = connection.execute(
            "SELECT revision, direction, path, sha256 FROM aegis.deployments ORDER BY deployment_id"
        ).fetchall()
    assert logged == [
        (revision, "up", pin.path, pin.sha256)
        for revision in tree.revisions()
        for pin in tree.applied(revision)
    ]


def test_going_back_by_script_is_going_back_online(
    new_database: Make, dump: Dump, psql: Psql
) -> None:
    left, right = (new_database("back") for _ in range(2))
    head = Tree().revisions()[-1]
    done = CliRunner().invoke(
        main, ["downgrade", "base", "--yes", "--dsn", left], catch_exceptions=False
    )
    assert done.exit_code == 0, done.stderr
    done_by_psql = psql(right, script("downgrade", f"{head}:base"), "-v", "ON_ERROR_STOP=1")
    assert (done_by_psql.returncode, done_by_psql.stderr) == (0, "")
    assert dump(left) == dump(right)
    with psycopg.connect(left) as connection:
        assert connection.execute("SELECT count(*) FROM aegis.alembic_version").fetchone() == (0,)

    again = psql(right, script("upgrade"), "-v", "ON_ERROR_STOP=1")
    assert (again.returncode, again.stderr) == (0, "")


def test_a_script_runs_once(new_database: Make, dump: Dump, psql: Psql) -> None:
    dsn = new_database("twice")
    before = dump(dsn)
    stopped = psql(dsn, script("upgrade"), "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=verbose")
    assert stopped.returncode == 3
    assert "AEK03" in stopped.stderr
    careless = psql(dsn, script("upgrade"), "-v", "VERBOSITY=verbose")
    assert "AEK03" in careless.stderr
    assert dump(dsn) == before


def test_a_script_that_begins_elsewhere_is_refused(new_database: Make, psql: Psql) -> None:
    first, second = Tree().revisions()[:2]
    dsn = new_database("elsewhere", empty=True)
    refused = psql(dsn, script("upgrade", f"{first}:{second}"), "-v", "VERBOSITY=verbose")
    assert "AEK03" in refused.stderr
    with psycopg.connect(dsn) as connection:
        found = connection.execute("SELECT to_regclass('aegis.alembic_version')").fetchone()
    assert found == (None,)
