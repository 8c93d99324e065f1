"""What is built can be installed elsewhere, and does the whole thing there."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import psycopg
import pytest

from aegis_db import verify
from aegis_db.database import connect
from aegis_db.manifest import ROOT, Tree

pytestmark = [
    pytest.mark.once(18),
    pytest.mark.skipif(not (ROOT / "pyproject.toml").is_file(), reason="this is no checkout"),
]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return (wheel, source archive); the wheel is built from the archive, as pip would."""
    target = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", target, ROOT],
        check=True,
        capture_output=True,
    )
    return next(target.glob("*.whl")), next(target.glob("*.tar.gz"))


def test_the_wheel_carries_every_pinned_file(built: tuple[Path, Path]) -> None:
    with zipfile.ZipFile(built[0]) as wheel:
        names = set(wheel.namelist())
    pinned = {pin.path for revision in Tree().revisions() for pin in Tree().pins(revision)}
    expected = {*pinned, "alembic.ini", "migrations/env.py"}
    assert {f"aegis_db/_bundle/{path}" for path in expected} <= names
    assert not [name for name in names if "__pycache__" in name or name.startswith("tests/")]


def test_the_source_archive_carries_what_a_wheel_is_built_from(built: tuple[Path, Path]) -> None:
    with tarfile.open(built[1]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"pyproject.toml", "alembic.ini", "LICENSE", "README.md"} <= names
    assert set(Tree().files()) <= names


@pytest.mark.timeout(600)
def test_a_wheel_upgrades_a_database_elsewhere(
    built: tuple[Path, Path], tmp_path: Path, empty_database: str
) -> None:
    """A new environment, another directory, no checkout in sight."""
    environment = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    python = environment / "bin" / "python"
    subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", built[0]],
        check=True,
        capture_output=True,
    )
    command = environment / "bin" / "aegis-db"
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    variables["AEGIS_DSN"] = empty_database

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [command, *arguments],
            cwd=tmp_path,
            env=variables,
            capture_output=True,
            text=True,
            check=False,
        )

    for arguments in (("upgrade",), ("verify",), ("status", "--json")):
        done = run(*arguments)
        assert done.returncode == 0, done.stderr
    with connect(empty_database) as connection:
        assert verify.verify(connection) == []

    script = run("upgrade", "--sql")
    assert script.returncode == 0, script.stderr
    own = subprocess.run(
        [sys.executable, "-m", "alembic", "upgrade", "head", "--sql"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert script.stdout == own.stdout

    done = run("downgrade", "base", "--yes")
    assert done.returncode == 0, done.stderr
    with psycopg.connect(empty_database) as connection:
        assert connection.execute("SELECT to_regclass('aegis.stocks')").fetchone() == (None,)
