"""Change a table while it is written."""

from __future__ import annotations

import click

from aegis_db import online
from aegis_db.cli.options import dsn_option
from aegis_db.database import connect
from aegis_db.errors import reported


@click.command("build-index", short_help="Build an index while the table is written.")
@click.argument("table")
@click.argument("name")
@click.argument("definition")
@dsn_option
def build_index(table: str, name: str, definition: str, dsn: str) -> None:
    """Build index NAME on TABLE, partition by partition, without making writers wait.

    DEFINITION follows the table in CREATE INDEX: "(volume)", "USING brin (trade_date)". An
    interrupted build is simply run again.
    """
    with reported(), connect(dsn, autocommit=True) as connection:
        online.build_index(
            connection, table, name, definition, tell=lambda text: click.echo(text, err=True)
        )
    click.echo(f"index {name} on {table} is valid", err=True)
