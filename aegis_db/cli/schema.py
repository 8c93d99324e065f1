"""Commands about the schema: upgrade, downgrade, status, verify."""

from __future__ import annotations

from functools import partial

import click

from aegis_db import migrate
from aegis_db.cli.options import dsn_option
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
@dsn_option
def downgrade(revision: str, as_sql: bool, yes: bool, dsn: str) -> None:
    """Take the database back to REVISION (base: to nothing).

    For development, and for the hour after a release. Refused (AEK90) where rows would be lost.
    """
    if not (as_sql or yes):
        click.confirm(f"Drop everything that came after {revision}?", abort=True, err=True)
    with reported():
        migrate.downgrade(dsn, revision, as_sql=as_sql, tell=tell)
