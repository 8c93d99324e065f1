"""`aegis-db metrics`: the health of validation in the text form of Prometheus."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click
from psycopg.rows import dict_row

from aegis_db.cli.options import dsn_option
from aegis_db.database import connect
from aegis_db.errors import reported

_HEALTH = """
SELECT measure, label, label_value, value, is_healthy, description
  FROM aegis.validation_health
 ORDER BY measure, label_value
"""


@click.command()
@dsn_option
def metrics(dsn: str) -> None:
    """Print aegis.validation_health for Prometheus (node exporter's textfile, or a CGI)."""
    with reported(), connect(dsn) as connection, connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(_HEALTH).fetchall()
    click.echo("\n".join(exposition(rows)))


def exposition(rows: list[dict[str, Any]]) -> Iterator[str]:
    """Yield the lines of the text format: a family per measure, and one of what is healthy."""
    family = ""
    for row in rows:
        name = f"aegis_validation_{row['measure']}"
        if name != family:
            family = name
            yield f"# HELP {name} {_escape(row['description'])}"
            yield f"# TYPE {name} gauge"
        yield f"{name}{_labels(row['label'], row['label_value'])} {row['value']}"
    name = "aegis_validation_healthy"
    yield f"# HELP {name} 1 where nobody has to do anything."
    yield f"# TYPE {name} gauge"
    for measure in dict.fromkeys(row["measure"] for row in rows):
        good = all(row["is_healthy"] for row in rows if row["measure"] == measure)
        yield f"{name}{_labels('measure', measure)} {int(good)}"


def _labels(label: str | None, value: str | None) -> str:
    return "" if label is None else f'{{{label}="{_escape(value or "", quotes=True)}"}}'


def _escape(text: str, *, quotes: bool = False) -> str:
    escaped = text.replace("\\", "\\\\").replace("\n", "\\n")
    return escaped.replace('"', '\\"') if quotes else escaped
