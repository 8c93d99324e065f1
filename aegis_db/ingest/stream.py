"""Records of a stream, one a line or one a message: csv or JSON, judged by the server.

Nothing is refused here: a record that cannot be read travels without columns, its bytes readable,
and becomes a dead letter.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aegis_db.errors import AegisError
from aegis_db.ingest.batch import is_storable
from aegis_db.ingest.files import readable, split

Parse = Callable[[bytes], list[str | None] | None]
"""Returns the texts of the columns out of one record, None when it cannot be read."""


def json_parser(columns: Sequence[str], names: Mapping[str, str] | None = None) -> Parse:
    """Return a parser of JSON objects; ``names`` says which key fills a column of another name."""
    keys = [(names or {}).get(column, column) for column in columns]

    def parse(record: bytes) -> list[str | None] | None:
        try:
            found = json.loads(record, parse_float=str, parse_int=str, parse_constant=str)
        except (ValueError, RecursionError):
            return None
        if not isinstance(found, dict):
            return None
        texts = [_text(found.get(key)) for key in keys]
        return texts if all(text is None or is_storable(text) for text in texts) else None

    return parse


def csv_parser(header: bytes, columns: Sequence[str]) -> Parse:
    """Return a parser of csv lines whose ``header`` names ``columns``, in any order (AEU66)."""
    names = split(header.removeprefix(b"\xef\xbb\xbf")) or []
    unknown = [name for name in names if name not in columns]
    if not names or unknown or len(set(names)) < len(names):
        raise AegisError(
            "AEU66",
            "the first line does not name the columns of the stream",
            detail=f"It reads {readable(header)[:200]!r}.",
            hint=f"Known are {','.join(columns)}.",
        )
    places = [names.index(column) if column in names else None for column in columns]

    def parse(record: bytes) -> list[str | None] | None:
        values = split(record)
        if values is None or len(values) != len(names):
            return None
        return [None if place is None else values[place] or None for place in places]

    return parse


def text_row(
    number: int, record: bytes, parse: Parse, columns: Sequence[str]
) -> tuple[int | str | None, ...]:
    """Return the row that ``encode_texts`` takes: number, texts, what was received."""
    texts = parse(record)
    if texts is None:
        return (number, *(None for _ in columns), readable(record))
    return (number, *texts, readable(record))


def _text(value: Any) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
