"""`aegis-db soft-delete`, `restore`, `history`: single rows, by their keys."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any, TextIO, TypeVar

import click
from psycopg import sql
from psycopg.rows import dict_row
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from aegis_db.cli.options import dsn_option, json_option
from aegis_db.database import connect
from aegis_db.errors import reported

Command = TypeVar("Command", bound=Callable[..., Any])

# What a table of versions leaves out: it is said in columns of its own, or is the same in each.
_TOLD = {"data_version", "source", "batch_number", "created_at", "updated_count", "is_active"}


def _key_argument(command: Command) -> Command:
    """Add ``TABLE`` and the parts of one key."""
    command = click.argument("parts", nargs=-1, metavar="[COLUMN=VALUE]...")(command)
    return click.argument("table")(command)


def _change_options(command: Command) -> Command:
    """Add what both changing commands take."""
    command = click.option("--yes", is_flag=True, help="Do not ask.")(command)
    command = click.option(
        "--keys",
        type=click.File(encoding="utf-8"),
        metavar="FILE",
        help="JSON file with an array of keys, - for standard input.",
    )(command)
    command = click.option("--reason", required=True, help="Kept on record.")(command)
    return _key_argument(json_option(dsn_option(command)))


def _key(parts: tuple[str, ...]) -> dict[str, str]:
    """Return ``column=value`` parts as a key."""
    key = {}
    for part in parts:
        column, sign, value = part.partition("=")
        if not sign or column in key:
            raise click.BadParameter(
                f"{part!r} is not COLUMN=VALUE, or comes twice.", param_hint="COLUMN=VALUE"
            )
        key[column] = value
    return key


def _keys(parts: tuple[str, ...], file: TextIO | None) -> Any:
    """Return the keys of a command: one by its parts, or those of a file."""
    if (file is None) == (not parts):
        raise click.UsageError("Name one key by COLUMN=VALUE..., or a file by --keys.")
    if file is None:
        return [_key(parts)]
    try:
        return json.load(file)
    except ValueError as error:
        raise click.BadParameter(f"{file.name} is no JSON: {error}", param_hint="--keys") from error


def _change(
    routine: str, table: str, keys: Any, reason: str, *, question: str, yes: bool
) -> Callable[[str, bool], None]:
    """Return what calls the routine and prints its verdicts, having asked the user."""
    if not yes:
        count = len(keys) if isinstance(keys, list) else 1
        click.confirm(question.format(f"{count:,}", table), abort=True, err=True)

    def run(dsn: str, as_json: bool) -> None:
        statement = sql.SQL("SELECT * FROM {}(%s::regclass, %s, %s)").format(
            sql.Identifier("aegis", routine)
        )
        with reported(), connect(dsn) as connection, connection.cursor(row_factory=dict_row) as c:
            rows = c.execute(statement, (table, json.dumps(keys), reason)).fetchall()
        if as_json:
            click.echo(json.dumps(rows, ensure_ascii=False, indent=1))
            return
        counts = Counter(row["verdict"] for row in rows)
        click.echo(", ".join(f"{n:,} {verdict.replace('_', ' ')}" for verdict, n in counts.items()))
        for row in rows:
            if row["verdict"] == "not_found":
                click.echo(f"not found: {json.dumps(row['row_key'], ensure_ascii=False)}", err=True)

    return run


@click.command()
@_change_options
def soft_delete(
    table: str,
    parts: tuple[str, ...],
    keys: TextIO | None,
    reason: str,
    yes: bool,
    dsn: str,
    as_json: bool,
) -> None:
    """Mark rows of TABLE deleted; nothing is taken away, and `restore` undoes it.

    Example: aegis-db soft-delete aegis.stock_prices stock_code=005930 trade_date=2026-01-02
    --reason "typed into the wrong day"
    """
    run = _change(
        "soft_delete",
        table,
        _keys(parts, keys),
        reason,
        question="Soft-delete {} rows of {}?",
        yes=yes,
    )
    run(dsn, as_json)


@click.command()
@_change_options
def restore(
    table: str,
    parts: tuple[str, ...],
    keys: TextIO | None,
    reason: str,
    yes: bool,
    dsn: str,
    as_json: bool,
) -> None:
    """Bring soft-deleted rows of TABLE back into use."""
    run = _change(
        "restore_deleted",
        table,
        _keys(parts, keys),
        reason,
        question="Restore {} rows of {}?",
        yes=yes,
    )
    run(dsn, as_json)


@click.command()
@_key_argument
@dsn_option
@json_option
def history(table: str, parts: tuple[str, ...], dsn: str, as_json: bool) -> None:
    """Show every version of one row of TABLE, newest first.

    Example: aegis-db history aegis.stock_prices stock_code=005930 trade_date=2026-01-02
    """
    key = _key(parts)
    with reported(), connect(dsn) as connection, connection.cursor(row_factory=dict_row) as c:
        versions = c.execute(
            "SELECT * FROM aegis.row_history(%s::regclass, %s)", (table, json.dumps(key))
        ).fetchall()
    if as_json:
        click.echo(json.dumps(versions, default=str, ensure_ascii=False, indent=1))
        return
    if versions:
        Console(width=None if sys.stdout.isatty() else 140).print(_table(versions, table, key))
    click.echo(f"{len(versions):,} versions.", err=True)


def _table(versions: list[dict[str, Any]], table: str, key: dict[str, str]) -> Table:
    """Lay versions out: what each changed against the one before it."""
    shown = Table(title=f"{table} {key}", title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for heading in ("version", "from", "by", "source", "batch"):
        shown.add_column(heading, no_wrap=True)
    shown.add_column("what changed", overflow="fold")
    for number, version in enumerate(versions):
        before = versions[number + 1]["row_data"] if number + 1 < len(versions) else {}
        changes = [
            f"{column}={json.dumps(value, ensure_ascii=False)}"
            for column, value in version["row_data"].items()
            if column not in _TOLD and column not in key and before.get(column) != value
        ]
        start = version["valid_from"]
        shown.add_row(
            str(version["data_version"] or ""),
            f"{start:%Y-%m-%d %H:%M:%S.%f}" if start else "",
            version["written_by"] or "",
            version["source"] or "",
            str(version["batch_number"] or ""),
            ", ".join(changes),
        )
    return shown
