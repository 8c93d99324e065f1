"""A file runs at the content its revision pinned, or not at all."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from projects import FIRST, SECOND, THIRD, Project

from aegis_db.errors import AegisError
from aegis_db.manifest import ROOT, StalePinError, Tree

NOTE = "sql/catalog/functions/note.sql"
NEW_NOTE = """\
CREATE OR REPLACE FUNCTION aegis.note(p_text text)
RETURNS text
LANGUAGE sql
AS $function$ SELECT 'second: ' || p_text $function$;
"""


def test_every_file_of_this_package_is_pinned_at_its_content() -> None:
    assert [str(fault) for fault in Tree().faults()] == []


def test_sha256sum_reads_the_newest_manifest() -> None:
    newest = Tree().revisions()[-1]
    subprocess.run(
        ["sha256sum", "--check", "--strict", f"migrations/steps/{newest}/manifest.sha256"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )


def test_alembic_and_the_manifests_tell_the_same_history() -> None:
    scripts = ScriptDirectory.from_config(Config(ROOT / "alembic.ini"))
    history = [script.revision for script in scripts.walk_revisions()]
    assert history[::-1] == Tree().revisions()
    assert all(len(revision) <= 32 for revision in history)


def test_a_released_manifest_never_changes() -> None:
    """Holds from the first tag on: git is asked for the manifests of all tags."""
    if not (ROOT / ".git").exists():
        pytest.skip("this is not a git checkout")

    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", "-C", str(ROOT), *arguments], check=True, capture_output=True, text=True
        ).stdout

    for tag in git("tag", "--list").split():
        for path in git("ls-tree", "-r", "--name-only", tag, "migrations/steps").split():
            if path.endswith("manifest.sha256"):
                assert git("show", f"{tag}:{path}") == (ROOT / path).read_text("utf-8"), path


def test_an_edited_file_is_refused_before_anything_runs(project: Project) -> None:
    project.write(NOTE, NEW_NOTE)
    with pytest.raises(StalePinError, match=NOTE):
        project.tree.read(FIRST, project.tree.pins(FIRST)[-2])
    done = project.alembic("upgrade", FIRST, "--sql")
    assert done.returncode != 0
    assert "StalePinError" in done.stderr
    assert "CREATE TABLE aegis.notes" not in done.stdout


def test_pinning_again_before_the_release_keeps_no_old_body(project: Project) -> None:
    assert project.pin(SECOND).returncode == 0
    up = f"migrations/steps/{SECOND}/up.sql"
    project.write(up, "ALTER TABLE aegis.notes ADD COLUMN heading text;\n")
    assert [fault.sqlstate for fault in project.tree.faults()] == ["AEK04"]
    assert project.pin(SECOND).returncode == 0
    assert list(project.tree.faults()) == []
    assert not list(project.root.rglob("superseded"))


def test_up_stands_first_and_down_last(project: Project) -> None:
    project.pin(SECOND)
    project.write("sql/catalog/views/titles.sql", "CREATE VIEW aegis.titles AS SELECT 1 AS one;\n")
    project.pin(SECOND, "sql/catalog/views/titles.sql")
    assert project.manifest(SECOND).split() == [
        f"migrations/steps/{SECOND}/up.sql",
        "sql/catalog/views/titles.sql",
        f"migrations/steps/{SECOND}/down.sql",
    ]


def test_a_released_body_is_superseded_once(project: Project) -> None:
    old = (project.root / NOTE).read_text("utf-8")
    project.write(NOTE, NEW_NOTE)
    assert project.pin(SECOND).returncode == 0
    assert (project.root / f"migrations/steps/{FIRST}/superseded/{NOTE}").read_text() == old
    assert list(project.tree.faults()) == []

    project.release("v2")
    project.revise(THIRD, SECOND)
    project.write(NOTE, NEW_NOTE.replace("second", "third"))
    assert project.pin(THIRD).returncode == 0
    texts = [
        project.tree.read(revision, pin)
        for revision in (FIRST, SECOND, THIRD)
        for pin in project.tree.pins(revision)
        if pin.path == NOTE
    ]
    assert texts == [old, NEW_NOTE, NEW_NOTE.replace("second", "third")]
    kept = sorted(
        path.relative_to(project.root) for path in project.root.rglob("superseded/**/*.sql")
    )
    assert kept == [
        Path(f"migrations/steps/{revision}/superseded/{NOTE}") for revision in (FIRST, SECOND)
    ]


def test_a_new_table_text_is_pinned_and_not_run(project: Project) -> None:
    table = "sql/catalog/tables/notes.sql"
    project.write(table, "CREATE TABLE aegis.notes (note text, title text);\n")
    assert project.pin(SECOND).returncode == 0
    assert table in project.manifest(SECOND)
    assert table not in [pin.path for pin in project.tree.applied(SECOND)]
    assert "ADD COLUMN title" in project.alembic("upgrade", f"{FIRST}:{SECOND}", "--sql").stdout


def test_a_removed_file_stays_with_the_revision_that_ran_it(project: Project) -> None:
    (project.root / NOTE).unlink()
    assert project.pin(SECOND).returncode == 0
    assert "first: " in project.alembic("upgrade", FIRST, "--sql").stdout
    assert NOTE not in project.manifest(SECOND)
    assert list(project.tree.faults()) == []


@pytest.mark.parametrize(
    ("arguments", "code"),
    [((FIRST,), "AEK07"), (("0009_unknown",), "AEK08")],
)
def test_only_a_revision_in_progress_takes_pins(
    project: Project, arguments: tuple[str, ...], code: str
) -> None:
    done = project.pin(*arguments)
    assert (done.returncode, done.stderr.split(":")[0]) == (1, code)


def test_the_steps_of_a_release_stay(project: Project) -> None:
    project.write(f"migrations/steps/{FIRST}/down.sql", "SELECT 1;\n")
    done = project.pin(SECOND)
    assert (done.returncode, done.stderr.split(":")[0]) == (1, "AEK07")


def test_a_body_that_git_never_saw_cannot_be_superseded(project: Project) -> None:
    manifest = project.tree.steps / FIRST / "manifest.sha256"
    text = manifest.read_text("utf-8")
    pin = next(pin for pin in project.tree.pins(FIRST) if pin.path == NOTE)
    manifest.write_text(text.replace(pin.sha256, "0" * 64), "utf-8")
    done = project.pin(SECOND)
    assert (done.returncode, done.stderr.split(":")[0]) == (1, "AEK09")


def test_a_file_of_no_revision_is_named(project: Project) -> None:
    project.write("sql/catalog/views/lost.sql", "SELECT 1;\n")
    assert "not pinned yet: sql/catalog/views/lost.sql" in project.pin(SECOND).stderr
    assert [fault.sqlstate for fault in project.tree.faults()] == ["AEK06"]


@pytest.mark.parametrize(
    "line",
    [
        "no digest  sql/catalog/tables/notes.sql",
        f"{'0' * 64} sql/catalog/tables/notes.sql",
        f"{'0' * 64}  ../outside.sql",
        f"{'0' * 64}  sql/catalog/tables/notes.sql\n{'1' * 64}  sql/catalog/tables/notes.sql",
    ],
)
def test_a_manifest_that_is_none_is_refused(project: Project, line: str) -> None:
    project.write(f"migrations/steps/{SECOND}/manifest.sha256", f"{line}\n")
    with pytest.raises(AegisError) as refused:
        project.tree.pins(SECOND)
    assert refused.value.sqlstate == "AEK05"


def test_a_revision_without_manifest_is_refused(project: Project) -> None:
    with pytest.raises(AegisError) as refused:
        project.tree.pins("0009_unknown")
    assert refused.value.sqlstate == "AEK05"


def test_text_reaches_the_script_byte_for_byte(project: Project) -> None:
    awkward = (
        "-- 100 % of :name, :'name', :\"name\" and %(this)s\n"
        "\tSELECT 'a:=b %s', '한글', E'\\\\x';\n"
    )
    project.write(f"migrations/steps/{SECOND}/up.sql", awkward)
    project.pin(SECOND)
    assert awkward in project.alembic("upgrade", f"{FIRST}:{SECOND}", "--sql").stdout


def test_what_leaves_the_transaction_comes_first(project: Project) -> None:
    project.write(
        "sql/catalog/views/concurrent.sql",
        "-- aegis: no-transaction\n"
        "CREATE INDEX CONCURRENTLY IF NOT EXISTS n ON aegis.notes (note);\n",
    )
    project.pin(SECOND, "sql/catalog/views/concurrent.sql")
    done = project.alembic("upgrade", f"{FIRST}:{SECOND}", "--sql")
    assert done.returncode != 0
    assert "leaves its transaction" in done.stderr

    manifest = project.tree.steps / SECOND / "manifest.sha256"
    up, index, down = manifest.read_text("utf-8").splitlines(keepends=True)
    manifest.write_text(index + up + down, "utf-8")
    script = project.alembic("upgrade", f"{FIRST}:{SECOND}", "--sql").stdout
    before, after = script.split("-- aegis: no-transaction")
    assert before.count("\nBEGIN;\n") == before.count("\nCOMMIT;\n") == 1
    assert after.count("\nBEGIN;\n") == after.count("\nCOMMIT;\n") == 1
