"""Take a stream of records into the database, for as long as it flows."""

from __future__ import annotations

import json
import os
import select
import signal
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import click
from prometheus_client import start_http_server

from aegis_db.cli.options import dsn_option, json_option
from aegis_db.errors import AegisError, reported
from aegis_db.ingest import Batch, Writer, encode_texts
from aegis_db.ingest.batch import TextRow
from aegis_db.ingest.metrics import Metrics
from aegis_db.ingest.spool import LIMIT_BYTES
from aegis_db.ingest.stream import Parse, csv_parser, json_parser, text_row
from aegis_db.ingest.writer import BATCH_ROWS, Total

REPORT_EVERY = 10.0
_CHUNK = 1 << 18


@click.command(short_help="Take a stream of records into the database.")
@click.argument("target")
@click.argument("stream", metavar="[FILE]", type=click.File("rb"), default="-")
@click.option("--source", required=True, help="Row of aegis.data_sources.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "jsonl"]),
    help="csv with a header line, or one JSON object a line  [default: by the first line]",
)
@click.option(
    "--columns", metavar="A,B,...", help="Columns of JSON objects  [default: asked from the server]"
)
@click.option(
    "--spool",
    type=click.Path(file_okay=False, path_type=Path),
    help="Directory that keeps batches while the database is away.",
)
@click.option(
    "--spool-bytes", type=click.IntRange(1), default=LIMIT_BYTES, show_default=True,
    help="Limit of the spool; a full one stops reading.",
)  # fmt: skip
@click.option(
    "--patience",
    type=click.FloatRange(0.1),
    help="Seconds to try one batch before it is spooled or refused  [default: 5 or 30]",
)
@click.option("--retry-refused", is_flag=True, help="First send again what the spool set aside.")
@click.option("--batch-rows", type=click.IntRange(1, 50_000), default=BATCH_ROWS, show_default=True)
@click.option(
    "--linger", type=click.FloatRange(0.01), default=1.0, show_default=True,
    help="Seconds after which a batch is sent although it is not full.",
)  # fmt: skip
@click.option("--connections", type=click.IntRange(1, 16), default=2, show_default=True)
@click.option("--metrics-port", type=int, help="Serve metrics for Prometheus on 127.0.0.1.")
@json_option
@dsn_option
def ingest(
    target: str,
    stream: IO[bytes],
    source: str,
    form: str | None,
    columns: str | None,
    spool: Path | None,
    spool_bytes: int,
    patience: float | None,
    retry_refused: bool,
    batch_rows: int,
    linger: float,
    connections: int,
    metrics_port: int | None,
    as_json: bool,
    dsn: str,
) -> None:
    """Read records for table TARGET from FILE or stdin until it ends, and print the verdicts.

    A record that cannot be read or believed is put into aegis.dead_letters. On SIGTERM or Ctrl-C
    what has been read is sent, then the command ends.
    """
    total = Total()
    lines = _Lines(stream)
    with reported(), stopping(lines.stop):
        try:
            with Writer(
                dsn,
                connections=connections,
                patience=patience or (5.0 if spool else 30.0),
                spool=spool,
                spool_bytes=spool_bytes,
                spool_patience=float("inf") if spool else 0,
            ) as writer:
                if metrics_port is not None:
                    serve(writer.metrics, metrics_port)
                if retry_refused and writer.spool is not None:
                    writer.spool.retry_refused()
                known = columns.split(",") if columns else writer.columns(target)
                batches = _batches(lines, target, source, form, known, batch_rows, linger)
                with reporting(total):
                    for result in writer.send_all(batches):
                        total.add(result)
                waiting = 0 if writer.spool is None else len(writer.spool)
        finally:
            show(total, as_json=as_json)
        if waiting:
            click.echo(
                f"{waiting:,} batches wait in {spool}; the next run with --spool sends them.",
                err=True,
            )


def show(total: Total, *, as_json: bool) -> None:
    """Print the rows by verdict on stdout."""
    counts = {
        "received": total.received,
        "batches": total.batches,
        "already_loaded": total.repeated,
        "spooled_batches": total.spooled,
        **total.verdicts,
    }
    if as_json:
        click.echo(json.dumps(counts, indent=2))
    else:
        click.echo(", ".join(f"{name} {number:,}" for name, number in counts.items()))


def serve(metrics: Metrics, port: int) -> None:
    """Serve ``metrics`` on this machine."""
    start_http_server(port, "127.0.0.1", metrics.registry)


@contextmanager
def reporting(total: Total) -> Iterator[None]:
    """Say on stderr, every ten seconds, what has been done."""
    done = threading.Event()

    def report() -> None:
        while not done.wait(REPORT_EVERY):
            parts = (f"{name} {number:,}" for name, number in total.verdicts.items() if number)
            click.echo(f"received {total.received:,}: {', '.join(parts)}", err=True)

    threading.Thread(target=report, daemon=True).start()
    try:
        yield
    finally:
        done.set()


@contextmanager
def stopping(stop: threading.Event) -> Iterator[None]:
    """Set ``stop`` on SIGTERM and Ctrl-C, for an end in order; a second one ends at once."""

    def ask(number: int, _: object) -> None:
        if stop.is_set():
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        stop.set()

    previous = {number: signal.signal(number, ask) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


class _Lines:
    """Lines of a stream, waited for no longer than one can wait."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.stop = threading.Event()
        self._stream = stream
        self._lines: deque[bytes] = deque()
        self._rest = b""
        self._is_at_end = False

    def take(self, seconds: float) -> bytes | None:
        """Return a line; empty when none came in time, None at the end or once asked to stop."""
        deadline = time.monotonic() + seconds
        while not self._lines:
            if self._is_at_end or self.stop.is_set():
                return None
            left = deadline - time.monotonic()
            ready, _, _ = select.select([self._stream], [], [], min(max(left, 0.0), 0.1))
            if ready:
                self._read()
            elif left <= 0:
                return b""
        return self._lines.popleft()

    def _read(self) -> None:
        chunk = os.read(self._stream.fileno(), _CHUNK)
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        self._lines.extend(line + b"\n" for line in lines)
        if not chunk:
            self._is_at_end = True
            if self._rest:
                self._lines.append(self._rest)


def _batches(
    lines: _Lines,
    target: str,
    source: str,
    form: str | None,
    columns: list[str] | None,
    batch_rows: int,
    linger: float,
) -> Iterator[Batch]:
    """Yield batches: full ones, or those whose first line is ``linger`` seconds old."""
    parse: Parse | None = None
    rows: list[TextRow] = []
    number, due = 0, 0.0
    while True:
        line = lines.take(max(due - time.monotonic(), 0.0) if rows else 3600.0)
        if line and (record := line.rstrip(b"\r\n")):
            number += 1
            if parse is None:
                if form is None:
                    form = "jsonl" if record.lstrip().startswith(b"{") else "csv"
                if form == "csv":
                    names = record.decode("utf-8-sig", "replace").split(",")
                    columns = columns or names
                    parse = csv_parser(record, columns)
                    continue
                if columns is None:
                    raise AegisError(
                        "AEU55",
                        f"the columns of {target} are not known",
                        detail="The database does not answer.",
                        hint="Name them: --columns stock_code,trade_date,...",
                    )
                parse = json_parser(columns)
            if not rows:
                due = time.monotonic() + linger
            # A cut number looks like a number: a last line that is not ended is never believed.
            is_whole = line.endswith(b"\n")
            assert columns is not None  # noqa: S101 - known since the parser is
            rows.append(text_row(number, record, parse if is_whole else _cut, columns))
        if rows and (line is None or len(rows) >= batch_rows or time.monotonic() >= due):
            assert columns is not None  # noqa: S101 - likewise
            yield encode_texts(target, rows, source=source, columns=columns)
            rows = []
        if line is None:
            return


def _cut(_: bytes) -> None:
    return None
