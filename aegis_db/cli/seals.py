"""`aegis-db seal`, `anchor` and `attempts`: evidence, and where it is kept."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path

import click
from psycopg.rows import dict_row

from aegis_db import anchor as anchors
from aegis_db.cli.options import dsn_option, json_option
from aegis_db.database import connect
from aegis_db.errors import AegisError, reported

_ATTEMPTS = """
SELECT attempt_id, attempted_at, attempted_by, client_address, operation, relation, sqlstate,
       is_guard_shaped, query
  FROM aegis.blocked_attempts
 ORDER BY attempt_id DESC
 LIMIT %s"""


@click.command()
@dsn_option
def seal(dsn: str) -> None:
    """Link every final act of the ledger into the chain."""
    with reported(), connect(dsn, autocommit=True) as connection:
        connection.execute("CALL aegis.seal_ledger()")
    click.echo("the ledger is sealed", err=True)


@click.group()
def anchor() -> None:
    """Keep the head of the chain outside of the server, and hold the server against it."""


@anchor.command("export")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@dsn_option
def export(file: Path, dsn: str) -> None:
    """Write the head of the chain to FILE, which must not exist.

    Keep FILE where no administrator of the server can write.
    """
    with reported(), connect(dsn) as connection:
        head = anchors.head(connection)
        try:
            handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o444)
        except FileExistsError as failure:
            raise AegisError(
                "AEP78", f"{file} exists", hint="An anchor is never overwritten: name another file."
            ) from failure
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            json.dump(head, out, indent=1)
            out.write("\n")
            out.flush()
            os.fsync(out.fileno())
    click.echo(f"seal {head['seal_number']} anchored in {file}", err=True)


@anchor.command("verify")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--rows/--no-rows", default=True, help="Take the roots of all days from the rows.")
@dsn_option
@json_option
@click.pass_context
def verify(context: click.Context, file: Path, rows: bool, dsn: str, as_json: bool) -> None:
    """Recompute the chain outside of the server and compare it with the anchor in FILE."""
    with reported(), connect(dsn) as connection:
        anchored = anchors.read(file)
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        found = list(anchors.verify_chain(connection, anchored))
        if rows:
            found += anchors.verify_days(connection, anchored)
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in found], indent=1))
    else:
        for finding in found:
            click.echo(f"{finding.finding}  {finding.place}  {finding.particulars}")
    click.echo(f"seal {anchored['seal_number']}: {len(found)} differences", err=True)
    context.exit(3 if found else 0)


@click.command()
@click.option("--collect", is_flag=True, help="Collect from the WAL first.")
@click.option("--watch", is_flag=True, help="Make the replication slot first, once.")
@click.option("--limit", type=click.IntRange(1), default=40, show_default=True)
@dsn_option
@json_option
def attempts(collect: bool, watch: bool, limit: int, dsn: str, as_json: bool) -> None:
    """Show the latest refused statements."""
    with reported(), connect(dsn, autocommit=True) as connection:
        if watch:
            connection.execute("CALL aegis.watch_attempts()")
        if collect:
            connection.execute("CALL aegis.collect_attempts()")
        with connection.cursor(row_factory=dict_row) as cursor:
            found = cursor.execute(_ATTEMPTS, (limit,)).fetchall()
    if as_json:
        click.echo(json.dumps(found, default=str, ensure_ascii=False, indent=1))
        return
    for attempt in found:
        doubt = "" if attempt["is_guard_shaped"] else "  (not made by a guard)"
        click.echo(
            f"{attempt['attempted_at']}  {attempt['attempted_by']}  {attempt['sqlstate']}  "
            f"{attempt['operation']} {attempt['relation']}: {attempt['query']}{doubt}"
        )
