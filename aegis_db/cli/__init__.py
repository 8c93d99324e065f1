"""The command line: one verb per errand, data on stdout, talk on stderr."""

from __future__ import annotations

from importlib import import_module

import click

from aegis_db import __version__

MODULES = {
    "alerts": "queue",
    "anchor": "seals",
    "archive": "preservation",
    "attempts": "seals",
    "breakers": "queue",
    "build-index": "online",
    "calendar": "calendar",
    "cases": "queue",
    "change": "preservation",
    "deletion": "preservation",
    "demo": "demo",
    "doctor": "schema",
    "downgrade": "schema",
    "erasure": "preservation",
    "history": "rows",
    "hold": "preservation",
    "ingest": "ingest",
    "kafka": "kafka",
    "load": "load",
    "metrics": "metrics",
    "report": "report",
    "restore": "rows",
    "retention": "preservation",
    "seal": "seals",
    "server": "server",
    "soft-delete": "rows",
    "status": "schema",
    "test": "test",
    "upgrade": "schema",
    "validate": "validation",
    "verify": "schema",
}


class Commands(click.Group):
    """Commands whose modules are imported when they are asked for, so that each starts at once."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names of all commands."""
        return sorted(MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Return the command of that name, None when there is none."""
        if cmd_name not in MODULES:
            return None
        module = import_module(f"{__name__}.{MODULES[cmd_name]}")
        command: click.Command = getattr(module, cmd_name.replace("-", "_"))
        return command


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="aegis-db")
def main() -> None:
    """AEGIS: market data in PostgreSQL that cannot be lost and is hard to get wrong.

    Every command takes --dsn, AEGIS_DSN or the PG* variables. Exit codes: 0 done, 1 refused or
    failed, 2 wrong usage, 3 `verify` found a difference or `doctor` a critical defect.
    """
