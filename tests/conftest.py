"""One real server per run, one database at head as template, a clone of it for every test."""

from __future__ import annotations

import functools
import itertools
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from hypothesis import settings
from psycopg import sql
from pytest_postgresql import factories

from aegis_db.cluster import Cluster, find_binaries
from aegis_db.errors import AegisError
from aegis_db.migrate import upgrade

pytest_plugins = ["aegis_db.pgtap"]

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
MEMORY = Path("/dev/shm")
SETTINGS = (
    "fsync=off",
    "wal_level=logical",
    "max_connections=60",
    "shared_buffers=256MB",
    "max_wal_size=4GB",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--server", type=int, default=None, metavar="MAJOR", help="PostgreSQL major to test against"
    )
    parser.addoption("--soak", action="store_true", help="run the long proofs at their full length")
    parser.addoption(
        "--half",
        action="store_true",
        help="leave out what the other half of the suite runs, where its server is installed",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "once(major): proves the same on every server, so one half of the suite runs it"
    )
    # A shell lets what it starts in the background ignore SIGINT, and so would what tests start.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if _has_room(MEMORY):
        # A database is 1,500 files: on disk each copy of the template takes ten times as long.
        tempfile.tempdir = os.environ["TMPDIR"] = str(MEMORY)
    # A test that names a number of its own would not heed it.
    settings.register_profile("suite", max_examples=40)
    settings.register_profile("soak", max_examples=2000)
    settings.load_profile("soak" if config.getoption("--soak") else "suite")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--half"):
        return
    config.hook.pytest_deselected(items=[item for item in items if _is_run_by_the_other_half(item)])
    items[:] = [item for item in items if not _is_run_by_the_other_half(item)]


def _is_run_by_the_other_half(item: pytest.Item) -> bool:
    mark = item.get_closest_marker("once")
    return (
        mark is not None
        and mark.args[0] != item.config.getoption("--server")
        and _is_installed(mark.args[0])
    )


@functools.cache
def _is_installed(major: int) -> bool:
    try:
        find_binaries(major)
    except AegisError:
        return False
    return True


def _has_room(directory: Path) -> bool:
    """Whether the servers of both versions fit into a file system, and programs run from it."""
    if not directory.is_dir():
        return False
    state = os.statvfs(directory)
    return state.f_bavail * state.f_frsize >= 8 << 30 and not state.f_flag & os.ST_NOEXEC


@pytest.fixture
def soak(request: pytest.FixtureRequest) -> bool:
    """Whether the long proofs run at their full length."""
    return bool(request.config.getoption("--soak"))


def pytest_report_header(config: pytest.Config) -> str:
    binaries = find_binaries(config.getoption("--server"))
    return f"postgresql: {binaries.major} ({binaries.directory})"


@pytest.fixture(scope="session", autouse=True)
def cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """A private server of this run, started first because pytest-postgresql has to be told."""
    binaries = find_binaries(request.config.getoption("--server"))
    with Cluster.temporary(binaries=binaries, settings=SETTINGS) as running:
        options = request.config.option
        options.postgresql_host = str(running.host)
        options.postgresql_port = str(running.port)
        options.postgresql_user = "postgres"
        options.postgresql_dbname = "aegis"
        yield running


def _to_head(*, host: str, port: int, user: str, dbname: str, **_: object) -> None:
    dsn = psycopg.conninfo.make_conninfo(host=host, port=port, user=user, dbname=dbname)
    upgrade(dsn)


server = factories.postgresql_noproc(load=[_to_head])
at_head = factories.postgresql("server")


@pytest.fixture
def database(at_head: psycopg.Connection) -> str:
    """Conninfo of a fresh database at head, gone after the test."""
    return at_head.info.dsn


@pytest.fixture(scope="session")
def new_database(cluster: Cluster, server: object) -> Callable[..., str]:
    """Make a database that lives as long as the run: at head, or empty with ``empty=True``."""
    numbers = itertools.count(1)

    def make(name: str, *, empty: bool = False) -> str:
        name = f"{name}_{next(numbers)}"
        with psycopg.connect(cluster.dsn(), autocommit=True) as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(
                    sql.Identifier(name), sql.Identifier("template0" if empty else "aegis_tmpl")
                )
            )
        return cluster.dsn(name)

    return make


@pytest.fixture
def empty_database(new_database: Callable[..., str]) -> str:
    """Conninfo of a new database without AEGIS."""
    return new_database("empty", empty=True)


@pytest.fixture(scope="session")
def pgtap_dsn(new_database: Callable[..., str]) -> str:
    """The database that pgTAP files run in; each file rolls back what it did."""
    return new_database("pgtap")


@pytest.fixture
def durable(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """A server that survives its own death: fsync as in production."""
    home = Path(tempfile.mkdtemp(prefix="aegis-crash-", dir="/var/tmp"))
    home.chmod(0o755)
    cluster = Cluster(home / "pg", find_binaries(request.config.getoption("--server")))
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop(immediate=True)
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real KRX data beside the project."""
    if not DATA.is_dir():
        pytest.skip("real market data is absent: it lies in ../shared/data beside the project")
    return DATA
