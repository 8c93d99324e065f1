"""`make demo`, as a new user sees it: the five promises on real quotes, and a server that stays."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner

from aegis_db.cli import main
from aegis_db.cluster import Cluster

pytestmark = pytest.mark.once(18)


@pytest.fixture
def data() -> Iterator[Path]:
    home = Path(tempfile.mkdtemp(prefix="aegis-demo-"))
    home.chmod(0o755)
    yield home / "pg"
    Cluster(home / "pg").stop(immediate=True)
    shutil.rmtree(home, ignore_errors=True)


def test_the_demo_shows_what_it_promises(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aegis_db.cli.demo.RECORDINGS", data / "none")  # the packaged excerpt
    shown = CliRunner().invoke(main, ["demo", "--data", str(data)])
    assert shown.exit_code == 0, shown.output
    for promise in ("AEP01", "AEP02", '"stale": 2000', "Daily quality report 2021-01-04"):
        assert promise in shown.output
    with psycopg.connect(Cluster(data).dsn("aegis_demo")) as connection:
        bars = connection.execute("SELECT count(*) FROM aegis.daily_market_data").fetchone()
        assert bars == (2 * 2388,)

    again = CliRunner().invoke(main, ["demo", "--data", str(data)])
    assert again.exit_code == 0, again.output
    stopped = CliRunner().invoke(main, ["demo", "--stop", "--data", str(data)])
    assert (stopped.exit_code, stopped.stderr) == (0, "stopped\n")
    assert Cluster(data).running() is None
