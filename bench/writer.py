"""Rows per second of the Python writer: encodings, connections, overlap; its memory; its spool.

python bench/writer.py [--rows 5000] [--rounds 8] [--server 15] [--memory 1000000] [--json]

A private server with fsync on. Variants alternate in random order within a round, each with new
sessions of its own; the first round is not counted. Ratios are medians of the ratios to the first
variant within one round.
"""

from __future__ import annotations

import json
import random
import resource
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from aegis_db.cluster import DURABLE, Cluster, find_binaries
from aegis_db.database import connect
from aegis_db.ingest import Spool, Writer, apply_batch, encode, encode_texts
from aegis_db.ingest.writer import input_types
from aegis_db.migrate import upgrade

SETTINGS = (
    *DURABLE,
    "shared_buffers=512MB",
    "max_wal_size=4GB",
    "wal_compression=lz4",
)
COLUMNS = ["stock_code", "trade_date", "price", "volume", "event_at", "sequence_number"]
BATCHES = 4
SMALL = 100

Rows = list[tuple[Any, ...]]
Variant = Callable[[str, Rows, int], None]


def made(day: date, prefix: int, size: int) -> Rows:
    at = datetime.fromisoformat(f"{day}T10:00:00+09:00")
    chance = random.Random(f"{day} {prefix}")
    rows = [
        (f"{prefix}{code:06}", day, Decimal(chance.randrange(1000, 200_000)), Decimal(code), at, 0)
        for code in range(size)
    ]
    chance.shuffle(rows)
    return rows


def chunks(rows: Rows, size: int) -> Iterator[Rows]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def one_by_one(dsn: str, rows: Rows, size: int) -> None:
    """Binary COPY, encoded and sent in turn over one connection: no overlap."""
    with connect(dsn, autocommit=True) as connection:
        types = input_types(connection, "stock_prices")
        for chunk in chunks(rows, size):
            batch = encode("stock_prices", chunk, source="krx", columns=COLUMNS, types=types)
            apply_batch(connection, batch)


def as_texts(dsn: str, rows: Rows, size: int) -> None:
    """The raw stage, encoded and sent in turn over one connection."""
    with connect(dsn, autocommit=True) as connection:
        for chunk in chunks(rows, size):
            texts = []
            for number, row in enumerate(chunk, 1):
                values = (row[0], str(row[1]), str(row[2]), str(row[3]), row[4].isoformat(), "0")
                texts.append((number, *values, ",".join(values)))
            apply_batch(
                connection,
                encode_texts("stock_prices", texts, source="krx", columns=COLUMNS),
            )


def as_array(dsn: str, rows: Rows, size: int) -> None:
    """One call with an array as text literal, over one connection."""
    with connect(dsn, autocommit=True) as connection:
        for chunk in chunks(rows, size):
            literal = ",".join(
                f'"({code},{day},{price},{volume},{at.isoformat()},{number})"'
                for code, day, price, volume, at, number in chunk
            )
            connection.execute(
                "SELECT * FROM aegis.upsert_stock_prices(%s::aegis.stock_price_input[], 'krx',"
                " gen_random_uuid())",
                (f"{{{literal}}}",),
            )


def writer(connections: int) -> Variant:
    def run(dsn: str, rows: Rows, size: int) -> None:
        with Writer(dsn, connections=connections) as one:
            one.write_all("stock_prices", rows, source="krx", columns=COLUMNS, batch_rows=size)

    return run


VARIANTS: dict[str, Variant] = {
    "binary, one connection, in turn": one_by_one,
    "texts, one connection, in turn": as_texts,
    "array literal, one connection": as_array,
    "Writer, one connection": writer(1),
    "Writer, two connections": writer(2),
}


def measure(dsn: str, size: int, rounds: int) -> dict[str, list[float]]:
    """Return rows per second by variant, one figure for each counted round."""
    with connect(dsn, autocommit=True) as connection:
        days = [
            row[0]
            for row in connection.execute(
                "SELECT trade_date FROM aegis.trading_calendar"
                " WHERE is_open AND trade_date >= '2023-01-01' ORDER BY 1 LIMIT %s",
                (rounds + 1,),
            )
        ]
        connection.execute(
            "SELECT aegis.ensure_partitions('aegis.stock_prices', %s, %s)", (days[0], days[-1])
        )
    speeds: dict[str, list[float]] = {name: [] for name in VARIANTS}
    prefix = size
    for count, day in enumerate(days):
        names = list(VARIANTS)
        random.shuffle(names)
        for name in names:
            prefix += 1
            rows = made(day, prefix % 1000, BATCHES * size)
            begun = time.perf_counter()
            VARIANTS[name](dsn, rows, size)
            if count:
                speeds[name].append(len(rows) / (time.perf_counter() - begun))
    return speeds


def memory(dsn: str, rows: int) -> list[float]:
    """Return the peak memory in MB after each tenth of ``rows``, by one writer."""
    peaks: list[float] = []

    def stream() -> Iterator[tuple[Any, ...]]:
        at = datetime.fromisoformat("2024-12-02T10:00:00+09:00")
        for number in range(rows):
            yield (f"{number % 50_000:06}", at.date(), Decimal(number), Decimal(1),
                   at + timedelta(milliseconds=number), 0)  # fmt: skip
            if (number + 1) % (rows // 10) == 0:
                peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)

    with Writer(dsn, connections=2) as one:
        total = one.write_all("stock_prices", stream(), source="krx", columns=COLUMNS)
    assert total.received == rows == sum(total.verdicts.values())
    return peaks


def spools(directory: Path, batches: int = 200) -> dict[str, float]:
    """Return durable appends per second of the spool and of SQLite, for batches of 1,000 rows."""
    types = dict.fromkeys(COLUMNS, 25)
    texts = [tuple(str(value) for value in row) for row in made(date(2025, 1, 2), 1, 1_000)]
    some = [
        encode("stock_prices", [*texts[:-1], (str(number),) * 6], source="krx", columns=COLUMNS,
               types=types)
        for number in range(batches)
    ]  # fmt: skip
    begun = time.perf_counter()
    with Spool(directory / "spool") as spool:
        for batch in some:
            spool.append(batch)
    files = batches / (time.perf_counter() - begun)
    database = sqlite3.connect(directory / "spool.db", isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute("CREATE TABLE batches (id INTEGER PRIMARY KEY, body BLOB)")
    begun = time.perf_counter()
    for batch in some:
        database.execute("INSERT INTO batches (body) VALUES (?)", (batch.body,))
    return {"files": files, "sqlite": batches / (time.perf_counter() - begun)}


@click.command()
@click.option("--rows", default=5_000, show_default=True, help="Rows per batch.")
@click.option("--rounds", default=8, show_default=True, help="Counted rounds.")
@click.option("--memory", "memory_rows", default=0, help="Also write so many rows, watch memory.")
@click.option("--server", type=int, help="PostgreSQL major  [default: the first one found]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout.")
def main(rows: int, rounds: int, memory_rows: int, server: int | None, as_json: bool) -> None:
    """Measure the Python writer."""
    with Cluster.temporary(find_binaries(server), SETTINGS) as cluster:
        upgrade(cluster.dsn())
        results = {size: measure(cluster.dsn(), size, rounds) for size in (rows, SMALL)}
        peaks = memory(cluster.dsn(), memory_rows) if memory_rows else []
    with tempfile.TemporaryDirectory(prefix="aegis-bench-") as directory:
        appends = spools(Path(directory))
    base = next(iter(VARIANTS))
    entries = [
        {
            "rows_per_batch": size,
            "variant": name,
            "rows_per_second": round(statistics.median(figures)),
            "speed_against_first": round(
                statistics.median(
                    own / one for own, one in zip(figures, speeds[base], strict=True)
                ),
                2,
            ),
        }
        for size, speeds in results.items()
        for name, figures in speeds.items()
    ]
    found = {"results": entries, "peak_memory_mb": peaks, "spool_appends_per_second": appends}
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    report = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("rows per batch", "variant", "rows/s", "against the first"):
        report.add_column(heading)
    for entry in entries:
        report.add_row(*(str(value) for value in entry.values()))
    Console(width=110).print(report)
    click.echo(f"peak memory by tenth, MB: {', '.join(f'{peak:.0f}' for peak in peaks) or '-'}")
    click.echo(f"durable appends of 1,000 rows per second: {appends}")


if __name__ == "__main__":
    main()
