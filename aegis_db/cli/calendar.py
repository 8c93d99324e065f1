"""`aegis-db calendar`: when KRX is open, as the database knows it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import date, datetime
from operator import methodcaller
from typing import Any, TypeVar

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from aegis_db.calendar import (
    FIRST_DAY,
    KST,
    TradingDay,
    known_days,
    refill,
    source_days,
    source_name,
)
from aegis_db.cli.options import dsn_option, json_option
from aegis_db.database import connect
from aegis_db.errors import reported

Command = TypeVar("Command", bound=Callable[..., Any])


def _range_options(*, required: bool) -> Callable[[Command], Command]:
    """Add ``--from`` and ``--to``, days of KST, both included."""
    day = click.DateTime(["%Y-%m-%d"])
    first = f"[default: {FIRST_DAY}]" if not required else ""
    last = "[default: the end of next year]" if not required else ""

    def add(command: Command) -> Command:
        command = click.option(
            "--to", "last", type=day, required=required, help=f"Last day (KST)  {last}"
        )(command)
        return click.option(
            "--from", "first", type=day, required=required, help=f"First day (KST)  {first}"
        )(command)

    return add


def _days(first: datetime | None, last: datetime | None) -> tuple[date, date]:
    """Return the range of days, refusing one that ends before it begins."""
    start = first.date() if first else FIRST_DAY
    end = last.date() if last else date(datetime.now(KST).year + 1, 12, 31)
    if start > end:
        raise click.BadParameter(f"{end} is before {start}.", param_hint="--to")
    return start, end


@click.group()
def calendar() -> None:
    """Fill and read the trading calendar of KRX.

    To correct a day, CALL aegis.override_trading_day(...): no fill takes an override back.
    """


@calendar.command()
@_range_options(required=False)
@dsn_option
@json_option
def sync(first: datetime | None, last: datetime | None, dsn: str, as_json: bool) -> None:
    """Refill the calendar from exchange_calendars; overrides stay."""
    start, end = _days(first, last)
    with reported():
        source = source_name()
        days = list(source_days(start, end))
        with connect(dsn) as connection:
            result = refill(connection, days, source)
        if as_json:
            click.echo(json.dumps({"source": source, **asdict(result)}))
        else:
            click.echo(
                f"{start} to {end} from {source}: {result.inserted:,} days inserted, "
                f"{result.updated:,} updated, {result.unchanged:,} unchanged, "
                f"{result.kept:,} overrides kept"
            )


@calendar.command()
@_range_options(required=True)
@dsn_option
@json_option
def show(first: datetime, last: datetime, dsn: str, as_json: bool) -> None:
    """Show the days that the database knows; a day that is not shown is unknown."""
    start, end = _days(first, last)
    with reported(), connect(dsn) as connection:
        days = known_days(connection, start, end)
    if as_json:
        iso = methodcaller("isoformat")
        rows = [asdict(d) for d in days]
        click.echo(json.dumps(rows, default=iso, ensure_ascii=False, indent=1))
    else:
        Console().print(_table(days, start, end))
    unknown = (end - start).days + 1 - len(days)
    if unknown:
        click.echo(f"{unknown:,} days of the range are not in the calendar.", err=True)


def _table(days: list[TradingDay], start: date, end: date) -> Table:
    """Lay ``days`` out, times in KST."""
    table = Table(
        title=f"KRX from {start} to {end}, times in KST", title_justify="left", box=SIMPLE_HEAD
    )
    for heading in ("day", "", "kind", "opens", "closes"):
        table.add_column(heading, no_wrap=True)
    table.add_column("override")
    for d in days:
        table.add_row(
            str(d.trade_date),
            f"{d.trade_date:%a}",
            d.day_kind,
            f"{d.opens_at:%H:%M}" if d.opens_at else "",
            f"{d.closes_at:%H:%M}" if d.closes_at else "",
            d.note or "",
        )
    return table
