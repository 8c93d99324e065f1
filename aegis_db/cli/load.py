"""Take files of market data into the database."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from aegis_db.cli.options import dsn_option, json_option
from aegis_db.database import connect
from aegis_db.errors import AegisError, reported
from aegis_db.ingest.loader import BATCH_ROWS, VERDICTS, FileResult, Watch, load_file

KST = timezone(timedelta(hours=9), "KST")


def instant(_: click.Context, __: click.Parameter, value: str | None) -> datetime | None:
    """Read a point in time in ISO 8601; without an offset it is Korean time."""
    if value is None:
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        raise click.BadParameter(f"{value!r} is no time like 2025-06-17T18:00:00+09:00") from None
    return found if found.tzinfo else found.replace(tzinfo=KST)


@click.command(short_help="Take files of market data into the database.")
@click.argument(
    "files",
    metavar="FILE...",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@click.option("--source", help="Row of aegis.data_sources  [default: the format's own]")
@click.option(
    "--as-of",
    metavar="TIMESTAMP",
    callback=instant,
    help="Event time of rows that have none  [default: close of their session]",
)
@click.option(
    "--batch-rows",
    type=click.IntRange(1, 50_000),
    default=BATCH_ROWS,
    show_default=True,
    help="Rows per transaction.",
)
@click.option(
    "--backfill",
    is_flag=True,
    help="Make each month that has no partition yet in one go; rows by month, at best sorted.",
)
@click.option("--strict", is_flag=True, help="Exit 1 if rows were put aside.")
@click.option(
    "--progress/--no-progress", default=None, help="Progress on stderr  [default: on a terminal]"
)
@json_option
@dsn_option
def load(
    files: tuple[Path, ...],
    source: str | None,
    as_of: datetime | None,
    batch_rows: int,
    backfill: bool,
    strict: bool,
    progress: bool | None,
    as_json: bool,
    dsn: str,
) -> None:
    """Load FILE... (csv, csv.gz, KRX's json or json.gz) and print the rows by verdict.

    Formats are recognised by their fields. A damaged file is refused before its first row; a row
    that cannot be believed is put into aegis.dead_letters. An interrupted load is simply run again.
    """
    results: list[FileResult] = []
    with reported(), _interruptible():
        with connect(dsn, autocommit=True) as connection, _bar(progress) as bar:
            try:
                for path in files:
                    results.append(
                        load_file(
                            connection,
                            path,
                            source=source,
                            as_of=as_of,
                            batch_rows=batch_rows,
                            backfill=backfill,
                            watch=_watch(bar, path),
                        )
                    )
            finally:
                bar.stop()
                show(results, as_json=as_json)
        put_aside = sum(table.dead_letters for result in results for table in result.tables)
        if put_aside and strict:
            raise AegisError(
                "AEU49",
                f"{put_aside} rows were put aside",
                hint="They are in aegis.dead_letters; everything else was loaded.",
            )


def show(results: list[FileResult], *, as_json: bool) -> None:
    """Print ``results`` on stdout as table or JSON; where to find rows put aside on stderr."""
    rows = [(result, table) for result in results for table in result.tables]
    if as_json:
        click.echo(
            json.dumps(
                [
                    {
                        "file": str(result.path),
                        "format": result.format,
                        "table": table.table,
                        "source": table.source,
                        "batches": table.batches,
                        "already_loaded": table.repeated,
                        "batch_numbers": table.batch_numbers,
                        **table.verdicts,
                    }
                    for result, table in rows
                ],
                indent=2,
                ensure_ascii=False,
            )
        )
    elif rows:
        console = Console(width=None if sys.stdout.isatty() else 160)
        report = Table("file", "table", box=None, pad_edge=False, header_style="bold")
        for heading in ("batches", "already loaded", *VERDICTS):
            report.add_column(heading, justify="right")
        for result, table in rows:
            report.add_row(
                result.path.name,
                table.table,
                f"{table.batches:,}",
                f"{table.repeated:,}",
                *(f"{table.verdicts[verdict]:,}" for verdict in VERDICTS),
            )
        console.print(report)
    numbers = [number for _, table in rows if table.dead_letters for number in table.batch_numbers]
    if numbers:
        put_aside = sum(table.dead_letters for _, table in rows)
        click.echo(
            f"{put_aside:,} rows were put aside; to see them:\n"
            "  SELECT target, line_number, verdict, reason, payload FROM aegis.dead_letters\n"
            f"   WHERE batch_number BETWEEN {min(numbers)} AND {max(numbers)}\n"
            "   ORDER BY dead_letter_id;",
            err=True,
        )


def _bar(wanted: bool | None) -> Progress:
    """Return a progress bar on stderr, drawn on a terminal or when asked for."""
    console = Console(stderr=True, force_terminal=True if wanted else None)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not (console.is_terminal if wanted is None else wanted),
        transient=True,
    )


def _watch(bar: Progress, path: Path) -> Watch:
    """Return the watcher of one file: one bar for checking, one for loading."""
    tasks: dict[str, Any] = {}

    def watch(activity: str, done: int, total: int) -> None:
        if activity not in tasks:
            tasks[activity] = bar.add_task(f"{activity} {path.name}", total=total)
        bar.update(tasks[activity], completed=done)

    return watch


@contextmanager
def _interruptible() -> Iterator[None]:
    """End an interrupted load with a sentence, also when a supervisor asks (SIGTERM)."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    except KeyboardInterrupt:
        raise AegisError(
            "57014",
            "the load was interrupted",
            detail="Finished batches are complete; of the others nothing was stored.",
            hint="Run the same command again; finished batches are recognised.",
        ) from None
    finally:
        signal.signal(signal.SIGTERM, previous)
