"""`aegis-db demo`: the main job on real quotes, on a private PostgreSQL."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import click
import psycopg
from psycopg import sql
from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from aegis_db.cli.report import report
from aegis_db.cluster import Cluster, default_home
from aegis_db.database import connect
from aegis_db.errors import describe, reported
from aegis_db.ingest.loader import VERDICTS, load_file
from aegis_db.migrate import upgrade
from aegis_db.sample import sample_files

DATABASE = "aegis_demo"

_STALE_REPLAY = """
SELECT to_jsonb(r)
  FROM aegis.upsert_daily_market_data(
           (SELECT array_agg(
                       ROW(d.stock_code, d.trade_date, d.price_basis, d.open_price, d.high_price,
                           d.low_price, d.close_price + 1, d.volume, d.trade_value, d.market_cap,
                           d.listed_shares, d.base_price, d.last_updated - INTERVAL '1 minute', 0
                       )::aegis.daily_market_data_input)
              FROM (SELECT * FROM aegis.daily_market_data
                     ORDER BY trade_date, stock_code LIMIT 2000) AS d),
           'krx', %s) AS r
"""

# Larger recordings that lie beside a checkout of the project, where there are any.
RECORDINGS = Path(__file__).resolve().parents[3] / "shared" / "data"


@click.command()
@click.option("--stop", is_flag=True, help="Stop the server that an earlier demo left running.")
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Data directory of the demo server.",
)
def demo(stop: bool, data: Path | None) -> None:
    """Take in real KRX quotes on a private server and show the five promises at work.

    The database is made anew each time; the server stays up afterwards.
    """
    talk = Console(stderr=True, highlight=False)
    began = time.monotonic()
    with reported():
        cluster = Cluster(data or default_home() / "demo")
        if stop:
            talk.print("stopped" if cluster.stop() else "no demo server runs")
            return
        with _step(talk, "private PostgreSQL"):
            cluster.start()
        with _step(talk, f"database {DATABASE} at head"):
            _recreate(cluster)
            dsn = cluster.dsn(DATABASE)
            upgrade(dsn)
        with connect(dsn, autocommit=True) as connection:
            files = _recordings() or sample_files()
            _show_verdicts(talk, _load(connection, files))
            _show_refusals(talk, connection)
            _show_stale_replay(talk, connection)
        talk.print("\n[bold]Daily quality report[/]  SELECT * FROM aegis.data_quality_daily_report")
        report.callback(None, "raw", False, 12, dsn, False)  # type: ignore[misc]
        program = cluster.binaries.program("psql")
        talk.print(f"\nDone in {time.monotonic() - began:.0f} s. The server keeps running:")
        talk.print(f"  {program} '{dsn}'", soft_wrap=True)
        talk.print("  make demo ARGS=--stop", soft_wrap=True)


@contextmanager
def _step(talk: Console, what: str) -> Iterator[None]:
    """Say what is being done, and how long it took."""
    began = time.monotonic()
    with talk.status(what):
        yield
    talk.print(f"[green]✓[/] {what}  [dim]{time.monotonic() - began:.1f} s[/]")


def _recreate(cluster: Cluster) -> None:
    """Make the demo database anew; it is the demo's own, nothing else lives in it."""
    name = sql.Identifier(DATABASE)
    with connect(cluster.dsn(), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
        connection.execute(sql.SQL("CREATE DATABASE {}").format(name))


def _recordings() -> list[Path]:
    """Return the larger recordings in the order of their days; none without them."""
    return [
        *sorted(RECORDINGS.glob("daily_raw/*.csv.gz")),
        *sorted(RECORDINGS.glob("intraday/*.csv.gz")),
    ]


def _load(connection: psycopg.Connection[Any], files: Sequence[Path]) -> dict[str, Counter[str]]:
    """Load ``files`` with a bar each; return the rows by verdict for each table."""
    totals: dict[str, Counter[str]] = {}
    columns = (TextColumn("  {task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bars:
        for path in files:
            task = bars.add_task(path.name, total=None)

            def watch(
                activity: str, done: int, total: int, task: Any = task, name: str = path.name
            ) -> None:
                bars.update(task, description=f"{activity} {name}", completed=done, total=total)

            for table in load_file(connection, path, watch=watch).tables:
                totals.setdefault(table.table, Counter()).update(table.verdicts)
    return totals


def _show_verdicts(talk: Console, totals: dict[str, Counter[str]]) -> None:
    table = Table(
        title="Every row is accounted for",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    table.add_column("verdict")
    for name in totals:
        table.add_column(name, justify="right")
    for verdict in VERDICTS:
        table.add_row(verdict, *(f"{counts[verdict]:,}" for counts in totals.values()))
    talk.print(table)


def _show_refusals(talk: Console, connection: psycopg.Connection[Any]) -> None:
    """Try to remove rows as superuser, from the table and from one of its partitions."""
    partition = connection.execute(
        "SELECT d.tableoid::regclass::text FROM aegis.daily_market_data AS d LIMIT 1"
    ).fetchone()
    for statement in (
        "DELETE FROM aegis.daily_market_data",
        f"TRUNCATE {partition[0] if partition else 'aegis.daily_market_data'}",
    ):
        try:
            connection.execute(statement)
        except psycopg.Error as error:
            refused = describe(error)
            talk.print(f"\n[bold]{statement}[/]\n  {refused.sqlstate}: {refused.message}")


def _show_stale_replay(talk: Console, connection: psycopg.Connection[Any]) -> None:
    """Send the oldest bars again under a new batch id, one minute older than they are stored."""
    result = connection.execute(_STALE_REPLAY, (uuid4(),)).fetchone()
    assert result  # noqa: S101 - the function returns one row
    shown = {name: result[0][name] for name in VERDICTS if result[0][name]}
    talk.print("\n[bold]The same bars again, one minute older and with other prices[/]")
    talk.print(f"  {json.dumps(shown)}")
