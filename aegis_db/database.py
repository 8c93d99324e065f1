"""Connections: libpq finds the server, AEGIS only adds its name and its time zone."""

from __future__ import annotations

import os
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import TupleRow


def parameters(dsn: str = "") -> dict[str, Any]:
    """Return what every session of AEGIS adds to ``dsn``: UTF-8, UTC, its name."""
    given = conninfo_to_dict(dsn).get("options") or os.environ.get("PGOPTIONS", "")
    return {
        "client_encoding": "UTF8",
        "fallback_application_name": "aegis-db",
        "options": f"{given} -c timezone=UTC".strip(),
    }


def connect(dsn: str = "", *, autocommit: bool = False) -> psycopg.Connection[TupleRow]:
    """Open a connection to ``dsn`` (libpq conninfo or URI; empty: the PG* variables).

    The session speaks UTF-8 and UTC and is named ``aegis-db`` unless the conninfo names it.
    Raises psycopg.OperationalError.
    """
    return psycopg.connect(dsn, autocommit=autocommit, **parameters(dsn))
