"""Upsert: latest wins whatever the order, in parallel too, and the verdicts sum."""

from __future__ import annotations

import random
import threading
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg.rows import namedtuple_row

VERDICTS = (
    "inserted",
    "updated",
    "unchanged",
    "stale",
    "duplicate",
    "kept_deleted",
    "quarantined",
    "rejected",
)
OPEN = datetime(2025, 1, 2, 1, tzinfo=UTC)  # 10:00 KST


class Price(NamedTuple):
    stock_code: str
    trade_date: date
    price: Decimal
    volume: int
    event_at: datetime
    sequence_number: int


def upsert(
    connection: psycopg.Connection,
    rows: list[Price],
    source: str = "krx",
    batch: uuid.UUID | None = None,
):
    columns = [list(column) for column in zip(*rows, strict=True)] or [[]] * len(Price._fields)
    with connection.cursor(row_factory=namedtuple_row) as cursor:
        return cursor.execute(
            "SELECT r.* FROM aegis.upsert_stock_prices(ARRAY("
            "  SELECT ROW(t.*)::aegis.stock_price_input"
            "    FROM unnest(%s::text[], %s::date[], %s::numeric[], %s::numeric[],"
            "                %s::timestamptz[], %s::bigint[]) AS t), %s, %s) AS r",
            (*columns, source, batch or uuid.uuid4()),
        ).fetchone()


def guess_from(connection: psycopg.Connection, rows: int) -> None:
    """From how many rows on a batch is written by what it is, instead of by ON CONFLICT."""
    connection.execute(
        "CALL aegis.change_configuration('aegis.batch_rows_guessed', %s, 'test')", (str(rows),)
    )


def stored(connection: psycopg.Connection) -> dict:
    rows = connection.execute(
        "SELECT stock_code, trade_date, last_updated, source_rank, sequence_number, price, volume"
        "  FROM aegis.stock_prices"
    )
    return {row[:2]: row[2:] for row in rows}


def oracle(batches: list[tuple[str, list[Price]]]) -> dict:
    """What must be stored: per key the greatest of (time, rank, sequence, price, volume)."""
    rank = {"krx": 100, "krx_snapshot": 80}
    latest: dict = {}
    for source, rows in batches:
        for row in rows:
            value = (row.event_at, rank[source], row.sequence_number, row.price, row.volume)
            key = row[:2]
            latest[key] = max(latest.get(key, value), value)
    return latest


prices = st.builds(
    Price,
    st.sampled_from(["005930", "000660", "0115H0"]),
    st.sampled_from([date(2025, 1, 2), date(2025, 1, 3), date(2025, 2, 3)]),
    st.integers(1, 3).map(Decimal),
    st.integers(0, 2),
    st.integers(0, 3).map(
        lambda minutes: datetime(2025, 2, 3, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    ),
    st.integers(0, 1),
)
batches = st.lists(
    st.tuples(st.sampled_from(["krx", "krx_snapshot"]), st.lists(prices, max_size=12)),
    min_size=1,
    max_size=6,
)


@pytest.mark.parametrize("guessed", [1, 1_000_001], ids=["by what it is", "on conflict"])
def test_any_order_gives_the_state_of_the_oracle(database: str, guessed: int) -> None:
    with psycopg.connect(database) as connection:
        guess_from(connection, guessed)
        connection.commit()

        @given(batches, st.randoms(use_true_random=False))
        @settings(deadline=None)
        def arrives(sent: list, shuffle: random.Random) -> None:
            connection.rollback()
            arrived = sent + shuffle.sample(sent, len(sent))
            shuffle.shuffle(arrived)
            for source, rows in arrived:
                result = upsert(connection, rows, source)
                assert (
                    result.received
                    == len(rows)
                    == sum(getattr(result, verdict) for verdict in VERDICTS)
                )
            assert stored(connection) == oracle(sent)
            versions = (
                connection.execute(
                    "SELECT sum(data_version - 1) FROM aegis.stock_prices"
                ).fetchone()[0]
                or 0
            )
            kept = connection.execute("SELECT count(*) FROM aegis.stock_prices_history").fetchone()
            assert kept == (versions,), "every superseded version is in the history, once"

        arrives()
        connection.rollback()


def _in_parallel(work: list[Callable[[], None]]) -> list[BaseException]:
    failures: list[BaseException] = []
    barrier = threading.Barrier(len(work))

    def run(errand: Callable[[], None]) -> None:
        try:
            barrier.wait()
            errand()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(errand,)) for errand in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failures


@pytest.mark.parametrize("guessed", [1, 1_000_001], ids=["by what it is", "on conflict"])
def test_eight_writers_of_the_same_keys_neither_deadlock_nor_lose(
    database: str, guessed: int
) -> None:
    chance = random.Random(7)
    codes = [f"{number:06d}" for number in range(300)]
    plans = [
        [
            [
                Price(code, day, Decimal(chance.randint(1, 9)), 1, at, 0)
                for at in [OPEN + timedelta(days=31, seconds=chance.randint(0, 60))]
                for code in chance.sample(codes, 150)
                for day in (date(2025, 1, 2), date(2025, 1, 3))
            ]
            for _ in range(6)
        ]
        for _ in range(8)
    ]
    with psycopg.connect(database) as connection:
        guess_from(connection, guessed)

    def write(plan: list[list[Price]]) -> None:
        with psycopg.connect(database) as connection:
            for rows in plan:
                upsert(connection, chance.sample(rows, len(rows)))
                connection.commit()

    assert _in_parallel([lambda plan=plan: write(plan) for plan in plans]) == []
    with psycopg.connect(database) as connection:
        assert stored(connection) == oracle([("krx", rows) for plan in plans for rows in plan])
        changed, kept, updated = connection.execute(
            "SELECT (SELECT sum(data_version - 1) FROM aegis.stock_prices),"
            " (SELECT count(*) FROM aegis.stock_prices_history),"
            " (SELECT sum(updated) FROM aegis.ingest_batches)"
        ).fetchone()
        assert changed == kept == updated


@pytest.mark.parametrize(
    ("known", "late", "expected"),
    [
        pytest.param(range(0), 0, {"inserted": 400}, id="all new"),
        pytest.param([399], 0, {"inserted": 399, "updated": 1}, id="new but for one"),
        pytest.param(range(400), 0, {"updated": 400}, id="all newer"),
        pytest.param(range(399), 0, {"inserted": 1, "updated": 399}, id="newer but for one"),
        pytest.param(range(400), 9, {"stale": 400}, id="all stale"),
        pytest.param(range(0, 400, 2), 0, {"inserted": 200, "updated": 200}, id="mixed"),
        pytest.param(range(0, 400, 2), 9, {"inserted": 200, "stale": 200}, id="mixed, stale"),
    ],
)
def test_a_wrong_guess_costs_time_only(
    database: str, known: range, late: int, expected: dict
) -> None:
    rows = [Price(f"{n:06d}", date(2025, 1, 2), Decimal(5), 1, OPEN, 0) for n in range(400)]
    before = [rows[n]._replace(price=Decimal(4), event_at=OPEN) for n in known]
    with psycopg.connect(database) as connection:
        upsert(connection, [row._replace(event_at=OPEN + timedelta(hours=late)) for row in before])
        sent = [row._replace(event_at=OPEN + timedelta(hours=1)) for row in rows]
        result = upsert(connection, sent)
        assert {name: getattr(result, name) for name in VERDICTS if getattr(result, name)} == (
            expected
        )
        kept = connection.execute("SELECT count(*) FROM aegis.stock_prices_history").fetchone()
        assert kept == (expected.get("updated", 0),)


def test_everything_bad_at_once_in_one_batch(database: str) -> None:
    good = Price("005930", date(2025, 1, 2), Decimal(53400), 10, OPEN, 0)
    with psycopg.connect(database) as connection:
        deleted = good._replace(stock_code="000010")
        upsert(connection, [good, deleted])
        connection.execute(
            "UPDATE aegis.stock_prices SET deleted_at = now(), deleted_by = 'x',"
            " delete_reason = 'x', data_version = 2 WHERE stock_code = '000010'"
        )
        later = OPEN + timedelta(hours=1)
        batch = [
            good,  # unchanged
            good._replace(price=Decimal(1), volume=1),  # duplicate of equal time
            deleted._replace(event_at=later),  # kept deleted
            good._replace(stock_code="000020", event_at=later),  # duplicate of equal time
            good._replace(stock_code="000020", event_at=later, price=Decimal(60000)),  # inserted
            good._replace(price=Decimal("NaN")),
            good._replace(price=Decimal("Infinity")),
            good._replace(price=Decimal("1e13")),
            good._replace(volume=10**30),
            good._replace(trade_date=date(2099, 1, 2), event_at=datetime(2099, 1, 2, tzinfo=UTC)),
            good._replace(trade_date=date(1900, 1, 2)),
            good._replace(stock_code=None),
            good._replace(stock_code="삼성"),
            good._replace(event_at=datetime(2024, 12, 31, 19, tzinfo=UTC)),  # zone: before session
            good._replace(stock_code="000030", event_at=later),  # inserted
        ]
        result = upsert(connection, batch)
        assert {name: getattr(result, name) for name in VERDICTS} == {
            "inserted": 2,
            "updated": 0,
            "unchanged": 1,
            "stale": 0,
            "duplicate": 2,
            "kept_deleted": 1,
            "quarantined": 2,
            "rejected": 7,
        }
        lines = connection.execute(
            "SELECT line_number, verdict, reason FROM aegis.row_verdicts WHERE batch_number = %s"
            " ORDER BY line_number",
            (result.batch_number,),
        ).fetchall()
        assert [line for line, *_ in lines] == [*range(1, 5), *range(6, 15)]
        assert {line: reason for line, _, reason in lines if reason} == {
            6: "price_not_finite",
            7: "price_not_finite",
            8: "out_of_range",
            9: "out_of_range",
            10: "future_time",
            11: "date_out_of_range",
            12: "null_code",
            13: "malformed_code",
            14: "before_session",
        }
        active = connection.execute(
            "SELECT is_active FROM aegis.stock_prices WHERE stock_code = '000010'"
        ).fetchone()
        assert active == (False,)
        again = uuid.uuid4()
        upsert(connection, [good], batch=again)
        with pytest.raises(psycopg.DatabaseError) as refused, connection.transaction():
            upsert(connection, [deleted], batch=again)
        assert refused.value.sqlstate == "AEU04"
        assert upsert(connection, []).received == 0


def test_one_batch_sent_by_two_sessions_is_applied_once(database: str) -> None:
    batch, results = uuid.uuid4(), []
    rows = [Price(f"{n:06d}", date(2025, 1, 2), Decimal(5), 1, OPEN, 0) for n in range(50)]

    def send() -> None:
        with psycopg.connect(database) as connection:
            results.append(upsert(connection, rows, batch=batch))

    assert _in_parallel([send, send]) == []
    assert sorted(result.is_repeat for result in results) == [False, True]
    assert {result.inserted for result in results} == {50}


def test_a_writer_reads_and_writes_through_routines_only(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("SET ROLE aegis_ingest")
        assert (
            upsert(connection, [Price("005930", date(2025, 1, 2), Decimal(5), 1, OPEN, 0)]).inserted
            == 1
        )
        for statement in (
            "INSERT INTO aegis.stock_prices (stock_code) VALUES ('x')",
            "UPDATE aegis.stock_prices SET price = 1",
            "DELETE FROM aegis.stock_prices",
            "INSERT INTO aegis.ingest_batches (batch_id) VALUES (gen_random_uuid())",
            "SELECT aegis._apply_batch('stock_prices', 'krx', gen_random_uuid(), false)",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)
