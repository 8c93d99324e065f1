"""Reading a file record by record: csv or KRX's JSON, gzip or not, told apart by content.

Damage of the file as a whole (a failed checksum, a cut-off end, an unknown header) raises
AegisError and names file and line. Damage of one line stays with that line: the record comes
without fields, its text readable, and the server puts it among the dead letters.

One line is one record. No known format has line breaks inside quotes, and a quote left open must
not swallow the rest of the file.
"""

from __future__ import annotations

import csv
import gzip
import json
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Any, NamedTuple, Self

from aegis_db.errors import AegisError
from aegis_db.ingest.formats import FORMATS, Fields, Format, recognise

_AGAIN = "Nothing of it was loaded. Fetch the file again."


class Record(NamedTuple):
    """One record: its place from 1 (csv: line, JSON: row of the answer), its fields, its text.

    ``fields`` is None when the line is not a record of the file's format at all.
    """

    line: int
    fields: Fields | None
    payload: str


class InputFile:
    """An open file of known format; close it by ``with``, read ``records`` as often as needed.

    Raises AEU40 (empty), AEU41 (unknown fields), AEU42 (broken gzip), AEU43 (cut off), AEU44
    (broken JSON), AEU45 (no date in the file's name), AEU48 (not UTF-8).
    """

    def __init__(self, path: Path) -> None:
        """Open ``path``, find out its format; nothing but its beginning is read of a csv file."""
        self.path = path
        self._identity = self._fingerprint()
        self._raw = path.open("rb")
        self._line = 1
        try:
            self._is_gzip = self._raw.read(2) == b"\x1f\x8b"
            with self._damage_reported():
                start = self._content().read(64)
            if not start.strip():
                raise AegisError("AEU40", f"{path}: the file is empty", hint=_AGAIN)
            self._rows: list[Any] | None = None
            if start.removeprefix(b"\xef\xbb\xbf").lstrip().startswith((b"{", b"[")):
                self._rows = self._json_rows()
                self._names = next((list(row) for row in self._rows if isinstance(row, dict)), [])
            else:
                _, header = next(self._lines())
                text = self._text(header)
                self._names = split(text.encode()) or [text]
            self.format = self._recognise()
            self._of_name = self._fields_of_name()
        except BaseException:
            self._raw.close()
            raise

    def __enter__(self) -> Self:
        """Return the file itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the file."""
        self._raw.close()

    @property
    def size(self) -> int:
        """The size of the file as stored, in bytes."""
        return self._identity[2]

    @property
    def position(self) -> int:
        """How many bytes of the file as stored have been read."""
        return self._raw.tell()

    def is_unchanged(self) -> bool:
        """Return whether the path still leads to the file that was opened, not written to since."""
        try:
            return self._fingerprint() == self._identity
        except OSError:
            return False

    def records(self) -> Iterator[Record]:
        """Yield the records from the first to the last."""
        return self._csv_records() if self._rows is None else self._json_records(self._rows)

    def lines(self) -> Iterator[object]:
        """Yield something for each line, having met whatever damages the file as a whole."""
        return self._lines() if self._rows is None else iter(self._rows)

    def _fingerprint(self) -> tuple[int, int, int, int]:
        status = self.path.stat()
        return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns

    def _content(self) -> IO[bytes]:
        """Return the content from its beginning, unpacked."""
        self._raw.seek(0)
        if self._is_gzip:
            return gzip.open(self._raw, "rb")  # type: ignore[return-value]
        return self._raw

    @contextmanager
    def _damage_reported(self) -> Iterator[None]:
        """Name file and line when the compressed data fails."""
        try:
            yield
        except EOFError as error:
            message = f"{self.path}, line {self._line}: the compressed file is cut off"
            raise AegisError("AEU43", message, hint=_AGAIN) from error
        except (gzip.BadGzipFile, zlib.error) as error:
            message = f"{self.path}, line {self._line}: the compressed file is damaged"
            raise AegisError(
                "AEU42", message, detail=f"gzip reports: {error}.", hint=_AGAIN
            ) from error

    def _lines(self) -> Iterator[tuple[int, bytes]]:
        """Yield (number, line without its end); a last line without one may be cut: refuse it."""
        self._line = 1
        with self._damage_reported():
            for line in self._content():
                if not line.endswith(b"\n"):
                    raise AegisError(
                        "AEU43",
                        f"{self.path}, line {self._line}: the file stops within a line",
                        detail=f"It ends with {readable(line)[-60:]!r} and no line feed.",
                        hint=f"{_AGAIN} If it is complete, end its last line with a line feed.",
                    )
                yield self._line, line.rstrip(b"\r\n")
                self._line += 1

    def _text(self, content: bytes) -> str:
        """Return ``content`` as text without byte order mark; it must be UTF-8 without NUL."""
        try:
            text = content.decode("utf-8-sig")
            if "\0" not in text:
                return text
            place, reason = text.index("\0"), "NUL"
        except UnicodeDecodeError as error:
            place, reason = error.start, f"{content[error.start : error.start + 4]!r}"
        line = 1 + content.count(b"\n", 0, place)
        raise AegisError(
            "AEU48",
            f"{self.path}, line {line}: the file is not UTF-8 text",
            detail=f"It holds {reason} where a letter should be.",
            hint="Nothing of it was loaded. Korean files are often CP949: iconv -f cp949 -t utf-8.",
        )

    def _csv_records(self) -> Iterator[Record]:
        names, width, of_name = self._names, len(self._names), self._of_name
        lines = self._lines()
        next(lines)
        for number, line in lines:
            if not line:
                continue
            payload = readable(line)
            values = split(line)
            if values is None or len(values) != width:
                yield Record(number, None, payload)
            else:
                fields: dict[str, str | None] = dict(zip(names, values, strict=True))
                yield Record(number, fields | of_name if of_name else fields, payload)

    def _json_rows(self) -> list[Any]:
        """Return the rows of the answer: a list, or the list under ``OutBlock_1``."""
        try:
            with self._damage_reported():
                text = self._text(self._content().read())
            answer = json.loads(text, parse_float=str, parse_int=str, parse_constant=str)
        except json.JSONDecodeError as error:
            raise AegisError(
                "AEU44",
                f"{self.path}, line {error.lineno}, column {error.colno}: the JSON is broken",
                detail=f"{error.msg}.",
                hint=_AGAIN,
            ) from error
        except RecursionError as error:
            raise AegisError(
                "AEU44",
                f"{self.path}: the JSON is broken",
                detail="It is nested deeper than any answer.",
                hint=_AGAIN,
            ) from error
        rows = answer.get("OutBlock_1") if isinstance(answer, dict) else answer
        if not isinstance(rows, list) or not rows:
            raise AegisError(
                "AEU40",
                f"{self.path}: the answer holds no rows",
                detail='Rows are expected as a list, or as the list under "OutBlock_1".',
                hint=_AGAIN,
            )
        return rows

    def _json_records(self, rows: list[Any]) -> Iterator[Record]:
        names, of_name = set(self._names), self._of_name
        for number, row in enumerate(rows, 1):
            payload = json.dumps(row, ensure_ascii=False)
            if (
                isinstance(row, dict)
                and row.keys() == names
                and all(value is None or isinstance(value, str) for value in row.values())
                and is_storable(row.values())
            ):
                yield Record(number, row | of_name, payload)
            else:
                yield Record(number, None, json.dumps(row))

    def _recognise(self) -> Format:
        known = recognise(self._names)
        if known is None:
            raise AegisError(
                "AEU41",
                f"{self.path}, line 1: no known format has these fields",
                detail=f"Found: {','.join(self._names)[:500]}.",
                hint="Known are "
                + "; ".join(f"{known.name}: {','.join(known.fields)}" for known in FORMATS)
                + ".",
            )
        return known

    def _fields_of_name(self) -> dict[str, str | None]:
        if self.format.file_name is None:
            return {}
        found = self.format.file_name.search(self.path.name)
        if found is None:
            raise AegisError(
                "AEU45",
                f"{self.path}: the file's name does not say which day it holds",
                detail=f"The rows of a {self.format.name} file carry no date.",
                hint=f"Name it like {self.format.file_name_example}.",
            )
        return dict(found.groupdict())


def split(line: bytes) -> list[str] | None:
    """Return the values of one csv line; None if it is not text, or its quotes do not match."""
    try:
        text = line.decode()
    except UnicodeDecodeError:
        return None
    if "\0" in text:
        return None
    if '"' not in text:
        return text.split(",")
    try:
        return next(csv.reader([text], strict=True))
    except csv.Error:
        return None


def readable(line: bytes) -> str:
    """Return ``line`` as text that can be stored: bytes that are none appear as ``\\xff``."""
    return line.decode("utf-8", "backslashreplace").replace("\0", "\\x00")


def is_storable(values: Any) -> bool:
    """Return whether PostgreSQL can store these texts: no NUL, no half of a surrogate pair."""
    text = "".join(value for value in values if value)
    return "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)
