"""Soft deletes take turns, hold against upserts, and a crash leaves none by half."""

from __future__ import annotations

import json
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable

import psycopg

from aegis_db.cluster import Cluster
from aegis_db.migrate import upgrade

DAYS = ("2024-02-29", "2024-03-04")
ROWS = """
INSERT INTO aegis.stock_prices
    (stock_code, trade_date, price, volume, source, source_rank, batch_number, last_updated)
SELECT lpad(g::text, 6, '0'), d, 1, 1, 'krx', 100, 0, '2024-03-05'
  FROM generate_series(0, %s) AS g, unnest(%s::date[]) AS d
"""
DELETE = "SELECT verdict FROM aegis.soft_delete('aegis.stock_prices', %s, 'race')"
RESTORE = "SELECT verdict FROM aegis.restore_deleted('aegis.stock_prices', %s, 'race')"
UPSERT = """
SELECT r.updated + r.unchanged + r.stale
  FROM aegis.upsert_stock_prices(
           (SELECT array_agg(ROW(k ->> 'stock_code', (k ->> 'trade_date')::date, %s, 1,
                                 '2024-03-06'::timestamptz + %s * interval '1 s', 0)
                             ::aegis.stock_price_input)
              FROM jsonb_array_elements(%s) AS k),
           'krx', gen_random_uuid()) AS r
"""
# Rows of both tables by the act that wrote them, against what the ledger says of each act.
UNACCOUNTED = """
WITH versions AS (
    SELECT batch_number, is_active FROM aegis.stock_prices
    UNION ALL
    SELECT batch_number, is_active FROM aegis.stock_prices_history
)
SELECT l.batch_number, l.row_count, count(v.batch_number)
  FROM aegis.ledger AS l
  LEFT JOIN versions AS v
    ON v.batch_number = l.batch_number AND v.is_active = (l.kind = 'restore')
 WHERE l.kind IN ('soft_delete', 'restore')
 GROUP BY l.ledger_id, l.batch_number, l.row_count
HAVING l.row_count <> count(v.batch_number)
"""
WHOLE = """
SELECT (SELECT sum(data_version - 1) FROM aegis.stock_prices)
     = (SELECT count(*) FROM aegis.stock_prices_history)
"""


def keys(codes: list[int]) -> str:
    return json.dumps(
        [{"stock_code": f"{code:06d}", "trade_date": day} for code in codes for day in DAYS]
    )


def seed(dsn: str, codes: int) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute(ROWS, (codes - 1, list(DAYS)))


def together(dsn: str, errands: list[Callable[[psycopg.Connection], None]]) -> None:
    """Run each errand in a session of its own, all at once; any error fails the test."""
    barrier = threading.Barrier(len(errands))
    failures: list[BaseException] = []

    def run(errand: Callable[[psycopg.Connection], None]) -> None:
        try:
            with psycopg.connect(dsn, autocommit=True) as connection:
                barrier.wait()
                errand(connection)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(errand,)) for errand in errands]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def accounted(dsn: str) -> None:
    with psycopg.connect(dsn) as connection:
        assert connection.execute(UNACCOUNTED).fetchall() == []
        assert connection.execute(WHOLE).fetchone() == (True,)


def test_two_sessions_delete_each_row_once(database: str) -> None:
    seed(database, 200)
    verdicts: Counter[str] = Counter()

    def delete(number: int) -> Callable[[psycopg.Connection], None]:
        def errand(connection: psycopg.Connection) -> None:
            codes = list(range(200))
            random.Random(number).shuffle(codes)
            for part in (codes[:120], codes[80:]):
                rows = connection.execute(DELETE, (keys(part),)).fetchall()
                verdicts.update(row[0] for row in rows)

        return errand

    together(database, [delete(number) for number in range(4)])
    assert verdicts == {"deleted": 400, "already_deleted": 4 * 480 - 400}
    accounted(database)


def test_deletes_and_restores_take_turns(database: str) -> None:
    seed(database, 60)
    verdicts: Counter[str] = Counter()

    def swing(statement: str, number: int) -> Callable[[psycopg.Connection], None]:
        def errand(connection: psycopg.Connection) -> None:
            chance = random.Random(number)
            for _ in range(12):
                rows = connection.execute(statement, (keys(chance.sample(range(60), 40)),))
                verdicts.update(row[0] for row in rows)

        return errand

    together(database, [swing(s, n) for n in range(2) for s in (DELETE, RESTORE)])
    with psycopg.connect(database) as connection:
        dead = connection.execute(
            "SELECT count(*) FROM aegis.stock_prices WHERE NOT is_active"
        ).fetchone()
    assert dead == (verdicts["deleted"] - verdicts["restored"],)
    assert verdicts["deleted"] > 0
    assert verdicts["restored"] > 0
    accounted(database)


def test_a_delete_holds_against_upserts(database: str) -> None:
    """Whoever comes first: the value is the newest, the row is deleted, no version is lost."""
    seed(database, 100)

    def upsert(number: int) -> Callable[[psycopg.Connection], None]:
        def errand(connection: psycopg.Connection) -> None:
            chance = random.Random(number)
            for turn in range(8):
                codes = chance.sample(range(100), 100)
                price = 10 * turn + number
                connection.execute(UPSERT, (price, price, keys(codes)))

        return errand

    def delete(connection: psycopg.Connection) -> None:
        for first in range(0, 100, 10):
            connection.execute(DELETE, (keys(list(range(first, first + 10))),))

    together(database, [upsert(1), upsert(2), delete])
    with psycopg.connect(database) as connection:
        assert connection.execute(
            "SELECT DISTINCT price, is_active, delete_reason FROM aegis.stock_prices"
        ).fetchall() == [(72, False, "race")]
    accounted_deletes = "SELECT sum(row_count) FROM aegis.ledger WHERE kind = 'soft_delete'"
    with psycopg.connect(database) as connection:
        assert connection.execute(accounted_deletes).fetchone() == (200,)
        assert connection.execute(WHOLE).fetchone() == (True,)


def test_a_killed_server_leaves_no_half_act(durable: Cluster) -> None:
    dsn = durable.dsn()
    upgrade(dsn)
    seed(dsn, 300)
    promised: list[int] = []
    stop = threading.Event()

    def work(number: int) -> None:
        chance = random.Random(number)
        try:
            with psycopg.connect(dsn, autocommit=True) as connection:
                while not stop.is_set():
                    statement = chance.choice((DELETE, RESTORE))
                    rows = connection.execute(
                        statement, (keys(chance.sample(range(300), 60)),)
                    ).fetchall()
                    promised.append(sum(row[0] in ("deleted", "restored") for row in rows))
        except psycopg.OperationalError:
            return

    threads = [threading.Thread(target=work, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    while len(promised) < 10:
        time.sleep(0.01)
    running = durable.running()
    assert running
    os.kill(running.pid, signal.SIGKILL)
    stop.set()
    for thread in threads:
        thread.join()
    while durable.running():
        time.sleep(0.01)
    Cluster(durable.data, durable.programs).start()
    accounted(dsn)
    with psycopg.connect(dsn) as connection:
        kept = connection.execute(
            "SELECT sum(row_count) FROM aegis.ledger WHERE kind IN ('soft_delete', 'restore')"
        ).fetchone()
    assert kept
    assert 0 < sum(promised) <= kept[0], "what was acknowledged is there"
