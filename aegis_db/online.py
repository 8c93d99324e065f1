"""Changing a table while it is written: no writer waits longer than a moment.

A statement that needs a table for itself queues behind whoever uses it, and every writer queues
behind the statement. So it asks for the lock for a moment only, gives way, and asks again
(``patiently``). What takes long is done in forms that no writer waits for: an index is built
``CONCURRENTLY`` partition by partition and then attached (``build_index``), a constraint is added
``NOT VALID`` and validated afterwards (``add_check``). Each may be run again after it was
interrupted, and goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import psycopg
from psycopg import sql
from psycopg.errors import DeadlockDetected, LockNotAvailable
from psycopg.rows import TupleRow
from tenacity import (
    Retrying,
    retry_if_exception_type,
    stop_after_delay,
    wait_random,
)

from aegis_db.errors import AegisError

Connection = psycopg.Connection[TupleRow]
Tell = Callable[[str], None]

LOCK_TIMEOUT = "50ms"
PATIENCE = 120.0

_LEAVES = """
SELECT t.relid::regclass::text, c.relname, n.nspname
  FROM pg_catalog.pg_partition_tree(%s::regclass) AS t
  JOIN pg_catalog.pg_class AS c ON c.oid = t.relid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE t.isleaf
 ORDER BY 1
"""
_INDEX = """
SELECT i.indisvalid, c.relispartition
  FROM pg_catalog.pg_index AS i
  JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
 WHERE i.indrelid = %s::regclass AND c.relname = %s
"""


def patiently(
    connection: Connection,
    statements: Sequence[sql.Composed | str],
    *,
    lock_timeout: str = LOCK_TIMEOUT,
    patience: float = PATIENCE,
) -> int:
    """Run ``statements`` in one transaction that waits at most ``lock_timeout`` for each lock.

    When a lock is not to be had, all is rolled back, writers go first, and it is tried again for
    ``patience`` seconds; then LockNotAvailable is raised. Returns the number of tries.
    ``connection`` is in autocommit.
    """
    tries = 0
    for attempt in Retrying(
        retry=retry_if_exception_type((LockNotAvailable, DeadlockDetected)),
        stop=stop_after_delay(patience),
        wait=wait_random(0.05, 0.4),
        reraise=True,
    ):
        with attempt, connection.transaction():
            tries += 1
            connection.execute("SELECT set_config('lock_timeout', %s, true)", (lock_timeout,))
            for statement in statements:
                connection.execute(statement)
    return tries


def build_index(
    connection: Connection,
    table: str,
    name: str,
    definition: str,
    *,
    tell: Tell = lambda _: None,
) -> None:
    """Build index ``name`` on ``table``; ``definition`` follows the table: ``USING brin (a)``.

    On a partitioned table the parts are built one after the other, then attached; new partitions
    get theirs from the moment the call begins. ``connection`` is in autocommit. Raises AEK50 when
    the name belongs to an index of another table, or the table is not there.
    """
    is_partitioned, schema = _table(connection, table, name)
    on = sql.SQL(table)
    rest = sql.SQL(definition)
    connection.execute("SET lock_timeout = 0")
    if not is_partitioned:
        _concurrently(connection, table, schema, name, on, rest, tell)
        return
    if _state(connection, table, name) is None:
        # On the parent alone it is only a name: new partitions get an index, old ones may follow.
        create = sql.SQL("CREATE INDEX {} ON ONLY {} {}").format(sql.Identifier(name), on, rest)
        patiently(connection, [create])
    leaves = connection.execute(_LEAVES, (table,)).fetchall()
    for leaf, leaf_name, leaf_schema in leaves:
        part = _part_name(leaf_name, name)
        if _has_part(connection, schema, name, leaf):
            continue
        leaf_on = sql.SQL(leaf)
        _concurrently(connection, leaf, leaf_schema, part, leaf_on, rest, tell)
        attach = sql.SQL("ALTER INDEX {} ATTACH PARTITION {}").format(
            sql.Identifier(schema, name), sql.Identifier(leaf_schema, part)
        )
        patiently(connection, [attach])
    if _state(connection, table, name) != (True, False):
        raise AegisError(
            "AEK50",
            f"index {name} is not valid yet",
            detail="A partition has come without one while it was built.",
            hint="Run the same again.",
        )


def add_check(connection: Connection, table: str, name: str, expression: str) -> None:
    """Add constraint ``name`` to ``table``: new rows at once, old rows without any writer waiting.

    ``connection`` is in autocommit. Raises CheckViolation when an old row breaks it; the constraint
    then stays ``NOT VALID`` and holds for new rows.
    """
    on, named = sql.SQL(table), sql.Identifier(name)
    found = connection.execute(
        "SELECT convalidated FROM pg_catalog.pg_constraint"
        " WHERE conrelid = %s::regclass AND conname = %s",
        (table, name),
    ).fetchone()
    if found is None:
        check = sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} CHECK ({}) NOT VALID").format(
            on,
            named,
            sql.SQL(expression),
        )
        patiently(connection, [check])
    if found != (True,):
        validate = sql.SQL("ALTER TABLE {} VALIDATE CONSTRAINT {}").format(on, named)
        patiently(connection, [validate])


def _table(connection: Connection, table: str, name: str) -> tuple[bool, str]:
    found = connection.execute(
        "SELECT c.relkind = 'p', n.nspname,"
        "       EXISTS (SELECT FROM pg_catalog.pg_class AS x"
        "                LEFT JOIN pg_catalog.pg_index AS i ON i.indexrelid = x.oid"
        "                WHERE x.relnamespace = n.oid AND x.relname = %s"
        "                  AND i.indrelid IS DISTINCT FROM c.oid)"
        "  FROM pg_catalog.pg_class AS c"
        "  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace"
        " WHERE c.oid = to_regclass(%s) AND c.relkind IN ('r', 'p')",
        (name, table),
    ).fetchone()
    if found is None or found[2]:
        raise AegisError(
            "AEK50",
            f"index {name} cannot be built on {table}",
            detail="There is no such table."
            if found is None
            else "Another relation has that name.",
            hint="Name an existing table with its schema, and an index that is new or its own.",
        )
    return bool(found[0]), str(found[1])


def _concurrently(
    connection: Connection,
    table: str,
    schema: str,
    name: str,
    on: sql.Composable,
    rest: sql.Composable,
    tell: Tell,
) -> None:
    """Build one index without blocking; what an interrupted build left behind is dropped first."""
    state = _state(connection, table, name)
    if state is not None and not state[0]:
        connection.execute(
            sql.SQL("DROP INDEX CONCURRENTLY {}").format(sql.Identifier(schema, name))
        )
        state = None
    if state is None:
        connection.execute(
            sql.SQL("CREATE INDEX CONCURRENTLY {} ON {} {}").format(sql.Identifier(name), on, rest)
        )
        tell(f"built {name} on {table}")


def _state(connection: Connection, table: str, name: str) -> tuple[bool, bool] | None:
    """Return (valid, attached) of an index of ``table``, None when there is none."""
    found = connection.execute(_INDEX, (table, name)).fetchone()
    return None if found is None else (bool(found[0]), bool(found[1]))


def _has_part(connection: Connection, schema: str, name: str, leaf: str) -> bool:
    found = connection.execute(
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_inherits AS h"
        "  JOIN pg_catalog.pg_index AS i ON i.indexrelid = h.inhrelid"
        " WHERE h.inhparent = format('%%I.%%I', %s::text, %s::text)::regclass"
        "   AND i.indrelid = %s::regclass)",
        (schema, name, leaf),
    ).fetchone()
    return found == (True,)


def _part_name(leaf: str, name: str) -> str:
    """Return the name of a partition's index, within the 63 bytes that PostgreSQL keeps."""
    whole = f"{leaf}_{name}"
    if len(whole.encode()) <= 63:
        return whole
    room = 62 - len(leaf.encode())
    return f"{leaf[:40]}_{name[-20:]}" if room < 8 else f"{leaf}_{name[-room:]}"
