"""Rows per second of every way in, against raw COPY and a bare upsert, alternated in one run.

python bench/ingest.py [--rows 5000] [--rounds 12] [--server 15] [--json]

A private server with fsync on is made, used and removed. Each round takes two new sessions of the
calendar, in every path, in random order: first as new rows, then the same keys with later values,
then the first values once more (stale). The first round warms up and is not counted. Commit per
batch; ratios are medians of the ratios to the bare upsert within one round.
"""

from __future__ import annotations

import json
import random
import statistics
import tempfile
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import click
import psycopg
from psycopg.types.composite import CompositeInfo, register_composite
from rich.console import Console
from rich.table import Table

from aegis_db.cluster import Cluster, find_binaries
from aegis_db.database import connect
from aegis_db.migrate import upgrade

SETTINGS = (
    "fsync=on",
    "shared_buffers=512MB",
    "max_wal_size=4GB",
    "wal_compression=lz4",
    "autovacuum=on",
)
SCENARIOS = ("new", "updates", "stale")
BASE = "bare upsert"
SESSIONS = 2
TYPES = ["text", "date", "numeric", "int8", "timestamptz"]

PEERS = """
CREATE SCHEMA bench;
CREATE TABLE bench.heap AS SELECT * FROM aegis.stock_prices WITH NO DATA;
CREATE TABLE bench.copied (LIKE aegis.stock_prices INCLUDING DEFAULTS INCLUDING GENERATED
    INCLUDING CONSTRAINTS INCLUDING INDEXES INCLUDING STORAGE) PARTITION BY RANGE (trade_date);
CREATE TABLE bench.upserted (LIKE bench.copied INCLUDING ALL) PARTITION BY RANGE (trade_date);
CREATE TEMPORARY TABLE bare_stage (
    stock_code text, trade_date date, price numeric, volume bigint, last_updated timestamptz
) ON COMMIT DELETE ROWS;
"""

BARE_UPSERT = """
INSERT INTO bench.upserted AS t (stock_code, trade_date, price, volume, last_updated, source,
                                 source_rank, batch_number)
SELECT DISTINCT ON (s.stock_code COLLATE "C", s.trade_date)
       s.stock_code, s.trade_date, s.price, s.volume, s.last_updated, 'krx', 100, 0
  FROM pg_temp.bare_stage AS s
 ORDER BY s.stock_code COLLATE "C", s.trade_date, s.last_updated DESC
ON CONFLICT (stock_code, trade_date) DO UPDATE
   SET price = EXCLUDED.price, volume = EXCLUDED.volume, last_updated = EXCLUDED.last_updated,
       data_version = t.data_version + 1
 WHERE EXCLUDED.last_updated > t.last_updated
"""


class Price(NamedTuple):
    """One row, in the order of aegis.stock_price_input."""

    stock_code: str
    trade_date: date
    price: Decimal
    volume: int
    event_at: datetime
    sequence_number: int


@dataclass(frozen=True)
class Route:
    """A way in: ``prepare`` gives rows the form their writer has them in, ``send`` is timed."""

    name: str
    send: Callable[[psycopg.Connection[Any], Any], None]
    prepare: Callable[[Sequence[Price]], Any] = list
    scenarios: Sequence[str] = SCENARIOS


def copied(table: str) -> Callable[[psycopg.Connection[Any], Sequence[Price]], None]:
    """COPY, binary, straight into ``table``; what no upsert can beat by much."""

    def send(connection: psycopg.Connection[Any], rows: Sequence[Price]) -> None:
        with connection.cursor().copy(
            f"COPY {table} (stock_code, trade_date, price, volume, last_updated, source,"
            " source_rank, batch_number, sequence_number, data_version, created_at)"
            " FROM STDIN (FORMAT binary)"
        ) as copy:
            copy.set_types([*TYPES, "text", "int2", "int8", "int8", "int4", "timestamptz"])
            for row in rows:
                copy.write_row((*row[:5], "krx", 100, 0, 0, 1, row.event_at))

    return send


def bare_upsert(connection: psycopg.Connection[Any], rows: Sequence[Price]) -> None:
    """COPY, binary, into a bare stage, then one INSERT ... ON CONFLICT."""
    with connection.cursor().copy("COPY pg_temp.bare_stage FROM STDIN (FORMAT binary)") as copy:
        copy.set_types(TYPES)
        for row in rows:
            copy.write_row(row[:5])
    connection.execute(BARE_UPSERT)


def typed_stage(connection: psycopg.Connection[Any], rows: Sequence[Price]) -> None:
    """COPY, binary, into the typed stage, then aegis.upsert_staged."""
    connection.execute("SELECT aegis.open_stage('stock_prices')")
    with connection.cursor().copy(
        "COPY pg_temp.stage_stock_prices (line_number, stock_code, trade_date, price, volume,"
        " event_at, sequence_number) FROM STDIN (FORMAT binary)"
    ) as copy:
        copy.set_types(["int8", "text", "date", "numeric", "numeric", "timestamptz", "int8"])
        for number, row in enumerate(rows, 1):
            copy.write_row((number, *row[:3], Decimal(row.volume), *row[4:]))
    judged(connection, len(rows), raw=False)


def raw_stage(connection: psycopg.Connection[Any], rows: Sequence[Sequence[Any]]) -> None:
    """COPY, text, into the raw stage, then aegis.upsert_staged: the way of `aegis-db load`."""
    connection.execute("SELECT aegis.open_stage('stock_prices', p_raw => true)")
    with connection.cursor().copy(
        "COPY pg_temp.stage_stock_prices_raw (line_number, stock_code, trade_date, price, volume,"
        " event_at, payload) FROM STDIN"
    ) as copy:
        for row in rows:
            copy.write_row(row)
    judged(connection, len(rows), raw=True)


def as_texts(rows: Sequence[Price]) -> list[tuple[Any, ...]]:
    """Return rows as `aegis-db load` reads them from a file."""
    texts = []
    for number, row in enumerate(rows, 1):
        values = (*map(str, row[:4]), row.event_at.isoformat())
        texts.append((number, *values, ",".join(values)))
    return texts


def judged(connection: psycopg.Connection[Any], rows: int, *, raw: bool) -> None:
    received = connection.execute(
        "SELECT (aegis.upsert_staged('stock_prices', 'krx', %s, %s)).received", (uuid.uuid4(), raw)
    ).fetchone()
    assert received == (rows,)


def array_call(connection: psycopg.Connection[Any], rows: Sequence[Any]) -> None:
    """One call with an array of rows: the way of an application."""
    connection.execute(
        "SELECT * FROM aegis.upsert_stock_prices(%s::aegis.stock_price_input[], 'krx', %s)",
        (rows, uuid.uuid4()),
    )


ROUTES = (
    Route("raw COPY, bare heap", copied("bench.heap"), scenarios=("new",)),
    Route("raw COPY, keyed and partitioned", copied("bench.copied"), scenarios=("new",)),
    Route(BASE, bare_upsert),
    Route("typed stage, binary COPY", typed_stage),
    Route("raw stage, text COPY", raw_stage, prepare=as_texts),
    Route("array call", array_call),
)


def made(days: Sequence[date], size: int, prefix: int, *, later: bool) -> list[Price]:
    """Return ``size`` rows over ``days``, in no useful order; ``later`` ones supersede."""
    codes = size // len(days)
    chance = random.Random(f"{days} {later}")
    rows = [
        Price(
            f"{prefix}{number:05}",
            day,
            Decimal(chance.randrange(1_000, 200_000)),
            chance.randrange(1, 5_000_000),
            datetime.fromisoformat(f"{day}T10:00:00+09:00") + timedelta(hours=4 * later),
            0,
        )
        for day in days
        for number in range(codes)
    ]
    chance.shuffle(rows)
    return rows


def measure(
    connection: psycopg.Connection[Any], size: int, rounds: int
) -> dict[str, dict[str, list[float]]]:
    """Return rows per second: scenario, route, one figure for each counted round."""
    days = [
        row[0]
        for row in connection.execute(
            "SELECT trade_date FROM aegis.trading_calendar"
            " WHERE is_open AND trade_date >= '2023-01-01' ORDER BY trade_date LIMIT %s",
            (SESSIONS * (rounds + 1),),
        )
    ]
    connection.execute(PEERS)
    connection.execute(
        "SELECT aegis.ensure_partitions('aegis.stock_prices', %s, %s)", (days[0], days[-1])
    )
    for table in ("copied", "upserted"):
        for month in sorted({day.replace(day=1) for day in days}):
            end = (month + timedelta(days=31)).replace(day=1)
            connection.execute(
                f"CREATE TABLE bench.{table}_{month:%Y_%m} PARTITION OF bench.{table}"
                f" FOR VALUES FROM ('{month}') TO ('{end}') WITH (fillfactor = 80)"
            )
    info = CompositeInfo.fetch(connection, "aegis.stock_price_input")
    assert info is not None
    register_composite(info, connection)
    input_type = info.python_type
    assert input_type is not None

    speeds: dict[str, dict[str, list[float]]] = {
        scenario: {route.name: [] for route in ROUTES if scenario in route.scenarios}
        for scenario in SCENARIOS
    }
    order = list(ROUTES)
    for count in range(rounds + 1):
        today = days[SESSIONS * count : SESSIONS * (count + 1)]
        for scenario in SCENARIOS:
            random.shuffle(order)
            for route in order:
                if scenario not in route.scenarios:
                    continue
                rows = made(today, size, ROUTES.index(route), later=scenario == "updates")
                if route.send is array_call:
                    ready = [input_type(*row) for row in rows]
                else:
                    ready = route.prepare(rows)
                begun = time.perf_counter()
                with connection.transaction():
                    route.send(connection, ready)
                took = time.perf_counter() - begun
                if count:
                    speeds[scenario][route.name].append(len(rows) / took)
    checked(connection, rounds + 1, size)
    return speeds


def checked(connection: psycopg.Connection[Any], rounds: int, size: int) -> None:
    """Fail unless every route did the work it was timed for."""
    for prefix, route in enumerate(ROUTES):
        if route.scenarios == SCENARIOS:
            table = "bench.upserted" if route.name == BASE else "aegis.stock_prices"
            found = connection.execute(
                f"SELECT count(*), min(data_version), max(data_version) FROM {table}"
                " WHERE left(stock_code, 1) = %s",
                (str(prefix),),
            ).fetchone()
            assert found == (rounds * (size // SESSIONS) * SESSIONS, 2, 2), (route.name, found)


def summary(speeds: dict[str, dict[str, list[float]]]) -> list[dict[str, Any]]:
    """Return one entry for each route and scenario: median rows/s, median ratio to BASE."""
    return [
        {
            "scenario": scenario,
            "route": name,
            "rows_per_second": round(statistics.median(figures)),
            "time_against_bare_upsert": round(
                statistics.median(
                    base / own for base, own in zip(routes[BASE], figures, strict=True)
                ),
                2,
            ),
        }
        for scenario, routes in speeds.items()
        for name, figures in routes.items()
    ]


def show(entries: list[dict[str, Any]]) -> None:
    report = Table(box=None, pad_edge=False, header_style="bold")
    report.add_column("thousand rows/s (time against bare upsert)")
    for scenario in SCENARIOS:
        report.add_column(scenario, justify="right")
    cells = {(entry["route"], entry["scenario"]): entry for entry in entries}
    for route in ROUTES:
        found = [cells.get((route.name, scenario)) for scenario in SCENARIOS]
        report.add_row(
            route.name,
            *(
                f"{cell['rows_per_second'] / 1000:.0f} ({cell['time_against_bare_upsert']:.2f})"
                if cell
                else ""
                for cell in found
            ),
        )
    Console(width=110).print(report)


@click.command()
@click.option("--rows", default=5_000, show_default=True, help="Rows per batch.")
@click.option("--rounds", default=12, show_default=True, help="Counted rounds.")
@click.option("--server", type=int, help="PostgreSQL major  [default: the first one found]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout.")
def main(rows: int, rounds: int, server: int | None, as_json: bool) -> None:
    """Measure every way in against raw COPY and a bare upsert."""
    with tempfile.TemporaryDirectory(prefix="aegis-bench-") as directory:
        Path(directory).chmod(0o755)
        cluster = Cluster(Path(directory) / "data", find_binaries(server), settings=SETTINGS)
        cluster.start()
        try:
            upgrade(cluster.dsn())
            with connect(cluster.dsn(), autocommit=True) as connection:
                entries = summary(measure(connection, rows, rounds))
        finally:
            cluster.stop()
    if as_json:
        click.echo(
            json.dumps(
                {"server": cluster.binaries.version, "rows_per_batch": rows, "results": entries},
                indent=2,
            )
        )
    else:
        click.echo(f"PostgreSQL {cluster.binaries.version}, {rows:,} rows per batch, fsync on")
        show(entries)


if __name__ == "__main__":
    main()
