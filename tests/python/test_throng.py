"""Everything at once: batches, soft deletes, retention, partitions, sealing and verification."""

from __future__ import annotations

import itertools
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from aegis_db.anchor import head, verify_days
from aegis_db.database import connect
from aegis_db.ingest import Writer

KST = timezone(timedelta(hours=9))
WRITERS = 4
CODES = [f"{number:06}" for number in range(1, 201)]
# Trading days of 2024; what is older than 30 days is due in the table of ticks only.
DAYS = [date(2024, 1, 2) + timedelta(days=number) for number in (0, 1, 2, 6, 7, 8, 9, 13, 14, 15)]
OLD = date(2010, 1, 4)
TICKS = """
INSERT INTO aegis.stock_ticks (stock_code, trade_date, traded_at, sequence_number, price, volume,
                               source, batch_number, created_at)
SELECT '005930', %(day)s, %(day)s + time '10:00' AT TIME ZONE 'Asia/Seoul', n, 100, n, 'krx', 1,
       %(day)s + time '10:00' AT TIME ZONE 'Asia/Seoul'
  FROM generate_series(1, 200) AS n"""
# A row for the default partition meets maintenance that has just emptied it, or a lock is not had
# in time: the statement is sent again. A deadlock is neither, and fails the test.
AGAIN = (psycopg.errors.CheckViolation, psycopg.errors.LockNotAvailable)


class Throng:
    """Errands that are repeated side by side until the time is over, and what they have done."""

    def __init__(self, dsn: str, seconds: float) -> None:
        self.dsn = dsn
        self.until = time.monotonic() + seconds
        self.done: Counter[str] = Counter()
        self.failures: list[str] = []
        self.lock = threading.Lock()

    def count(self, **numbers: int) -> None:
        with self.lock:
            self.done.update(numbers)

    def run(self, *errands: Callable[[psycopg.Connection[Any]], None]) -> None:
        threads = [threading.Thread(target=self._repeat, args=(errand,)) for errand in errands]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _repeat(self, errand: Callable[[psycopg.Connection[Any]], None]) -> None:
        try:
            with connect(self.dsn, autocommit=True) as connection:
                while time.monotonic() < self.until:
                    try:
                        errand(connection)
                    except AGAIN:
                        self.count(sent_again=1)
        except Exception as failure:
            self.failures.append(f"{errand.__name__}: {type(failure).__name__}: {failure}")


def test_everything_at_once(  # noqa: PLR0915 - one errand after another
    database: str, soak: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """Five minutes with --soak: no deadlock, no lost row, no block without a seal."""
    throng = Throng(database, 300 if soak else 10)
    moments, olden = itertools.count(1), itertools.count()
    with connect(database, autocommit=True) as connection:
        connection.execute(
            "SELECT aegis.ensure_partitions('aegis.stock_prices', '2024-01-01', '2024-01-31')"
        )

    def write(writer: Writer) -> None:
        moment = next(moments)
        at = datetime(2024, 1, 20, tzinfo=KST) + timedelta(milliseconds=moment)
        rows = [
            {"stock_code": code, "trade_date": day, "price": 70000 + moment % 100, "volume": moment,
             "event_at": at}
            for code in random.sample(CODES, 100)
            for day in random.sample(DAYS, 3)
        ]  # fmt: skip
        result = writer.write("stock_prices", rows, source="krx")
        assert sum(result.verdicts.values()) == result.received == len(rows)
        throng.count(batches=1, **result.verdicts)

    def ingest(connection: psycopg.Connection[Any]) -> None:
        with Writer(database, connections=1) as writer:
            while time.monotonic() < throng.until:
                write(writer)

    def delete(connection: psycopg.Connection[Any]) -> None:
        keys = Jsonb(
            [
                {"stock_code": code, "trade_date": str(random.choice(DAYS))}
                for code in random.sample(CODES, 5)
            ]
        )
        for call in ("soft_delete", "restore_deleted"):
            verdicts = connection.execute(
                f"SELECT verdict FROM aegis.{call}('aegis.stock_prices', %s, 'test')", (keys,)
            ).fetchall()
            throng.count(
                soft_deletes=sum(verdict in {"deleted", "restored"} for (verdict,) in verdicts)
            )

    def grow_old(connection: psycopg.Connection[Any]) -> None:
        """Another day of ticks that is past its term."""
        day = OLD + timedelta(days=next(olden))
        connection.execute(
            "SELECT aegis.ensure_partitions('aegis.stock_ticks', %s, %s)", (day, day)
        )
        connection.execute(TICKS, {"day": day})
        throng.count(old_ticks=200)
        time.sleep(0.5)

    def retain(connection: psycopg.Connection[Any]) -> None:
        connection.execute("CALL aegis.apply_retention('aegis.stock_ticks')")
        throng.count(retention_runs=1)

    def maintain(connection: psycopg.Connection[Any]) -> None:
        connection.execute("CALL aegis.maintain_partitions()")
        throng.count(maintenance_runs=1)

    def seal(connection: psycopg.Connection[Any]) -> None:
        connection.execute("CALL aegis.seal_ledger()")
        throng.count(sealing_runs=1)
        time.sleep(0.05)

    def verify(connection: psycopg.Connection[Any]) -> None:
        found = connection.execute("SELECT * FROM aegis.verify_seals('aegis.stock_prices')")
        assert found.fetchall() == []
        assert connection.execute("SELECT * FROM aegis.verify_chain()").fetchall() == []
        throng.count(verifications=1)

    throng.run(*[ingest] * WRITERS, delete, grow_old, retain, retain, maintain, seal, seal, verify)
    assert throng.failures == []

    done = throng.done
    with connect(database, autocommit=True) as connection:
        connection.execute("CALL aegis.apply_retention('aegis.stock_ticks')")
        connection.execute("CALL aegis.seal_ledger()")
        connection.execute("CALL aegis.seal_ledger()")

        def one(query: str) -> Any:
            row = connection.execute(query).fetchone()
            return row and row[0]

        figures = dict(done) | {
            "seals": one("SELECT count(*) FROM aegis.seals"),
            "acts": one("SELECT count(*) FROM aegis.ledger"),
            "archives": one("SELECT count(*) FROM aegis.archive_status"),
        }
        with capsys.disabled():
            print("\n", figures)
        # Every row that was acknowledged, every version it superseded.
        assert one("SELECT count(*) FROM aegis.stock_prices") == done["inserted"]
        assert (
            one("SELECT count(*) FROM aegis.stock_prices_history")
            == done["updated"] + done["kept_deleted"] + done["soft_deletes"]
        )
        archives = connection.execute("SELECT archive_id, archive FROM aegis.archive_status")
        kept = one("SELECT count(*) FROM aegis.stock_ticks")
        for number, name in archives.fetchall():
            kept += one(f"SELECT count(*) FROM {name}")
            assert one(f"SELECT aegis.verify_archive({number})") == 200
        assert kept == done["old_ticks"]
        # Nothing without its seal, nothing sealed twice, and all of it true.
        assert one("SELECT sum(entry_count) = (SELECT count(*) FROM aegis.ledger) FROM aegis.seals")
        assert one("SELECT count(*) FROM aegis.seal_entries") == figures["acts"]
        for call in ("chain()", "seals('aegis.stock_prices')", "seals('aegis.stock_ticks')"):
            assert connection.execute(f"SELECT * FROM aegis.verify_{call}").fetchall() == []
        assert [*verify_days(connection, head(connection))] == [], "archived days keep their root"
    for what in ("inserted", "updated", "soft_deletes", "archives", "seals", "verifications"):
        assert figures[what] > 0, what
