"""Archived partitions as files: written, read back, compared, and only then recorded."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from aegis_db.errors import AegisError

CHUNK = 1 << 20
# Text that means the same everywhere: what a value is written as depends on nothing else.
SETTINGS = """
SET LOCAL timezone = 'UTC';
SET LOCAL datestyle = 'ISO, YMD';
SET LOCAL intervalstyle = 'postgres';
SET LOCAL extra_float_digits = 1;
SET LOCAL bytea_output = 'hex';
"""
_ARCHIVE = """
SELECT s.relation, s.archive, s.lower_bound::text, s.upper_bound::text, s.row_count, s.digest,
       s.dropped_at, a.archive_name, a.column_names
  FROM aegis.archive_status AS s
  JOIN aegis.archived_partitions AS a ON a.archive_id = s.archive_id
 WHERE s.archive_id = %s
"""
_COLUMNS = """
SELECT a.attname::text, format_type(a.atttypid, a.atttypmod)
  FROM pg_attribute AS a
 WHERE a.attrelid = %s::regclass AND a.attname = ANY(%s)
"""
# Every value quoted, so that an empty text and a null are two things.
_CSV = "(FORMAT csv, HEADER TRUE, NULL '', {}ENCODING 'UTF8')"


@dataclass(frozen=True)
class Export:
    """What a file holds: the manifest beside it says the same."""

    archive_id: int
    relation: str
    archive: str
    lower_bound: str
    upper_bound: str
    file: str
    format: str
    size: int
    sha256: str
    rows: int
    digest: str
    columns: dict[str, str]


def export_archive(
    connection: psycopg.Connection[Any], archive_id: int, directory: Path
) -> tuple[Export, int]:
    """Write an archive to ``directory`` as csv.gz with a manifest; return it and the ledger number.

    The file is read back into the server as rows of a temporary table, and their digest is
    compared with that of the archive. Nothing is left behind under the final name unless that
    succeeded. Raises AEP50 for an unknown archive, AEP69 when what was read back differs.
    """
    with connection.transaction():
        connection.execute(SETTINGS)
        with connection.cursor(row_factory=dict_row) as cursor:
            found = cursor.execute(_ARCHIVE, (archive_id,)).fetchone()
        if found is None or found["dropped_at"] is not None:
            raise AegisError(
                "AEP50",
                f"there is no archive {archive_id}",
                hint="aegis-db archive list shows the archives.",
            )
        names = cast("list[str]", found["column_names"])
        types = dict(connection.execute(_COLUMNS, (found["archive"], names)).fetchall())
        target = directory / f"{found['archive_name']}.csv.gz"
        part = target.with_name(f".{target.name}.part")
        relation = sql.Identifier("aegis_archive", found["archive_name"])
        try:
            sha256 = _write(connection, relation, names, part)
            rows, digest = _read_back(connection, relation, names, part)
            if (rows, digest) != (found["row_count"], found["digest"]):
                raise AegisError(
                    "AEP69",
                    f"the file of {found['archive']} does not hold what the archive holds",
                    detail=f"{rows} rows with digest {digest.hex()} were read back; "
                    f"{found['row_count']} with {found['digest'].hex()} should be.",
                    hint="Nothing was recorded; verify the archive and export it again.",
                )
            export = Export(
                archive_id=archive_id,
                relation=found["relation"],
                archive=found["archive"],
                lower_bound=found["lower_bound"],
                upper_bound=found["upper_bound"],
                file=target.name,
                format="csv.gz",
                size=part.stat().st_size,
                sha256=sha256,
                rows=rows,
                digest=digest.hex(),
                columns={name: types[name] for name in names},
            )
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
        manifest = target.with_name(f"{target.name}.manifest.json")
        manifest.write_text(
            json.dumps(asdict(export), ensure_ascii=False, indent=1) + "\n", "utf-8"
        )
        _sync(directory)
        recorded = connection.execute(
            "SELECT aegis.record_export(%s, %s, %s, %s, %s, %s)",
            (archive_id, str(target), export.format, rows, digest, sha256),
        ).fetchone()
    return export, cast("tuple[int]", recorded)[0]


def _write(
    connection: psycopg.Connection[Any], relation: sql.Identifier, names: list[str], part: Path
) -> str:
    """Copy the rows into ``part``; return its sha256."""
    query = sql.SQL("COPY (SELECT {} FROM {} AS r) TO STDOUT " + _CSV.format("FORCE_QUOTE *, "))
    columns = sql.SQL(", ").join(sql.Identifier("r", name) for name in names)
    with part.open("wb") as raw:
        # No name and no time inside: the same rows in the same order make the same file.
        with (
            gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as packed,
            connection.cursor().copy(query.format(columns, relation)) as copy,
        ):
            for chunk in copy:
                packed.write(chunk)
        raw.flush()
        os.fsync(raw.fileno())
    with part.open("rb") as raw:
        return hashlib.file_digest(raw, "sha256").hexdigest()


def _read_back(
    connection: psycopg.Connection[Any], relation: sql.Identifier, names: list[str], part: Path
) -> tuple[int, bytes]:
    """Load ``part`` into a temporary table; return count and digest of its rows."""
    connection.execute("DROP TABLE IF EXISTS pg_temp.aegis_readback")
    connection.execute(
        sql.SQL("CREATE TEMP TABLE aegis_readback (LIKE {}) ON COMMIT DROP").format(relation)
    )
    query = sql.SQL("COPY pg_temp.aegis_readback ({}) FROM STDIN " + _CSV.format(""))
    columns = sql.SQL(", ").join(map(sql.Identifier, names))
    with (
        gzip.open(part, "rb") as packed,
        connection.cursor().copy(query.format(columns)) as copy,
    ):
        while chunk := packed.read(CHUNK):
            copy.write(chunk)
    row = connection.execute(
        "SELECT d.row_count, d.digest FROM aegis.rows_digest('pg_temp.aegis_readback', %s) AS d",
        (names,),
    ).fetchone()
    return cast("tuple[int, bytes]", row)


def _sync(directory: Path) -> None:
    """Let the names of new files survive a crash, too."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
