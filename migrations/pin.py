"""Pin edited files to the revision in progress.

    python migrations/pin.py 0007_slug              re-pin what was edited
    python migrations/pin.py 0007_slug FILE|FOLDER  and add files that no revision has, in order

An edited file stays, at its new content, with the revision that pinned it last, until a git tag
holds that revision. From then on the new content is pinned to the revision named here, and the old
body, found in git by its digest, is kept beside the older step in superseded/.

The tool adds, you order: review the manifest.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import click

from aegis_db.errors import AegisError, reported
from aegis_db.manifest import Pin, StalePinError, Tree, digest

KINDS = ("types", "tables", "functions", "triggers", "views", "data")


class Pinner:
    """The manifests of ``tree`` as they shall become; nothing is written before ``save``."""

    def __init__(self, tree: Tree, revision: str) -> None:
        """Read all manifests; AEK07 when ``revision`` is released, AEK08 when it is unknown."""
        self.tree = tree
        self.revision = revision
        self.released = self._released()
        self.manifests = {known: tree.pins(known) for known in tree.revisions()}
        if revision in self.released:
            raise AegisError(
                "AEK07",
                f"revision {revision} is released and stays as it is",
                hint="Make a new one: alembic revision --rev-id NNNN_slug -m 'What changes'",
            )
        if not (tree.root / "migrations" / "versions" / f"{revision}.py").is_file():
            raise AegisError(
                "AEK08",
                f"there is no revision {revision}",
                hint=f"Make it first: alembic revision --rev-id {revision} -m 'What changes'",
            )
        self.manifests.setdefault(revision, [])

    def repin(self) -> None:
        """Bring every edited or removed file up to date, and the steps of the revision itself."""
        for path, owner in self.owners().items():
            file = self.tree.root / path
            pinned = next(pin for pin in self.manifests[owner] if pin.path == path)
            new = Pin(digest(file.read_bytes()), path) if file.is_file() else None
            if new == pinned:
                continue
            is_released = owner in self.released
            if is_released and path.startswith("migrations/steps/"):
                raise AegisError(
                    "AEK07",
                    f"revision {owner} is released, and {path} with it",
                    hint=f"Undo the edit: git checkout -- {path}",
                )
            if is_released:
                self._supersede(owner, pinned)
                if new is not None:
                    self._add(new)
            elif new is not None:
                self.manifests[owner][self.manifests[owner].index(pinned)] = new
                click.echo(f"{owner}: pinned {path} again", err=True)
            else:
                self.manifests[owner].remove(pinned)
                click.echo(f"{owner}: removed {path}", err=True)
        up, down = f"migrations/steps/{self.revision}/up.sql", self.tree.down(self.revision)
        for path in (up, down):
            if (self.tree.root / path).is_file():
                self.add(path)

    def add(self, path: str) -> None:
        """Pin ``path`` to the revision unless some revision has it."""
        if path not in self.owners():
            self._add(Pin(digest((self.tree.root / path).read_bytes()), path))

    def save(self) -> None:
        """Write the manifests that changed."""
        for revision, pins in self.manifests.items():
            target = self.tree.steps / revision / "manifest.sha256"
            text = "".join(f"{pin}\n" for pin in pins)
            if not target.is_file() or target.read_text("utf-8") != text:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text, "utf-8")

    def _add(self, pin: Pin) -> None:
        """Put ``up.sql`` first, ``down.sql`` last, and any other file before ``down.sql``."""
        pins = self.manifests[self.revision]
        if pin.path == f"migrations/steps/{self.revision}/up.sql":
            pins.insert(0, pin)
        elif pins and pins[-1].path == self.tree.down(self.revision):
            pins.insert(len(pins) - 1, pin)
        else:
            pins.append(pin)
        click.echo(f"{self.revision}: pinned {pin.path}", err=True)

    def owners(self) -> dict[str, str]:
        """Return for each pinned path the revision that pinned it last."""
        return {
            pin.path: revision
            for revision in sorted(self.manifests)
            for pin in self.manifests[revision]
        }

    def _supersede(self, owner: str, pin: Pin) -> None:
        """Keep the body that ``owner`` was released with, unless it is kept already."""
        try:
            self.tree.read(owner, pin)
        except StalePinError:
            target = self.tree.steps / owner / "superseded" / pin.path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(self._body(pin))
            click.echo(f"{owner}: superseded {pin.path}", err=True)

    def _body(self, pin: Pin) -> bytes:
        """Return the content of ``pin`` from the git history of its path."""
        for commit in self._lines("log", "--all", "--format=%H", "--", pin.path):
            listed = self._git("ls-tree", commit, "--", pin.path).decode().split()
            if listed and digest(body := self._git("cat-file", "blob", listed[2])) == pin.sha256:
                return body
        raise AegisError(
            "AEK09",
            f"git does not know {pin.path} at the content that was released",
            detail=f"No commit holds it with sha256 {pin.sha256}.",
            hint="Fetch the whole history: git fetch --unshallow --tags",
        )

    def _released(self) -> set[str]:
        """Return the revisions whose manifest some git tag holds."""
        paths = [
            Path(path)
            for tag in self._lines("tag", "--list")
            for path in self._lines("ls-tree", "-r", "--name-only", tag, "migrations/steps")
        ]
        return {path.parent.name for path in paths if path.name == "manifest.sha256"}

    def _lines(self, *arguments: str) -> list[str]:
        return self._git(*arguments).decode().splitlines()

    def _git(self, *arguments: str) -> bytes:
        command = ["git", "-C", str(self.tree.root), *arguments]
        done = subprocess.run(command, check=False, capture_output=True)
        if done.returncode != 0:
            raise AegisError("AEK09", f"git {arguments[0]} failed: {done.stderr.decode().strip()}")
        return done.stdout


def unfold(tree: Tree, path: Path) -> list[str]:
    """Return ``path``, or the files of a folder in a plausible order."""
    files = (
        [path]
        if path.is_file()
        else sorted(path.rglob("*.sql"), key=lambda file: (rank(file), file))
    )
    return [file.resolve().relative_to(tree.root).as_posix() for file in files]


def rank(file: Path) -> int:
    """Return the place of a file's kind; procedures come after all other kinds."""
    return KINDS.index(file.parent.name) if file.parent.name in KINDS else len(KINDS)


@click.command(help=__doc__)
@click.argument("revision")
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
def main(revision: str, paths: tuple[Path, ...]) -> None:  # noqa: D103
    tree = Tree(Path(__file__).resolve().parents[1])
    with reported():
        pinner = Pinner(tree, revision)
        pinner.repin()
        for path in paths:
            for file in unfold(tree, path):
                pinner.add(file)
        pinner.save()
        owned = pinner.owners()
        for file in tree.files():
            if file not in owned:
                click.echo(f"not pinned yet: {file}", err=True)


if __name__ == "__main__":
    main()
