"""What a revision does: run its pinned files, take them back, re-run what it had replaced.

Text goes to the server, or into the script of ``--sql``, byte for byte.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

from alembic import command, context
from alembic.config import Config
from alembic.util import CommandError

from aegis_db.errors import AegisError
from aegis_db.manifest import NO_TRANSACTION, ROOT, Pin, Tree

EXPECT = """\
DO $expect$
DECLARE
    v_expected CONSTANT text := {expected};
    v_found text;
BEGIN
    IF NOT pg_try_advisory_lock(hashtextextended('aegis.alembic_version', 0)) THEN
        RAISE EXCEPTION 'another migration of this database is running'
            USING ERRCODE = 'AEK02',
                  HINT = 'Wait until it has ended, then start again.';
    END IF;
    IF to_regclass('aegis.alembic_version') IS NOT NULL THEN
        SELECT v.version_num INTO v_found FROM aegis.alembic_version AS v;
    END IF;
    IF v_found IS DISTINCT FROM v_expected THEN
        RAISE EXCEPTION 'this step begins at revision %, the database is at %',
                        coalesce(v_expected, 'base'), coalesce(v_found, 'base')
            USING ERRCODE = 'AEK03', SCHEMA = 'aegis', TABLE = 'alembic_version',
                  HINT = 'Make the script for this database: aegis-db upgrade FROM:TO --sql';
    END IF;
END
$expect$;
"""

WINDOW = """\
DO $window$
BEGIN
    IF to_regprocedure('aegis_guard.open_change(text,bigint)') IS NOT NULL THEN
        -- A setting names an approved request; it approves nothing.
        PERFORM aegis_guard.open_change(
            'revision {revision}, {direction}',
            nullif(current_setting('aegis.change_request', TRUE), '')::bigint
        );
    END IF;
END
$window$;
"""

Tell = Callable[[str], None]


def upgrade(
    dsn: str = "", revision: str = "head", *, as_sql: bool = False, tell: Tell | None = None
) -> None:
    """Bring the database at ``dsn`` to ``revision``, or print the script that would.

    ``tell`` hears a line about each revision that is done. Raises AegisError (AEK02 another
    migration does not end, AEK03, AEK04, AEK05, AEK10 no such revision) and SQLAlchemy's
    DBAPIError; what was done before stays done, one revision being all or nothing.
    """
    _alembic("upgrade", dsn, revision, as_sql=as_sql, tell=tell)


def downgrade(
    dsn: str,
    revision: str,
    *,
    allow_data_loss: bool = False,
    as_sql: bool = False,
    tell: Tell | None = None,
) -> None:
    """Take the database at ``dsn`` back to ``revision`` (``base``: to nothing); as ``upgrade``.

    Where rows would be lost, a revision refuses (AEK90) unless ``allow_data_loss``.
    """
    attributes = {"tell": tell, "allow_data_loss": allow_data_loss}
    _alembic("downgrade", dsn, revision, as_sql=as_sql, **attributes)


def apply(revision: str) -> None:
    """Run the files that ``revision`` pins, in order, and log each in aegis.deployments.

    Raises StalePinError before anything is run when a file is not what was pinned.
    """
    _run(revision, "up", [(revision, pin) for pin in _tree().applied(revision)])


def revert(revision: str) -> None:
    """Run ``down.sql`` of ``revision``: drop what it introduced."""
    tree = _tree()
    pins = [pin for pin in tree.pins(revision) if pin.path == tree.down(revision)]
    _run(revision, "down", [(revision, pin) for pin in pins])


def restore(revision: str) -> None:
    """Re-run the older bodies of the files that ``revision`` had replaced."""
    _run(revision, "down", _tree().restored(revision))


def expect(revision: str | None) -> None:
    """Refuse to go on unless the database is at ``revision`` (AEK03) and the turn ours (AEK02).

    It stops a script of ``--sql`` that runs twice, on the wrong database or past an error.
    """
    emit(EXPECT.format(expected="NULL" if revision is None else f"'{revision}'"))


def emit(text: str) -> None:
    """Send ``text`` verbatim: ``%``, ``:name`` and ``:=`` mean nothing on the way."""
    migration = context.get_context()
    if migration.as_sql:
        migration.impl.static_output(text)
    elif migration.connection is not None:
        migration.connection.exec_driver_sql(text, execution_options={"no_parameters": True})


def emit_alone(text: str) -> None:
    """Send one statement verbatim, outside of any transaction."""
    with context.get_context().autocommit_block():
        emit(text)


def _alembic(verb: str, dsn: str, revision: str, *, as_sql: bool, **attributes: object) -> None:
    config = Config(ROOT / "alembic.ini")
    config.attributes.update(attributes, dsn=dsn)
    try:
        getattr(command, verb)(config, revision, sql=as_sql)
    except CommandError as error:
        raise AegisError(
            "AEK10",
            f"cannot {verb} to {revision}: {error}",
            hint="aegis-db status shows where the database is and what this package knows.",
        ) from error


def _tree() -> Tree:
    """Return the files beside the alembic.ini in use."""
    return Tree(Path(context.script.dir).parent)


def _run(revision: str, direction: str, pins: Sequence[tuple[str, Pin]]) -> None:
    if not pins:
        return
    tree = _tree()
    texts = [tree.read(owner, pin) for owner, pin in pins]
    alone = [text.startswith(NO_TRANSACTION) for text in texts]
    if alone != sorted(alone, reverse=True):
        raise AegisError(
            "AEK05",
            f"revision {revision} leaves its transaction after it has begun",
            detail="A file marked no-transaction after one that is not would commit half of it.",
            hint="Move it to the front of the manifest, or into a revision of its own.",
        )
    if direction == "up":
        expect(cast("str | None", context.script.get_revision(revision).down_revision))
    else:
        expect(revision)
        _log(revision, direction, [pin for _, pin in pins])
    for text, is_alone in zip(texts, alone, strict=True):
        if is_alone:
            emit_alone(text)
    # From the revision that brings the guards on, they judge a revision as a whole when it commits.
    emit(WINDOW.format(revision=revision, direction=direction))
    for text, is_alone in zip(texts, alone, strict=True):
        if not is_alone:
            emit(text)
    if direction == "up":
        _log(revision, direction, [pin for _, pin in pins])


def _log(revision: str, direction: str, pins: Sequence[Pin]) -> None:
    """Write the log of one revision: upwards once its table exists, downwards before it goes."""
    rows = ",\n".join(
        f"('{revision}', '{direction}', '{pin.path}', '{pin.sha256}')" for pin in pins
    )
    emit(f"INSERT INTO aegis.deployments (revision, direction, path, sha256)\nVALUES\n{rows};\n")
