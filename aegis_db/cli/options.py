"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])


def dsn_option(command: Command) -> Command:
    """Add ``--dsn``: which database; libpq's own variables and files complete it."""
    return click.option(
        "--dsn",
        envvar="AEGIS_DSN",
        default="",
        help="libpq conninfo or URI  [env: AEGIS_DSN; default: the PG* variables]",
    )(command)


def json_option(command: Command) -> Command:
    """Add ``--json``: the same data for programs."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout.")(command)
