"""Migrations take turns, give way to writers, and survive being killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from projects import FIRST, SECOND, Project

from aegis_db import verify
from aegis_db.cluster import Cluster
from aegis_db.database import connect
from aegis_db.manifest import ROOT, Tree
from aegis_db.migrate import upgrade

pytestmark = pytest.mark.once(18)

Register = Callable[[subprocess.Popen[str]], subprocess.Popen[str]]

TURN = "SELECT pg_advisory_lock(hashtextextended('aegis.alembic_version', 0))"


def start(dsn: str, *arguments: str) -> subprocess.Popen[str]:
    """Start ``aegis-db`` in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", "from aegis_db.cli import main; main()", *arguments],
        env=os.environ | {"AEGIS_DSN": dsn},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_until(condition: Callable[[], bool], seconds: float = 30) -> None:
    """Wait for a condition that another process brings about."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it has not come about in time"
        time.sleep(0.05)


def is_true(dsn: str, query: str) -> bool:
    """Ask the database a question."""
    with psycopg.connect(dsn) as connection:
        row = connection.execute(query).fetchone()
    return row is not None and bool(row[0])


def is_sound(dsn: str) -> bool:
    """Tell whether a database is at head and as its package says, each file having run once."""
    with connect(dsn) as connection:
        return not verify.verify(connection) and is_once(dsn)


def is_once(dsn: str) -> bool:
    """Tell whether no file ran twice."""
    return is_true(
        dsn,
        "SELECT count(*) = count(DISTINCT (revision, path)) FROM aegis.deployments",
    )


def test_parallel_upgrades_take_turns(empty_database: str, closing: Register) -> None:
    processes = [closing(start(empty_database, "upgrade")) for _ in range(4)]
    outcomes = [process.communicate(timeout=120) for process in processes]
    assert [process.returncode for process in processes] == [0] * 4, outcomes
    done = [stderr.count("applied") for _, stderr in outcomes]
    assert sorted(done) == [0, 0, 0, len(Tree().revisions())]
    assert is_sound(empty_database)


def test_two_databases_of_a_new_cluster_at_once(cluster: Cluster, closing: Register) -> None:
    with Cluster.temporary(binaries=cluster.binaries, settings=("fsync=off",)) as fresh:
        names = ("one", "two", "three")
        with psycopg.connect(fresh.dsn(), autocommit=True) as connection:
            for name in names:
                connection.execute(f"CREATE DATABASE {name}".encode())
        processes = [closing(start(fresh.dsn(name), "upgrade")) for name in names]
        outcomes = [process.communicate(timeout=120) for process in processes]
        assert [process.returncode for process in processes] == [0] * 3, outcomes
        assert all(is_sound(fresh.dsn(name)) for name in names)


def test_a_migration_waits_for_its_turn_without_a_snapshot(
    empty_database: str, closing: Register
) -> None:
    """Who waits must not hold up CREATE INDEX CONCURRENTLY of the one who has the turn."""
    with psycopg.connect(empty_database, autocommit=True) as holder:
        holder.execute(TURN)
        holder.execute("CREATE TABLE public.big (n int)")
        process = closing(start(empty_database, "upgrade"))
        wait_until(
            lambda: is_true(
                empty_database,
                "SELECT EXISTS (SELECT FROM pg_stat_activity"
                " WHERE datname = current_database() AND wait_event = 'PgSleep')",
            )
        )
        holder.execute("SET statement_timeout = '10s'")
        holder.execute("CREATE INDEX CONCURRENTLY big_ix ON public.big (n)")
        assert process.poll() is None
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 0, stderr


def test_a_turn_that_never_comes_is_given_up(empty_database: str) -> None:
    with psycopg.connect(empty_database, autocommit=True) as holder:
        holder.execute(TURN)
        name = holder.info.dbname
        holder.execute(f"ALTER DATABASE {name} SET aegis.turn_timeout = '300ms'".encode())
        done = start(empty_database, "upgrade")
        _, stderr = done.communicate(timeout=60)
    assert done.returncode == 1
    assert stderr.startswith("AEK02: another migration of this database is running")
    assert "Traceback" not in stderr


def test_a_script_waits_for_its_turn_too(
    empty_database: str, cluster: Cluster, tmp_path: Path, closing: Register
) -> None:
    script = tmp_path / "upgrade.sql"
    with script.open("w") as target:
        command = [sys.executable, "-m", "alembic", "upgrade", "head", "--sql"]
        subprocess.run(command, cwd=ROOT, stdout=target, stderr=subprocess.PIPE, check=True)
    psql = str(cluster.binaries.program("psql"))
    with psycopg.connect(empty_database, autocommit=True) as holder:
        holder.execute(TURN)
        process = closing(
            subprocess.Popen(
                [psql, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", script, empty_database],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
        time.sleep(1)
        assert process.poll() is None
        assert not is_true(empty_database, "SELECT to_regnamespace('aegis') IS NOT NULL")
    _, stderr = process.communicate(timeout=60)
    assert (process.returncode, stderr) == (0, "")
    assert is_sound(empty_database)


@pytest.mark.parametrize("moment", [0.0, 0.3, 0.6, 0.9])
def test_a_killed_upgrade_is_taken_up_again(
    moment: float, empty_database: str, closing: Register
) -> None:
    process = closing(start(empty_database, "upgrade"))
    wait_until(
        lambda: (
            process.poll() is not None
            or is_true(
                empty_database,
                "SELECT count(*) > 0 FROM pg_stat_activity"
                " WHERE datname = current_database() AND application_name = 'aegis-db'",
            )
        )
    )
    time.sleep(moment)
    process.send_signal(signal.SIGKILL)
    process.wait()
    upgrade(empty_database)
    assert is_sound(empty_database)


def slow(project: Project, dsn: str) -> None:
    """Give the second revision a step that does not end, after one that has an effect."""
    project.write(
        f"migrations/steps/{SECOND}/up.sql",
        "ALTER TABLE aegis.notes ADD COLUMN title text;\nSELECT pg_sleep(60);\n",
    )
    project.pin(SECOND)
    assert project.alembic("upgrade", FIRST, dsn=dsn).returncode == 0


def is_sleeping(dsn: str) -> bool:
    return is_true(
        dsn,
        "SELECT EXISTS (SELECT FROM pg_stat_activity"
        " WHERE datname = current_database() AND query LIKE '%pg_sleep(60)%'"
        " AND wait_event = 'PgSleep')",
    )


def has_title(dsn: str) -> bool:
    return is_true(
        dsn,
        "SELECT EXISTS (SELECT FROM pg_attribute"
        " WHERE attrelid = 'aegis.notes'::regclass AND attname = 'title')",
    )


@pytest.mark.parametrize("how", ["cancelled", "terminated"])
def test_a_revision_is_all_or_nothing(
    how: str, project: Project, empty_database: str, closing: Register
) -> None:
    slow(project, empty_database)
    process = closing(
        subprocess.Popen(
            [sys.executable, "-m", "alembic", "upgrade", "head"],
            cwd=project.root,
            env=os.environ | {"AEGIS_DSN": empty_database},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    )
    wait_until(lambda: is_sleeping(empty_database))
    verb = {"cancelled": "pg_cancel_backend", "terminated": "pg_terminate_backend"}[how]
    assert is_true(
        empty_database,
        f"SELECT bool_and({verb}(pid)) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event = 'PgSleep'",
    )
    process.communicate(timeout=60)
    assert process.returncode != 0
    assert not has_title(empty_database)

    up = f"migrations/steps/{SECOND}/up.sql"
    project.write(up, "ALTER TABLE aegis.notes ADD COLUMN title text;\n")
    project.pin(SECOND)
    assert project.alembic("upgrade", "head", dsn=empty_database).returncode == 0
    assert has_title(empty_database)
    assert is_once(empty_database)


def test_a_revision_gives_way_to_writers_and_tries_again(
    project: Project, empty_database: str
) -> None:
    settings = project.root / "migrations" / "session" / "settings.sql"
    text = settings.read_text("utf-8").replace("lock_timeout = '5s'", "lock_timeout = '100ms'")
    settings.write_text(text, "utf-8")
    assert project.pin(SECOND).returncode == 0
    assert project.alembic("upgrade", FIRST, dsn=empty_database).returncode == 0
    with psycopg.connect(empty_database) as writer:
        writer.execute("INSERT INTO aegis.notes VALUES ('in progress')")
        process = subprocess.Popen(
            [sys.executable, "-m", "alembic", "upgrade", "head"],
            cwd=project.root,
            env=os.environ | {"AEGIS_DSN": empty_database},
            stderr=subprocess.PIPE,
            text=True,
        )
        wait_until(
            lambda: is_true(
                empty_database,
                "SELECT EXISTS (SELECT FROM pg_locks"
                " WHERE NOT granted AND relation = 'aegis.notes'::regclass)",
            )
        )
        time.sleep(0.5)
        assert process.poll() is None
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 0, stderr
    assert has_title(empty_database)


def test_old_bodies_come_back(project: Project, empty_database: str) -> None:
    note = "sql/catalog/functions/note.sql"
    body = (project.root / note).read_text("utf-8")
    project.write(note, body.replace("first: ", "100 %: "))
    assert project.pin(SECOND).returncode == 0
    answers = []
    for verb, revision in (
        ("upgrade", FIRST),
        ("upgrade", "head"),
        ("downgrade", FIRST),
        ("upgrade", "head"),
    ):
        done = project.alembic(verb, revision, dsn=empty_database)
        assert done.returncode == 0, done.stderr
        with psycopg.connect(empty_database) as connection:
            answers += connection.execute("SELECT aegis.note('x')").fetchone() or ()
    assert answers == ["first: x", "100 %: x", "first: x", "100 %: x"]
    with psycopg.connect(empty_database) as connection:
        logged = connection.execute(
            "SELECT direction, count(*) FROM aegis.deployments"
            " WHERE revision = %s GROUP BY direction ORDER BY 1",
            (SECOND,),
        ).fetchall()
    assert logged == [("down", 2), ("up", 4)]


def test_an_index_is_built_concurrently(project: Project, empty_database: str) -> None:
    index = "sql/catalog/views/notes_index.sql"
    project.write(
        index,
        "-- aegis: no-transaction\n"
        "CREATE INDEX CONCURRENTLY IF NOT EXISTS notes_note_ix ON aegis.notes (note);\n",
    )
    assert project.pin(SECOND, index).returncode == 0
    manifest = project.tree.steps / SECOND / "manifest.sha256"
    lines = manifest.read_text("utf-8").splitlines(keepends=True)
    manifest.write_text("".join(sorted(lines, key=lambda line: index not in line)), "utf-8")
    done = project.alembic("upgrade", "head", dsn=empty_database)
    assert done.returncode == 0, done.stderr
    assert is_true(empty_database, "SELECT to_regclass('aegis.notes_note_ix') IS NOT NULL")
    assert has_title(empty_database)
