"""Baselines are computed while bars come: whoever is second, no bar is left out unseen."""

from __future__ import annotations

import threading
from collections.abc import Callable

import psycopg
import pytest
from waiting import until, waiting

BAR = """
SELECT (aegis.upsert_daily_market_data(
    ARRAY[ROW('005930', %s, 'raw', 1000, 1000, 1000, 1000, %s, NULL, NULL, 1000000, 1000, NULL, NULL
    )::aegis.daily_market_data_input], 'krx', gen_random_uuid())).inserted
"""
STOCK = """
SELECT aegis.upsert_stocks(
    ARRAY[ROW('005930', 'a', 'KOSPI', NULL, NULL, 1000000, NULL, NULL, now(), NULL
    )::aegis.stock_input], 'krx', gen_random_uuid())
"""
SEEN = """
SELECT b.mean_volume, n.observations, n.is_stale
  FROM aegis.bar_context AS b
  JOIN aegis.validation_baselines AS n USING (trade_date, price_basis, stock_code)
 WHERE b.trade_date = '2025-01-07'
"""
DELETION = """
SELECT * FROM aegis.soft_delete('aegis.daily_market_data',
    '{"stock_code": "005930", "trade_date": "2025-01-02", "price_basis": "raw"}', 'typed')
"""
REFRESH = "CALL aegis.refresh_baselines('2025-01-07')"


@pytest.fixture
def admin(database: str) -> psycopg.Connection:
    connection = psycopg.connect(database, autocommit=True)
    connection.execute(STOCK)
    for day, volume in (("2025-01-02", 100), ("2025-01-07", 1)):
        connection.execute(BAR, (day, volume))
    return connection


def waits(admin: psycopg.Connection, work: Callable[[], object]) -> threading.Thread:
    """Start ``work`` in a thread and return once a session waits for the lock of baselines."""
    thread = threading.Thread(target=work)
    thread.start()

    def blocked() -> bool:
        if waiting(admin, "locktype = 'advisory'") > 0:
            return True
        assert thread.is_alive(), "it did not wait"
        return False

    until(blocked, 20)
    return thread


def test_a_computation_sees_the_batch_that_was_under_way(
    database: str, admin: psycopg.Connection
) -> None:
    with admin, psycopg.connect(database) as batch, psycopg.connect(database) as computing:
        batch.execute(BAR, ("2025-01-03", 300))
        computed = waits(admin, lambda: computing.execute(REFRESH))
        batch.commit()
        computed.join(20)
        computing.commit()
        assert admin.execute(SEEN).fetchone() == (200, 2, False)


@pytest.mark.parametrize(
    ("change", "parameters", "seen"),
    [
        pytest.param(BAR, ("2025-01-03", 300), (200, 1, True), id="a batch"),
        pytest.param(DELETION, (), (None, 1, True), id="a deletion"),
    ],
)
def test_what_is_just_being_computed_becomes_stale(
    database: str,
    admin: psycopg.Connection,
    change: str,
    parameters: tuple[object, ...],
    seen: tuple[object, ...],
) -> None:
    with admin, psycopg.connect(database) as changing, psycopg.connect(database) as computing:
        computing.execute(REFRESH)
        changed = waits(admin, lambda: changing.execute(change.encode(), parameters))
        computing.commit()
        changed.join(20)
        changing.commit()
        assert admin.execute(SEEN).fetchone() == seen


def test_batches_do_not_wait_for_each_other(database: str, admin: psycopg.Connection) -> None:
    with admin, psycopg.connect(database) as first, psycopg.connect(database) as second:
        second.execute("SET lock_timeout = '2s'")
        first.execute(BAR, ("2025-01-03", 300))
        assert second.execute(BAR, ("2025-01-06", 500)).fetchone() == (1,)
