"""A publisher removes and changes rows: what replicates into a protected table takes none away."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest

TABLE = "CREATE TABLE public.orders (order_id integer PRIMARY KEY, body text)"
ROWS = "INSERT INTO public.orders SELECT g, 'x' FROM generate_series(1, 3) AS g"
STATEMENTS = {
    "delete": "DELETE FROM public.orders",
    "truncate": "TRUNCATE public.orders",
    "update": "UPDATE public.orders SET body = 'y'",
    "another key": "UPDATE public.orders SET order_id = order_id + 10",
    "insert": "INSERT INTO public.orders VALUES (4, 'x')",
}


@contextmanager
def replicated(publisher: str, subscriber: str) -> Iterator[None]:
    """Let a table of one database be written as that of another is."""
    name = psycopg.conninfo.conninfo_to_dict(subscriber)["dbname"]
    with (
        psycopg.connect(publisher, autocommit=True) as source,
        psycopg.connect(subscriber, autocommit=True) as target,
    ):
        source.execute("CREATE PUBLICATION orders FOR TABLE public.orders")
        # Within one server CREATE SUBSCRIPTION would wait for itself to make the slot.
        source.execute("SELECT pg_create_logical_replication_slot(%s, 'pgoutput')", (name,))
        target.execute(
            f"CREATE SUBSCRIPTION orders CONNECTION '{publisher}' PUBLICATION orders WITH"
            f" (create_slot = false, slot_name = '{name}', copy_data = false,"
            " disable_on_error = true)"
        )
        try:
            yield
        finally:
            target.execute("ALTER SUBSCRIPTION orders DISABLE")
            target.execute("ALTER SUBSCRIPTION orders SET (slot_name = NONE)")
            target.execute("DROP SUBSCRIPTION orders")
            for _ in range(200):
                slot = source.execute(
                    "SELECT active FROM pg_replication_slots WHERE slot_name = %s", (name,)
                ).fetchone()
                if slot == (False,):
                    break
                time.sleep(0.05)
            source.execute("SELECT pg_drop_replication_slot(%s)", (name,))


@pytest.mark.parametrize("name", STATEMENTS)
def test_what_replicates_into_a_protected_table_is_refused(
    name: str, new_database: Callable[..., str]
) -> None:
    publisher, subscriber = new_database("publisher", empty=True), new_database("subscriber")
    with psycopg.connect(publisher, autocommit=True) as source:
        source.execute(f"{TABLE};{ROWS}")
        with psycopg.connect(subscriber, autocommit=True) as target:
            target.execute(f"{TABLE};{ROWS}")
            target.execute("CALL aegis.protect_table('public.orders', 'test')")
            rows = target.execute("SELECT * FROM public.orders ORDER BY 1").fetchall()
            with replicated(publisher, subscriber):
                source.execute(STATEMENTS[name])

                deadline = time.monotonic() + 60
                while target.execute("SELECT subenabled FROM pg_subscription").fetchone() == (
                    True,
                ):
                    assert time.monotonic() < deadline, "the apply worker has not stopped"
                    time.sleep(0.05)
                assert target.execute(
                    "SELECT severity, object FROM aegis.posture() WHERE layer = 'replication'"
                ).fetchall() == [("critical", "public.orders")]
            assert target.execute("SELECT * FROM public.orders ORDER BY 1").fetchall() == rows


def test_a_table_that_is_not_protected_is_replicated(new_database: Callable[..., str]) -> None:
    """The way of these tests would show a loss."""
    publisher, subscriber = new_database("publisher", empty=True), new_database("subscriber")
    for dsn in (publisher, subscriber):
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute(f"{TABLE};{ROWS}")
    with (
        replicated(publisher, subscriber),
        psycopg.connect(publisher, autocommit=True) as source,
        psycopg.connect(subscriber, autocommit=True) as target,
    ):
        source.execute("DELETE FROM public.orders")
        deadline = time.monotonic() + 60
        while target.execute("SELECT count(*) FROM public.orders").fetchone() != (0,):
            assert time.monotonic() < deadline
            time.sleep(0.05)
