"""What each layer of preservation costs, as ratios to the same table without it, in one run.

python bench/preservation.py [--rows 5000] [--rounds 12] [--server 15] [--json]

A private server with fsync on is made, used and removed. Every variant is a copy of
aegis.stock_prices, partitioned by month. Each round takes a new day, in every variant, in random
order: first 5,000 rows by INSERT, then the same keys by UPDATE ... FROM. The first round warms up.
Ratios are medians of the ratios to the plain table within one round, of the time the client waits
for statement and commit. At the end: sealing a day, and verification, in rows per second.
"""

from __future__ import annotations

import json
import random
import statistics
import time
from datetime import date, timedelta
from typing import Any

import click
import psycopg
from rich.console import Console
from rich.table import Table

from aegis_db.cluster import Cluster, find_binaries
from aegis_db.database import connect
from aegis_db.migrate import upgrade

SETTINGS = ("fsync=on", "shared_buffers=512MB", "max_wal_size=4GB", "wal_compression=lz4")
PLAIN = "plain"
VARIANTS = (PLAIN, "control", "guards", "history", "seals", "stack")
MONTHS = 6
DAY_ROWS = 2700

MAKE = """
CREATE TABLE bench.{name} (LIKE aegis.stock_prices INCLUDING DEFAULTS INCLUDING GENERATED
    INCLUDING CONSTRAINTS INCLUDING INDEXES) PARTITION BY RANGE (trade_date);
CREATE TABLE bench.{name}_history (LIKE aegis.stock_prices_history INCLUDING INDEXES)
    PARTITION BY RANGE (trade_date);
ALTER TABLE bench.{name} OWNER TO aegis_owner;
ALTER TABLE bench.{name}_history OWNER TO aegis_owner;
"""
PARTITION = """
CREATE TABLE bench.{name}_p{month} PARTITION OF bench.{name}
    FOR VALUES FROM ('{begin}') TO ('{end}') WITH (fillfactor = 80);
ALTER TABLE bench.{name}_p{month} OWNER TO aegis_owner;
"""
INSERT = """
INSERT INTO bench.{name} (stock_code, trade_date, price, volume, source, source_rank,
                          batch_number, last_updated)
SELECT s.stock_code, %(day)s, s.price, s.volume, 'krx', 100, %(batch)s, now()
  FROM pg_temp.rows AS s ORDER BY s.stock_code
"""
UPDATE = """
UPDATE bench.{name} AS t
   SET price = s.price + 1, batch_number = %(batch)s, data_version = t.data_version + 1,
       last_updated = now()
  FROM (SELECT * FROM pg_temp.rows ORDER BY stock_code) AS s
 WHERE t.stock_code = s.stock_code AND t.trade_date = %(day)s
"""


def prepare(connection: psycopg.Connection[Any], rows: int) -> None:
    """Make one table per variant, with the layers it stands for."""
    connection.execute("CREATE SCHEMA bench AUTHORIZATION aegis_owner")
    for name in VARIANTS:
        connection.execute(MAKE.format(name=name))
        for index in range(MONTHS):
            begin, end = date(2024, index + 1, 1), date(2024, index + 2, 1)
            for table in (name, f"{name}_history"):
                connection.execute(
                    PARTITION.format(name=table, month=f"{begin:%Y_%m}", begin=begin, end=end)
                )
        if name in {"guards", "stack"}:
            connection.execute(f"CALL aegis.protect_table('bench.{name}', 'bench')")
        if name in {"history", "stack"}:
            connection.execute(
                f"CALL aegis.protect_table('bench.{name}', 'bench', 'bench.{name}_history')"
            )
        if name in {"seals", "stack"}:
            connection.execute(f"CALL aegis.protect_table('bench.{name}', 'bench')")
            connection.execute(f"CALL aegis.seal_table('bench.{name}')")
    connection.execute(
        f"""CREATE TEMP TABLE rows AS
           SELECT lpad(i::text, 6, '0') COLLATE "C" AS stock_code,
                  (1000 + random() * 90000)::numeric(15, 2) AS price,
                  (random() * 1e7)::bigint AS volume
             FROM generate_series(1, {rows}) AS i ORDER BY random()"""
    )
    connection.execute("ANALYZE rows")


def timed(connection: psycopg.Connection[Any], statement: str, **values: object) -> float:
    """Return how long the client waits for ``statement`` and its commit."""
    begin = time.perf_counter()
    connection.execute(statement, values)
    return time.perf_counter() - begin


def measure(connection: psycopg.Connection[Any], rounds: int) -> dict[str, dict[str, float]]:
    """Return the median ratio of every variant to the plain table, for INSERT and UPDATE."""
    ratios: dict[str, dict[str, list[float]]] = {n: {"new": [], "updates": []} for n in VARIANTS}
    for turn in range(rounds + 1):
        day = date(2024, 1, 1) + timedelta(days=turn * 9 % 180)
        names = random.sample(VARIANTS, len(VARIANTS))
        for work, template in (("new", INSERT), ("updates", UPDATE)):
            clock = {
                name: timed(
                    connection,
                    template.format(name=name),
                    day=day,
                    batch=turn * 2 + (work == "updates"),
                )
                for name in names
            }
            if turn:
                for name in VARIANTS:
                    ratios[name][work].append(clock[name] / clock[PLAIN])
    return {
        name: {work: statistics.median(found) for work, found in works.items()}
        for name, works in ratios.items()
    }


def evidence(connection: psycopg.Connection[Any]) -> dict[str, float]:
    """Return how long a day takes to seal, and rows per second of verification."""
    connection.execute("CALL aegis.seal_ledger()")
    sealing = []
    for number in range(7):
        connection.execute(
            f"""INSERT INTO aegis.stock_prices (stock_code, trade_date, price, volume, source,
                                                source_rank, batch_number, last_updated)
                SELECT lpad(i::text, 6, '0'), date '2024-03-01' + {number}, i, i, 'krx', 100,
                       {number}, now()
                  FROM generate_series(1, {DAY_ROWS}) AS i"""
        )
        sealing.append(timed(connection, "CALL aegis.seal_ledger()"))
    connection.execute("CALL aegis.seal_ledger()")
    row = connection.execute(
        "SELECT (SELECT count(*) FROM bench.stack) + (SELECT count(*) FROM bench.stack_history)"
    ).fetchone()
    versions = row[0] if row else 0
    begin = time.perf_counter()
    found = connection.execute("SELECT * FROM aegis.verify_seals('bench.stack')").fetchall()
    verifying = time.perf_counter() - begin
    if found:
        raise click.ClickException(f"the stack does not verify: {found[:3]}")
    return {
        "sealing a day, ms": statistics.median(sealing) * 1000,
        "versions": versions,
        "verified versions per second": versions / verifying,
    }


@click.command()
@click.option("--rows", type=click.IntRange(10, 50_000), default=5_000, show_default=True)
@click.option("--rounds", type=click.IntRange(1, 18), default=12, show_default=True)
@click.option("--server", type=int, default=None, help="PostgreSQL major.")
@click.option("--json", "as_json", is_flag=True)
def main(rows: int, rounds: int, server: int | None, as_json: bool) -> None:
    """Measure what preservation costs."""
    binaries = find_binaries(server)
    with Cluster.temporary(binaries=binaries, settings=SETTINGS) as cluster:
        upgrade(cluster.dsn())
        with connect(cluster.dsn(), autocommit=True) as connection:
            prepare(connection, rows)
            ratios = measure(connection, rounds)
            extra = evidence(connection)
    if as_json:
        click.echo(json.dumps({"ratios": ratios, **extra}, indent=1))
        return
    table = Table(
        title=f"PostgreSQL {binaries.major}, {rows:,} rows per statement, {rounds} rounds"
    )
    for heading in ("layer", "new", "updates"):
        table.add_column(heading)
    for name, works in ratios.items():
        table.add_row(name, f"{works['new']:.2f}", f"{works['updates']:.2f}")
    Console().print(table)
    for name, value in extra.items():
        click.echo(f"{name}: {value:,.1f}")


if __name__ == "__main__":
    main()
