"""A batch as bytes: encoded once, then sent, sent again or kept on disk, always the same.

The body of a batch is binary COPY data for the stage that ``aegis.open_stage`` makes. Its identity
is a digest of what it sends. So a batch whose COMMIT was never answered is sent again without
asking: the server finds the id and answers with the verdicts of the first time.

Values of the types that the table's input type has make a typed batch. As soon as one value of a
batch is none of those (a text in place of a number, a time without zone, a NUL), all of it goes as
text instead, and the server puts that one row among the dead letters.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import psycopg
from psycopg import Copy, pq
from psycopg.copy import Writer as CopyWriter
from psycopg.rows import TupleRow

from aegis_db.errors import AegisError

Row = Sequence[Any] | Mapping[str, Any]
"""One row: values in the order of the columns, or by name."""

TextRow = Sequence[int | str | None]
"""One row of texts: its line number, one text for each column, and what was received."""

_BATCHES = uuid5(NAMESPACE_URL, "aegis-db:batch")
_TEXT = "text"
_TEXT_OID = 25
_DIVERTED = (TypeError, ValueError, OverflowError, AttributeError, psycopg.Error)


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows on their way to ``target``, encoded for ``COPY ... (FORMAT binary)``.

    ``is_raw``: the columns are texts that the server parses. ``columns`` are those of the body, in
    its order, ``line_number`` first.
    """

    batch_id: UUID
    target: str
    source: str
    is_raw: bool
    columns: tuple[str, ...]
    rows: int
    body: bytes


@dataclass(frozen=True, slots=True)
class BatchResult:
    """What became of the rows of one batch; the verdicts sum to ``received``.

    ``is_repeat``: it had been applied before, the verdicts are those of the first time.
    ``is_spooled``: the database was away; the batch lies on disk, is acknowledged and has no
    verdicts yet.
    """

    batch_id: UUID
    target: str
    received: int
    batch_number: int | None = None
    is_repeat: bool = False
    is_spooled: bool = False
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    stale: int = 0
    duplicate: int = 0
    quarantined: int = 0
    rejected: int = 0
    kept_deleted: int = 0

    @classmethod
    def answered(cls, batch: Batch, answer: Mapping[str, Any]) -> BatchResult:
        """Return the result out of a row of ``aegis.batch_result``."""
        verdicts = {verdict: answer[verdict] for verdict in VERDICTS if verdict in answer}
        return cls(
            batch_id=batch.batch_id,
            target=batch.target,
            received=answer["received"],
            batch_number=answer["batch_number"],
            is_repeat=answer["is_repeat"],
            **verdicts,
        )

    @property
    def verdicts(self) -> dict[str, int]:
        """The counts by name of the verdict."""
        return {verdict: getattr(self, verdict) for verdict in VERDICTS}

    @property
    def dead_letters(self) -> int:
        """Rows put aside in ``aegis.dead_letters``."""
        return self.quarantined + self.rejected


VERDICTS = (
    "inserted",
    "updated",
    "unchanged",
    "stale",
    "duplicate",
    "quarantined",
    "rejected",
    "kept_deleted",
)


def encode(
    target: str,
    rows: Iterable[Row],
    *,
    source: str,
    columns: Sequence[str],
    types: Mapping[str, int] | None,
    batch_id: UUID | None = None,
) -> Batch:
    """Return ``rows`` as one batch: typed where every value fits ``types``, else as texts.

    ``types`` are the OIDs of the input type's columns; None when the server could not be asked.
    Lines are numbered from 1. Raises AEU55 when a row has other columns than it should.
    """
    values = [_in_order(row, columns, number) for number, row in enumerate(rows, 1)]
    if types is not None:
        unknown = [column for column in columns if column not in types]
        if unknown:
            raise AegisError(
                "AEU55",
                f"{target} has no column {unknown[0]!r} that a writer fills",
                detail=f"It has {', '.join(types)}.",
                hint="Rename the column, or leave it out.",
            )
        texts = [place for place, column in enumerate(columns) if types[column] == _TEXT_OID]
        try:
            if any("\0" in row[place] for row in values for place in texts if row[place]):
                raise ValueError
            numbered = ((number, *row) for number, row in enumerate(values, 1))
            names = ("line_number", *columns)
            oids: list[int | str] = ["int8", *(types[column] for column in columns)]
            body = _copied(numbered, oids)
        except _DIVERTED:
            pass
        else:
            return _batch(batch_id, target, source, False, names, len(values), body)
    return encode_texts(
        target,
        (_as_texts(row, columns, number) for number, row in enumerate(values, 1)),
        source=source,
        columns=columns,
        batch_id=batch_id,
    )


def encode_texts(
    target: str,
    rows: Iterable[TextRow],
    *,
    source: str,
    columns: Sequence[str],
    batch_id: UUID | None = None,
) -> Batch:
    """Return ``rows`` (line number, texts, what was received) as one batch that is parsed by SQL.

    The texts must be storable: no NUL, no half of a surrogate pair.
    """
    rows = list(rows)
    names = ("line_number", *columns, "payload")
    body = _copied(rows, ["int8", *([_TEXT] * (len(columns) + 1))])
    return _batch(batch_id, target, source, True, names, len(rows), body)


def stored(text: str) -> str:
    """Return ``text`` so that PostgreSQL can store it: what it cannot appears as ``\\x00``."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")


def is_storable(text: str) -> bool:
    """Return whether PostgreSQL can store ``text``: no NUL, no half of a surrogate pair."""
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False


class _Buffer(CopyWriter):
    """Where COPY data goes instead of to a server."""

    def __init__(self) -> None:
        self.content = bytearray()

    def write(self, data: Any) -> None:
        self.content += data

    def finish(self, exc: BaseException | None = None) -> None:
        pass


def _copied(rows: Iterable[Sequence[Any]], types: Sequence[int | str]) -> bytes:
    """Return ``rows`` as binary COPY data; psycopg encodes them, no server is needed."""
    buffer = _Buffer()
    with Copy(_nowhere(), binary=True, writer=buffer) as copy:
        copy.set_types(types)
        for row in rows:
            copy.write_row(row)
    return bytes(buffer.content)


def _nowhere() -> psycopg.Cursor[TupleRow]:
    """Return a cursor of a connection that leads nowhere: psycopg's adapters and no server."""
    nowhere = pq.PGconn.connect_start(b"host=/dev/null")
    connection: psycopg.Connection[TupleRow] = psycopg.Connection(nowhere)
    return psycopg.Cursor(connection)


def _in_order(row: Row, columns: Sequence[str], number: int) -> Sequence[Any]:
    if isinstance(row, Mapping):
        if foreign := row.keys() - set(columns):
            raise AegisError(
                "AEU55",
                f"row {number} has a column {min(foreign)!r} that others have not",
                hint=f"Name all columns of the batch: columns={list(columns)}.",
            )
        return [row.get(column) for column in columns]
    if len(row) != len(columns):
        raise AegisError(
            "AEU55",
            f"row {number} has {len(row)} values for {len(columns)} columns",
            detail=f"The columns are {', '.join(columns)}.",
            hint="Name the columns that the rows have: columns=[...].",
        )
    return row


def _as_texts(row: Sequence[Any], columns: Sequence[str], number: int) -> TextRow:
    """Return a row as texts; with a text that cannot be stored, as a line without columns."""
    texts = [_as_text(value) for value in row]
    payload = stored(json.dumps(dict(zip(columns, texts, strict=True)), ensure_ascii=False))
    if all(text is None or is_storable(text) for text in texts):
        return (number, *texts, payload)
    return (number, *(None for _ in columns), payload)


def _as_text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    return str(value)


def _batch(
    batch_id: UUID | None,
    target: str,
    source: str,
    is_raw: bool,
    columns: tuple[str, ...],
    rows: int,
    body: bytes,
) -> Batch:
    if batch_id is None:
        what = json.dumps([target, source, is_raw, columns, sha256(body).hexdigest()])
        batch_id = uuid5(_BATCHES, what)
    return Batch(batch_id, target, source, is_raw, columns, rows, body)
