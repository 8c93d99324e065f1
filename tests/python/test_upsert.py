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
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.rows import namedtuple_row

VERDICTS = ("inserted", "updated", "unchanged", "stale", "duplicate", "quarantined", "rejected")
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
    info = psycopg.types.composite.CompositeInfo.fetch(connection, "aegis.stock_price_input")
    psycopg.types.composite.register_composite(info, connection)
    items = [info.python_type(*row) for row in rows]
    with connection.cursor(row_factory=namedtuple_row) as cursor:
        return cursor.execute(
            "SELECT * FROM aegis.upsert_stock_prices(%s::aegis.stock_price_input[], %s, %s)",
            (items, source, batch or uuid.uuid4()),
        ).fetchone()


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


@given(batches, st.randoms(use_true_random=False))
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_order_gives_the_state_of_the_oracle(
    database: str, sent: list, shuffle: random.Random
) -> None:
    with psycopg.connect(database) as connection:
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
            connection.execute("SELECT sum(data_version - 1) FROM aegis.stock_prices").fetchone()[0]
            or 0
        )
        kept = connection.execute("SELECT count(*) FROM aegis.stock_prices_history").fetchone()[0]
        assert kept == versions, "every superseded version is in the history, once"
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


def test_parallel_writers_of_the_same_keys_neither_deadlock_nor_lose(database: str) -> None:
    chance = random.Random(7)
    codes = [f"{number:06d}" for number in range(300)]
    plans = []
    for _ in range(4):
        plan = []
        for _ in range(8):
            rows = [
                Price(
                    code,
                    date(2025, 1, 2),
                    Decimal(chance.randint(1, 9)),
                    1,
                    OPEN + timedelta(seconds=chance.randint(0, 60)),
                    0,
                )
                for code in chance.sample(codes, 200)
            ]
            plan.append(rows)
        plans.append(plan)

    def write(plan: list[list[Price]]) -> None:
        with psycopg.connect(database) as connection:
            for rows in plan:
                upsert(connection, rows)
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
