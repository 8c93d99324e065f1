"""Which file belongs to which revision, and at which content.

A manifest is a list in the format of ``sha256sum``. The order of its lines is the order of
execution; the digest is the promise that the content never changes.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from aegis_db.errors import AegisError

PACKAGE = Path(__file__).parent
ROOT = PACKAGE / "_bundle" if (PACKAGE / "_bundle").is_dir() else PACKAGE.parent

LINE = re.compile(
    r"(?P<sha256>[0-9a-f]{64})  (?P<path>(?:sql|procedures|migrations/steps)/[\w./-]+\.sql)"
)
ONCE = re.compile(r"sql/\w+/(types|tables)/")
NO_TRANSACTION = "-- aegis: no-transaction\n"


class StalePinError(AegisError):
    """A file of the package is not what its revision promised."""

    def __init__(self, revision: str, pin: Pin) -> None:
        """Say which ``pin`` of ``revision`` is broken."""
        super().__init__(
            "AEK04",
            f"{pin.path} is not the file that revision {revision} pinned",
            detail=f"No copy of it has the sha256 of the manifest, {pin.sha256}.",
            hint="Undo the edit, or pin it: python migrations/pin.py NNNN_slug",
        )


@dataclass(frozen=True)
class Pin:
    """A line of a manifest: sha256 in hexadecimal, path from the root in POSIX form."""

    sha256: str
    path: str

    def __str__(self) -> str:
        """Return the line as ``sha256sum`` writes it."""
        return f"{self.sha256}  {self.path}"

    @property
    def once(self) -> bool:
        """Whether it creates something that only ``up.sql`` of a later revision can change."""
        return ONCE.match(self.path) is not None


def digest(body: bytes) -> str:
    """Return the sha256 of ``body`` in hexadecimal, as ``sha256sum`` prints it."""
    return hashlib.sha256(body).hexdigest()


class Tree:
    """The directory of an alembic.ini, with ``migrations``, ``sql`` and ``procedures``."""

    def __init__(self, root: Path = ROOT) -> None:
        """Look at ``root``; the default is this package's own."""
        self.root = root
        self.steps = root / "migrations" / "steps"

    def revisions(self) -> list[str]:
        """Return the revisions that have a manifest, oldest first."""
        return sorted(manifest.parent.name for manifest in self.steps.glob("*/manifest.sha256"))

    def down(self, revision: str) -> str:
        """Return the path of the script that takes ``revision`` back: pinned, not run upwards."""
        return f"migrations/steps/{revision}/down.sql"

    def pins(self, revision: str) -> list[Pin]:
        """Return the manifest of ``revision`` in order; AEK05 when it is missing or malformed."""
        path = self.steps / revision / "manifest.sha256"
        try:
            lines = path.read_text("utf-8").splitlines()
        except FileNotFoundError:
            raise AegisError(
                "AEK05",
                f"revision {revision} has no manifest",
                detail=f"{path} does not exist.",
                hint=f"Run: python migrations/pin.py {revision} FILE...",
            ) from None
        pins: dict[str, Pin] = {}
        for number, line in enumerate(lines, start=1):
            match = LINE.fullmatch(line)
            if match is None or match["path"] in pins:
                raise AegisError(
                    "AEK05",
                    f"line {number} of the manifest of {revision} pins no file of its own",
                    detail=f"{path}:{number}: {line}",
                    hint="A line is a sha256, two spaces and the path of a .sql file, named once.",
                )
            pins[match["path"]] = Pin(match["sha256"], match["path"])
        return list(pins.values())

    def applied(self, revision: str) -> list[Pin]:
        """Return the pins that ``revision`` runs on its way up.

        Left out are ``down.sql`` and the new text of a table or type that an older revision
        created: ``up.sql`` alters that.
        """
        older = self.latest(before=revision)
        return [
            pin
            for pin in self.pins(revision)
            if pin.path != self.down(revision) and not (pin.once and pin.path in older)
        ]

    def restored(self, revision: str) -> list[tuple[str, Pin]]:
        """Return (older revision, pin) of what ``revision`` replaced, in order of execution."""
        replaced = {pin.path for pin in self.pins(revision) if not pin.once}
        older = self.latest(before=revision)
        return [found for path, found in older.items() if path in replaced]

    def latest(self, before: str | None = None) -> dict[str, tuple[str, Pin]]:
        """Return for each path its last (revision, pin), of revisions older than ``before``.

        In order of execution: a replaceable file stands where it was pinned last, a table or type
        where it was pinned first.
        """
        found: dict[str, tuple[str, Pin]] = {}
        for revision in self.revisions():
            if before is not None and revision >= before:
                break
            for pin in self.pins(revision):
                if not pin.once:
                    found.pop(pin.path, None)
                found[pin.path] = (revision, pin)
        return found

    def read(self, revision: str, pin: Pin) -> str:
        """Return the text that ``revision`` pinned, today's or superseded; or StalePinError."""
        for path in (self.root / pin.path, *self.steps.glob(f"*/superseded/{pin.path}")):
            if path.is_file() and digest(body := path.read_bytes()) == pin.sha256:
                return body.decode("utf-8")
        raise StalePinError(revision, pin)

    def files(self) -> Iterator[str]:
        """Yield the paths of all files below ``sql`` and ``procedures``."""
        for top in ("sql", "procedures"):
            for path in sorted((self.root / top).rglob("*.sql")):
                yield path.relative_to(self.root).as_posix()

    def faults(self) -> Iterator[AegisError]:
        """Yield what is wrong with the package itself: files edited, missing or pinned nowhere."""
        for revision in self.revisions():
            for pin in self.pins(revision):
                try:
                    self.read(revision, pin)
                except StalePinError as error:
                    yield error
        latest = self.latest()
        for path in self.files():
            if path not in latest:
                yield AegisError(
                    "AEK06",
                    f"{path} belongs to no revision",
                    hint=f"Run: python migrations/pin.py NNNN_slug {path}",
                )
            elif digest((self.root / path).read_bytes()) != latest[path][1].sha256:
                yield StalePinError(*latest[path])
