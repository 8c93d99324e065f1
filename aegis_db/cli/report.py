"""`aegis-db report`: the daily quality report as a table."""

from __future__ import annotations

import json
import sys
from datetime import date, datetime
from typing import Any

import click
from psycopg.rows import dict_row
from rich import box
from rich.console import Console
from rich.table import Table

from aegis_db.cli.options import dsn_option, json_option
from aegis_db.database import connect
from aegis_db.errors import AegisError, reported

_LATEST = "SELECT max(trade_date) FROM aegis.daily_market_data WHERE price_basis = %s AND is_active"

_REPORT = """
SELECT r.date, r.stock_code, s.stock_name, r.close_price, r.base_price, r.base_price_origin,
       r.price_change, r.price_gap, r.volume, r.average_volume, r.observations,
       r.price_status, r.volume_status, r.gap_status, r.overall_status
  FROM aegis.data_quality_daily_report AS r
  LEFT JOIN aegis.stocks AS s ON s.stock_code = r.stock_code
 WHERE r.date = %s AND r.price_basis = %s
 ORDER BY abs(r.price_change) DESC NULLS LAST, r.stock_code
"""


@click.command()
@click.option(
    "--date",
    "day",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Trading date (KST)  [default: the latest]",
)
@click.option("--basis", type=click.Choice(["raw", "adjusted"]), default="raw", show_default=True)
@click.option("--all", "everything", is_flag=True, help="Show validated rows too.")
@click.option(
    "--limit",
    type=click.IntRange(1),
    default=40,
    show_default=True,
    help="Rows to show; --json shows all.",
)
@dsn_option
@json_option
def report(
    day: datetime | None, basis: str, everything: bool, limit: int, dsn: str, as_json: bool
) -> None:
    """Show what requires review on one trading day: price, volume and opening gap."""
    with reported(), connect(dsn) as connection:
        shown = (
            day.date() if day else _latest(connection.execute(_LATEST, (basis,)).fetchone(), basis)
        )
        with connection.cursor(row_factory=dict_row) as cursor:
            rows = cursor.execute(_REPORT, (shown, basis)).fetchall()
        wanted = [row for row in rows if everything or row["overall_status"] == "REQUIRES_REVIEW"]
        if as_json:
            click.echo(json.dumps(wanted, default=str, ensure_ascii=False, indent=1))
            return
        console = Console(width=None if sys.stdout.isatty() else 110)
        console.print(_table(wanted[:limit], shown, basis))
        review = sum(row["overall_status"] == "REQUIRES_REVIEW" for row in rows)
        console.print(
            f"{len(rows):,} bars on {shown} ({basis}), {review:,} require review.", highlight=False
        )
        if len(wanted) > limit:
            console.print(f"{len(wanted) - limit:,} more rows: raise --limit.", highlight=False)


def _latest(row: tuple[Any, ...] | None, basis: str) -> date:
    """Return the only value of ``row``; raise AEV01 when the database holds no bar."""
    if row is None or row[0] is None:
        raise AegisError(
            "AEV01",
            f"there are no {basis} daily bars to report on",
            hint="Load some: aegis-db load FILE...",
        )
    latest: date = row[0]
    return latest


def _table(rows: list[dict[str, Any]], day: date, basis: str) -> Table:
    """Lay ``rows`` out; prices in KRW, changes against the base price."""
    table = Table(
        title=f"Daily quality report {day}, prices {basis}, KRW",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    table.add_column("code", no_wrap=True)
    table.add_column("name", max_width=16, no_wrap=True)
    for heading in ("close", "base", "change", "gap", "x volume"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("findings", overflow="fold")
    for row in rows:
        findings = [
            row[status]
            for status in ("price_status", "volume_status", "gap_status")
            if row[status] in {"PRICE_ANOMALY", "VOLUME_SPIKE", "PRICE_GAP"}
        ]
        average = row["average_volume"]
        table.add_row(
            row["stock_code"],
            row["stock_name"] or "",
            _number(row["close_price"]),
            _number(row["base_price"]),
            _percent(row["price_change"]),
            _percent(row["price_gap"]),
            f"{row['volume'] / average:,.1f}" if average else "",
            ", ".join(findings),
        )
    return table


def _number(value: Any) -> str:
    return "" if value is None else f"{value:,.0f}"


def _percent(value: Any) -> str:
    return "" if value is None else f"{value:+.1%}"
