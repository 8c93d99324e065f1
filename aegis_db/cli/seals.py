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
from aegis_db.object_store import Place, client, place_of, write_once

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
@click.argument("target", metavar="FILE|S3URL")
@click.option(
    "--retain-days",
    type=click.IntRange(1, 36500),
    default=2557,
    show_default="seven years",
    help="S3: how long nobody can remove the anchor. Cannot be shortened afterwards.",
)
@dsn_option
def export(target: str, retain_days: int, dsn: str) -> None:
    """Write the head of the chain to a file, or to S3 with Object Lock.

    FILE must not exist; keep it where no administrator of the server can write. S3URL is
    s3://bucket/key, or s3://bucket/folder/ for a key of its own below the folder. The bucket must
    have Object Lock; credentials, region and endpoint are boto3's own (AWS_PROFILE,
    AWS_ENDPOINT_URL_S3).
    """
    with reported():
        place = place_of(target) if target.startswith("s3://") else None
        with connect(dsn) as connection:
            head = anchors.head(connection)
        if place is None:
            _write(Path(target), anchors.text(head))
            where = target
        else:
            if place.is_folder:
                place = Place(place.bucket, place.key + anchors.key(head))
            until = write_once(client(), place, anchors.text(head).encode(), retain_days)
            where = f"{place}, locked until {until:%Y-%m-%d}"
    click.echo(f"seal {head['seal_number']} anchored in {where}", err=True)


def _write(file: Path, text: str) -> None:
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o444)
    except FileExistsError as failure:
        raise AegisError(
            "AEP78", f"{file} exists", hint="An anchor is never overwritten: name another file."
        ) from failure
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())


@anchor.command("verify")
@click.argument("source", metavar="FILE|S3URL")
@click.option("--rows/--no-rows", default=True, help="Take the roots of all days from the rows.")
@dsn_option
@json_option
@click.pass_context
def verify(context: click.Context, source: str, rows: bool, dsn: str, as_json: bool) -> None:
    """Recompute the chain outside of the server and compare it with an anchor.

    With s3://bucket/folder/ every anchor below the folder has to hold. Of an object in S3 the first
    version counts, whatever was written over it since.
    """
    with reported():
        if source.startswith("s3://"):
            anchored, found = anchors.stored(place_of(source))
        else:
            anchored, found = [anchors.read(Path(source))], []
        last = max(anchored, key=lambda each: int(each["seal_number"]))
        with connect(dsn) as connection:
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            found += anchors.verify_chain(connection, *anchored)
            if rows:
                found += anchors.verify_days(connection, last)
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in found], indent=1))
    else:
        for finding in found:
            click.echo(f"{finding.finding}  {finding.place}  {finding.particulars}")
    click.echo(f"seal {last['seal_number']}: {len(found)} differences", err=True)
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
