"""Commands about the schema: upgrade, downgrade, status, doctor, verify."""

from __future__ import annotations

import json
import sys
from functools import partial
from typing import TextIO

import click

from aegis_db import migrate
from aegis_db import verify as checks
from aegis_db.cli.options import dsn_option, json_option
from aegis_db.database import connect
from aegis_db.errors import reported

tell = partial(click.echo, err=True)


@click.command()
@click.argument("revision", default="head")
@click.option("--sql", "as_sql", is_flag=True, help="Print the script instead of running it.")
@dsn_option
def upgrade(revision: str, as_sql: bool, dsn: str) -> None:
    """Bring the database to REVISION, by default to the newest.

    With --sql nothing is connected to. The script begins at an empty database, or at FROM when
    REVISION is FROM:TO; run it with psql -v ON_ERROR_STOP=1.
    """
    with reported():
        migrate.upgrade(dsn, revision, as_sql=as_sql, tell=tell)


@click.command()
@click.argument("revision")
@click.option("--sql", "as_sql", is_flag=True, help="Print the script; REVISION is FROM:TO.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--allow-data-loss", is_flag=True, help="Also drop tables that hold rows.")
@dsn_option
def downgrade(revision: str, as_sql: bool, yes: bool, allow_data_loss: bool, dsn: str) -> None:
    """Take the database back to REVISION (base: to nothing).

    For development, and for the hour after a release. Refused (AEK90) where rows would be lost.
    """
    if not (as_sql or yes):
        click.confirm(f"Drop everything that came after {revision}?", abort=True, err=True)
    with reported():
        migrate.downgrade(dsn, revision, allow_data_loss=allow_data_loss, as_sql=as_sql, tell=tell)


@click.command()
@json_option
@dsn_option
def status(as_json: bool, dsn: str) -> None:
    """Show where the database is: revision, what is pending, which layers protect it."""
    with reported(), connect(dsn) as connection:
        state = checks.status(connection)
    if as_json:
        click.echo(json.dumps(state, default=str, indent=2))
        return
    lines = {
        "database": f"{state['database']} (PostgreSQL {state['server_version']})",
        "revision": state["revision"] or "none: AEGIS is not installed here",
        "pending": ", ".join(state["pending"]) or "nothing",
        "deployed": state["deployed_at"]
        and f"{state['deployed_at']:%Y-%m-%d %H:%M:%S%z} by {state['deployed_by']}",
    }
    for name, layer in state["layers"].items():
        lines[name] = f"{'on ' if layer['active'] else 'OFF'}  {layer['detail']}"
    for name, text in lines.items():
        click.echo(f"{name:<16}{text or 'never'}")


@click.command()
@json_option
@dsn_option
def doctor(as_json: bool, dsn: str) -> None:
    """Show which layers protect the data, and what is wrong; exit with 3 if it is critical.

    Asks the catalog, not the guards: it also finds what was done past them. Runs as a member of
    aegis_auditor or aegis_operator.
    """
    with reported(), connect(dsn) as connection:
        layers = checks.status(connection)["layers"]
        defects = checks.posture(connection)
    if as_json:
        click.echo(json.dumps({"layers": layers, "defects": defects}, indent=2))
    else:
        for name, layer in layers.items():
            click.echo(f"{name:<16}{'on ' if layer['active'] else 'OFF'}  {layer['detail']}")
        for defect in defects:
            click.echo(
                f"\n{defect['severity']}: {defect['layer']}: {defect['object']}: {defect['fault']}"
                f"\n  mend: {defect['remedy']}"
            )
        click.echo(f"{len(defects)} defects" if defects else "no defect", err=True)
    sys.exit(3 if any(defect["severity"] == "critical" for defect in defects) else 0)


@click.command()
@json_option
@click.option("--junit", type=click.File("w", "utf-8"), help="Also write JUnit XML to this file.")
@click.option(
    "--against",
    metavar="DSN",
    help="Also compare every object with this clean database of the same major version.",
)
@dsn_option
def verify(as_json: bool, junit: TextIO | None, against: str | None, dsn: str) -> None:
    """Compare the database with this package, and exit with 3 where they differ.

    Looks at the package's own files, the deployment log, every routine and view, the guards,
    owners and grants. Runs as a member of aegis_auditor. For tables, triggers and constraints give
    an empty database with --against; AEGIS is installed there when it is missing, and it can be
    dropped afterwards.
    """
    with reported(), connect(dsn) as connection:
        drifts = checks.verify(connection)
        if against is not None:
            drifts += _against(connection, against)
    if junit is not None:
        junit.write(checks.junit(drifts))
    if as_json:
        click.echo(json.dumps(checks.as_rows(drifts), indent=2))
    else:
        for drift in drifts:
            click.echo(drift)
        click.echo(f"{len(drifts)} differences" if drifts else "no difference", err=True)
    sys.exit(3 if drifts else 0)


def _against(connection: checks.Connection, dsn: str) -> list[checks.Drift]:
    """Compare with the database at ``dsn``, upgraded to the same revision."""
    migrate.upgrade(dsn, checks.current_revision(connection) or "head")
    with connect(dsn) as clean:
        return checks.differences(connection, clean)
