"""Every revision can be reached, left and reached again, and none drops rows unasked."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Thread

import psycopg
import pytest
from projects import contents

from aegis_db import verify
from aegis_db.database import connect
from aegis_db.manifest import Tree
from aegis_db.migrate import downgrade, upgrade

Make = Callable[..., str]
Dump = Callable[[str], str]

REVISIONS = Tree().revisions()
PAIRS = list(zip([*REVISIONS], ["base", *REVISIONS], strict=False))

# Rows that users would lose, by the revision they are at; one without an entry keeps none.
SEEDS = {
    "0001_foundation": """
        INSERT INTO aegis.system_configurations
            (configuration_key, value_type, configuration_value, default_value, description)
        VALUES ('desk.limit', 'integer', '1', '1', 'of the application')""",
    "0002_market": """
        INSERT INTO aegis.stocks (stock_code, source, source_rank, batch_number, last_updated)
        VALUES ('005930', 'manual', 110, 1, now())""",
    "0003_partition": """
        INSERT INTO aegis.api_request_logs (method, path) VALUES ('GET', '/')""",
    "0004_preservation": """
        CREATE TABLE public.orders (order_id bigint);
        CALL aegis.protect_table('public.orders', 'the law wants ten years')""",
    "0005_upsert": """
        SELECT aegis.upsert_stocks(
            ARRAY[jsonb_populate_record(NULL::aegis.stock_input,
                '{"stock_code": "005930", "last_updated": "2026-01-02T00:00:00Z"}')],
            'manual', gen_random_uuid())""",
}


def kept(dsn: str) -> dict[str, list[str]]:
    """Return the rows of all tables but those that tell of the going back itself."""
    telling = (
        "aegis.deployments",
        "aegis.ledger",
        "aegis_guard.baselines",
        "aegis_guard.tickets",
        "aegis_guard.ticket_uses",
    )
    return {table: rows for table, rows in contents(dsn).items() if table not in telling}


def refusal(dsn: str, revision: str) -> str | None:
    """Return the code with which a downgrade is refused; None when it is done."""
    try:
        downgrade(dsn, revision)
    except Exception as error:
        return getattr(getattr(error, "orig", error), "sqlstate", None)
    return None


def test_every_step_back_and_forth(new_database: Make, dump: Dump) -> None:
    dsn = new_database("steps", empty=True)
    for revision, before in PAIRS:
        schema_before = dump(dsn)
        upgrade(dsn, revision)
        schema, rows = dump(dsn), kept(dsn)
        downgrade(dsn, before)
        if before != "base":
            assert dump(dsn) == schema_before, f"{revision} leaves something behind"
        upgrade(dsn, revision)
        assert dump(dsn) == schema, f"{revision} is another one the second time"
        assert kept(dsn) == rows
        with connect(dsn) as connection:
            drifts = verify.verify(connection)
        assert [drift for drift in drifts if drift.check != "revision"] == []


@pytest.mark.parametrize(("revision", "before"), [pair for pair in PAIRS if pair[0] in SEEDS])
def test_rows_are_not_dropped_unasked(revision: str, before: str, new_database: Make) -> None:
    dsn = new_database("seeded", empty=True)
    upgrade(dsn, revision)
    with psycopg.connect(dsn) as connection:
        connection.execute(SEEDS[revision])
    rows = contents(dsn)
    assert refusal(dsn, before) == "AEK90"
    assert contents(dsn) == rows
    downgrade(dsn, before, allow_data_loss=True)
    upgrade(dsn)


@pytest.mark.parametrize(("revision", "before"), [pair for pair in PAIRS if pair[0] in SEEDS])
def test_rows_being_written_are_not_dropped_unasked(
    revision: str, before: str, new_database: Make
) -> None:
    """Somebody has written and not committed when the downgrade looks for rows."""
    dsn = new_database("written", empty=True)
    upgrade(dsn, revision)
    refused: list[str | None] = []
    with psycopg.connect(dsn) as writer:
        writer.execute(SEEDS[revision])
        thread = Thread(target=lambda: refused.append(refusal(dsn, before)))
        thread.start()
        with psycopg.connect(dsn, autocommit=True) as observer:
            deadline = time.monotonic() + 30
            while not observer.execute(
                "SELECT FROM pg_locks WHERE NOT granted AND database = "
                "(SELECT oid FROM pg_database WHERE datname = current_database())"
            ).rowcount:
                assert time.monotonic() < deadline
                time.sleep(0.02)
    thread.join()
    assert refused == ["AEK90"]


@pytest.mark.parametrize("revision", REVISIONS[:-1])
def test_rows_of_an_old_revision_live_at_head(revision: str, new_database: Make) -> None:
    dsn = new_database("old", empty=True)
    upgrade(dsn, revision)
    with psycopg.connect(dsn) as connection:
        connection.execute(SEEDS[revision])
    rows = contents(dsn)
    upgrade(dsn)
    with connect(dsn) as connection:
        assert verify.verify(connection) == []
    now = contents(dsn)
    assert all(set(old) <= set(now[table]) for table, old in rows.items())
