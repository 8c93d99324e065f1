"""Eight writers on the same keys beside eight writers on keys of their own, in turn, in one run.

python bench/contention.py [--writers 8] [--rows 1000] [--batches 25] [--rounds 5] [--server 15]

A private server with fsync on is made, used and removed. In each half of a round every writer sends
its batches through the typed stage, one transaction each, over a connection of its own: in one half
all of them the same 2,500 keys, each in its own random order and with its own event times, in the
other each its own 2,500. Ratios are medians within one round. At the end every key must hold the
newest value that was sent, its versions must be complete, and no batch may have met a deadlock.
"""

from __future__ import annotations

import random
import statistics
import threading
import time
import uuid
from datetime import datetime, timedelta
from typing import Any

import click
import psycopg

from aegis_db.cluster import DURABLE, Cluster, find_binaries
from aegis_db.database import connect
from aegis_db.migrate import upgrade

SETTINGS = (
    *DURABLE,
    "shared_buffers=512MB",
    "max_wal_size=4GB",
    "deadlock_timeout=200ms",
)
KEYS = 2_500
DAY = "2023-01-03"
OPENS = datetime.fromisoformat(f"{DAY}T09:00:00+09:00")
TYPES = ["text", "date", "numeric", "numeric", "timestamptz"]


def codes(writer: int, *, shared: bool) -> list[str]:
    return [f"{0 if shared else writer + 1}{number:05}" for number in range(KEYS)]


class Sender(threading.Thread):
    """One writer: batches of random keys, each batch with a later event time than the last."""

    def __init__(self, dsn: str, keys: list[str], rows: int, batches: int, seed: int) -> None:
        super().__init__()
        self.dsn, self.keys, self.rows, self.batches = dsn, keys, rows, batches
        self.chance = random.Random(seed)
        self.newest: dict[str, tuple[datetime, int]] = {}
        self.deadlocks = 0
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            with connect(self.dsn, autocommit=True) as connection:
                for _ in range(self.batches):
                    self.send(connection)
        except BaseException as error:
            self.error = error

    def send(self, connection: psycopg.Connection[Any]) -> None:
        rows = []
        for code in self.chance.sample(self.keys, self.rows):
            at = OPENS + timedelta(microseconds=self.chance.randrange(6 * 3600 * 10**6))
            price = self.chance.randrange(1_000, 200_000)
            self.newest[code] = max(self.newest.get(code, (at, price)), (at, price))
            rows.append((code, OPENS.date(), price, 1, at))
        while True:
            try:
                with connection.transaction():
                    connection.execute("SELECT aegis.open_stage('stock_prices')")
                    with connection.cursor().copy(
                        "COPY pg_temp.stage_stock_prices (stock_code, trade_date, price, volume,"
                        " event_at) FROM STDIN (FORMAT binary)"
                    ) as copy:
                        copy.set_types(TYPES)
                        for row in rows:
                            copy.write_row(row)
                    connection.execute(
                        "SELECT aegis.upsert_staged('stock_prices', 'krx', %s)", (uuid.uuid4(),)
                    )
                return
            except psycopg.errors.DeadlockDetected:
                self.deadlocks += 1


def lap(
    dsn: str, writers: int, rows: int, batches: int, seed: int, *, shared: bool
) -> tuple[float, list[Sender]]:
    """Let ``writers`` send; return rows/s and the writers."""
    senders = [
        Sender(dsn, codes(number, shared=shared), rows, batches, seed + number)
        for number in range(writers)
    ]
    begun = time.perf_counter()
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
        if sender.error:
            raise sender.error
    return writers * rows * batches / (time.perf_counter() - begun), senders


def checked(connection: psycopg.Connection[Any], newest: dict[str, tuple[datetime, int]]) -> None:
    """Fail unless each key holds the newest value sent and all of its versions are kept."""
    found = {
        code: (at, int(price))
        for code, at, price in connection.execute(
            "SELECT stock_code, last_updated, price FROM aegis.stock_prices WHERE trade_date = %s",
            (DAY,),
        )
    }
    lost = {code for code, value in newest.items() if found.get(code) != value}
    assert not lost, f"{len(lost)} updates lost, for instance {sorted(lost)[:3]}"
    kept = connection.execute(
        "SELECT (SELECT sum(data_version - 1) FROM aegis.stock_prices WHERE trade_date = %s),"
        " (SELECT count(*) FROM aegis.stock_prices_history WHERE trade_date = %s)",
        (DAY, DAY),
    ).fetchone()
    assert kept is not None
    assert kept[0] == kept[1], kept


@click.command()
@click.option("--writers", default=8, show_default=True, help="Writers at once.")
@click.option("--rows", default=1_000, show_default=True, help="Rows per batch.")
@click.option("--batches", default=25, show_default=True, help="Batches of a writer in a lap.")
@click.option("--rounds", default=5, show_default=True, help="Counted rounds.")
@click.option("--server", default=15, show_default=True, help="PostgreSQL major.")
def main(writers: int, rows: int, batches: int, rounds: int, server: int) -> None:
    """Measure what it costs writers to meet on the same keys."""
    newest: dict[str, tuple[datetime, int]] = {}
    speeds: dict[bool, list[float]] = {True: [], False: []}
    deadlocks = 0
    with Cluster.temporary(find_binaries(server), SETTINGS) as cluster:
        upgrade(cluster.dsn())
        with connect(cluster.dsn(), autocommit=True) as connection:
            connection.execute(
                "SELECT aegis.ensure_partitions('aegis.stock_prices', %s, %s)", (DAY, DAY)
            )
            for count in range(rounds + 1):
                for shared in random.sample([True, False], 2):
                    seed = 1_000 * count
                    speed, senders = lap(cluster.dsn(), writers, rows, batches, seed, shared=shared)
                    if count:
                        speeds[shared].append(speed)
                    for sender in senders:
                        deadlocks += sender.deadlocks
                        for code, value in sender.newest.items():
                            newest[code] = max(newest.get(code, value), value)
            checked(connection, newest)
    ratio = statistics.median(
        same / own for same, own in zip(speeds[True], speeds[False], strict=True)
    )
    click.echo(
        f"PostgreSQL {cluster.binaries.version}, {writers} writers, {rows:,} rows per batch,"
        f" {2 * (rounds + 1) * writers * batches:,} batches\n"
        f"same keys  {statistics.median(speeds[True]):>8,.0f} rows/s, {ratio:.2f} of\n"
        f"own keys   {statistics.median(speeds[False]):>8,.0f} rows/s\n"
        f"deadlocks {deadlocks}, lost updates 0, every version kept"
    )


if __name__ == "__main__":
    main()
