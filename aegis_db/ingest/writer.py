"""The writer: batches over a pool of connections, sent until settled, kept on disk if need be.

    with Writer(dsn, spool=Path("/var/spool/aegis")) as writer:
        result = writer.write("stock_prices", rows, source="krx")        # one batch
        total = writer.write_all("stock_prices", endless, source="krx")  # any number of rows

The calling thread encodes; senders, one for each connection, talk to the server. So the next batch
is encoded while the last one is being applied. What a call has returned for is committed, or
on disk (``is_spooled``). While batches wait on disk, new ones queue behind them.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import AsyncIterable, Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, islice
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import UUID
from weakref import WeakKeyDictionary

import psycopg
from prometheus_client import CollectorRegistry
from psycopg import pq, sql
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import TupleRow, dict_row
from psycopg_pool import ConnectionPool
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    stop_after_attempt,
    stop_after_delay,
    stop_when_event_set,
)
from tenacity.nap import sleep_using_event

from aegis_db.database import parameters
from aegis_db.errors import AegisError, describe
from aegis_db.ingest.batch import VERDICTS, Batch, BatchResult, Row, encode
from aegis_db.ingest.metrics import Metrics
from aegis_db.ingest.retry import Backoff, is_retryable
from aegis_db.ingest.spool import LIMIT_BYTES, Spool

LOG = logging.getLogger("aegis_db.ingest")
BATCH_ROWS = 5_000
_TYPES = """
SELECT a.attname, coalesce(nullif(y.typbasetype, 0), y.oid)::bigint
  FROM aegis.ingest_targets AS t
  JOIN pg_catalog.pg_type AS i ON i.oid = t.input_type::regtype
  JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.typrelid AND a.attnum > 0
  JOIN pg_catalog.pg_type AS y ON y.oid = a.atttypid
 WHERE t.target = %s AND NOT a.attisdropped
 ORDER BY a.attnum
"""

_PATIENCE = {"connect_timeout": 5, "keepalives_idle": 10, "tcp_user_timeout": 30_000}
"""A server that has gone without a word is noticed; the conninfo may say otherwise."""

Connection = psycopg.Connection[TupleRow]
_stages: WeakKeyDictionary[Connection, set[tuple[str, bool]]] = WeakKeyDictionary()


@dataclass(slots=True)
class Total:
    """What became of many batches: rows by verdict, and how many batches went which way."""

    received: int = 0
    batches: int = 0
    repeated: int = 0
    spooled: int = 0
    verdicts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(VERDICTS, 0))

    def add(self, result: BatchResult) -> None:
        """Count one batch."""
        self.batches += 1
        self.received += result.received
        self.repeated += result.is_repeat
        self.spooled += result.is_spooled
        for verdict in VERDICTS:
            self.verdicts[verdict] += getattr(result, verdict)


def apply_batch(connection: Connection, batch: Batch, *, is_backfill: bool = False) -> BatchResult:
    """Apply ``batch`` over ``connection`` as one transaction and return the verdicts.

    Within a transaction of the caller it becomes part of that. ``is_backfill``: as new partitions,
    refused (AEU13) where one exists. Raises psycopg.Error.
    """
    stage = f"stage_{batch.target}{'_raw' if batch.is_raw else ''}"
    with connection.transaction(), connection.cursor(row_factory=dict_row) as cursor:
        opened = _stages.setdefault(connection, set())
        if (batch.target, batch.is_raw) not in opened:
            cursor.execute("SELECT aegis.open_stage(%s, %s)", (batch.target, batch.is_raw))
        copy = sql.SQL("COPY pg_temp.{} ({}) FROM STDIN (FORMAT binary)").format(
            sql.Identifier(stage), sql.SQL(", ").join(map(sql.Identifier, batch.columns))
        )
        with cursor.copy(copy) as stream:
            stream.write(batch.body)
        cursor.execute(
            sql.SQL("SELECT * FROM aegis.{}(%s, %s, %s, %s)").format(
                sql.Identifier("backfill_staged" if is_backfill else "upsert_staged")
            ),
            (batch.target, batch.source, batch.batch_id, batch.is_raw),
        )
        answer = cursor.fetchone()
    assert answer is not None  # noqa: S101 - the function returns one row
    if connection.info.transaction_status == pq.TransactionStatus.IDLE:
        # Committed, so the stage is there to stay; within the caller's transaction it may yet go.
        opened.add((batch.target, batch.is_raw))
    return BatchResult.answered(batch, answer)


def input_types(connection: Connection, target: str) -> dict[str, int]:
    """Return the columns that ``target`` takes with the OIDs of their types; AEU05 if none."""
    found: dict[str, int] = dict(connection.execute(_TYPES, (target,)).fetchall())
    if not found:
        raise AegisError(
            "AEU05",
            f"table {target!r} takes no batches",
            hint="aegis.ingest_targets lists the tables that do.",
        )
    return found


class Writer:
    """Writes batches to the database at ``dsn``; usable by any number of threads.

    ``connections``: batches applied at the same time. ``attempts`` and ``patience`` (seconds) bound
    the tries for one batch; then it goes to the ``spool`` (a directory, one process each), or
    AEU53 is raised when there is none. ``spool_bytes`` limits the spool; a full one makes callers
    wait up to ``spool_patience`` seconds, then raises AEU51. ``registry`` takes the metrics.
    """

    def __init__(
        self,
        dsn: str = "",
        *,
        connections: int = 2,
        attempts: int = 6,
        patience: float = 30.0,
        spool: Path | None = None,
        spool_bytes: int = LIMIT_BYTES,
        spool_patience: float = 0.0,
        registry: CollectorRegistry | None = None,
    ) -> None:
        """Open the spool (AEU50) and begin to connect; the server need not answer yet."""
        self.metrics = Metrics(registry)
        self.spool = None if spool is None else Spool(spool, limit_bytes=spool_bytes)
        if self.spool is not None:
            self.metrics.watch(self.spool)
        self._spool_patience = spool_patience
        self._attempts, self._patience = attempts, patience
        self._connections = connections
        self._types: dict[str, dict[str, int]] = {}
        self._is_closed = threading.Event()
        self._is_draining = threading.Event()
        self._senders = ThreadPoolExecutor(connections, "aegis-writer")
        self._pool: ConnectionPool[Connection] = ConnectionPool(
            dsn,
            kwargs={**_PATIENCE, **conninfo_to_dict(dsn), **parameters(dsn), "autocommit": True},
            min_size=0,
            max_size=connections + (spool is not None),
            timeout=max(0.1, min(10.0, patience / 2)),
            reconnect_timeout=5,
            name="aegis-writer",
            open=True,
        )
        self._drainer = threading.Thread(target=self._drain, name="aegis-drain", daemon=True)
        if self.spool is not None:
            self._drainer.start()

    def __enter__(self) -> Self:
        """Return the writer itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the writer."""
        self.close()

    def write(
        self,
        target: str,
        rows: Iterable[Row],
        *,
        source: str,
        columns: Sequence[str] | None = None,
        batch_id: UUID | None = None,
    ) -> BatchResult:
        """Write ``rows`` as one batch; it is committed or spooled when this returns.

        Rows are mappings, or sequences in the order of ``columns`` (default: of the input type).
        ``batch_id`` defaults to a digest of the content. Raises AegisError and psycopg.Error as
        ``send``, AEU55 for columns that do not fit.
        """
        rows = list(rows)
        return self._send_or_divert(rows, self.encode(target, rows, source, columns, batch_id))

    def write_all(
        self,
        target: str,
        rows: Iterable[Row],
        *,
        source: str,
        columns: Sequence[str] | None = None,
        batch_rows: int = BATCH_ROWS,
        watch: Callable[[Total], None] = lambda _: None,
    ) -> Total:
        """Write any number of ``rows`` in batches over all connections; memory stays bounded.

        ``watch`` hears the total after each batch. At the first batch that fails no more are sent,
        those under way are awaited, then the failure is raised: send all again, what was applied
        is recognised.
        """
        total = Total()

        def batches() -> Iterator[Callable[[], BatchResult]]:
            remaining = iter(rows)
            while chunk := list(islice(remaining, batch_rows)):
                batch = self.encode(target, chunk, source, columns, None)
                yield partial(self._send_or_divert, chunk, batch)

        for result in self._in_parallel(batches()):
            total.add(result)
            watch(total)
        return total

    def send_all(self, batches: Iterable[Batch]) -> Iterator[BatchResult]:
        """Send encoded batches over all connections; yield the results in the same order."""
        return self._in_parallel(partial(self.send, batch) for batch in batches)

    def send(self, batch: Batch) -> BatchResult:
        """Send an encoded batch until it is settled.

        Raises AEU51 or AEU52 (spool full), AEU53 (database away, no spool), AEU56 (closed), and
        what the database refuses as psycopg.Error: then nothing of the batch was stored.
        """
        if self._is_closed.is_set():
            raise AegisError("AEU56", "the writer is closed", hint="Open another one.")
        begun = time.monotonic()
        self.metrics.in_flight.inc()
        try:
            # Latest wins whatever the order, so a batch need not queue behind a spool that empties:
            # writers that did would fill it faster than one connection can empty it.
            if self.spool is not None and len(self.spool) and not self._is_draining.is_set():
                result = self._spooled(batch, self.spool)
            else:
                result = self._settled(batch)
        except BaseException:
            self.metrics.batches.labels(batch.target, "failed").inc()
            raise
        finally:
            self.metrics.in_flight.dec()
        self.metrics.seconds.labels(batch.target).observe(time.monotonic() - begun)
        self.metrics.count(result)
        return result

    def encode(
        self,
        target: str,
        rows: Sequence[Row],
        source: str,
        columns: Sequence[str] | None = None,
        batch_id: UUID | None = None,
    ) -> Batch:
        """Return ``rows`` as a batch, in the types that ``target`` takes."""
        types = self._types_of(target)
        if columns is None:
            first = rows[0] if rows else ()
            if isinstance(first, Mapping):
                columns = list(first)
            elif types:
                columns = list(types)
            else:
                raise AegisError(
                    "AEU55",
                    f"the columns of the rows for {target} are not known",
                    detail="Rows without names need the database's list, and it does not answer.",
                    hint="Pass columns=[...], or rows by name.",
                )
        return encode(target, rows, source=source, columns=columns, types=types, batch_id=batch_id)

    def flush(self, timeout: float | None = None) -> bool:
        """Wait until nothing waits on disk; return False when ``timeout`` seconds did not do."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while self.spool is not None and len(self.spool):
            if deadline is not None and time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    def close(self) -> None:
        """End what is under way and close the connections; what waits on disk stays there."""
        if self._is_closed.is_set():
            return
        self._senders.shutdown()
        self._is_closed.set()
        if self.spool is not None:
            self.spool.close()
            self._drainer.join()
        self._pool.close()

    def columns(self, target: str) -> list[str] | None:
        """Return the columns that ``target`` takes; None while the database does not answer."""
        types = self._types_of(target)
        return None if types is None else list(types)

    def _types_of(self, target: str) -> dict[str, int] | None:
        """Return the OIDs of the columns that ``target`` takes; None while nobody answers."""
        if target not in self._types:
            if self.spool is not None and len(self.spool):
                return None
            try:
                with self._pool.connection() as connection:
                    self._types[target] = input_types(connection, target)
            except psycopg.Error as error:
                if is_retryable(error):
                    return None
                raise
        return self._types[target]

    def _send_or_divert(self, rows: Sequence[Row], batch: Batch) -> BatchResult:
        """Send a batch; when the server cannot read a typed value, send all of it as texts."""
        try:
            return self.send(batch)
        except psycopg.DataError:
            if batch.is_raw:
                raise
        columns = batch.columns[1:]
        return self.send(
            encode(batch.target, rows, source=batch.source, columns=columns, types=None)
        )

    def _in_parallel(self, calls: Iterable[Callable[[], BatchResult]]) -> Iterator[BatchResult]:
        """Run ``calls`` on the senders, few ahead; yield their results in order."""
        under_way: deque[Future[BatchResult]] = deque()
        try:
            for call in calls:
                while len(under_way) > self._connections:
                    yield under_way.popleft().result()
                under_way.append(self._senders.submit(call))
            while under_way:
                yield under_way.popleft().result()
        finally:
            for future in under_way:
                future.cancel()
            for future in under_way:
                if not future.cancelled():
                    future.exception()

    def _settled(self, batch: Batch) -> BatchResult:
        """Try until the database has answered for the batch, else spool it."""
        retrying = Retrying(
            retry=retry_if_exception(is_retryable),
            stop=stop_after_attempt(self._attempts) | stop_after_delay(self._patience),
            wait=Backoff(multiplier=0.05, max=5),
            after=self._failed,
            reraise=True,
        )
        try:
            return retrying(self._tried, batch)
        except psycopg.Error as error:
            if not is_retryable(error):
                raise
            if self.spool is not None:
                return self._spooled(batch, self.spool)
            said = describe(error)
            raise AegisError(
                "AEU53",
                f"the database did not take batch {batch.batch_id}: {said.message}",
                detail=f"The last of the tries ended with {said.sqlstate}.",
                hint="Send the batch again; give the writer a spool to have that done for you.",
            ) from error

    def _tried(self, batch: Batch) -> BatchResult:
        with self._pool.connection() as connection:
            return apply_batch(connection, batch)

    def _failed(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        if error is not None:
            self._is_draining.clear()
            said = describe(error)
            self.metrics.failures.labels(said.sqlstate).inc()
            LOG.warning("attempt %s: %s: %s", state.attempt_number, said.sqlstate, said.message)

    def _spooled(self, batch: Batch, spool: Spool) -> BatchResult:
        spool.append(batch, patience=self._spool_patience)
        return BatchResult(batch.batch_id, batch.target, batch.rows, is_spooled=True)

    def _drain(self) -> None:
        """Send what waits on disk, in order, until the writer is closed."""
        assert self.spool is not None  # noqa: S101 - started only with one
        retrying = Retrying(
            retry=retry_if_exception(is_retryable),
            stop=stop_when_event_set(self._is_closed),
            wait=Backoff(multiplier=0.1, max=10),
            sleep=sleep_using_event(self._is_closed),
            after=self._failed,
            reraise=True,
        )
        while not self._is_closed.is_set():
            if not self.spool.wait(1.0) or (found := self.spool.first()) is None:
                continue
            name, batch = found
            try:
                result = retrying(self._tried, batch)
            except psycopg.Error as error:
                if is_retryable(error):
                    return
                said = describe(error)
                LOG.error("batch %s is set aside: %s: %s", batch.batch_id, said.sqlstate, said)
                self.spool.refuse(name, said)
                self.metrics.batches.labels(batch.target, "failed").inc()
            else:
                self._is_draining.set()
                self.spool.remove(name)
                self.metrics.count(result)


class AsyncWriter:
    """The writer for asyncio: the same calls, awaited; the work is done in threads."""

    def __init__(self, dsn: str = "", **options: Any) -> None:
        """Take the arguments of ``Writer``."""
        self._make = lambda: Writer(dsn, **options)
        self._writer: Writer | None = None

    async def __aenter__(self) -> Self:
        """Open the writer."""
        self._writer = await asyncio.to_thread(self._make)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the writer."""
        await self.close()

    @property
    def writer(self) -> Writer:
        """The writer beneath; AEU56 when it is not open."""
        if self._writer is None:
            raise AegisError("AEU56", "the writer is not open", hint="async with AsyncWriter(...):")
        return self._writer

    @property
    def metrics(self) -> Metrics:
        """The metrics of the writer beneath."""
        return self.writer.metrics

    async def write(
        self,
        target: str,
        rows: Iterable[Row],
        *,
        source: str,
        columns: Sequence[str] | None = None,
        batch_id: UUID | None = None,
    ) -> BatchResult:
        """See ``Writer.write``."""
        return await asyncio.to_thread(
            self.writer.write, target, rows, source=source, columns=columns, batch_id=batch_id
        )

    async def write_all(
        self,
        target: str,
        rows: Iterable[Row] | AsyncIterable[Row],
        *,
        source: str,
        columns: Sequence[str] | None = None,
        batch_rows: int = BATCH_ROWS,
        watch: Callable[[Total], None] = lambda _: None,
    ) -> Total:
        """See ``Writer.write_all``; rows may come from an async iterator."""
        if isinstance(rows, AsyncIterable):
            rows = chain.from_iterable(_pulled(rows, batch_rows, asyncio.get_running_loop()))
        return await asyncio.to_thread(
            self.writer.write_all,
            target,
            rows,
            source=source,
            columns=columns,
            batch_rows=batch_rows,
            watch=watch,
        )

    async def send(self, batch: Batch) -> BatchResult:
        """See ``Writer.send``."""
        return await asyncio.to_thread(self.writer.send, batch)

    async def flush(self, timeout: float | None = None) -> bool:
        """See ``Writer.flush``."""
        return await asyncio.to_thread(self.writer.flush, timeout)

    async def close(self) -> None:
        """See ``Writer.close``."""
        if self._writer is not None:
            await asyncio.to_thread(self._writer.close)


def _pulled(
    rows: AsyncIterable[Row], size: int, loop: asyncio.AbstractEventLoop
) -> Iterator[list[Row]]:
    """Pull an async iterator of ``loop`` from another thread, ``size`` rows at a time."""
    remaining = aiter(rows)

    async def pull() -> list[Row]:
        chunk: list[Row] = []
        while len(chunk) < size:
            try:
                chunk.append(await anext(remaining))
            except StopAsyncIteration:
                break
        return chunk

    while chunk := asyncio.run_coroutine_threadsafe(pull(), loop).result():
        yield chunk
