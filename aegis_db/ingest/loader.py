"""From a file into the database: check it whole, then send it in batches that may be sent again.

Nothing is half-loaded:

1. The whole file is read once before the first row is sent: unpacked to the end (so gzip's checksum
   holds) and split into records. A damaged file is refused with not one row applied.
2. Each batch is one transaction: COPY into the stage, then ``aegis.upsert_staged``. It is applied
   with its verdicts or not at all, whatever ends the process.
3. The identity of a batch is a digest of what it sends, so it needs no note on the client. A load
   that was interrupted is simply run again: the server recognises finished batches and answers with
   their verdicts.

The master data (names, markets) of a file goes first: the latest record of each code, collected
while the file is checked. A line that is damaged or not believable becomes a dead letter, never a
skipped row.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import groupby, islice
from pathlib import Path
from typing import TypeVar

import psycopg
from psycopg.rows import TupleRow
from tenacity import Retrying, retry_if_exception, stop_after_attempt

from aegis_db.errors import AegisError, describe
from aegis_db.ingest.batch import VERDICTS as OUTCOMES
from aegis_db.ingest.batch import BatchResult, encode_texts
from aegis_db.ingest.files import InputFile, Record
from aegis_db.ingest.formats import Column, Fields, evaluate
from aegis_db.ingest.retry import Backoff, is_retryable
from aegis_db.ingest.writer import apply_batch

BATCH_ROWS = 20_000
VERDICTS = ("received", *OUTCOMES)

Connection = psycopg.Connection[TupleRow]
Row = tuple[int | str | None, ...]
T = TypeVar("T")
Watch = Callable[[str, int, int], None]
"""Told now and then: what is being done, bytes of the file read, bytes in all."""

_CODE = re.compile(r"[0-9A-Z]{1,12}")
_WATCH_EVERY = 2_000


@dataclass(slots=True)
class TableResult:
    """What one file did to one table: rows by verdict; ``received`` is the sum of all others.

    ``repeated`` of the ``batches`` had been applied by an earlier run; their verdicts are counted
    as stored.
    """

    table: str
    source: str
    batches: int = 0
    repeated: int = 0
    verdicts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(VERDICTS, 0))
    batch_numbers: list[int] = field(default_factory=list)

    @property
    def dead_letters(self) -> int:
        """Rows put aside in ``aegis.dead_letters``."""
        return self.verdicts["quarantined"] + self.verdicts["rejected"]


@dataclass(frozen=True, slots=True)
class FileResult:
    """What came of one file."""

    path: Path
    format: str
    tables: list[TableResult]


def load_file(
    connection: Connection,
    path: Path,
    *,
    source: str | None = None,
    as_of: datetime | None = None,
    batch_rows: int = BATCH_ROWS,
    backfill: bool = False,
    watch: Watch = lambda *_: None,
) -> FileResult:
    """Check the file at ``path``, load it over ``connection`` (autocommit) and return the verdicts.

    ``source`` replaces the format's own source. ``as_of`` (with time zone) is the event time of
    rows whose format has none; without it the server takes the session close of the trading date.
    With ``backfill`` each month that has no partition yet becomes one in one go.
    Raises AegisError: AEU40 to AEU48 for the file, else the server's code; batches finished before
    stay.
    """
    with InputFile(path) as file:
        form = file.format
        if as_of and form.has_event_time:
            raise AegisError(
                "AEU46",
                f"{path}: every row of a {form.name} file has its own event time",
                hint="Leave --as-of out.",
            )
        masters = _check(file, watch)
        load = _Load(connection, file, source or form.source, batch_rows, backfill)
        event_at = as_of.isoformat() if as_of else None
        tables = []
        if form.master:
            tables.append(load.send("stocks", form.master, masters, event_at))
        records = _watched(file, file.records(), "loading", watch)
        tables.append(load.send(form.table, form.columns, records, event_at))
        return FileResult(path, form.name, tables)


def _watched(file: InputFile, things: Iterable[T], activity: str, watch: Watch) -> Iterator[T]:
    """Yield ``things`` read from ``file``, telling how far it has been read."""
    for count, thing in enumerate(things):
        if count % _WATCH_EVERY == 0:
            watch(activity, file.position, file.size)
        yield thing
    watch(activity, file.size, file.size)


def _check(file: InputFile, watch: Watch) -> list[Record]:
    """Read the file to its end; return the latest record of each code if the format has masters.

    A record without a plain code or time is no master row; it is judged once, as the row it is.
    """
    master = file.format.master
    if not master:
        for _ in _watched(file, file.lines(), "checking", watch):
            pass
        return []
    latest: dict[str, tuple[str, Record]] = {}
    for record in _watched(file, file.records(), "checking", watch):
        if record.fields is not None:
            code = evaluate(master["stock_code"], record.fields)
            event_at = evaluate(master["event_at"], record.fields)
            if (
                code
                and event_at
                and _CODE.fullmatch(code)
                and (code not in latest or event_at >= latest[code][0])
            ):
                latest[code] = event_at, record
    return [latest[code][1] for code in sorted(latest)]


class _Load:
    """Sends the batches of one file."""

    def __init__(
        self,
        connection: Connection,
        file: InputFile,
        source: str,
        batch_rows: int,
        backfill: bool,
    ) -> None:
        self._connection = connection
        self._file = file
        self._source = source
        self._batch_rows = batch_rows
        self._backfill = backfill

    def send(
        self,
        table: str,
        columns: Mapping[str, Column],
        records: Iterable[Record],
        event_at: str | None,
    ) -> TableResult:
        """Send all ``records`` to ``table`` and return the sum of the verdicts."""
        result = TableResult(table, self._source)
        if event_at:
            columns = {**columns, "event_at": lambda _: event_at}
        send = _Sender(self._connection, self._file, table, self._source, columns, result)
        if self._backfill and "trade_date" in columns:
            self._send_months(send, records, columns["trade_date"])
        else:
            for batch in _chunks(records, self._batch_rows):
                send(batch)
        return result

    def _send_months(self, send: _Sender, records: Iterable[Record], day: Column) -> None:
        """Send whole months as new partitions, and as ordinary batches what has one already."""
        known: set[str] = set()
        for months, batch in _whole_months(records, day, self._batch_rows):
            is_new = known.isdisjoint(months)
            known |= months
            if is_new:
                try:
                    send(batch, is_backfill=True)
                    continue
                except AegisError as error:
                    if error.sqlstate != "AEU13":
                        raise
            for part in _chunks(batch, self._batch_rows):
                send(part)


class _Sender:
    """Sends batches of one file to one table and counts what became of them."""

    def __init__(
        self,
        connection: Connection,
        file: InputFile,
        table: str,
        source: str,
        columns: Mapping[str, Column],
        result: TableResult,
    ) -> None:
        self._connection = connection
        self._file = file
        self._table = table
        self._source = source
        self._columns = columns
        self._result = result
        self._partitions = _Partitions(connection, table)

    def __call__(self, batch: Sequence[Record], *, is_backfill: bool = False) -> None:
        """Send ``batch`` as one transaction."""
        rows = [_row(self._columns, record) for record in batch]
        names = [*self._columns]
        with self._failure_placed(batch):
            if "trade_date" in names and not is_backfill:
                self._partitions.make_for(rows, 1 + names.index("trade_date"))
            if not self._file.is_unchanged():
                raise AegisError(
                    "AEU47",
                    f"{self._file.path}: the file was changed while it was being loaded",
                    detail="What is left of it was not checked, so it is not sent.",
                    hint="Run the same command again once the file is complete.",
                )
            encoded = encode_texts(self._table, rows, source=self._source, columns=names)
            apply = _patient(self._connection)
            _count(
                self._result,
                apply(apply_batch, self._connection, encoded, is_backfill=is_backfill),
            )

    @contextmanager
    def _failure_placed(self, batch: Sequence[Record]) -> Iterator[None]:
        """Say which lines a database error met, and that the load is simply run again."""
        try:
            yield
        except psycopg.Error as error:
            said = describe(error)
            place = f"{self._file.path}, lines {batch[0].line} to {batch[-1].line}"
            hint = said.hint
            if said.sqlstate in ("3F000", "42883", "42P01") and not hint:
                hint = "Run `aegis-db upgrade` on this database first."
            again = "Nothing of these lines was stored; run the same command again."
            raise AegisError(
                said.sqlstate,
                f"{place}: {said.message}",
                detail=said.detail,
                hint=f"{hint} {again}".strip(),
            ) from error


class _Partitions:
    """Makes the partitions arriving dates need, before rows would fall into the default."""

    def __init__(self, connection: Connection, table: str) -> None:
        self._connection = connection
        self._table = table
        self._months: set[str] = set()

    def make_for(self, rows: Iterable[Row], position: int) -> None:
        """Make partitions for the sessions among the dates (text) at ``position`` of each row.

        Only sessions of the trading calendar count: a date that is none must not make a partition.
        """
        found = {str(row[position]) for row in rows if row[position]}
        new = [day for text in found if text[:7] not in self._months and (day := _day(text))]
        if new:
            _patient(self._connection)(
                self._connection.execute,
                "SELECT aegis.ensure_partitions(%s::regclass, min(c.trade_date), max(c.trade_date))"
                "  FROM aegis.trading_calendar AS c"
                " WHERE c.is_open AND c.trade_date = ANY (%s)"
                " GROUP BY date_trunc('month', c.trade_date)",
                (f"aegis.{self._table}", new),
            )
            self._months.update(text[:7] for text in found)


def _chunks(records: Iterable[Record], size: int) -> Iterator[list[Record]]:
    remaining = iter(records)
    while batch := list(islice(remaining, size)):
        yield batch


def _whole_months(
    records: Iterable[Record], day: Column, size: int
) -> Iterator[tuple[set[str], list[Record]]]:
    """Yield at least ``size`` records at a time, cut where the month changes, with their months."""
    months: set[str] = set()
    batch: list[Record] = []

    def month_of(record: Record) -> str:
        return "" if record.fields is None else (evaluate(day, record.fields) or "")[:7]

    for month, rows in groupby(records, month_of):
        months.add(month)
        batch.extend(rows)
        if len(batch) >= size:
            yield months, batch
            months, batch = set(), []
    if batch:
        yield months, batch


def _row(columns: Mapping[str, Column], record: Record) -> Row:
    """Return the staged row: line number, columns (null without fields), payload."""
    fields: Fields | None = record.fields
    if fields is None:
        return (record.line, *(None for _ in columns), record.payload)
    return (record.line, *(evaluate(column, fields) for column in columns.values()), record.payload)


def _patient(connection: Connection) -> Retrying:
    """Return what tries again after giving way to another session, over the same connection."""
    return Retrying(
        retry=retry_if_exception(lambda error: is_retryable(error) and not connection.closed),
        stop=stop_after_attempt(8),
        wait=Backoff(multiplier=0.05, max=2),
        reraise=True,
    )


def _count(result: TableResult, batch: BatchResult) -> None:
    result.batches += 1
    result.repeated += batch.is_repeat
    result.batch_numbers.append(batch.batch_number or 0)
    result.verdicts["received"] += batch.received
    for verdict, number in batch.verdicts.items():
        result.verdicts[verdict] += number


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
