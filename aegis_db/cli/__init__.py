"""The command line: one verb per errand, data on stdout, talk on stderr."""

from __future__ import annotations

import click

from aegis_db import __version__
from aegis_db.cli.calendar import calendar
from aegis_db.cli.demo import demo
from aegis_db.cli.load import load
from aegis_db.cli.report import report
from aegis_db.cli.schema import downgrade, status, upgrade, verify
from aegis_db.cli.server import server
from aegis_db.cli.test import test


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="aegis-db")
def main() -> None:
    """AEGIS: market data in PostgreSQL that cannot be lost and is hard to get wrong.

    Every command takes --dsn, AEGIS_DSN or the PG* variables. Exit codes: 0 done, 1 refused or
    failed, 2 wrong usage, 3 `verify` found a difference.
    """


for command in (calendar, demo, downgrade, load, report, server, status, test, upgrade, verify):
    main.add_command(command)
