"""What each layer of preservation costs, as ratios to the same table without it, in one run.

python bench/preservation.py [--rows 5000] [--rounds 12] [--server 15] [--json]

A private server with fsync on is made, used and removed. Every variant is a copy of
aegis.stock_prices, partitioned by month. Each round takes a new day, in every variant, in random
order: first 5,000 rows by INSERT, then the same keys by UPDATE ... FROM. The first round warms up.
Ratios are medians of the ratios to the plain table within one round, of the time the client waits
for statement and commit. At the end: sealing a day, and verification, in rows per second.

Then peers that are installed, on one table without partitions each, made and owned by an ordinary
role: what an owner's attacks lose of three versions of a row, and the same two statements. For
Debian: apt install postgresql-15-periods postgresql-15-tablelog postgresql-15-partman
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


PEER = """
CREATE TABLE peers.{name} (stock_code text, trade_date date, price numeric(15, 2), volume bigint,
                           PRIMARY KEY (stock_code, trade_date));
ALTER TABLE peers.{name} OWNER TO {owner};
"""
# What makes a peer of the table peers.<name>, and where its former versions lie.
PEERS = {
    "plain": ("", ""),
    "aegis": (
        """CREATE TABLE peers.aegis_history (LIKE peers.aegis, superseded_at timestamptz NOT NULL,
                                              superseded_by text NOT NULL);
           ALTER TABLE peers.aegis_history OWNER TO aegis_owner;
           CALL aegis.protect_table('peers.aegis', 'bench', 'peers.aegis_history')""",
        "peers.aegis_history",
    ),
    "periods": (
        """SELECT periods.add_system_time_period('peers.periods');
           SELECT periods.add_system_versioning('peers.periods')""",
        "peers.periods_history",
    ),
    "table_log": (
        """SELECT table_log_init(5, 'peers', 'table_log', 'peers', 'table_log_log');
           ALTER TABLE peers.table_log_log OWNER TO peer_owner;
           ALTER SEQUENCE peers.table_log_log_seq OWNER TO peer_owner""",
        "peers.table_log_log",
    ),
}
PEER_WRITES = {
    "new": """INSERT INTO peers.{name} (stock_code, trade_date, price, volume)
              SELECT s.stock_code, %(day)s, s.price, s.volume FROM pg_temp.rows AS s
               ORDER BY s.stock_code""",
    "updates": """UPDATE peers.{name} AS t SET price = s.price + %(batch)s
                    FROM pg_temp.rows AS s
                   WHERE t.stock_code = s.stock_code AND t.trade_date = %(day)s""",
}
# As the owner; {log} is where the peer keeps versions. Statements are separated by a line break.
PEER_ATTACKS = {
    "DELETE": "DELETE FROM peers.{name}",
    "TRUNCATE": "TRUNCATE peers.{name}",
    "disabled triggers": "ALTER TABLE peers.{name} DISABLE TRIGGER USER\nDELETE FROM peers.{name}",
    "UPDATE past the log": "ALTER TABLE peers.{name} DISABLE TRIGGER USER\n"
    "UPDATE peers.{name} SET price = 9",
    "emptied log": "DELETE FROM {log}",
    "truncated log": "TRUNCATE {log}",
    "dropped column": "ALTER TABLE peers.{name} DROP COLUMN price CASCADE",
    "dropped table": "DROP TABLE peers.{name} CASCADE",
}


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


def make_peers(connection: psycopg.Connection[Any]) -> list[str]:
    """Make a table for each peer that is installed, and say which are not."""
    available = {name for (name,) in connection.execute("SELECT name FROM pg_available_extensions")}
    connection.execute(
        "CREATE ROLE peer_owner; CREATE SCHEMA peers; GRANT ALL ON SCHEMA peers"
        " TO peer_owner, aegis_owner"
    )
    found = []
    for name, (make, _) in PEERS.items():
        if name not in {"plain", "aegis"}:
            if name not in available:
                click.echo(f"{name} is not installed: skipped", err=True)
                continue
            connection.execute(f"CREATE EXTENSION {name} CASCADE")
        connection.execute(PEER.format(name=name, owner=owner_of(name)) + make)
        found.append(name)
    return found


def owner_of(name: str) -> str:
    """Return the role that owns the table of a peer, and attacks it."""
    return "aegis_owner" if name == "aegis" else "peer_owner"


def peer_losses(connection: psycopg.Connection[Any], names: list[str]) -> dict[str, dict[str, str]]:
    """Return what each attack of the owner does to the versions of a row: kept, lost, refused."""
    outcomes: dict[str, dict[str, str]] = {}
    for name in names:
        log = PEERS[name][1]
        for price in (1, 2, 3):
            connection.execute(
                f"INSERT INTO peers.{name} (stock_code, trade_date, price, volume)"
                f" VALUES ('victim', '1999-01-04', {price}, 1)"
                " ON CONFLICT (stock_code, trade_date) DO UPDATE SET price = excluded.price"
            )
        before = versions(connection, name, log)
        outcomes[name] = {}
        for attack, statements in PEER_ATTACKS.items():
            if "{log}" in statements and not log:
                outcomes[name][attack] = "no log"
                continue
            verdict = "refused"
            try:
                with connection.transaction(force_rollback=True):
                    connection.execute(f"SET LOCAL ROLE {owner_of(name)}")
                    for statement in statements.format(name=name, log=log).split("\n"):
                        connection.execute(statement)
                    connection.execute("RESET ROLE")
                    lost = len(before - versions(connection, name, log))
                    verdict = f"{lost} of {len(before)} lost" if lost else "kept"
            except psycopg.Error:
                pass
            outcomes[name][attack] = verdict
        outcomes[name]["before any attack"] = f"{len(before)} of 3 versions"
    return outcomes


def versions(connection: psycopg.Connection[Any], name: str, log: str) -> set[object]:
    """Return the prices of the victim that can still be read anywhere."""
    found: set[object] = set()
    for relation in filter(None, (f"peers.{name}", log)):
        try:
            with connection.transaction():
                rows = connection.execute(
                    f"SELECT price FROM {relation} WHERE stock_code = 'victim'"
                ).fetchall()
        except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn):
            continue
        found |= {price for (price,) in rows}
    return found


def peer_costs(
    connection: psycopg.Connection[Any], names: list[str], rounds: int
) -> dict[str, dict[str, float]]:
    """Return the median ratio of every peer to the plain table, for INSERT and UPDATE."""
    ratios: dict[str, dict[str, list[float]]] = {n: {w: [] for w in PEER_WRITES} for n in names}
    for turn in range(rounds + 1):
        values = {"day": date(2024, 1, 1) + timedelta(days=turn), "batch": turn + 1}
        for work, template in PEER_WRITES.items():
            clock = {
                name: timed(
                    connection,
                    template.format(name=name),
                    **{key: values[key] for key in values if f"%({key})s" in template},
                )
                for name in random.sample(names, len(names))
            }
            if turn:
                for name in names:
                    ratios[name][work].append(clock[name] / clock[PLAIN])
    return {
        name: {work: statistics.median(found) for work, found in works.items()}
        for name, works in ratios.items()
    }


def partman_loss(connection: psycopg.Connection[Any]) -> str:
    """Return what becomes of a month of rows when whoever maintains partitions sets a retention."""
    if not connection.execute(
        "SELECT 1 FROM pg_available_extensions WHERE name = 'pg_partman'"
    ).fetchone():
        return "not installed: skipped"
    connection.execute(
        """CREATE SCHEMA partman; CREATE EXTENSION pg_partman SCHEMA partman;
           CREATE TABLE peers.partman (trade_date date NOT NULL, price numeric)
               PARTITION BY RANGE (trade_date);
           SELECT partman.create_parent('peers.partman', 'trade_date', 'native', 'monthly',
                      p_start_partition => (current_date - interval '1 year')::text);
           INSERT INTO peers.partman VALUES ((current_date - interval '11 months')::date, 1)"""
    )
    connection.execute(
        """UPDATE partman.part_config SET retention = '1 month', retention_keep_table = false
            WHERE parent_table = 'peers.partman'"""
    )
    connection.execute("SELECT partman.run_maintenance('peers.partman')")
    row = connection.execute("SELECT count(*) FROM peers.partman").fetchone()
    return "kept" if row == (1,) else "dropped, without copy or record"


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
            names = make_peers(connection)
            losses = peer_losses(connection, names)
            costs = peer_costs(connection, names, rounds)
            expired = partman_loss(connection)
    if as_json:
        peers = {"losses": losses, "ratios": costs, "pg_partman": expired}
        click.echo(json.dumps({"ratios": ratios, **extra, "peers": peers}, indent=1))
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
    table = Table(title="peers: what an owner loses of three versions of a row; cost")
    table.add_column("attack")
    for name in names:
        table.add_column(name)
    for attack in losses[PLAIN]:
        table.add_row(attack, *(losses[name][attack] for name in names))
    for work in PEER_WRITES:
        table.add_row(work, *(f"{costs[name][work]:.2f}" for name in names))
    Console().print(table)
    click.echo(f"pg_partman, a retention set by its user: {expired}")


if __name__ == "__main__":
    main()
