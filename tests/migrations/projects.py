"""A small project with the mechanics of this one, and databases in words that can be compared."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from aegis_db.manifest import ROOT, Tree

FIRST, SECOND, THIRD = "0001_notes", "0002_titles", "0003_shelves"

FILES = {
    f"migrations/steps/{FIRST}/down.sql": """\
DROP FUNCTION aegis.note(text);
DROP TABLE aegis.notes, aegis.deployments;
""",
    "sql/catalog/tables/notes.sql": "CREATE TABLE aegis.notes (note text);\n",
    "sql/catalog/functions/note.sql": """\
CREATE OR REPLACE FUNCTION aegis.note(p_text text)
RETURNS text
LANGUAGE sql
AS $function$ SELECT 'first: ' || p_text $function$;
""",
    f"migrations/steps/{SECOND}/up.sql": "ALTER TABLE aegis.notes ADD COLUMN title text;\n",
    f"migrations/steps/{SECOND}/down.sql": "ALTER TABLE aegis.notes DROP COLUMN title;\n",
}


@dataclass
class Project:
    """A git repository with an alembic.ini, made for one test."""

    root: Path

    @property
    def tree(self) -> Tree:
        """Its files."""
        return Tree(self.root)

    def write(self, path: str, text: str) -> None:
        """Write a file below its root."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")

    def manifest(self, revision: str) -> str:
        """Return the paths of a manifest, one per line."""
        return "\n".join(pin.path for pin in self.tree.pins(revision))

    def revise(self, revision: str, down_revision: str | None) -> None:
        """Make the Python file of a revision from the template."""
        parent = f'"{down_revision}"' if down_revision else "None"
        text = (self.root / "migrations" / "script.py.mako").read_text("utf-8")
        for name, value in (
            ("${message}", revision),
            ("${repr(up_revision)}", f'"{revision}"'),
            ("${repr(down_revision)}", parent),
        ):
            text = text.replace(name, value)
        self.write(f"migrations/versions/{revision}.py", text)

    def run(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a program in the root."""
        return subprocess.run(
            command,
            cwd=self.root,
            env=os.environ | environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def git(self, *arguments: str) -> None:
        """Run git, and fail with it."""
        identity = ("-c", "user.name=t", "-c", "user.email=t@example.org")
        done = self.run("git", *identity, *arguments)
        assert done.returncode == 0, done.stderr

    def release(self, tag: str) -> None:
        """Commit all and tag it."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", tag)
        self.git("tag", tag)

    def pin(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the pin tool of this project."""
        return self.run(sys.executable, "migrations/pin.py", *arguments)

    def alembic(self, *arguments: str, dsn: str = "") -> subprocess.CompletedProcess[str]:
        """Run alembic here."""
        return self.run(sys.executable, "-m", "alembic", *arguments, AEGIS_DSN=dsn)


def make_project(root: Path) -> Project:
    """Return a project with the mechanics of this one and two small revisions, the first tagged."""
    project = Project(root)
    shutil.copytree(
        ROOT / "migrations",
        project.root / "migrations",
        ignore=shutil.ignore_patterns("versions", "steps", "__pycache__"),
    )
    shutil.copy(ROOT / "alembic.ini", project.root)
    (project.root / "procedures").mkdir()
    deployments = (ROOT / "sql/catalog/tables/deployments.sql").read_text("utf-8")
    for path, text in FILES.items():
        project.write(path, text)
    project.write(
        "sql/catalog/tables/deployments.sql",
        "\n".join(line for line in deployments.splitlines() if "aegis_" not in line) + "\n",
    )
    project.git("init", "--quiet")
    project.revise(FIRST, None)
    first = project.pin(FIRST, "sql")
    assert first.returncode == 0, first.stderr
    project.release("v1")
    project.revise(SECOND, FIRST)
    return project


def contents(dsn: str) -> dict[str, list[str]]:
    """Return the rows of all AEGIS tables, without times, transaction numbers and random keys."""
    found = {}
    with psycopg.connect(dsn) as connection:
        tables = connection.execute(
            """
            SELECT n.nspname, c.relname, array_agg(a.attname::text ORDER BY a.attnum)
              FROM pg_class AS c
              JOIN pg_namespace AS n ON n.oid = c.relnamespace
              JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
             WHERE n.nspname ~ '^aegis'
               AND c.relname NOT IN ('alembic_version', 'subject_keys')
               AND c.relkind IN ('r', 'p')
               AND NOT c.relispartition
               AND a.atttypid NOT IN ('timestamptz'::regtype, 'xid8'::regtype)
             GROUP BY n.nspname, c.relname
            """
        ).fetchall()
        for schema, table, columns in tables:
            rows = connection.execute(
                sql.SQL("SELECT ROW({})::text FROM {} ORDER BY 1").format(
                    sql.SQL(", ").join(map(sql.Identifier, columns)), sql.Identifier(schema, table)
                )
            )
            found[f"{schema}.{table}"] = [row[0] for row in rows]
    return found
