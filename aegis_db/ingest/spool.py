"""Batches on disk while the database is away.

One file is one batch: written beside, forced to disk, then renamed into place. What ``append`` has
returned for is on disk; a process killed before leaves a file that has not its name yet and is
removed. Each file carries the digest of its content: a damaged one is set aside, never sent and
never deleted. A file goes when its batch is committed; killed between the two, the batch is sent
again and the server recognises its id. So nothing needs a journal.

    00000000000000000017-<batch id>.batch   waiting, sent in the order of the numbers
    damaged/                                content and digest differ
    refused/                                the database will not take it; <same name>.json says why
    lock                                    held by the process that uses the spool
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import UUID

from aegis_db.errors import AegisError
from aegis_db.ingest.batch import Batch

LIMIT_BYTES = 4 * 1024**3
_MAGIC = b"AEGIS-BATCH 1 "
_SUFFIX = ".batch"


@dataclass(frozen=True, slots=True)
class _Entry:
    size: int
    appended_at: float


class Spool:
    """The batches in ``directory``, oldest first; one process, any number of threads.

    Raises AEU50 when another process uses the directory.
    """

    def __init__(self, directory: Path, *, limit_bytes: int = LIMIT_BYTES) -> None:
        """Take the directory (made if missing), remove what was never acknowledged."""
        self.directory = directory
        self.limit_bytes = limit_bytes
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock_file = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._lock_file, 20, 0).decode("ascii", "replace").strip()
            os.close(self._lock_file)
            raise AegisError(
                "AEU50",
                f"{directory}: the spool is used by another process",
                detail=f"Process {holder or 'unknown'} holds it.",
                hint="Give each process a spool of its own.",
            ) from None
        os.ftruncate(self._lock_file, 0)
        os.pwrite(self._lock_file, f"{os.getpid()}\n".encode(), 0)
        self._changed = threading.Condition()
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        for path in sorted(directory.iterdir()):
            if path.suffix == ".new":
                path.unlink()
            elif path.suffix == _SUFFIX:
                status = path.stat()
                self._entries[path.name] = _Entry(status.st_size, status.st_mtime)
        self._size = sum(entry.size for entry in self._entries.values())
        self._number = int(next(reversed(self._entries), "0").partition("-")[0])
        self._is_closed = False

    def __enter__(self) -> Self:
        """Return the spool itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Give the directory back."""
        self.close()

    def __len__(self) -> int:
        """Return how many batches wait."""
        with self._changed:
            return len(self._entries)

    @property
    def size(self) -> int:
        """How many bytes wait."""
        with self._changed:
            return self._size

    @property
    def oldest_at(self) -> float | None:
        """When the oldest waiting batch was appended, in seconds of the epoch; None: none waits."""
        with self._changed:
            return next((entry.appended_at for entry in self._entries.values()), None)

    def append(self, batch: Batch, *, patience: float = 0) -> None:
        """Put ``batch`` on disk; it is there, also after a power cut, once this returns.

        While the limit leaves no room, wait up to ``patience`` seconds for the drain to make some.
        Raises AEU51 (full) and AEU52 (the disk does not take it); then nothing was stored.
        """
        content = _packed(batch)
        deadline = time.monotonic() + patience
        with self._changed:
            while self._is_closed or self._size + len(content) > self.limit_bytes:
                left = deadline - time.monotonic()
                if self._is_closed or left <= 0 or len(content) > self.limit_bytes:
                    raise self._full(len(content))
                self._changed.wait(min(left, 60.0))
            self._number += 1
            name = f"{self._number:020}-{batch.batch_id}{_SUFFIX}"
            self._write(name, content)
            self._entries[name] = _Entry(len(content), time.time())
            self._size += len(content)
            self._changed.notify_all()

    def first(self) -> tuple[str, Batch] | None:
        """Return the oldest batch and its name; damaged ones before it are set aside."""
        while True:
            with self._changed:
                name = next(iter(self._entries), None)
            if name is None:
                return None
            try:
                return name, _unpacked((self.directory / name).read_bytes())
            except (ValueError, KeyError, OSError):
                self._set_aside(name, "damaged")

    def remove(self, name: str) -> None:
        """Forget a batch that is committed."""
        (self.directory / name).unlink(missing_ok=True)
        self._forget(name)

    def refuse(self, name: str, error: AegisError) -> None:
        """Set a batch aside that the database will not take, with its reason beside it."""
        reason = {
            "sqlstate": error.sqlstate,
            "message": error.message,
            "detail": error.detail,
            "hint": error.hint,
        }
        self._set_aside(name, "refused", json.dumps(reason, ensure_ascii=False, indent=2))

    def set_aside(self) -> dict[str, int]:
        """Return how many files lie in ``damaged`` and ``refused``."""
        return {
            kind: sum(1 for _ in (self.directory / kind).glob(f"*{_SUFFIX}"))
            for kind in ("damaged", "refused")
        }

    def retry_refused(self) -> int:
        """Put all refused batches back into the queue, as the oldest; return how many."""
        folder = self.directory / "refused"
        found = sorted(folder.glob(f"*{_SUFFIX}"))
        with self._changed:
            for path in found:
                status = path.stat()
                path.rename(self.directory / path.name)
                path.with_suffix(".json").unlink(missing_ok=True)
                self._entries[path.name] = _Entry(status.st_size, status.st_mtime)
                self._size += status.st_size
            self._entries = OrderedDict(sorted(self._entries.items()))
            self._changed.notify_all()
        return len(found)

    def wait(self, seconds: float) -> bool:
        """Wait until a batch is there or ``seconds`` have passed; return whether one is."""
        with self._changed:
            return self._changed.wait_for(lambda: bool(self._entries) or self._is_closed, seconds)

    def close(self) -> None:
        """Give the directory back; whoever waits for room is refused."""
        with self._changed:
            if not self._is_closed:
                self._is_closed = True
                self._changed.notify_all()
                os.close(self._lock_file)

    def _full(self, size: int) -> AegisError:
        return AegisError(
            "AEU51",
            f"{self.directory}: the spool has no room for {size:,} bytes",
            detail=f"{self._size:,} of {self.limit_bytes:,} bytes are in use.",
            hint="Nothing of this batch was stored; send it again once the database answers.",
        )

    def _write(self, name: str, content: bytes) -> None:
        """Write a file that is whole and on disk before it has its name."""
        new = self.directory / f"{name}.new"
        try:
            with self._disk_reported():
                descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
                with os.fdopen(descriptor, "wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                new.rename(self.directory / name)
                self._sync()
        except AegisError:
            for path in (new, self.directory / name):
                with contextlib.suppress(OSError):
                    path.unlink(missing_ok=True)
            raise

    @contextlib.contextmanager
    def _disk_reported(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise AegisError(
                "AEU52",
                f"{self.directory}: the disk does not take the batch",
                detail=f"The system reports: {error.strerror or error}.",
                hint="Nothing of this batch was stored. Make room, then send it again.",
            ) from error

    def _sync(self) -> None:
        directory = os.open(self.directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)

    def _set_aside(self, name: str, kind: str, reason: str | None = None) -> None:
        folder = self.directory / kind
        folder.mkdir(mode=0o700, exist_ok=True)
        if reason is not None:
            (folder / name).with_suffix(".json").write_text(reason, "utf-8")
        with contextlib.suppress(FileNotFoundError):
            (self.directory / name).rename(folder / name)
        self._forget(name)

    def _forget(self, name: str) -> None:
        with self._changed:
            entry = self._entries.pop(name, None)
            if entry is not None:
                self._size -= entry.size
            self._changed.notify_all()


def _packed(batch: Batch) -> bytes:
    """Return the content of a file: digest, then a line of JSON, then the body."""
    head = {
        "batch_id": str(batch.batch_id),
        "target": batch.target,
        "source": batch.source,
        "is_raw": batch.is_raw,
        "columns": batch.columns,
        "rows": batch.rows,
    }
    content = json.dumps(head, ensure_ascii=False).encode() + b"\n" + batch.body
    return _MAGIC + sha256(content).hexdigest().encode() + b"\n" + content


def _unpacked(content: bytes) -> Batch:
    """Return the batch out of the content of a file; ValueError when it is damaged."""
    first, _, rest = content.partition(b"\n")
    if first != _MAGIC + sha256(rest).hexdigest().encode():
        raise ValueError("content and digest differ")
    line, _, body = rest.partition(b"\n")
    head = json.loads(line)
    return Batch(
        batch_id=UUID(head["batch_id"]),
        target=head["target"],
        source=head["source"],
        is_raw=head["is_raw"],
        columns=tuple(head["columns"]),
        rows=head["rows"],
        body=body,
    )
