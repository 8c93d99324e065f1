"""Archived partitions as files: written, read back, compared, and only then recorded."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from aegis_db.errors import AegisError

CHUNK = 1 << 20
# Rows of a Parquet row group: what is in memory at once, and what a reader can skip.
ROW_GROUP = 50_000
CSV, PARQUET = "csv.gz", "parquet"
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
SELECT a.attname::text, format_type(a.atttypid, a.atttypmod), y.typtype::text
  FROM pg_attribute AS a
  JOIN pg_type AS y ON y.oid = a.atttypid
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


@dataclass(frozen=True)
class Source:
    """The rows to write: relation, columns in order, their types in words, which are enums."""

    name: str
    relation: sql.Identifier
    types: dict[str, str]
    enums: frozenset[str]

    def columns(self) -> sql.Composed:
        """Return the columns for a SELECT from the relation as ``r``."""
        return sql.SQL(", ").join(sql.Identifier("r", name) for name in self.types)


def export_archive(
    connection: psycopg.Connection[Any],
    archive_id: int,
    directory: Path,
    file_format: str = CSV,
) -> tuple[Export, int]:
    """Write an archive to ``directory`` with a manifest; return it and the ledger number.

    ``file_format`` is ``csv.gz`` or ``parquet`` (extra ``parquet``). The file is read back into the
    server as rows of a temporary table, and their digest is compared with that of the archive.
    Nothing is left behind under the final name unless that succeeded. Raises AEP50 for an unknown
    archive, AEP69 when the format cannot hold a value or what was read back differs, AEP81.
    """
    write, feed = _FORMATS[file_format]
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
        known = {
            name: (kind, is_enum == "e")
            for name, kind, is_enum in connection.execute(_COLUMNS, (found["archive"], names))
        }
        source = Source(
            found["archive"],
            sql.Identifier("aegis_archive", found["archive_name"]),
            {name: known[name][0] for name in names},
            frozenset(name for name in names if known[name][1]),
        )
        target = directory / f"{found['archive_name']}.{file_format}"
        part = target.with_name(f".{target.name}.part")
        try:
            write(connection, source, part)
            with part.open("rb") as raw:
                os.fsync(raw.fileno())
                sha256 = hashlib.file_digest(raw, "sha256").hexdigest()
            rows, digest = _read_back(connection, source, part, feed)
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
                format=file_format,
                size=part.stat().st_size,
                sha256=sha256,
                rows=rows,
                digest=digest.hex(),
                columns=source.types,
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


def _read_back(
    connection: psycopg.Connection[Any],
    source: Source,
    part: Path,
    feed: Callable[[psycopg.Connection[Any], Source, Path], None],
) -> tuple[int, bytes]:
    """Load ``part`` into a temporary table; return count and digest of its rows."""
    connection.execute("DROP TABLE IF EXISTS pg_temp.aegis_readback")
    connection.execute(
        sql.SQL("CREATE TEMP TABLE aegis_readback (LIKE {}) ON COMMIT DROP").format(source.relation)
    )
    feed(connection, source, part)
    row = connection.execute(
        "SELECT d.row_count, d.digest FROM aegis.rows_digest('pg_temp.aegis_readback', %s) AS d",
        (list(source.types),),
    ).fetchone()
    return cast("tuple[int, bytes]", row)


def _into_readback(source: Source, options: str = "") -> sql.Composed:
    return sql.SQL("COPY pg_temp.aegis_readback ({}) FROM STDIN " + options).format(
        sql.SQL(", ").join(map(sql.Identifier, source.types))
    )


def _write_csv(connection: psycopg.Connection[Any], source: Source, part: Path) -> None:
    query = sql.SQL("COPY (SELECT {} FROM {} AS r) TO STDOUT " + _CSV.format("FORCE_QUOTE *, "))
    with (
        part.open("wb") as raw,
        # No name and no time inside: the same rows in the same order make the same file.
        gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as packed,
        connection.cursor().copy(query.format(source.columns(), source.relation)) as copy,
    ):
        for chunk in copy:
            packed.write(chunk)


def _feed_csv(connection: psycopg.Connection[Any], source: Source, part: Path) -> None:
    with (
        gzip.open(part, "rb") as packed,
        connection.cursor().copy(_into_readback(source, _CSV.format(""))) as copy,
    ):
        while chunk := packed.read(CHUNK):
            copy.write(chunk)


def _arrow_type(arrow: ModuleType, name: str) -> Any:
    """Return the Arrow type that holds every value of a type of PostgreSQL; None: as its text."""
    numeric = re.fullmatch(r"numeric\((\d+),(\d+)\)", name)
    if numeric:
        precision, scale = int(numeric[1]), int(numeric[2])
        if precision > 76 or scale > precision:
            return None
        return (arrow.decimal128 if precision <= 38 else arrow.decimal256)(precision, scale)
    return {
        "boolean": arrow.bool_(),
        "smallint": arrow.int16(),
        "integer": arrow.int32(),
        "bigint": arrow.int64(),
        "real": arrow.float32(),
        "double precision": arrow.float64(),
        "bytea": arrow.binary(),
        "date": arrow.date32(),
        "time without time zone": arrow.time64("us"),
        "timestamp without time zone": arrow.timestamp("us"),
        "timestamp with time zone": arrow.timestamp("us", tz="UTC"),
    }.get(name)


@contextmanager
def _parquet(source: Source) -> Iterator[tuple[Any, Any]]:
    """Yield pyarrow and pyarrow.parquet; what they refuse is AEP69, that they are absent AEP81."""
    try:
        import pyarrow  # noqa: PLC0415 - an extra, and slow to import
        import pyarrow.parquet  # noqa: PLC0415
    except ImportError as missing:
        raise AegisError(
            "AEP81",
            "pyarrow is not installed",
            hint="Install the extra: pip install 'aegis-db[parquet]'.",
        ) from missing
    try:
        yield pyarrow, pyarrow.parquet
    # An infinite date is no date in Python, NaN no decimal in Arrow.
    except (pyarrow.ArrowException, psycopg.DataError, OverflowError) as failure:
        if isinstance(failure, psycopg.DataError) and failure.sqlstate:
            raise
        raise AegisError(
            "AEP69",
            f"a value of {source.name} does not fit into Parquet",
            detail=" ".join(str(failure).split()),
            hint="Nothing was recorded; export it as csv.gz.",
        ) from failure


def _write_parquet(connection: psycopg.Connection[Any], source: Source, part: Path) -> None:
    """Write row groups of bounded size; text is what has no type of its own there."""
    with _parquet(source) as (arrow, parquet):
        types = {
            name: None if name in source.enums else _arrow_type(arrow, kind)
            for name, kind in source.types.items()
        }
        schema = arrow.schema(
            arrow.field(
                name,
                arrow.string() if types[name] is None else types[name],
                metadata={"postgresql.type": kind},
            )
            for name, kind in source.types.items()
        )
        columns = sql.SQL(", ").join(
            sql.SQL("{}::text" if types[name] is None else "{}").format(sql.Identifier("r", name))
            for name in source.types
        )
        with (
            parquet.ParquetWriter(part, schema, compression="zstd") as file,
            connection.cursor("aegis_export") as cursor,
        ):
            cursor.execute(
                sql.SQL("SELECT {} FROM {} AS r").format(columns, source.relation), binary=True
            )
            while rows := cursor.fetchmany(ROW_GROUP):
                values = zip(*rows, strict=True)
                arrays = [
                    arrow.array(column, field.type)
                    for column, field in zip(values, schema, strict=True)
                ]
                file.write_table(arrow.Table.from_arrays(arrays, schema=schema), ROW_GROUP)


def _feed_parquet(connection: psycopg.Connection[Any], source: Source, part: Path) -> None:
    with (
        _parquet(source) as (_, parquet),
        parquet.ParquetFile(part) as file,
        connection.cursor().copy(_into_readback(source)) as copy,
    ):
        for batch in file.iter_batches(ROW_GROUP // 10):
            for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                copy.write_row(row)


_FORMATS = {CSV: (_write_csv, _feed_csv), PARQUET: (_write_parquet, _feed_parquet)}


def _sync(directory: Path) -> None:
    """Let the names of new files survive a crash, too."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
