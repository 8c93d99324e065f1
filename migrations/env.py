"""The session of a migration: its settings, its turn, one transaction per revision.

The database is named by ``-x dsn=...``, by AEGIS_DSN or by the PG* variables, in this order.
``-x allow_data_loss=on`` lets a downgrade drop tables that hold rows.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Collection, Mapping
from logging.config import fileConfig
from pathlib import Path
from typing import Any

import psycopg
from alembic import context
from alembic.runtime.migration import MigrationContext, MigrationInfo
from psycopg.errors import DeadlockDetected, LockNotAvailable
from psycopg.rows import TupleRow
from sqlalchemy import create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from aegis_db.database import connect
from aegis_db.migrate import emit, emit_alone, expect

LOG = logging.getLogger("aegis_db.migrate")
URL = "postgresql+psycopg://"
SESSION = [
    (Path(__file__).parent / "session" / name).read_text("utf-8")
    for name in ("settings.sql", "turn.sql", "schema.sql")
]
OPTIONS: dict[str, Any] = {
    "version_table": "alembic_version",
    "version_table_schema": "aegis",
    "transaction_per_migration": True,
}
ARGUMENTS = context.get_x_argument(as_dictionary=True)
if ARGUMENTS.get("allow_data_loss") == "on" or context.config.attributes.get("allow_data_loss"):
    SESSION.append("SET aegis.allow_data_loss = 'on';\n")


def dsn() -> str:
    """Return the libpq conninfo of the database; empty when the PG* variables are to decide."""
    given = ARGUMENTS.get("dsn") or context.config.attributes.get("dsn")
    return str(given or os.environ.get("AEGIS_DSN", ""))


def listen() -> psycopg.Connection[TupleRow]:
    """Open a connection whose warnings are heard."""
    connection = connect(dsn())
    connection.add_notice_handler(
        lambda notice: LOG.warning("%s: %s", notice.severity, notice.message_primary)
    )
    return connection


def is_about_locks(error: BaseException) -> bool:
    """Tell whether a revision gave way to other sessions, so that it can be tried again."""
    return isinstance(error, DBAPIError) and isinstance(
        error.orig, LockNotAvailable | DeadlockDetected
    )


def tell(
    ctx: MigrationContext,  # noqa: ARG001
    step: MigrationInfo,
    heads: Collection[Any],  # noqa: ARG001
    run_args: Mapping[str, Any],  # noqa: ARG001
) -> None:
    """Pass on which revision is done."""
    if listener := context.config.attributes.get("tell"):
        verb = "applied" if step.is_upgrade else "took back"
        revision = context.script.get_revision(str(step.up_revision_id))
        listener(f"{verb} {revision.revision}: {revision.doc}")


def script() -> None:
    """Write the migration as a script for psql."""
    context.configure(url=URL, literal_binds=True, **OPTIONS)
    for text in SESSION:
        emit(text)
    expect(next(iter(context.get_context().get_current_heads()), None))
    with context.begin_transaction():
        context.run_migrations()


def migrate() -> None:
    """Run the migration; a revision that met a lock gives way and is tried again."""
    engine = create_engine(URL, creator=listen, poolclass=NullPool)
    with engine.connect() as connection:
        context.configure(connection=connection, on_version_apply=tell, **OPTIONS)
        if not context.get_context().opts.get("dont_mutate"):
            for text in SESSION:
                emit_alone(text)
        for attempt in Retrying(
            retry=retry_if_exception(is_about_locks),
            stop=stop_after_attempt(5),
            wait=wait_random_exponential(max=10),
            reraise=True,
        ):
            with attempt, context.begin_transaction():
                context.run_migrations()


if context.config.cmd_opts is not None and context.config.config_file_name is not None:
    fileConfig(context.config.config_file_name, disable_existing_loggers=False)
if context.is_offline_mode():
    script()
else:
    migrate()
