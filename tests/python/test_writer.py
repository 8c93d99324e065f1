"""The writer: every row answered for, whatever the connection, the server or the rows do."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from waiting import until, waiting

from aegis_db.cluster import Cluster
from aegis_db.database import connect
from aegis_db.errors import AegisError
from aegis_db.ingest import AsyncWriter, Batch, Writer, apply_batch, encode_texts, is_retryable
from aegis_db.migrate import upgrade

KST = timezone(timedelta(hours=9))
DAY = date(2025, 1, 2)
AT = datetime(2025, 1, 2, 15, tzinfo=KST)
COLUMNS = ["stock_code", "trade_date", "price", "volume", "event_at"]


def price(code: int, value: Any = 100, at: datetime = AT, **other: Any) -> dict[str, Any]:
    row = {"stock_code": f"{code:06}", "trade_date": DAY, "price": value, "volume": 10}
    return row | {"event_at": at} | other


def query(dsn: str, text: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(dsn) as connection:
        return connection.execute(text).fetchall()


def stored(dsn: str) -> dict[str, int]:
    return {
        code: int(value)
        for code, value in query(dsn, "SELECT stock_code, price FROM aegis.stock_prices")
    }


@pytest.fixture
def writer(database: str) -> Iterator[Writer]:
    with Writer(database) as opened:
        yield opened


# -------------------------------------------------------------------------------------- verdicts


def test_every_row_has_a_verdict(writer: Writer, database: str) -> None:
    rows = [price(code) for code in range(10)] + [price(1, 99, AT - timedelta(hours=1))]
    result = writer.write("stock_prices", rows, source="krx")
    assert (result.received, result.inserted, result.duplicate) == (11, 10, 1)
    assert sum(result.verdicts.values()) == result.received
    later = writer.write(
        "stock_prices", [price(1, 101, AT + timedelta(minutes=1)), price(2)], source="krx"
    )
    assert (later.updated, later.unchanged) == (1, 1)
    assert stored(database)["000001"] == 101


def test_the_same_rows_are_one_batch(writer: Writer, database: str) -> None:
    rows = [tuple(price(code).values()) for code in range(10)]
    first = writer.write("stock_prices", rows, source="krx", columns=COLUMNS)
    again = writer.write("stock_prices", rows, source="krx", columns=COLUMNS)
    assert (first.is_repeat, again.is_repeat) == (False, True)
    assert again.verdicts == first.verdicts
    assert query(database, "SELECT count(*) FROM aegis.ingest_batches") == [(1,)]


BAD: list[tuple[dict[str, Any], str | None]] = [
    ({"price": "abc"}, "unparsable_price"),
    ({"stock_code": "00\x0010"}, "malformed_line"),
    ({"stock_code": "00\ud80010"}, "malformed_line"),
    ({"event_at": datetime(2025, 1, 2, 15)}, "unparsable_event_at"),  # noqa: DTZ001
    ({"price": float("nan")}, "price_not_finite"),
    ({"price": Decimal("NaN")}, "price_not_finite"),
    ({"price": Decimal("-Infinity")}, "price_not_finite"),
    ({"price": Decimal("1e20000")}, None),
    ({"volume": 2**70}, "out_of_range"),
    ({"sequence_number": 2**70}, "unparsable_sequence_number"),
    ({"trade_date": "2025-13-41"}, "unparsable_trade_date"),
    ({"stock_code": None}, "null_code"),
    ({"event_at": datetime(2099, 1, 1, tzinfo=KST)}, "future_time"),
]


def test_one_bad_row_goes_alone(writer: Writer, database: str) -> None:
    columns = [*COLUMNS, "sequence_number"]
    for case, (changed, reason) in enumerate(BAD):
        good = [price(10 * case + place, sequence_number=1) for place in range(3)]
        rows = [good[0], good[1] | changed, good[2]]
        result = writer.write("stock_prices", rows, source="krx", columns=columns)
        assert (result.received, result.inserted, result.dead_letters) == (3, 2, 1), changed
        ((line, found, payload),) = query(
            database,
            "SELECT line_number, reason, payload FROM aegis.dead_letters"
            f" WHERE batch_number = {result.batch_number}",
        )
        assert line == 2
        assert reason is None or found == reason
        assert payload


def test_rows_that_fit_no_columns_are_refused(writer: Writer, database: str) -> None:
    for rows, columns in (
        ([price(1), price(2) | {"colour": "red"}], None),
        ([price(1) | {"colour": "red"}], None),
        ([("005930", DAY)], COLUMNS),
    ):
        with pytest.raises(AegisError) as refusal:
            writer.write("stock_prices", rows, source="krx", columns=columns)
        assert refusal.value.sqlstate == "AEU55"
    assert query(database, "SELECT count(*) FROM aegis.ingest_batches") == [(0,)]


def test_what_the_database_refuses_is_said_at_once(writer: Writer) -> None:
    begun = time.monotonic()
    with pytest.raises(psycopg.DatabaseError) as refusal:
        writer.write("stock_prices", [price(1)], source="nobody")
    assert refusal.value.sqlstate == "AEU01"
    with pytest.raises(AegisError) as unknown:
        writer.write("stock_price", [price(1)], source="krx")
    assert unknown.value.sqlstate == "AEU05"
    assert time.monotonic() - begun < 5
    assert writer.metrics.snapshot()['aegis_writer_batches_total{target="stock_prices",outcome="failed"}'] == 1  # fmt: skip  # noqa: E501


def test_a_closed_writer_says_so(database: str) -> None:
    writer = Writer(database)
    batch = writer.encode("stock_prices", [price(1)], "krx")
    writer.close()
    with pytest.raises(AegisError) as refusal:
        writer.send(batch)
    assert refusal.value.sqlstate == "AEU56"


def test_any_number_of_rows(writer: Writer, database: str) -> None:
    heard: list[int] = []
    total = writer.write_all(
        "stock_prices",
        (price(code) for code in range(10_500)),
        source="krx",
        batch_rows=1_000,
        watch=lambda so_far: heard.append(so_far.received),
    )
    assert (total.received, total.batches, total.verdicts["inserted"]) == (10_500, 11, 10_500)
    assert heard[-1] == 10_500
    assert len(stored(database)) == 10_500
    text = writer.metrics.text()
    assert 'aegis_writer_rows_total{target="stock_prices",verdict="inserted"} 10500.0' in text
    assert "aegis_writer_batch_seconds_bucket" in text


def test_a_failing_batch_ends_the_stream_and_all_can_be_sent_again(
    writer: Writer, database: str
) -> None:
    rows = [price(code) for code in range(500)]

    def broken() -> Iterator[dict[str, Any]]:
        yield from rows[:250]
        raise ValueError("the feed broke")

    with pytest.raises(ValueError, match="the feed broke"):
        writer.write_all("stock_prices", broken(), source="krx", batch_rows=100)
    assert len(stored(database)) == 200
    total = writer.write_all("stock_prices", rows, source="krx", batch_rows=100)
    assert (total.repeated, total.verdicts["inserted"]) == (2, 500)


def test_the_same_calls_awaited(database: str) -> None:
    async def rows() -> AsyncIterator[dict[str, Any]]:
        for code in range(2_500):
            yield price(code)

    async def main() -> None:
        async with AsyncWriter(database, connections=2) as writer:
            results = await asyncio.gather(
                *(writer.write("stock_prices", [price(code)], source="krx") for code in range(8))
            )
            assert [result.inserted for result in results] == [1] * 8
            total = await writer.write_all("stock_prices", rows(), source="krx", batch_rows=1_000)
            assert (total.verdicts["inserted"], total.verdicts["unchanged"]) == (2_492, 8)
            assert await writer.flush(1)
        with pytest.raises(AegisError) as refusal:
            await writer.write("stock_prices", [price(1)], source="krx")
        assert refusal.value.sqlstate == "AEU56"

    asyncio.run(main())


# ------------------------------------------------------------------------------ failures that pass


def test_a_role_that_may_only_ingest_is_enough(database: str) -> None:
    with Writer(make_conninfo(database, options="-c role=aegis_ingest")) as writer:
        assert writer.write("stock_prices", [price(1), price(2)], source="krx").inserted == 2
        assert writer.write("stock_prices", [price(3, "x")], source="krx").rejected == 1


def test_a_batch_within_the_transaction_of_the_caller_goes_with_it(database: str) -> None:
    with connect(database, autocommit=True) as connection:
        for is_kept in (False, True):
            with connection.transaction(force_rollback=not is_kept):
                batch = encode_texts(
                    "stock_prices",
                    [(1, "005930", "2025-01-02", "1", "1", "")],
                    source="krx",
                    columns=["stock_code", "trade_date", "price", "volume"],
                )
                assert apply_batch(connection, batch).inserted == 1
    assert stored(database) == {"005930": 1}


@pytest.mark.parametrize(
    ("code", "passes"),
    [
        *((code, True) for code in ("08006", "40001", "40P01", "53300", "55P03", "57P01")),
        *((code, True) for code in ("57P02", "57P03", "25006")),
        *((code, False) for code in ("57014", "23505", "22003", "42501", "AEU01", "XX001")),
    ],
)
def test_only_what_passes_by_itself_is_tried_again(code: str, passes: bool) -> None:
    assert is_retryable(psycopg.errors.lookup(code)() if code[:2] != "AE" else Refusal()) == passes


class Refusal(psycopg.DatabaseError):
    sqlstate = "AEU01"


def failures(writer: Writer) -> dict[str, float]:
    return {
        name.split('"')[1]: value
        for name, value in writer.metrics.snapshot().items()
        if name.startswith("aegis_writer_failed_attempts_total{")
    }


def test_a_real_deadlock_is_tried_again(database: str) -> None:
    """The other session holds the second key and asks for the first, against the order of keys."""
    options = "-c deadlock_timeout=100ms"
    with Writer(make_conninfo(database, options=options)) as writer:
        writer.write("stock_prices", [price(1), price(2)], source="krx")
        lock = "SELECT FROM aegis.stock_prices WHERE stock_code = %s FOR UPDATE"
        with psycopg.connect(make_conninfo(database, options="-c deadlock_timeout=20s")) as other:
            other.execute(lock, ("000002",))
            later = [price(code, 7, AT + timedelta(minutes=1)) for code in (1, 2)]
            answer: list[Any] = []
            sender = threading.Thread(
                target=lambda: answer.append(writer.write("stock_prices", later, source="krx"))
            )
            sender.start()
            until(lambda: waiting(other) == 1, 20)
            other.execute(lock, ("000001",))
        sender.join(20)
        assert answer[0].updated == 2
        assert failures(writer) == {"40P01": 1}
    assert stored(database) == {"000001": 7, "000002": 7}


def test_a_real_serialization_failure_is_tried_again(database: str) -> None:
    options = "-c default_transaction_isolation=repeatable\\ read"
    with Writer(make_conninfo(database, options=options)) as writer:
        writer.write("stock_prices", [price(1)], source="krx")
        with psycopg.connect(database) as other:
            other.execute(
                "UPDATE aegis.stock_prices SET price = 5, last_updated = %s,"
                " data_version = data_version + 1",
                (AT + timedelta(minutes=1),),
            )
            answer: list[Any] = []
            later = [price(1, 9, AT + timedelta(minutes=2))]
            sender = threading.Thread(
                target=lambda: answer.append(writer.write("stock_prices", later, source="krx"))
            )
            sender.start()
            until(lambda: waiting(other) == 1, 20)
        sender.join(20)
        assert answer[0].updated == 1
        assert failures(writer) == {"40001": 1}
    assert stored(database) == {"000001": 9}


def test_a_terminated_session_is_replaced(database: str) -> None:
    with Writer(database) as writer:
        writer.write("stock_prices", [price(1)], source="krx")
        query(
            database,
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name = 'aegis-db'",
        )
        assert writer.write("stock_prices", [price(2)], source="krx").inserted == 1


def test_without_a_spool_the_caller_keeps_the_batch(tmp_path: Path) -> None:
    nowhere = make_conninfo(host=str(tmp_path), port=1, dbname="none")
    with Writer(nowhere, attempts=2, patience=0.5) as writer:
        batch = encode_texts("stock_prices", [(1, "005930", "x")], source="krx", columns=["stock_code"])  # fmt: skip  # noqa: E501
        with pytest.raises(AegisError) as refusal:
            writer.send(batch)
        assert refusal.value.sqlstate == "AEU53"


# ----------------------------------------------------------------- a connection cut at a bad moment


class Proxy:
    """Passes bytes between clients and the server; ``cut`` sees each message of the client.

    When ``cut`` answers "before" the message is dropped and both sides are closed; on "after" it
    is passed on, the server's answer is awaited, and that is dropped.
    """

    def __init__(self, server: str, cut: Callable[[bytes], str | None]) -> None:
        self._server, self._cut = server, cut
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.cuts = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            server.connect(self._server)
            mute = threading.Event()
            threading.Thread(target=self._up, args=(client, server, mute), daemon=True).start()
            threading.Thread(target=self._down, args=(server, client, mute), daemon=True).start()

    def _up(self, client: socket.socket, server: socket.socket, mute: threading.Event) -> None:
        while message := _received(client):
            what = self._cut(message)
            if what:
                self.cuts += 1
                mute.set()
            if what != "before":
                server.sendall(message)
            if what:
                time.sleep(0.3)
                break
        _closed(client, server)

    def _down(self, server: socket.socket, client: socket.socket, mute: threading.Event) -> None:
        while message := _received(server):
            if not mute.is_set():
                try:
                    client.sendall(message)
                except OSError:
                    break
        _closed(client, server)


def _received(end: socket.socket) -> bytes:
    try:
        return end.recv(65_536)
    except OSError:
        return b""


def _closed(*ends: socket.socket) -> None:
    for end in ends:
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


@contextmanager
def proxied(database: str, cut: Callable[[bytes], str | None]) -> Iterator[tuple[Proxy, str]]:
    parts = conninfo_to_dict(database)
    proxy = Proxy(f"{parts['host']}/.s.PGSQL.{parts.get('port', 5432)}", cut)
    try:
        yield (
            proxy,
            make_conninfo(
                database, host="127.0.0.1", port=proxy.port, sslmode="disable", gssencmode="disable"
            ),
        )
    finally:
        proxy.close()


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("statement", [b"COMMIT", b"upsert_staged", b"COPY"])
def test_a_connection_cut_at_any_moment_applies_the_batch_once(
    database: str, statement: bytes, moment: str
) -> None:
    """Cut "after" COMMIT was sent its outcome is unknown; sending again settles it."""
    once = [moment]

    def cut(message: bytes) -> str | None:
        return once.pop() if statement in message and once else None

    with proxied(database, cut) as (proxy, dsn), Writer(dsn, connections=1) as writer:
        result = writer.write("stock_prices", [price(code) for code in range(50)], source="krx")
        assert proxy.cuts == 1
        assert result.is_repeat == (statement == b"COMMIT" and moment == "after")
        assert result.inserted == 50
        assert sum(failures(writer).values()) >= 1
    assert query(
        database,
        "SELECT count(*), sum(data_version), (SELECT count(*) FROM aegis.ingest_batches)"
        "  FROM aegis.stock_prices",
    ) == [(50, 50, 1)]


# ------------------------------------------------------------------------- the database is away


@pytest.mark.once(18)
def test_what_waits_on_disk_is_applied_once_and_in_order(durable: Cluster, tmp_path: Path) -> None:
    dsn = durable.dsn()
    upgrade(dsn)
    options: dict[str, Any] = {"attempts": 2, "patience": 0.3, "spool": tmp_path / "spool"}
    with Writer(dsn, **options) as writer:
        assert not writer.write("stock_prices", [price(0)], source="krx").is_spooled
        durable.stop(immediate=True)
        for code in range(1, 30):
            assert writer.write("stock_prices", [price(code)], source="krx").is_spooled
    # Another process, still no database: rows are taken, and go behind those that wait.
    with Writer(dsn, **options) as writer:
        assert writer.spool is not None
        assert len(writer.spool) == 29
        assert writer.write("stock_prices", [price(30)], source="krx").is_spooled
        assert writer.write("stock_prices", [price(31, 1.5)], source="nobody").is_spooled
        durable.start()
        assert writer.write("stock_prices", [price(32)], source="krx").received == 1
        assert writer.flush(30)
        assert writer.spool.set_aside() == {"damaged": 0, "refused": 1}
        snapshot = writer.metrics.snapshot()
        assert snapshot["aegis_spool_batches"] == 0
        assert snapshot["aegis_spool_refused_batches"] == 1
    assert sorted(stored(dsn)) == [f"{code:06}" for code in [*range(31), 32]]
    order = query(
        dsn,
        "SELECT p.stock_code FROM aegis.ingest_batches AS b"
        "  JOIN aegis.stock_prices AS p USING (batch_number) ORDER BY b.batch_number",
    )
    # The last one may overtake those that wait: the order of arrival decides nothing.
    assert [code for (code,) in order if code != "000032"] == [f"{code:06}" for code in range(31)]


def test_a_full_spool_pushes_back(database: str, tmp_path: Path) -> None:
    """The database is out of reach until the link to its socket is there."""
    link = tmp_path / "sockets"
    dsn = make_conninfo(database, host=str(link))
    with Writer(
        dsn, attempts=1, patience=0.2, spool=tmp_path / "spool", spool_bytes=3_000
    ) as writer:
        taken = []
        with pytest.raises(AegisError) as refusal:  # noqa: PT012
            for code in range(100):
                writer.write("stock_prices", [price(code)], source="krx")
                taken.append(f"{code:06}")
        assert refusal.value.sqlstate == "AEU51"
        assert taken
        link.symlink_to(conninfo_to_dict(database)["host"])
        assert writer.flush(30)
    assert sorted(stored(database)) == taken


def test_batches_are_bytes() -> None:
    """What is sent again is what was sent: a batch keeps no reference to the rows."""
    assert isinstance(encode_texts("t", [(1, "a", "b")], source="s", columns=["c"]).body, bytes)
    assert Batch.__dataclass_params__.frozen  # type: ignore[attr-defined]
