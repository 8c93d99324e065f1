"""A table changes while eight writers fill it: none waits longer than a moment, nothing is lost."""

from __future__ import annotations

import statistics
import threading
import time
from datetime import datetime, timedelta, timezone
from typing import Any

import psycopg
import pytest
from psycopg.errors import CheckViolation, LockNotAvailable

from aegis_db.database import connect
from aegis_db.errors import AegisError
from aegis_db.ingest import Writer
from aegis_db.online import add_check, build_index, patiently

KST = timezone(timedelta(hours=9))
AT = datetime(2025, 1, 2, 10, tzinfo=KST)
TABLE = "public.measurements"
WRITERS = 8

SCHEMA = """
CREATE TABLE public.measurements (code text NOT NULL, day date NOT NULL, value numeric,
    CONSTRAINT measurements_pk PRIMARY KEY (code, day)) PARTITION BY RANGE (day);
CREATE TABLE public."measurements 2025.01" PARTITION OF public.measurements
    FOR VALUES FROM ('2025-01-01') TO ('2025-02-01');
CREATE TABLE public.measurements_2025_02 PARTITION OF public.measurements
    FOR VALUES FROM ('2025-02-01') TO ('2025-03-01');
CREATE TABLE public.measurements_rest PARTITION OF public.measurements DEFAULT;
INSERT INTO public.measurements
SELECT n::text, date '2025-01-01' + n % 90, n FROM generate_series(1, 3000) AS n;
"""


@pytest.fixture
def table(database: str) -> str:
    with connect(database, autocommit=True) as connection:
        connection.execute(SCHEMA)
    return database


def indexes(connection: psycopg.Connection[Any]) -> list[tuple[Any, ...]]:
    return connection.execute(
        "SELECT count(*), bool_and(i.indisvalid), count(*) FILTER (WHERE c.relispartition)"
        "  FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid"
        " WHERE c.relname LIKE '%measurements_value_ix'"
    ).fetchall()


def test_an_index_is_built_part_by_part_and_again_after_an_interruption(table: str) -> None:
    arguments = (TABLE, "measurements_value_ix", "(value)")
    with connect(table, autocommit=True) as connection:
        connection.execute("SET statement_timeout = '1ms'")
        with pytest.raises(psycopg.errors.QueryCanceled):
            build_index(connection, *arguments)
        connection.execute("RESET statement_timeout")
        # What a killed CREATE INDEX CONCURRENTLY leaves behind.
        connection.execute(
            "CREATE INDEX measurements_2025_02_measurements_value_ix"
            " ON public.measurements_2025_02 (value)"
        )
        connection.execute(
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid ="
            " 'public.measurements_2025_02_measurements_value_ix'::regclass"
        )
        built: list[str] = []
        build_index(connection, *arguments, tell=built.append)
        assert len(built) == 3
        assert indexes(connection) == [(4, True, 3)]
        build_index(connection, *arguments, tell=built.append)
        assert len(built) == 3
        for name in ("measurements_pk", "measurements_2025_02"):
            with pytest.raises(AegisError) as refusal:
                build_index(connection, "public.measurements_rest", name, "(value)")
            assert refusal.value.sqlstate == "AEK50"


def test_a_constraint_holds_for_new_rows_then_for_all(table: str) -> None:
    with connect(table, autocommit=True) as connection:
        with pytest.raises(CheckViolation):
            add_check(connection, TABLE, "measurements_value_ck", "value < 3000")
        with pytest.raises(CheckViolation):
            connection.execute(f"INSERT INTO {TABLE} VALUES ('x', '2025-01-01', 4000)")
        connection.execute(f"DELETE FROM {TABLE} WHERE value = 3000")
        add_check(connection, TABLE, "measurements_value_ck", "value < 3000")
        assert connection.execute(
            "SELECT bool_and(convalidated), count(*) FROM pg_constraint"
            " WHERE conname = 'measurements_value_ck'"
        ).fetchone() == (True, 4)


def test_who_cannot_have_a_lock_gives_way(table: str) -> None:
    change = [f"ALTER TABLE {TABLE} ADD COLUMN note text"]
    with connect(table, autocommit=True) as connection, psycopg.connect(table) as reader:
        reader.execute(f"SELECT count(*) FROM {TABLE}")
        with pytest.raises(LockNotAvailable):
            patiently(connection, change, patience=0.5)
        begun = time.monotonic()
        with psycopg.connect(table) as writer:
            writer.execute(f"INSERT INTO {TABLE} VALUES ('y', '2025-01-01', 1)")
        assert time.monotonic() - begun < 5
        threading.Timer(0.5, reader.rollback).start()
        assert patiently(connection, change) > 1


class Stalls(threading.Thread):
    """Watches how long sessions wait for the lock of a relation."""

    def __init__(self, dsn: str) -> None:
        super().__init__()
        self.dsn, self.done = dsn, threading.Event()
        self.longest: dict[tuple[int, Any], float] = {}

    def run(self) -> None:
        with connect(self.dsn, autocommit=True) as connection:
            while not self.done.wait(0.003):
                for pid, since, seconds in connection.execute(
                    "SELECT l.pid, l.waitstart,"
                    "       extract(epoch FROM clock_timestamp() - l.waitstart)::float8"
                    "  FROM pg_locks AS l JOIN pg_stat_activity AS a USING (pid)"
                    " WHERE NOT l.granted AND l.locktype = 'relation'"
                    "   AND l.waitstart IS NOT NULL AND a.query LIKE '%upsert_staged%'"
                ):
                    self.longest[pid, since] = max(self.longest.get((pid, since), 0.0), seconds)


@pytest.mark.timeout(600)
def test_an_upgrade_under_eight_writers(database: str, soak: bool, capsys: Any) -> None:
    """Adds a column, an index and a constraint to aegis.stock_prices while it is filled."""
    seconds, stop = (120.0 if soak else 1.0), threading.Event()
    sent: list[int] = []
    latencies: list[float] = []

    def write(number: int) -> None:
        with Writer(database, connections=1) as writer:
            count = 0
            while not stop.is_set():
                rows = [
                    {
                        "stock_code": f"{number}{count % 50:03}{row:02}",
                        "trade_date": AT.date(),
                        "price": 100 + count,
                        "volume": 1,
                        "event_at": AT + timedelta(seconds=count),
                    }
                    for row in range(20)
                ]
                begun = time.perf_counter()
                result = writer.write("stock_prices", rows, source="krx")
                latencies.append(time.perf_counter() - begun)
                assert result.inserted + result.updated == 20
                count += 1
            sent.append(20 * count)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(WRITERS)]
    stalls = Stalls(database)
    for thread in (*threads, stalls):
        thread.start()
    try:
        with connect(database, autocommit=True) as connection:
            deadline = time.monotonic() + seconds
            tries, rounds = 0, 0
            while rounds == 0 or time.monotonic() < deadline:
                rounds += 1
                tries += patiently(
                    connection,
                    [f"ALTER TABLE aegis.stock_prices ADD COLUMN note_{rounds} text"],
                )
                name = f"stock_prices_volume_{rounds}_ix"
                build_index(connection, "aegis.stock_prices", name, "(volume)")
                add_check(connection, "aegis.stock_prices", f"volume_{rounds}_ck", "volume >= 0")
            time.sleep(0.3)
    finally:
        stop.set()
        for thread in threads:
            thread.join(60)
        stalls.done.set()
        stalls.join(60)
    assert len(sent) == WRITERS, "a writer failed"
    longest = sorted(stalls.longest.values())
    waits = longest + [0.0] * max(0, len(latencies) - len(longest))
    p99 = statistics.quantiles(waits, n=100, method="inclusive")[98]
    with capsys.disabled():
        print(
            f"\n{rounds} upgrades, {tries} tries for the column, {len(latencies)} batches of"
            f" {WRITERS} writers: {len(longest)} waited for the table, longest"
            f" {max(longest, default=0) * 1000:.0f} ms, p99 of all {p99 * 1000:.1f} ms"
        )
    with psycopg.connect(database) as connection:
        received, applied = connection.execute(
            "SELECT sum(received)::int, sum(inserted + updated)::int FROM aegis.ingest_batches"
        ).fetchone() or (0, 0)
        assert received == applied == sum(sent)
        versions = connection.execute(
            "SELECT (SELECT sum(data_version) FROM aegis.stock_prices)::int"
        ).fetchone()
        assert versions == (sum(sent),)
    assert max(longest, default=0) < 2.0
    if soak:
        assert p99 < 0.1
