"""Looking back and soft-deleting at size: a month with a million superseded versions.

python bench/history.py [--versions 20] [--rounds 7] [--server 15] [--json]

A private server is made, used and removed. One month holds 50,000 rows (2,500 codes, 20 days), each
with ``--versions`` superseded versions, written day by day; six years of empty months stand around
it. Reads are repeated in random order; medians in milliseconds. Soft deletes and restores of 10,000
rows in random order are beside an UPDATE of the same rows by key, without routine and ledger, which
is the measure of the ratio: guards and history are in both.
"""

from __future__ import annotations

import json
import random
import statistics
import time
from collections import defaultdict
from typing import Any

import click
import psycopg
from rich.console import Console
from rich.table import Table

from aegis_db.cluster import Cluster, find_binaries
from aegis_db.database import connect
from aegis_db.migrate import upgrade

SETTINGS = ("fsync=on", "shared_buffers=512MB", "max_wal_size=4GB", "wal_compression=lz4")

MONTHS = """
SELECT aegis.ensure_partitions(t, '2020-01-01', '2026-12-31')
  FROM unnest(ARRAY['aegis.stock_prices', 'aegis.stock_prices_history']::regclass[]) AS t
"""
ROWS = """
INSERT INTO aegis.stock_prices (stock_code, trade_date, price, volume, source, source_rank,
    batch_number, data_version, created_at, last_updated)
SELECT lpad(c::text, 6, '0'), d.day, 100, 1, 'krx', 100, 0, %(versions)s + 1,
       d.day + time '09:00', now()
  FROM generate_series(1, 2500) AS c, generate_series(0, 19) AS n,
       LATERAL (SELECT '2025-06-01'::date + n) AS d (day)
 ORDER BY d.day, c
"""
VERSIONS = """
INSERT INTO aegis.stock_prices_history (stock_code, trade_date, price, volume, source, source_rank,
    sequence_number, batch_number, data_version, created_at, last_updated, is_active,
    superseded_at, superseded_by)
SELECT lpad(c::text, 6, '0'), d.day, 100 + v, 1, 'krx', 100, 0, 0, v, d.day + time '09:00', now(),
       TRUE, d.day + time '09:00' + v * interval '10 minutes', 'bench'
  FROM generate_series(0, 19) AS n, generate_series(1, %(versions)s) AS v,
       generate_series(1, 2500) AS c, LATERAL (SELECT '2025-06-01'::date + n) AS d (day)
 ORDER BY d.day, v, c
"""
KEYS = """
SELECT jsonb_agg(jsonb_build_object('stock_code', p.stock_code, 'trade_date', p.trade_date)
                 ORDER BY random())
  FROM (SELECT * FROM aegis.stock_prices TABLESAMPLE SYSTEM (100)
         WHERE trade_date BETWEEN '2025-06-01' AND '2025-06-20'
         ORDER BY random() LIMIT 10000) AS p
"""
PLAIN = """
UPDATE aegis.stock_prices AS t
   SET batch_number = t.batch_number + 1, data_version = t.data_version + 1
  FROM jsonb_to_recordset(%s) AS k (stock_code text COLLATE "C", trade_date date)
 WHERE t.stock_code = k.stock_code AND t.trade_date = k.trade_date
   AND t.trade_date BETWEEN '2025-06-01' AND '2025-06-20'
"""
CHANGE = "SELECT verdict FROM aegis.{}('aegis.stock_prices', %s, 'bench') WHERE verdict <> %s"
READS = {
    "row_history, one key": "SELECT * FROM aegis.row_history('aegis.stock_prices', %(key)s)",
    "stock_prices_as_of, month": "SELECT count(*), sum(price) FROM"
    " aegis.stock_prices_as_of(%(at)s, '2025-06-01', '2025-06-30')",
    "stock_prices_as_of, day": "SELECT count(*), sum(price) FROM"
    " aegis.stock_prices_as_of(%(at)s, '2025-06-10', '2025-06-10')",
    "rows_as_of (jsonb), month": "SELECT count(*) FROM"
    " aegis.rows_as_of('aegis.stock_prices', %(at)s, '2025-06-01', '2025-06-30')",
    "the month as it is": "SELECT count(*), sum(price) FROM aegis.stock_prices"
    " WHERE trade_date BETWEEN '2025-06-01' AND '2025-06-30'",
}


def timed(connection: psycopg.Connection[Any], statement: str, values: Any) -> float:
    """Milliseconds of a statement, its rows fetched and its transaction committed."""
    start = time.perf_counter()
    cursor = connection.execute(statement, values)
    if cursor.description:
        cursor.fetchall()
    connection.commit()
    return (time.perf_counter() - start) * 1000


def measure(connection: psycopg.Connection[Any], rounds: int) -> dict[str, list[float]]:
    """Run everything ``rounds`` times, in random order, the first round uncounted."""
    chance, times = random.Random(5), defaultdict(list)
    for number in range(rounds + 1):
        for name in chance.sample(list(READS), len(READS)):
            day, code = chance.randint(1, 20), chance.randint(1, 2500)
            values = {
                "key": json.dumps(
                    {"stock_code": f"{code:06d}", "trade_date": f"2025-06-{day:02d}"}
                ),
                "at": f"2025-06-{day:02d} 11:00",
            }
            times[name].append(timed(connection, READS[name], values))
        row = connection.execute(KEYS).fetchone()
        connection.commit()
        keys = json.dumps(row[0] if row else None)
        for name, statement, values in (
            ("plain UPDATE, 10,000 keys", PLAIN, (keys,)),
            ("soft_delete, 10,000 keys", CHANGE.format("soft_delete"), (keys, "deleted")),
            ("restore_deleted, 10,000 keys", CHANGE.format("restore_deleted"), (keys, "restored")),
        ):
            times[name].append(timed(connection, statement, values))
        if number == 0:
            times.clear()
    return times


@click.command()
@click.option("--versions", type=click.IntRange(1, 200), default=20, show_default=True)
@click.option("--rounds", type=click.IntRange(1), default=7, show_default=True)
@click.option("--server", type=int, help="PostgreSQL major version  [default: the newest]")
@click.option("--json", "as_json", is_flag=True)
def main(versions: int, rounds: int, server: int | None, as_json: bool) -> None:
    """Measure reads of history and soft deletes."""
    with Cluster.temporary(binaries=find_binaries(server), settings=SETTINGS) as cluster:
        upgrade(cluster.dsn())
        with connect(cluster.dsn()) as connection:
            connection.execute(MONTHS)
            connection.execute(ROWS, {"versions": versions})
            connection.execute(VERSIONS, {"versions": versions})
            connection.execute("SELECT aegis.tune_partitions('aegis.stock_prices_history')")
            connection.commit()
            connection.autocommit = True
            connection.execute("VACUUM ANALYZE aegis.stock_prices")
            connection.execute("VACUUM ANALYZE aegis.stock_prices_history")
            connection.autocommit = False
            times = measure(connection, rounds)
    medians = {name: statistics.median(values) for name, values in times.items()}
    bases = dict.fromkeys(READS, "the month as it is")
    found = {
        name: {
            "milliseconds": median,
            "ratio": statistics.median(
                value / base
                for value, base in zip(
                    times[name], times[bases.get(name, "plain UPDATE, 10,000 keys")], strict=True
                )
            ),
        }
        for name, median in medians.items()
    }
    if as_json:
        click.echo(json.dumps(found, indent=1))
        return
    table = Table(
        title=f"{50_000 * versions:,} old versions in a month, medians of {rounds} rounds"
    )
    table.add_column("what")
    for heading in ("ms", "ratio"):
        table.add_column(heading, justify="right")
    for name, figures in found.items():
        table.add_row(name, f"{figures['milliseconds']:,.1f}", f"{figures['ratio']:.2f}")
    Console().print(table)


if __name__ == "__main__":
    main()
