"""Partitions while others work: two makers, writers, a reader that holds on, any time zone."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import psycopg
import pytest

ENSURE = "SELECT aegis.ensure_partitions('aegis.stock_prices', %s, %s)"
INSERT = """
INSERT INTO aegis.stock_prices (stock_code, trade_date, price, volume, source, source_rank,
                                batch_number, last_updated)
VALUES (%s, %s, 100, 1, 'krx', 100, 1, clock_timestamp())
"""


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


def one(connection: psycopg.Connection, query: str, *parameters: object) -> object:
    row = connection.execute(query, parameters).fetchone()
    assert row is not None
    return row[0]


@pytest.mark.parametrize("year", range(2001, 2006))
def test_two_sessions_make_the_same_partitions_once(database: str, year: int) -> None:
    def make() -> object:
        with psycopg.connect(database) as connection:
            return one(connection, ENSURE, date(year, 1, 1), date(year, 6, 30))

    assert sorted(together(make, make), key=str) == [0, 6]
    with psycopg.connect(database) as connection:
        assert (
            one(
                connection,
                "SELECT count(*) FROM aegis.partition_bounds('aegis.stock_prices')"
                " WHERE lower_bound BETWEEN %s AND %s",
                date(year, 1, 1),
                date(year, 6, 30),
            )
            == 6
        )


def test_writers_go_on_while_partitions_are_made(database: str) -> None:
    """Rows of the present and of the months being made: none is lost, none comes twice."""
    done = threading.Event()
    written: list[int] = []
    refused: list[str | None] = []
    with psycopg.connect(database) as connection:
        today = one(connection, "SELECT (now() AT TIME ZONE 'Asia/Seoul')::date")

    def write(day: object, prefix: str) -> int:
        number = 0
        with psycopg.connect(database, autocommit=True) as connection:
            while not done.is_set() or number < 50:
                try:
                    connection.execute(INSERT, (f"{prefix}{number}", day))
                    number += 1
                except psycopg.Error as error:
                    # The default partition stopped being the place while the row was on its way.
                    refused.append(error.sqlstate)
        written.append(number)
        return number

    def make() -> int:
        try:
            with psycopg.connect(database, autocommit=True) as connection:
                return sum(
                    int(str(one(connection, ENSURE, date(2010, month, 1), date(2010, month, 1))))
                    for month in range(1, 13)
                )
        finally:
            done.set()

    results = together(lambda: write(today, "N"), lambda: write(date(2010, 6, 15), "O"), make)
    assert results[2] == 12
    assert set(refused) <= {"23514"}, "a writer meets nothing worse than one retry"
    with psycopg.connect(database) as connection:
        assert one(connection, "SELECT count(*) FROM aegis.stock_prices") == sum(written)
        assert one(connection, "SELECT count(*) FROM aegis.stock_prices_default") == 0


def test_a_reader_that_holds_on_postpones_one_table_only(database: str) -> None:
    with (
        psycopg.connect(database) as reader,
        psycopg.connect(database, autocommit=True) as operator,
    ):
        for key, value in (("partition_lock_timeout", "100 ms"), ("partition_months_ahead", "6")):
            operator.execute(
                "CALL aegis.change_configuration(%s, %s, 'test')", (f"aegis.{key}", value)
            )
        warnings: list[str] = []
        operator.add_notice_handler(lambda d: warnings.append(str(d.message_primary)))
        reader.execute("SELECT count(*) FROM aegis.stock_prices")

        operator.execute("SET ROLE aegis_operator")
        operator.execute("CALL aegis.maintain_partitions()")
        operator.execute("RESET ROLE")
        assert warnings == ["partitions of stock_prices are postponed"]
        assert operator.execute(
            "SELECT table_name FROM aegis.partition_health WHERE NOT is_healthy"
        ).fetchall() == [("stock_prices",)]
        assert one(
            operator,
            "SELECT bool_and(relispartition) FROM pg_class"
            " WHERE relname ~ '^stock_prices_p2' AND relkind = 'r'",
        ), "nothing half-made stays"

        reader.rollback()
        operator.execute("CALL aegis.maintain_partitions()")
        assert one(operator, "SELECT bool_and(is_healthy) FROM aegis.partition_health")


def test_maintenance_drains_the_default_partitions(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        for day in ("2015-01-31", "2015-02-01", "2024-02-29", "2199-01-01", "1979-12-31"):
            connection.execute(INSERT, ("005930", day))
        connection.execute("CALL aegis.maintain_partitions()")
        assert connection.execute(
            "SELECT tableoid::regclass::text, trade_date::text"
            " FROM aegis.stock_prices ORDER BY trade_date"
        ).fetchall() == [
            ("aegis.stock_prices_default", "1979-12-31"),
            ("aegis.stock_prices_p2015_01", "2015-01-31"),
            ("aegis.stock_prices_p2015_02", "2015-02-01"),
            ("aegis.stock_prices_p2024_02", "2024-02-29"),
            ("aegis.stock_prices_default", "2199-01-01"),
        ]
        with pytest.raises(psycopg.DatabaseError) as refused:
            connection.execute("DELETE FROM aegis.stock_prices_p2015_01")
        assert refused.value.sqlstate == "AEP01"


def test_a_broken_table_does_not_stop_the_others(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(INSERT, ("005930", "2015-01-31"))
        connection.execute("CREATE TABLE aegis.daily_market_data_p2015_01 (note text)")
        connection.execute(
            "INSERT INTO aegis.daily_market_data (stock_code, trade_date, price_basis, open_price,"
            " high_price, low_price, close_price, volume, source, source_rank, batch_number,"
            " last_updated)"
            " VALUES ('005930', '2015-01-31', 'raw', 1, 1, 1, 1, 1, 'krx', 1, 1, now())"
        )
        with pytest.raises(psycopg.DatabaseError) as failed:
            connection.execute("CALL aegis.maintain_partitions()")
        assert failed.value.sqlstate == "AEM08"
        assert one(connection, "SELECT count(*) FROM aegis.stock_prices_p2015_01") == 1
        assert one(connection, "SELECT count(*) FROM aegis.daily_market_data_default") == 1


def test_bounds_do_not_depend_on_the_session(database: str) -> None:
    """The same month, made from three zones and two date styles, begins at the same moment."""
    bounds = set()
    with psycopg.connect(database) as connection:
        for year, zone, style in (
            (2001, "UTC", "ISO, MDY"),
            (2003, "Asia/Seoul", "SQL, DMY"),
            (2005, "America/New_York", "German, DMY"),
        ):
            connection.execute("SELECT set_config('timezone', %s, false)", (zone,))
            connection.execute("SELECT set_config('datestyle', %s, false)", (style,))
            for made in (2, 0):
                ensure = "SELECT aegis.ensure_partitions('aegis.api_request_logs', %s, %s)"
                assert one(connection, ensure, date(year, 3, 1), date(year, 4, 30)) == made
            connection.execute("SET timezone = 'UTC'")
            connection.execute("SET datestyle = 'ISO, YMD'")
            bounds.update(
                str(text).replace(str(year), "YYYY")
                for (text,) in connection.execute(
                    "SELECT pg_get_expr(c.relpartbound, c.oid) FROM pg_class AS c"
                    " WHERE c.relname ~ %s AND c.relispartition AND c.relkind = 'r'",
                    (f"^api_request_logs_p{year}_",),
                )
            )
    assert bounds == {
        "FOR VALUES FROM ('YYYY-02-28 15:00:00+00') TO ('YYYY-03-31 15:00:00+00')",
        "FOR VALUES FROM ('YYYY-03-31 15:00:00+00') TO ('YYYY-04-30 15:00:00+00')",
    }
