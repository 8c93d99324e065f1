"""Retention, holds and deletions while others read, write, hold on, crash and race."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import psycopg
import pytest

TICKS = """
INSERT INTO aegis.stock_ticks (stock_code, trade_date, traded_at, sequence_number, price, volume,
                               source, batch_number, created_at)
SELECT '005930', %(day)s, %(day)s + time '10:00' AT TIME ZONE 'Asia/Seoul', n, 100, n, 'krx', 1,
       %(day)s + time '10:00' AT TIME ZONE 'Asia/Seoul'
  FROM generate_series(1, %(rows)s) AS n
"""
OLD = date(2020, 3, 2)


def one(connection: psycopg.Connection, query: str, *parameters: object) -> object:
    row = connection.execute(query, parameters).fetchone()
    assert row is not None
    return row[0]


def fill(connection: psycopg.Connection, days: int, rows: int = 50) -> None:
    """Make ``days`` partitions of ticks past their term."""
    connection.execute(
        "SELECT aegis.ensure_partitions('aegis.stock_ticks', %s, %s)",
        (OLD, OLD + timedelta(days=days - 1)),
    )
    for number in range(days):
        connection.execute(TICKS, {"day": OLD + timedelta(days=number), "rows": rows})


def together(*errands: Callable[[], object]) -> list[object]:
    """Run all errands at once and return what each returned, or the SQLSTATE it met."""
    barrier = threading.Barrier(len(errands))

    def run(errand: Callable[[], object]) -> object:
        barrier.wait()
        try:
            return errand()
        except psycopg.Error as error:
            return error.sqlstate

    with ThreadPoolExecutor(len(errands)) as threads:
        return [f.result() for f in [threads.submit(run, errand) for errand in errands]]


@pytest.fixture
def desk(database: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database, autocommit=True) as connection:
        for role, groups in (
            ("retention_clerk", "aegis_operator"),
            ("retention_approver", "aegis_approver"),
        ):
            connection.execute(
                f"DO $do$ BEGIN CREATE ROLE {role} LOGIN IN ROLE {groups};"
                " EXCEPTION WHEN duplicate_object THEN NULL; END $do$"
            )
        yield connection


def as_role(database: str, role: str) -> psycopg.Connection:
    return psycopg.connect(psycopg.conninfo.make_conninfo(database, user=role), autocommit=True)


def requested(database: str, rows: int) -> int:
    with as_role(database, "retention_clerk") as clerk:
        request = one(
            clerk,
            "SELECT aegis.request_deletion('aegis.stock_ticks', %s, %s, 'wrong feed')",
            f'[{{"column": "trade_date", "operator": "=", "value": "{OLD}"}}]',
            rows,
        )
    with as_role(database, "retention_approver") as approver:
        approver.execute("CALL aegis.approve_deletion(%s)", (request,))
    assert isinstance(request, int)
    return request


def test_retention_moves_all_that_is_due(database: str, desk: psycopg.Connection) -> None:
    fill(desk, 5)
    before = desk.execute("SELECT * FROM aegis.stock_ticks ORDER BY 1, 2, 3, 4").fetchall()
    with as_role(database, "retention_clerk") as clerk:
        clerk.execute("CALL aegis.apply_retention('aegis.stock_ticks')")
        clerk.execute("CALL aegis.apply_retention()")
        status = clerk.execute(
            "SELECT count(*), sum(row_count), bool_and(verified_at IS NOT NULL)"
            " FROM aegis.archive_status"
        ).fetchone()
    assert status == (5, 250, True)
    archives = [r[0] for r in desk.execute("SELECT archive FROM aegis.archive_status").fetchall()]
    after = [row for a in archives for row in desk.execute(f"SELECT * FROM {a}").fetchall()]
    assert sorted(after) == sorted(before)
    assert one(desk, "SELECT count(*) FROM aegis.stock_ticks") == 0


def test_a_long_reader_postpones_and_the_next_table_goes_on(
    database: str, desk: psycopg.Connection
) -> None:
    """Nobody waits for the reader longer than the lock timeout, other readers least of all."""
    fill(desk, 2)
    desk.execute("SELECT aegis.ensure_partitions('aegis.user_activity_logs', %s, %s)", (OLD, OLD))
    notices: list[str] = []
    slowest = 0.0
    with psycopg.connect(database) as reader:
        reader.execute("SELECT count(*) FROM aegis.stock_ticks")  # its lock stays until it commits
        done = threading.Event()

        def read() -> None:
            nonlocal slowest
            with psycopg.connect(database, autocommit=True) as other:
                while not done.is_set():
                    begun = time.monotonic()
                    other.execute("SELECT FROM aegis.stock_ticks LIMIT 1")
                    slowest = max(slowest, time.monotonic() - begun)

        thread = threading.Thread(target=read)
        thread.start()
        try:
            with as_role(database, "retention_clerk") as clerk:
                clerk.add_notice_handler(lambda d: notices.append(d.message_primary or ""))
                clerk.execute("CALL aegis.apply_retention()")
        finally:
            done.set()
            thread.join()
    assert sum("postponed" in n for n in notices) == 2
    archived = desk.execute("SELECT relation FROM aegis.archive_status").fetchall()
    assert archived == [("aegis.user_activity_logs",)]
    assert slowest < 1.5, f"a reader waited {slowest:.1f} s"
    desk.execute("CALL aegis.apply_retention()")
    assert one(desk, "SELECT count(*) FROM aegis.archive_status") == 3


def test_a_crash_between_detach_and_commit_leaves_the_partition(
    database: str, desk: psycopg.Connection
) -> None:
    fill(desk, 1)
    with psycopg.connect(database) as victim:
        one(victim, "SELECT aegis.archive_partition('aegis.stock_ticks_p2020_03_02')")
        assert one(victim, "SELECT to_regclass('aegis_archive.stock_ticks_p2020_03_02')::text")
        desk.execute("SELECT pg_terminate_backend(%s)", (victim.info.backend_pid,))
        with pytest.raises(psycopg.OperationalError):
            victim.commit()
    assert one(desk, "SELECT count(*) FROM aegis.stock_ticks") == 50
    assert one(desk, "SELECT count(*) FROM aegis.archived_partitions") == 0
    assert one(desk, "SELECT count(*) FROM aegis.ledger WHERE kind = 'archive'") == 0


def test_what_fails_is_told_and_the_rest_is_done(database: str, desk: psycopg.Connection) -> None:
    fill(desk, 2)
    one(desk, "SELECT aegis.archive_partition('aegis.stock_ticks_p2020_03_02')")
    desk.execute(
        "INSERT INTO aegis_archive.stock_ticks_p2020_03_02 (stock_code, trade_date, traded_at,"
        " price, volume, source, batch_number)"
        " VALUES ('000660', '2020-03-02', '2020-03-02 11:00+09', 1, 1, 'x', 1)"
    )
    with pytest.raises(psycopg.Error) as failed:
        desk.execute("CALL aegis.apply_retention()")
    assert failed.value.sqlstate == "AEP67"
    assert desk.execute(
        "SELECT archive, verified_at IS NOT NULL FROM aegis.archive_status ORDER BY 1"
    ).fetchall() == [
        ("aegis_archive.stock_ticks_p2020_03_02", False),
        ("aegis_archive.stock_ticks_p2020_03_03", True),
    ]


@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
def test_nothing_is_removed_under_an_old_snapshot(
    database: str, desk: psycopg.Connection, level: str
) -> None:
    """A hold placed after the snapshot would not be seen."""
    fill(desk, 1)
    with psycopg.connect(database) as old:
        old.execute(f"SET TRANSACTION ISOLATION LEVEL {level}")
        one(old, "SELECT count(*) FROM aegis.legal_holds")
        desk.execute("CALL aegis.place_hold('court', p_tables => '{aegis.stock_ticks}')")
        with pytest.raises(psycopg.Error) as refused:
            old.execute("SELECT aegis.archive_partition('aegis.stock_ticks_p2020_03_02')")
    assert refused.value.sqlstate == "AEP66"


def test_a_hold_and_a_deletion_cannot_both_win_the_row(
    database: str, desk: psycopg.Connection
) -> None:
    """Either the rows were gone before the hold, or the hold keeps them."""
    fill(desk, 1)
    request = requested(database, 50)

    def hold() -> object:
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute("CALL aegis.place_hold('court', p_codes => '{005930}')")
            return one(connection, "SELECT count(*) FROM aegis.stock_ticks")

    def delete() -> object:
        with as_role(database, "retention_clerk") as clerk:
            clerk.execute("CALL aegis.emergency_deletion(%s)", (request,))
            return "deleted"

    seen, outcome = together(hold, delete)
    left = one(desk, "SELECT count(*) FROM aegis.stock_ticks")
    assert (seen, outcome, left) in {(0, "deleted", 0), (50, "AEP52", 50)}


def test_a_request_is_executed_once(database: str, desk: psycopg.Connection) -> None:
    fill(desk, 1)
    request = requested(database, 50)

    def delete() -> object:
        with as_role(database, "retention_clerk") as clerk:
            clerk.execute("CALL aegis.emergency_deletion(%s)", (request,))
            return "deleted"

    assert sorted(together(delete, delete, delete), key=str) == ["AEP62", "AEP62", "deleted"]
    assert one(desk, "SELECT count(*) FROM aegis.deleted_rows") == 50

    # One of them came again meanwhile: all or nothing comes back.
    desk.execute(TICKS, {"day": OLD, "rows": 1})
    with pytest.raises(psycopg.Error) as refused:
        desk.execute("CALL aegis.restore_from_vault(%s, 'they were right')", (request,))
    assert refused.value.sqlstate == "AEP68"
    assert one(desk, "SELECT count(*) FROM aegis.stock_ticks") == 1


def test_an_approval_ends(database: str, desk: psycopg.Connection) -> None:
    fill(desk, 1)
    desk.execute(
        "CALL aegis.change_configuration('aegis.deletion_execution_limit', '1 second', 'test')"
    )
    request = requested(database, 50)
    time.sleep(1.1)
    with pytest.raises(psycopg.Error) as refused:
        desk.execute("CALL aegis.emergency_deletion(%s)", (request,))
    assert refused.value.sqlstate == "AEP62"
    assert (
        one(
            desk,
            "SELECT status FROM aegis.emergency_deletion_status WHERE request_id = %s",
            request,
        )
        == "expired"
    )


@pytest.mark.once(18)
def test_everything_at_once(database: str, desk: psycopg.Connection, soak: bool) -> None:
    """Retention, partition maintenance and ingest at once: no row is lost, nobody deadlocks."""
    days = 40 if soak else 12
    fill(desk, days)
    stop = time.monotonic() + (300 if soak else 4)
    written: list[int] = []
    failures: list[str] = []

    def guarded(errand: Callable[[psycopg.Connection], None]) -> Callable[[], object]:
        def run() -> object:
            with psycopg.connect(database, autocommit=True) as connection:
                while time.monotonic() < stop:
                    try:
                        errand(connection)
                    except psycopg.Error as error:
                        failures.append(f"{error.sqlstate}: {error}")
            return None

        return run

    numbers = iter(range(10**9))
    lock = threading.Lock()

    def ingest(connection: psycopg.Connection) -> None:
        with lock:
            number = next(numbers)
        # The present, and now and then a late row of a day that is being archived.
        day = OLD + timedelta(days=number % days) if number % 10 == 0 else None
        connection.execute(
            "INSERT INTO aegis.stock_ticks (stock_code, trade_date, traded_at, sequence_number,"
            " price, volume, source, batch_number, created_at)"
            " SELECT '000660', d, d + time '11:00' AT TIME ZONE 'Asia/Seoul', %s, 1, 1, 'x', 1,"
            "        d + time '11:00' AT TIME ZONE 'Asia/Seoul'"
            "   FROM (SELECT coalesce(%s, (now() AT TIME ZONE 'Asia/Seoul')::date) AS d) AS t",
            (number, day),
        )
        with lock:
            written.append(number)

    def retain(connection: psycopg.Connection) -> None:
        connection.execute("CALL aegis.apply_retention()")

    def maintain(connection: psycopg.Connection) -> None:
        connection.execute("CALL aegis.maintain_partitions()")

    def read(connection: psycopg.Connection) -> None:
        connection.execute("SELECT count(*), max(price) FROM aegis.stock_ticks").fetchone()

    together(*map(guarded, (ingest, ingest, retain, retain, maintain, read)))
    unexpected = [f for f in failures if not f.startswith("23514")]  # moved on: sent again
    assert unexpected == []
    desk.execute("CALL aegis.apply_retention()")  # what was postponed in the throng

    left = one(desk, "SELECT count(*) FROM aegis.stock_ticks")
    archives = desk.execute("SELECT archive_id, archive FROM aegis.archive_status").fetchall()
    rows = [one(desk, f"SELECT count(*) FROM {archive}") for _, archive in archives]
    assert left + sum(rows) == days * 50 + len(written)  # type: ignore[operator]
    for archive_id, _ in archives:
        one(desk, "SELECT aegis.verify_archive(%s)", archive_id)
    assert len(archives) >= days
