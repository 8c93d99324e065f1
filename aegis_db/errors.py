"""One shape for every failure: SQLSTATE, message, detail, hint. Never a traceback."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click
import psycopg
from sqlalchemy.exc import DBAPIError


class AegisError(Exception):
    """A refusal that the courier itself has to speak, in the shape of a database error.

    ``sqlstate`` is a code of ``aegis.error_codes``; ``detail`` is a sentence of fact and ``hint``
    the next step.
    """

    def __init__(self, sqlstate: str, message: str, *, detail: str = "", hint: str = "") -> None:
        """Keep the parts apart; ``str()`` of the error is the message alone."""
        super().__init__(message)
        self.sqlstate = sqlstate
        self.message = message
        self.detail = detail
        self.hint = hint


def describe(error: BaseException) -> AegisError:
    """Return ``error`` as an AegisError, with whatever the server said about it."""
    if isinstance(error, AegisError):
        return error
    if isinstance(error, DBAPIError) and error.orig is not None:
        return describe(error.orig)
    if isinstance(error, psycopg.Error) and error.sqlstate:
        diag = error.diag
        return AegisError(
            error.sqlstate,
            diag.message_primary or str(error),
            detail=diag.message_detail or "",
            hint=diag.message_hint or "",
        )
    if isinstance(error, psycopg.OperationalError):
        return AegisError(
            "08000",
            " ".join(str(error).split()),
            hint="Check --dsn, AEGIS_DSN or the PG* variables; "
            "`aegis-db server start` starts a private server.",
        )
    if isinstance(error, OSError):
        return AegisError("58030", str(error))
    return AegisError("AEZ01", f"{type(error).__name__}: {error}")


def show(error: AegisError) -> None:
    """Print ``error`` on stderr in the form of psql: code and message, then DETAIL and HINT."""
    click.echo(f"{error.sqlstate}: {error.message}", err=True)
    if error.detail:
        click.echo(f"DETAIL: {error.detail}", err=True)
    if error.hint:
        click.echo(f"HINT: {error.hint}", err=True)


@contextmanager
def reported() -> Iterator[None]:
    """Turn refusals and database errors into a report on stderr and exit code 1."""
    try:
        yield
    except (AegisError, psycopg.Error, DBAPIError, OSError) as error:
        show(describe(error))
        sys.exit(1)
