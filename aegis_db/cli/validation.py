"""`aegis-db validate`: judge a trading day, or show what the rules find in the bars of a code."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import click
from psycopg.rows import dict_row
from rich import box
from rich.console import Console
from rich.table import Table

from aegis_db.cli.options import dsn_option, json_option
from aegis_db.database import connect
from aegis_db.errors import reported

_DAY = click.DateTime(["%Y-%m-%d"])

_RUN = "SELECT * FROM aegis.validate_trading_day(%s, %s)"

_FOUND = """
SELECT f.trade_date, f.stock_code, f.price_basis, f.rule_code, f.rule_version, f.severity,
       f.explained_by, f.status, f.data_version, f.observed
  FROM aegis.findings AS f
 WHERE f.trade_date = %s AND f.status <> 'superseded'
 ORDER BY array_position('{critical,error,warning,info}', f.severity), f.stock_code, f.rule_code
"""

_CODE = """
SELECT v.trade_date, %(code)s AS stock_code, %(basis)s AS price_basis, v.rule_code,
       v.rule_version, v.severity, v.explained_by,
       CASE WHEN v.explained_by IS NULL THEN 'open' ELSE 'explained' END AS status,
       v.data_version, v.observed
  FROM aegis.validate_code(%(code)s, %(since)s::date, %(until)s::date, %(basis)s) AS v
"""


@click.command()
@click.option(
    "--date", "day", type=_DAY, help="Judge this trading day (KST) and keep the findings."
)
@click.option("--code", help="Show what the rules find in the bars of a code; keeps nothing.")
@click.option("--from", "since", type=_DAY, help="First day of --code.")
@click.option("--to", "until", type=_DAY, help="Last day of --code.")
@click.option("--basis", type=click.Choice(["raw", "adjusted"]), default="raw", show_default=True)
@click.option(
    "--priority",
    type=click.IntRange(1, 100),
    default=100,
    show_default=True,
    help="Rules of higher numbers are put off.",
)
@click.option("--all", "everything", is_flag=True, help="Show info and explained findings too.")
@dsn_option
@json_option
def validate(
    day: datetime | None,
    code: str | None,
    since: datetime | None,
    until: datetime | None,
    basis: str,
    priority: int,
    everything: bool,
    dsn: str,
    as_json: bool,
) -> None:
    """Judge the bars of a day (--date), or show the verdict on a code (--code, --from, --to)."""
    if (day is None) == (code is None):
        raise click.UsageError("name either --date or --code")
    if code and not (since and until):
        raise click.UsageError("--code needs --from and --to")
    run: dict[str, Any] | None = None
    with (
        reported(),
        connect(dsn, autocommit=True) as connection,
        connection.cursor(row_factory=dict_row) as cursor,
    ):
        if day:
            run = cursor.execute(_RUN, (day.date(), priority)).fetchone()
            found = cursor.execute(_FOUND, (day.date(),)).fetchall()
        else:
            values = {"code": code, "basis": basis, "since": since, "until": until}
            found = cursor.execute(_CODE, values).fetchall()
    shown = [
        row
        for row in found
        if everything or as_json or (row["status"] == "open" and row["severity"] != "info")
    ]
    if as_json:
        click.echo(
            json.dumps({"run": run, "findings": shown}, default=str, ensure_ascii=False, indent=1)
        )
        return
    _print(shown, run, len(found))


def _print(rows: list[dict[str, Any]], run: dict[str, Any] | None, total: int) -> None:
    """Print ``rows`` as a table, then how many there are in all and what the run did."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("date", "code", "basis", "severity", "rule", "explained by", "observed"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(
            str(row["trade_date"]),
            row["stock_code"],
            row["price_basis"],
            row["severity"],
            f"{row['rule_code']} v{row['rule_version']}",
            row["explained_by"] or "",
            ", ".join(f"{key} {value}" for key, value in row["observed"].items()),
        )
    console = Console(width=140)
    console.print(table)
    console.print(f"{len(rows):,} of {total:,} findings shown.", highlight=False)
    if run:
        console.print(
            f"{run['rows_judged']:,} bars judged by {run['rules_asked']} rules"
            f" (rule set {run['rule_set_version']}), {run['findings']:,} new findings.",
            highlight=False,
        )
