"""What the tests of migrations share."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from projects import Project, make_project
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from aegis_db.cluster import Cluster


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return a small project whose first revision is released."""
    return make_project(tmp_path / "project")


@pytest.fixture(scope="session")
def dump(cluster: Cluster) -> Callable[[str], str]:
    """Return the schema of a database as pg_dump writes it, without the version table."""

    def run(dsn: str) -> str:
        program = str(cluster.binaries.program("pg_dump"))
        newer_than_15 = ("sslcertmode",)
        given = conninfo_to_dict(dsn).items()
        plain = make_conninfo(**{name: value for name, value in given if name not in newer_than_15})
        text = subprocess.run(
            [program, "--schema-only", "--exclude-table=aegis.alembic_version", plain],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        lines = text.splitlines()
        return "\n".join(
            line for line in lines if not line.startswith(("\\restrict", "\\unrestrict"))
        )

    return run


@pytest.fixture
def psql(cluster: Cluster) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a script as a DBA would."""

    def run(dsn: str, script: str, *options: str) -> subprocess.CompletedProcess[str]:
        program = str(cluster.binaries.program("psql"))
        return subprocess.run(
            [program, "-X", "-q", *options, "-d", dsn],
            input=script,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    return run


@pytest.fixture
def closing() -> Iterator[Callable[[subprocess.Popen[str]], subprocess.Popen[str]]]:
    """Kill what a test has started and left behind."""
    processes: list[subprocess.Popen[str]] = []

    def register(process: subprocess.Popen[str]) -> subprocess.Popen[str]:
        processes.append(process)
        return process

    yield register
    for process in processes:
        process.kill()
        process.communicate()
