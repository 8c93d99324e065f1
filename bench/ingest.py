"""Rows per second of every way in, against raw COPY and a bare upsert, alternated in one run.

python bench/ingest.py [--rows 5000] [--rounds 12] [--server 15] [--months 120] [--json]
python bench/ingest.py --endurance 10000000 [--rows 20000]

A private server with fsync on is made, used and removed. Each round takes two new sessions of the
calendar, in every path, in random order: first as new rows, then the same keys with later values,
then the first values once more (stale). The first round warms up and is not counted. Commit per
batch; ratios are medians of the ratios to the bare upsert within one round. Three clocks run: the
whole batch as the client sees it; the server's part of it, from the end of COPY to the end of
COMMIT; and the processor time of the backend, which other processes of the machine disturb least.
With --months, batches beside that much data alternate with batches into an empty database.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Sequence
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

from aegis_db.cluster import DURABLE, Cluster, find_binaries
from aegis_db.database import connect
from aegis_db.migrate import upgrade

SETTINGS = (
    *DURABLE,
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

FILL = """
WITH days AS (
    SELECT trade_date FROM aegis.trading_calendar
     WHERE is_open AND trade_date >= %(month)s LIMIT 10
), rows AS (
    SELECT lpad(code::text, 6, '0') AS stock_code, trade_date, 1000 + code AS price
      FROM days CROSS JOIN generate_series(1, 2000) AS code
), other AS (
    INSERT INTO bench.upserted (stock_code, trade_date, price, volume, last_updated, source,
                                source_rank, batch_number)
    SELECT stock_code, trade_date, price, 1, trade_date, 'krx', 100, 0 FROM rows
)
INSERT INTO aegis.stock_prices (stock_code, trade_date, price, volume, last_updated, source,
                                source_rank, batch_number)
SELECT stock_code, trade_date, price, 1, trade_date, 'krx', 100, 0 FROM rows
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
    """A way in: ``prepare`` gives rows the form their writer has them in, ``send`` is timed.

    ``send`` is a generator: it yields once, when the rows are on the server.
    """

    name: str
    send: Callable[[psycopg.Connection[Any], Any], Iterator[None]]
    prepare: Callable[[Sequence[Price]], Any] = list
    scenarios: Sequence[str] = SCENARIOS


def copied(table: str) -> Callable[[psycopg.Connection[Any], Sequence[Price]], Iterator[None]]:
    """COPY, binary, straight into ``table``; what no upsert can beat by much."""

    def send(connection: psycopg.Connection[Any], rows: Sequence[Price]) -> Iterator[None]:
        with connection.cursor().copy(
            f"COPY {table} (stock_code, trade_date, price, volume, last_updated, source,"
            " source_rank, batch_number, sequence_number, data_version, created_at)"
            " FROM STDIN (FORMAT binary)"
        ) as copy:
            copy.set_types([*TYPES, "text", "int2", "int8", "int8", "int4", "timestamptz"])
            for row in rows:
                copy.write_row((*row[:5], "krx", 100, 0, 0, 1, row.event_at))
        yield

    return send


def bare_upsert(connection: psycopg.Connection[Any], rows: Sequence[Price]) -> Iterator[None]:
    """COPY, binary, into a bare stage, then one INSERT ... ON CONFLICT."""
    with connection.cursor().copy("COPY pg_temp.bare_stage FROM STDIN (FORMAT binary)") as copy:
        copy.set_types(TYPES)
        for row in rows:
            copy.write_row(row[:5])
    yield
    connection.execute(BARE_UPSERT)


def typed_stage(connection: psycopg.Connection[Any], rows: Sequence[Price]) -> Iterator[None]:
    """COPY, binary, into the typed stage, then aegis.upsert_staged."""
    connection.execute("SELECT aegis.open_stage('stock_prices')")
    with connection.cursor().copy(
        "COPY pg_temp.stage_stock_prices (stock_code, trade_date, price, volume, event_at)"
        " FROM STDIN (FORMAT binary)"
    ) as copy:
        copy.set_types(["text", "date", "numeric", "numeric", "timestamptz"])
        for row in rows:
            copy.write_row(row[:5])
    yield
    judged(connection, len(rows), raw=False)


def raw_stage(connection: psycopg.Connection[Any], rows: Sequence[Sequence[Any]]) -> Iterator[None]:
    """COPY, text, into the raw stage, then aegis.upsert_staged: the way of `aegis-db load`."""
    connection.execute("SELECT aegis.open_stage('stock_prices', p_raw => true)")
    with connection.cursor().copy(
        "COPY pg_temp.stage_stock_prices_raw (line_number, stock_code, trade_date, price, volume,"
        " event_at, payload) FROM STDIN"
    ) as copy:
        for row in rows:
            copy.write_row(row)
    yield
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


def array_call(connection: psycopg.Connection[Any], rows: Sequence[Any]) -> Iterator[None]:
    """One call with an array of rows: the way of an application."""
    yield
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


class Lap(NamedTuple):
    """What one batch took: seconds by each clock, and bytes of WAL."""

    rows: int
    whole: float
    server: float
    processor: float
    wal: int


def timed(connection: psycopg.Connection[Any], route: Route, rows: Any) -> Lap:
    """Send ``rows`` by ``route`` as one transaction."""
    backend = Path(f"/proc/{connection.info.backend_pid}/schedstat")
    read = backend.exists()

    def processor() -> float:
        return int(backend.read_text().split()[0]) / 1e9 if read else 0.0

    def position() -> int:
        row = connection.execute(
            "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint"
        ).fetchone()
        assert row is not None
        return int(row[0])

    before, used, begun = position(), processor(), time.perf_counter()
    with connection.transaction():
        steps = route.send(connection, rows)
        next(steps)
        copied_at = time.perf_counter()
        next(steps, None)
    ended = time.perf_counter()
    return Lap(len(rows), ended - begun, ended - copied_at, processor() - used, position() - before)


def months(first: date, last: date) -> list[date]:
    """Return the first day of every month from ``first`` to ``last``."""
    found = [first.replace(day=1)]
    while (following := (found[-1] + timedelta(days=31)).replace(day=1)) <= last:
        found.append(following)
    return found


def sessions(connection: psycopg.Connection[Any], rounds: int, skip: int = 0) -> list[date]:
    """Return the sessions of ``rounds`` rounds from 2023 on, after those of ``skip`` rounds."""
    return [
        row[0]
        for row in connection.execute(
            "SELECT trade_date FROM aegis.trading_calendar"
            " WHERE is_open AND trade_date >= '2023-01-01' ORDER BY trade_date OFFSET %s LIMIT %s",
            (SESSIONS * skip, SESSIONS * rounds),
        )
    ]


def ensure(connection: psycopg.Connection[Any], month: date) -> None:
    connection.execute(
        "SELECT aegis.ensure_partitions('aegis.stock_prices', %s, %s)",
        (month, (month + timedelta(days=31)).replace(day=1) - timedelta(days=1)),
    )


def prepared(connection: psycopg.Connection[Any], days: Sequence[date], past: int) -> None:
    """Make the tables, with ``past`` months of 20,000 rows each before ``days``."""
    connection.execute(PEERS)
    first = (days[0].replace(day=1) - timedelta(days=30 * past)).replace(day=1)
    for month in months(first, days[-1]):
        end = (month + timedelta(days=31)).replace(day=1)
        ensure(connection, month)
        for table in ("copied", "upserted"):
            connection.execute(
                f"CREATE TABLE bench.{table}_{month:%Y_%m} PARTITION OF bench.{table}"
                f" FOR VALUES FROM ('{month}') TO ('{end}') WITH (fillfactor = 80)"
            )
        if end <= days[0]:
            connection.execute(FILL, {"month": month})
    connection.execute("ANALYZE aegis.stock_prices")


def measure(
    connection: psycopg.Connection[Any], size: int, rounds: int, past: int
) -> dict[str, dict[str, list[Lap]]]:
    """Return the laps: scenario, route, one for each counted round."""
    days = sessions(connection, rounds + 1)
    prepared(connection, days, past)
    info = CompositeInfo.fetch(connection, "aegis.stock_price_input")
    assert info is not None
    register_composite(info, connection)
    input_type = info.python_type
    assert input_type is not None

    laps: dict[str, dict[str, list[Lap]]] = {
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
                lap = timed(connection, route, ready)
                if route.send in (raw_stage, array_call):
                    # As many rows in the table of the bare upsert as in the one of AEGIS.
                    with connection.transaction():
                        deque(bare_upsert(connection, rows), maxlen=0)
                if count:
                    laps[scenario][route.name].append(lap)
    checked(connection, rounds + 1, size)
    return laps


def against_empty(
    full: psycopg.Connection[Any], empty: psycopg.Connection[Any], size: int, rounds: int
) -> dict[str, float]:
    """Return the processor time of a batch beside ten years of data, against one beside none."""
    days = sessions(full, rounds + 1, skip=rounds + 1)
    prepared(empty, days, 0)
    for month in months(days[0], days[-1]):
        ensure(full, month)
    typed = next(route for route in ROUTES if route.send is typed_stage)
    laps: dict[str, list[float]] = {scenario: [] for scenario in SCENARIOS}
    for count in range(rounds + 1):
        today = days[SESSIONS * count : SESSIONS * (count + 1)]
        for scenario in SCENARIOS:
            rows = made(today, size, 9, later=scenario == "updates")
            both = [full, empty]
            random.shuffle(both)
            took = {id(one): timed(one, typed, rows).processor for one in both}
            if count:
                laps[scenario].append(took[id(full)] / max(took[id(empty)], 1e-9))
    return {scenario: round(statistics.median(ratios), 2) for scenario, ratios in laps.items()}


def endure(connection: psycopg.Connection[Any], total: int, size: int) -> list[int]:
    """Upsert ``total`` rows into the moving last 20 sessions; return rows/s of every tenth."""
    days = sessions(connection, 30)
    prepared(connection, days, 0)
    typed = next(route for route in ROUTES if route.send is typed_stage)
    batches = max(10, total // size)
    speeds: list[int] = []
    seconds = 0.0
    for count in range(batches):
        last = 20 + 40 * count // batches
        chance = random.Random(count)
        at = datetime.fromisoformat("2024-01-02T10:00:00+09:00") + timedelta(seconds=count)
        rows = [
            Price(
                f"9{number % 2500:05}",
                days[last - 20 + (number // 2500 + count) % 20],
                Decimal(chance.randrange(1_000, 200_000)),
                chance.randrange(1, 5_000_000),
                at,
                0,
            )
            for number in range(size)
        ]
        seconds += timed(connection, typed, rows).whole
        if (count + 1) % (batches // 10) == 0 and len(speeds) < 10:
            speeds.append(round(size * (batches // 10) / seconds))
            seconds = 0.0
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


def summary(laps: dict[str, dict[str, list[Lap]]]) -> list[dict[str, Any]]:
    """Return one entry for each route and scenario: median rows/s, median ratios to BASE."""

    def ratio(scenario: str, name: str, clock: str) -> float:
        base, own = laps[scenario][BASE], laps[scenario][name]
        return round(
            statistics.median(
                getattr(mine, clock) / max(getattr(theirs, clock), 1e-9)
                for theirs, mine in zip(base, own, strict=True)
            ),
            2,
        )

    return [
        {
            "scenario": scenario,
            "route": name,
            "rows_per_second": round(statistics.median(lap.rows / lap.whole for lap in own)),
            "time_against_bare_upsert": ratio(scenario, name, "whole"),
            "server_against_bare_upsert": ratio(scenario, name, "server"),
            "processor_against_bare_upsert": ratio(scenario, name, "processor"),
            "wal_bytes_per_row": round(statistics.median(lap.wal / lap.rows for lap in own)),
        }
        for scenario, routes in laps.items()
        for name, own in routes.items()
    ]


def show(entries: list[dict[str, Any]]) -> None:
    report = Table(box=None, pad_edge=False, header_style="bold")
    report.add_column("thousand rows/s (whole, server, processor time; WAL B/row)")
    for scenario in SCENARIOS:
        report.add_column(scenario, justify="right")
    cells = {(entry["route"], entry["scenario"]): entry for entry in entries}
    for route in ROUTES:
        found = [cells.get((route.name, scenario)) for scenario in SCENARIOS]
        report.add_row(
            route.name,
            *(
                f"{cell['rows_per_second'] / 1000:.0f}"
                f" ({cell['time_against_bare_upsert']:.2f},"
                f" {cell['server_against_bare_upsert']:.2f},"
                f" {cell['processor_against_bare_upsert']:.2f}; {cell['wal_bytes_per_row']})"
                if cell
                else ""
                for cell in found
            ),
        )
    Console(width=150).print(report)


@click.command()
@click.option("--rows", default=5_000, show_default=True, help="Rows per batch.")
@click.option("--rounds", default=12, show_default=True, help="Counted rounds.")
@click.option("--months", "past", default=0, show_default=True, help="Months of data before.")
@click.option("--endurance", type=int, help="Only upsert so many rows; rows/s by tenth.")
@click.option("--server", default=15, show_default=True, help="PostgreSQL major, built with lz4.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout.")
def main(
    rows: int, rounds: int, past: int, endurance: int | None, server: int, as_json: bool
) -> None:
    """Measure every way in against raw COPY and a bare upsert."""
    with Cluster.temporary(find_binaries(server), SETTINGS) as cluster:
        upgrade(cluster.dsn())
        ratios: dict[str, float] = {}
        with connect(cluster.dsn(), autocommit=True) as connection:
            if endurance:
                click.echo(json.dumps(endure(connection, endurance, rows)))
                return
            entries = summary(measure(connection, rows, rounds, past))
            if past:
                connection.execute("CREATE DATABASE empty")
                upgrade(cluster.dsn("empty"))
                with connect(cluster.dsn("empty"), autocommit=True) as empty:
                    ratios = against_empty(connection, empty, rows, rounds)
    about = {
        "server": cluster.binaries.version,
        "rows_per_batch": rows,
        "months": past,
        "load": os.getloadavg()[0],
        "results": entries,
        "against_empty": ratios,
    }
    if as_json:
        click.echo(json.dumps(about, indent=2))
    else:
        click.echo(
            f"PostgreSQL {cluster.binaries.version}, {rows:,} rows per batch, {past} months"
            f" before, fsync on, load {os.getloadavg()[0]:.1f}"
        )
        show(entries)
        if ratios:
            found = ", ".join(f"{scenario} {ratio:.2f}" for scenario, ratio in ratios.items())
            click.echo(f"beside {past} months against beside none, typed stage: {found}")


if __name__ == "__main__":
    main()
