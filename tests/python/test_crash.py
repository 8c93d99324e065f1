"""The server dies at any moment: what was acknowledged is there, once; nothing is there by half."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import threading
import time
import uuid
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest

from aegis_db.cluster import Cluster
from aegis_db.ingest import Writer as SpoolingWriter
from aegis_db.migrate import upgrade

KST = timezone(timedelta(hours=9))
DAY = date(2025, 1, 2)
OPEN = datetime(
    2025, 1, 2, 10, tzinfo=KST
)  # the first session of a year opens late; before it rows are put aside
WRITERS = 3
ROWS = 40
UPSERT = """
SELECT r.received
  FROM aegis.upsert_stock_prices(
           (SELECT array_agg(ROW(lpad(c::text, 6, '0'), %s, %s, 1, %s, 0)::aegis.stock_price_input)
              FROM unnest(%s::integer[]) AS c),
           'krx', %s) AS r
"""


class Writer(threading.Thread):
    """Sends batches, each until it is acknowledged, and remembers what it was promised."""

    def __init__(self, dsn: str, seed: int, stop: threading.Event) -> None:
        super().__init__()
        self.dsn, self.stop, self.chance = dsn, stop, random.Random(seed)
        self.gave_up = threading.Event()
        self.sent: dict[uuid.UUID, list[tuple[int, Decimal, datetime]]] = {}
        self.promised: set[uuid.UUID] = set()
        self.sent_again = 0

    def run(self) -> None:
        while not self.stop.is_set():
            batch, price = uuid.uuid4(), Decimal(self.chance.randint(1, 9_999))
            at = OPEN + timedelta(microseconds=self.chance.randint(0, 18_000_000_000))
            codes = self.chance.sample(range(200), ROWS)
            self.sent[batch] = [(code, price, at) for code in codes]
            while not self._acknowledged(batch, price, at, codes):
                self.sent_again += 1
                time.sleep(0.05)
                if self.gave_up.is_set():
                    return
            self.promised.add(batch)

    def _acknowledged(
        self, batch: uuid.UUID, price: Decimal, at: datetime, codes: list[int]
    ) -> bool:
        try:
            with psycopg.connect(self.dsn, connect_timeout=5) as connection:
                connection.execute(UPSERT, (DAY, price, at, codes, batch))
        except psycopg.OperationalError:
            return False
        return True


def killed(cluster: Cluster, kills: int, chance: random.Random) -> Cluster:
    """Kill the server at random moments and start it again, ``kills`` times."""
    for _ in range(kills):
        time.sleep(chance.uniform(0.1, 0.9))
        running = cluster.running()
        assert running
        os.kill(running.pid, signal.SIGKILL)
        while cluster.running():
            time.sleep(0.01)
        cluster = Cluster(cluster.data, cluster.programs)
        cluster.start()
    return cluster


def test_kills_lose_nothing_and_double_nothing(durable: Cluster, soak: bool) -> None:
    kills, chance, stop = 200 if soak else 4, random.Random(11), threading.Event()
    upgrade(durable.dsn())
    writers = [Writer(durable.dsn(), seed, stop) for seed in range(WRITERS)]
    for writer in writers:
        writer.start()
    try:
        durable = killed(durable, kills, chance)
    finally:
        stop.set()
        for writer in writers:
            writer.join(timeout=60)
            writer.gave_up.set()

    promised = {batch: writer.sent[batch] for writer in writers for batch in writer.promised}
    assert promised.keys() == {batch for writer in writers for batch in writer.sent}
    latest: dict[str, tuple[datetime, Decimal]] = {}
    for rows in promised.values():
        for code, price, at in rows:
            key = f"{code:06d}"
            latest[key] = max(latest.get(key, (at, price)), (at, price))
    with psycopg.connect(durable.dsn()) as connection:
        applied = connection.execute(
            "SELECT batch_id, received FROM aegis.ingest_batches"
        ).fetchall()
        stored = connection.execute(
            "SELECT stock_code, last_updated, price FROM aegis.stock_prices"
        )
        assert {code: (at, price) for code, at, price in stored} == latest
        assert sorted(applied) == sorted((batch, ROWS) for batch in promised)
        versions, kept = connection.execute(
            "SELECT (SELECT sum(data_version - 1) FROM aegis.stock_prices),"
            "       (SELECT count(*) FROM aegis.stock_prices_history)"
        ).fetchone() or (None, None)
        assert versions == kept
    assert sum(writer.sent_again for writer in writers) > 0, "no writer ever met a dead server"


@pytest.mark.once(18)
def test_eight_writers_with_a_spool_wait_for_nobody(
    durable: Cluster, tmp_path: Path, soak: bool
) -> None:
    """While the server is away their batches lie on disk; then each is applied once."""
    upgrade(durable.dsn())
    stop = threading.Event()
    promised: dict[uuid.UUID, int] = {}
    spooled: set[uuid.UUID] = set()

    def produce(writer: SpoolingWriter, number: int) -> None:
        at = OPEN + timedelta(seconds=number)
        while not stop.wait(0.1):
            at += timedelta(milliseconds=8)
            rows = [(f"{code:06d}", DAY, code + 1, 1, at) for code in range(number, 400, 11)]
            result = writer.write(
                "stock_prices",
                rows,
                source="krx",
                columns=("stock_code", "trade_date", "price", "volume", "event_at"),
            )
            promised[result.batch_id] = result.received
            if result.is_spooled:
                spooled.add(result.batch_id)

    with SpoolingWriter(
        durable.dsn(), connections=4, attempts=2, patience=1, spool=tmp_path / "spool"
    ) as writer:
        threads = [threading.Thread(target=produce, args=(writer, n)) for n in range(8)]
        for thread in threads:
            thread.start()
        try:
            durable = killed(durable, 60 if soak else 3, random.Random(12))
        finally:
            stop.set()
            for thread in threads:
                thread.join(timeout=60)
        assert writer.flush(timeout=300), f"{len(writer.spool or ())} batches still wait on disk"
        assert writer.spool is not None
        assert writer.spool.set_aside() == {"damaged": 0, "refused": 0}
    with psycopg.connect(durable.dsn()) as connection:
        applied = connection.execute("SELECT batch_id, received FROM aegis.ingest_batches")
        assert dict(applied.fetchall()) == promised
        versions = connection.execute(
            "SELECT (SELECT sum(data_version - 1) FROM aegis.stock_prices)"
            "     = (SELECT count(*) FROM aegis.stock_prices_history)"
        ).fetchone()
        assert versions == (True,)
    assert spooled, "no batch ever lay on disk"


def test_a_sealer_killed_in_the_middle_leaves_a_chain(durable: Cluster, soak: bool) -> None:
    """SIGKILL of the backend that seals: the server starts anew, and the next sealer goes on."""
    upgrade(durable.dsn())
    chance, kills, struck = random.Random(7), 20 if soak else 4, 0
    for _ in range(kills):
        with psycopg.connect(durable.dsn(), autocommit=True) as connection:
            connection.execute(
                "SELECT count(aegis_guard._record_act('rule_change', 'act ' || g))"
                "  FROM generate_series(1, 5000) AS g"
            )
        sealer = psycopg.connect(durable.dsn(), autocommit=True)
        thread = threading.Thread(target=_seal, args=(sealer,))
        thread.start()
        time.sleep(chance.uniform(0.0, 0.2))
        os.kill(sealer.info.backend_pid, signal.SIGKILL)
        thread.join()
        struck += sealer.broken
        sealer.close()
        _wait_for(durable.dsn())
        with psycopg.connect(durable.dsn(), autocommit=True) as connection:
            assert connection.execute("SELECT * FROM aegis.verify_chain()").fetchall() == []
    assert struck == kills
    with psycopg.connect(durable.dsn(), autocommit=True) as connection:
        connection.execute("CALL aegis.seal_ledger()")
        assert connection.execute("SELECT * FROM aegis.verify_chain()").fetchall() == []
        assert (
            connection.execute(
                "SELECT count(*), count(DISTINCT ledger_id) FROM aegis.seal_entries"
            ).fetchone()
            == connection.execute("SELECT count(*), count(*) FROM aegis.ledger").fetchone()
        )


def _seal(connection: psycopg.Connection) -> None:
    with contextlib.suppress(psycopg.OperationalError):
        connection.execute("CALL aegis.seal_ledger()")
        connection.execute("SELECT pg_sleep(60)")


def _wait_for(dsn: str) -> None:
    """Wait until a server that lost a backend takes connections again."""
    time.sleep(0.2)  # until the postmaster has noticed
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            psycopg.connect(dsn).close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the server has not come back")
