"""`aegis-db server`: a server that outlives the command, as root and as an ordinary user."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import aegis_db
from aegis_db.cluster import Binaries, Cluster, find_binaries
from aegis_db.errors import AegisError

pytestmark = pytest.mark.once(18)  # starts servers of both versions

IS_ROOT = os.geteuid() == 0
# Drops root after the imports: the account need not reach this Python.
COMMAND = """
import difflib, os, sys  # difflib: click imports it late
from aegis_db.cli.server import server
uid, gid = map(int, sys.argv.pop(1).split(":"))
if uid != os.geteuid():
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
server(prog_name="aegis-db server")
"""


@dataclass
class Person:
    """Someone who types commands: an account, and a directory of his own."""

    uid: int
    gid: int
    home: Path

    def environment(self, **more: str) -> dict[str, str]:
        plain = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG")}
        package = Path(aegis_db.__file__).parents[1]
        own = {"HOME": str(self.home), "AEGIS_HOME": str(self.home / "aegis")}
        quiet = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(package)}
        return plain | own | quiet | more

    def begin(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", COMMAND, f"{self.uid}:{self.gid}", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environment(**environment),
        )

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        process = self.begin(*arguments, **environment)
        out, err = process.communicate(timeout=90)
        assert "Traceback" not in err
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def succeed(self, *arguments: str, **environment: str) -> str:
        done = self.run(*arguments, **environment)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def refused(self, *arguments: str, **environment: str) -> tuple[str, str]:
        """Return the code and the whole report of a command that must fail."""
        done = self.run(*arguments, **environment)
        assert done.returncode == 1
        assert done.stdout == ""
        assert "HINT: " in done.stderr
        return done.stderr.partition(":")[0], done.stderr

    def status(self) -> dict[str, Any]:
        done = self.run("status", "--json")
        facts: dict[str, Any] = json.loads(done.stdout)
        assert done.returncode == (0 if facts["state"] == "ready" else 1)
        return facts


@pytest.fixture
def place() -> Iterator[Path]:
    directory = Path(tempfile.mkdtemp(prefix="aegis-test-"))
    directory.chmod(0o755)
    yield directory
    for data in list(directory.rglob("postmaster.pid")):  # left by a failed test
        Cluster(data.parent).stop(immediate=True)
    shutil.rmtree(directory)


def person(place: Path, name: str) -> Person:
    """Return who runs these tests ("self"), or an ordinary user."""
    home = place / name
    home.mkdir(mode=0o755)
    if name == "self":
        return Person(os.geteuid(), os.getegid(), home)
    if not IS_ROOT:
        pytest.skip("only root can act as another user")
    entry = pwd.getpwnam(name)
    os.chown(home, entry.pw_uid, entry.pw_gid)
    return Person(entry.pw_uid, entry.pw_gid, home)


@pytest.fixture
def me(place: Path) -> Person:
    return person(place, "self")


def programs(major: int | None = None) -> Binaries:
    try:
        return find_binaries(major)
    except AegisError as error:
        pytest.skip(error.message)


@pytest.mark.parametrize(("name", "major"), [("self", 18), ("nobody", 15)])
def test_a_server_outlives_its_command_and_kill(place: Path, name: str, major: int) -> None:
    bindir = str(programs(major).directory)
    anyone = person(place, name)
    started = anyone.run("start", AEGIS_PG_BINDIR=bindir)
    assert started.returncode == 0, started.stderr
    assert started.stdout == ""
    assert f"PostgreSQL {major} started" in started.stderr
    assert "already runs" in anyone.run("start").stderr

    facts = anyone.status()
    assert facts["state"] == "ready"
    assert facts["major"] == major
    assert facts["data"] == str(anyone.home / "aegis" / f"pg{major}")
    assert Path(facts["data"]).stat().st_uid != 0
    assert facts["dsn"].replace("dbname=postgres", "dbname=other") == (
        anyone.succeed("dsn", "--dbname", "other").strip()
    )
    anyone.succeed("psql", "-c", "CREATE TABLE kept AS SELECT 42 AS n")

    os.kill(facts["pid"], signal.SIGKILL)
    deadline = time.monotonic() + 30
    while anyone.status()["state"] != "stopped":
        assert time.monotonic() < deadline
    anyone.succeed("start")
    assert anyone.succeed("psql", "--", "-Atc", "SELECT n FROM kept") == "42\n"
    assert anyone.status()["dsn"] == facts["dsn"]

    anyone.succeed("stop")
    assert "no server runs" in anyone.run("stop").stderr
    assert anyone.refused("psql")[0] == "AEK28"


def test_two_starts_at_once_give_one_server(me: Person) -> None:
    programs()
    both = [me.begin("start") for _ in range(2)]
    said = [process.communicate(timeout=90)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert sorted("already runs" in text for text in said) == [False, True]
    me.succeed("stop")


def test_a_server_belongs_to_its_user(place: Path) -> None:
    programs()
    nobody, me = person(place, "nobody"), person(place, "self")
    data = nobody.home / "pg"
    nobody.succeed("start", "--data", str(data))
    nobody.succeed("stop", "--data", str(data))
    me.succeed("start", "--data", str(data))  # root may look after it, without taking it over
    assert {path.stat().st_uid for path in data.rglob("*")} == {nobody.uid}
    nobody.succeed("psql", "--data", str(data), "-c", "SELECT 1")
    me.succeed("stop", "--data", str(data))

    foreign = me.home / "foreign"
    foreign.mkdir(mode=0o700)
    for command in ("start", "stop", "status", "psql"):
        code, report = nobody.refused(command, "--data", str(foreign))
        assert code == "AEK22", report


def test_a_place_that_cannot_be_written_is_refused(place: Path) -> None:
    programs()
    someone = person(place, "nobody" if IS_ROOT else "self")
    closed = place / "closed"
    closed.mkdir(mode=0o555)
    code, report = someone.refused("start", "--data", str(closed / "pg"))
    assert code == "AEK22"
    assert "permission denied" in report
    (place / "file").touch()
    assert someone.refused("start", "--data", str(place / "file"))[0] == "AEK23"
    assert someone.refused("start", AEGIS_HOME=str(place / "file"))[0] == "AEK23"
    assert someone.refused("start", "--data", str(place))[0] == "AEK23"
    assert someone.refused("start", AEGIS_PG_BINDIR=str(place))[0] == "AEK20"


@pytest.mark.skipif(not IS_ROOT, reason="needs root")
def test_an_account_without_a_name_is_told(place: Path) -> None:
    programs()
    stranger = Person(54321, 54321, place / "stranger")
    stranger.home.mkdir()
    os.chown(stranger.home, stranger.uid, stranger.gid)
    code, report = stranger.refused("start")
    assert code == "AEK21", report


def test_a_directory_of_another_major_is_refused(me: Person) -> None:
    old, new = programs(15), programs(18)
    me.succeed("start", AEGIS_PG_BINDIR=str(old.directory))
    me.succeed("stop")
    code, report = me.refused("start", AEGIS_PG_BINDIR=str(new.directory))
    assert code == "AEK24", report
    me.succeed("start")  # left alone, it finds the programs that fit
    assert me.status()["major"] == 15


def test_a_broken_start_is_explained(me: Person) -> None:
    programs()
    me.succeed("start")
    data = Path(me.status()["data"])
    code, report = me.refused("start", "--port", "55150")
    assert code == "AEK27", report
    me.succeed("stop")
    with (data / "postgresql.conf").open("a") as configuration:
        configuration.write("no_such_setting = 1\n")
    code, report = me.refused("start")
    assert code == "AEK26", report
    assert 'unrecognized configuration parameter "no_such_setting"' in report
