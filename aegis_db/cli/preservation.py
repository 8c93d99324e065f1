"""`aegis-db retention`, `hold`, `archive`, `deletion`, `change`, `erasure`: what may go, how."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from psycopg.rows import dict_row
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from aegis_db.archive import CSV, PARQUET, export_archive
from aegis_db.cli.options import dsn_option, json_option
from aegis_db.database import connect
from aegis_db.errors import AegisError, reported

_DAY = click.DateTime(["%Y-%m-%d"])


def _show(
    dsn: str, as_json: bool, title: str, query: str, parameters: tuple[Any, ...] = ()
) -> None:
    """Print the rows of a query as a table, or as JSON."""
    with reported(), connect(dsn) as connection, connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(query, parameters).fetchall()
        columns = [column.name for column in cursor.description or ()]
    if as_json:
        click.echo(json.dumps(rows, default=_text, ensure_ascii=False, indent=1))
        return
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*("" if value is None else _text(value) for value in row.values()))
    Console(width=None if sys.stdout.isatty() else 140).print(table)


def _text(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)


def _call(dsn: str, query: str, parameters: tuple[Any, ...], *, autocommit: bool = False) -> Any:
    """Run one routine, tell its notices, return the only value it answers with."""
    with reported(), connect(dsn, autocommit=autocommit) as connection:
        connection.add_notice_handler(
            lambda d: click.echo(
                f"{d.severity}: {d.message_primary}"
                + (f" ({d.message_detail})" if d.message_detail else ""),
                err=True,
            )
        )
        cursor = connection.execute(query, parameters)
        row = cursor.fetchone() if cursor.description else None
    return row[0] if row else None


@click.group()
def retention() -> None:
    """Archive partitions past their term, and drop what may go."""


@retention.command(name="show")
@dsn_option
@json_option
def show_retention(dsn: str, as_json: bool) -> None:
    """Show the partitions past their bounds, and what keeps each."""
    _show(
        dsn,
        as_json,
        "Partitions past their term",
        "SELECT partition::text, newest_event_on, due_on, is_due, obstacle"
        " FROM aegis.retention_candidates() ORDER BY due_on, 1",
    )


@retention.command(name="policies")
@dsn_option
@json_option
def policies(dsn: str, as_json: bool) -> None:
    """Show how long each table keeps its rows."""
    _show(
        dsn,
        as_json,
        "Retention policies",
        "SELECT table_name, retention_class, keep_term::text, minimum_term::text, final_action,"
        " archive_term::text, is_export_required, change_reason"
        " FROM aegis.retention_policies ORDER BY retention_class, table_name",
    )


@retention.command(name="apply")
@click.argument("table", required=False)
@dsn_option
def apply_retention(table: str | None, dsn: str) -> None:
    """Archive, verify and drop whatever is due, of TABLE or of all; once a day."""
    _call(dsn, "CALL aegis.apply_retention(%s::regclass)", (table,), autocommit=True)


@click.group()
def hold() -> None:
    """Keep rows from every removal, for a court or an authority."""


@hold.command(name="list")
@dsn_option
@json_option
def list_holds(dsn: str, as_json: bool) -> None:
    """Show the holds in force."""
    _show(dsn, as_json, "Legal holds", "SELECT * FROM aegis.active_holds ORDER BY hold_id")


@hold.command()
@click.option("--table", "tables", multiple=True, help="Table to hold; may be repeated.")
@click.option("--code", "codes", multiple=True, help="Stock code; may be repeated.")
@click.option("--subject", "subjects", multiple=True, help="Person or account; may be repeated.")
@click.option("--from", "first", type=_DAY, help="First day (KST).")
@click.option("--to", "last", type=_DAY, help="Last day (KST).")
@click.option("--reason", required=True, help="Kept on record, with the authority's reference.")
@dsn_option
def place(
    tables: tuple[str, ...],
    codes: tuple[str, ...],
    subjects: tuple[str, ...],
    first: datetime | None,
    last: datetime | None,
    reason: str,
    dsn: str,
) -> None:
    """Hold the rows that meet all conditions given."""
    number = _call(
        dsn,
        "CALL aegis.place_hold(%s, %s::text[]::regclass[], %s, %s, %s, %s)",
        (
            reason,
            list(tables) or None,
            list(codes) or None,
            list(subjects) or None,
            first.date() if first else None,
            last.date() if last else None,
        ),
    )
    click.echo(number)


@hold.command()
@click.argument("number", type=int)
@click.option("--reason", required=True, help="Kept on record.")
@dsn_option
def lift(number: int, reason: str, dsn: str) -> None:
    """End hold NUMBER; another person than the one who placed it."""
    _call(dsn, "CALL aegis.lift_hold(%s, %s)", (number, reason))


@click.group()
def archive() -> None:
    """Look after archived partitions."""


@archive.command(name="list")
@dsn_option
@json_option
def list_archives(dsn: str, as_json: bool) -> None:
    """Show the archives, and what keeps each from being dropped."""
    _show(
        dsn,
        as_json,
        "Archives",
        "SELECT archive_id, archive, row_count, archived_at, verified_at, exported_at, dropped_at,"
        " obstacle FROM aegis.archive_status ORDER BY archive_id",
    )


@archive.command(name="verify")
@click.argument("number", type=int)
@dsn_option
def verify_archive(number: int, dsn: str) -> None:
    """Compare archive NUMBER with what was archived."""
    rows = _call(dsn, "SELECT aegis.verify_archive(%s)", (number,))
    click.echo(f"archive {number}: {rows:,} rows, as archived")


@archive.command()
@click.argument("number", type=int)
@click.option(
    "--to",
    "directory",
    type=click.Path(exists=True, file_okay=False, writable=True, path_type=Path),
    default=Path(),
    show_default=True,
    help="Directory for the file and its manifest.",
)
@click.option(
    "--format",
    "file_format",
    type=click.Choice([CSV, PARQUET]),
    default=CSV,
    show_default=True,
    help="parquet needs the extra of that name.",
)
@dsn_option
@json_option
def export(number: int, directory: Path, file_format: str, dsn: str, as_json: bool) -> None:
    """Write archive NUMBER to a file, read it back, and record it.

    In Parquet numeric(p,s) is a decimal, a time UTC in microseconds, an enum a string, and what has
    no type there (jsonb, inet, arrays, numeric without a precision) its text.
    """
    with reported(), connect(dsn) as connection:
        written, ledger_id = export_archive(connection, number, directory, file_format)
    if as_json:
        click.echo(json.dumps(written.__dict__ | {"ledger_id": ledger_id}, ensure_ascii=False))
    else:
        click.echo(
            f"{directory / written.file}: {written.rows:,} rows, {written.size:,} bytes, "
            f"sha256 {written.sha256}"
        )


@archive.command(name="drop")
@click.argument("number", type=int)
@click.confirmation_option("--yes", prompt="Drop this archive for good?")
@dsn_option
def drop_archive(number: int, dsn: str) -> None:
    """Take archive NUMBER away, where its class and term permit that."""
    rows = _call(dsn, "SELECT aegis.drop_archive(%s)", (number,))
    click.echo(f"archive {number}: {rows:,} rows dropped", err=True)


@click.group()
def deletion() -> None:
    """Delete rows in an emergency, by two persons."""


@deletion.command(name="status")
@dsn_option
@json_option
def deletion_status(dsn: str, as_json: bool) -> None:
    """Show the requests and where each stands."""
    _show(
        dsn,
        as_json,
        "Deletion requests",
        "SELECT request_id, relation, condition, row_count, status, reason, requested_by,"
        " decided_by, expires_at FROM aegis.emergency_deletion_status ORDER BY request_id",
    )


@deletion.command()
@click.argument("table")
@click.argument("predicate")
@click.option("--expect", "rows", type=click.IntRange(1), required=True, help="Rows it meets.")
@click.option("--reason", required=True, help="Kept on record.")
@dsn_option
def request(table: str, predicate: str, rows: int, reason: str, dsn: str) -> None:
    """Ask for the rows of TABLE that meet PREDICATE to be deleted.

    PREDICATE is JSON: [{"column": "stock_code", "operator": "=", "value": "005930"}, ...]
    """
    try:
        json.loads(predicate)
    except ValueError as error:
        raise click.BadParameter(f"it is no JSON: {error}", param_hint="PREDICATE") from error
    click.echo(
        _call(
            dsn,
            "SELECT aegis.request_deletion(%s::regclass, %s, %s, %s)",
            (table, predicate, rows, reason),
        )
    )


@deletion.command()
@click.argument("number", type=int)
@click.option("--reject", is_flag=True, help="Reject it instead.")
@click.option("--reason", help="Kept on record.")
@dsn_option
def approve(number: int, reject: bool, reason: str | None, dsn: str) -> None:
    """Approve or reject request NUMBER, as another person than the one who asked."""
    _call(dsn, "CALL aegis.approve_deletion(%s, %s, %s)", (number, not reject, reason))


@deletion.command()
@click.argument("number", type=int)
@click.confirmation_option("--yes", prompt="Delete the rows of this request?")
@dsn_option
def execute(number: int, dsn: str) -> None:
    """Delete the rows of the approved request NUMBER into the vault."""
    _call(dsn, "CALL aegis.emergency_deletion(%s)", (number,))
    click.echo(f"request {number} is executed", err=True)


@deletion.command(name="undo")
@click.argument("number", type=int)
@click.option("--reason", required=True, help="Kept on record.")
@dsn_option
def undo_deletion(number: int, reason: str, dsn: str) -> None:
    """Put the rows of request NUMBER back from the vault."""
    _call(dsn, "CALL aegis.restore_from_vault(%s, %s)", (number, reason))


@click.group()
def change() -> None:
    """Leave protection weaker, by two persons."""


@change.command(name="status")
@dsn_option
@json_option
def change_status(dsn: str, as_json: bool) -> None:
    """Show the requests and where each stands."""
    _show(
        dsn,
        as_json,
        "Change requests",
        "SELECT request_id, changes, reason, is_reseal, status, requested_by, decided_by, used_by,"
        " expires_at FROM aegis.change_status ORDER BY request_id",
    )


@change.command(name="request")
@click.argument("changes")
@click.option("--reason", required=True, help="Kept on record.")
@dsn_option
def request_change(changes: str, reason: str, dsn: str) -> None:
    """Ask that a change window may leave exactly CHANGES weaker; prints the number of the request.

    CHANGES is JSON, the detail of the AEP28 that refused the change; - reads it from stdin:
    [{"relation": "public.orders", "aspect": "default note", "was": "1", "becomes": null}]
    """
    if changes == "-":
        changes = sys.stdin.read()
    try:
        json.loads(changes)
    except ValueError as error:
        raise click.BadParameter(f"it is no JSON: {error}", param_hint="CHANGES") from error
    click.echo(_call(dsn, "SELECT aegis.request_change(%s, %s)", (reason, changes)))


@change.command(name="request-reseal")
@click.option("--reason", required=True, help="Kept on record.")
@dsn_option
def request_reseal(reason: str, dsn: str) -> None:
    """Ask to take as good what protects less than its baseline; prints the number.

    After an upgrade of PostgreSQL, or what was done past the guards; `change status` lists it.
    """
    click.echo(_call(dsn, "SELECT aegis.request_reseal(%s)", (reason,)))


@change.command(name="approve")
@click.argument("number", type=int)
@click.option("--reject", is_flag=True, help="Reject it instead.")
@click.option("--reason", help="Kept on record.")
@dsn_option
def approve_change(number: int, reject: bool, reason: str | None, dsn: str) -> None:
    """Approve or reject request NUMBER, as another person than the one who asked."""
    _call(dsn, "CALL aegis.approve_change(%s, %s, %s)", (number, not reject, reason))


@change.command()
@click.argument("number", type=int, required=False)
@click.option("--reason", required=True, help="Kept on record.")
@dsn_option
@json_option
def reseal(number: int | None, reason: str, dsn: str, as_json: bool) -> None:
    """Take the present state as the baseline, and show what differed.

    As a superuser or a member of aegis_guard. What is weaker needs the approved request NUMBER.
    """
    _show(
        dsn,
        as_json,
        "Taken as good",
        "SELECT subject, change FROM aegis_guard.reseal(%s, %s)",
        (reason, number),
    )


@click.group()
def erasure() -> None:
    """Erase persons, with a certificate, and again after every restore."""


@erasure.command()
@click.option("--subject", prompt=True, hide_input=True, help="Person or account; asked for.")
@click.option("--reference", required=True, help="Reference of the request; kept for ever.")
@click.option("--reason", required=True, help="Kept for ever; must not name the subject.")
@click.confirmation_option("--yes", prompt="Erase this subject everywhere?")
@dsn_option
def purge(subject: str, reference: str, reason: str, dsn: str) -> None:
    """Erase one subject everywhere; prints the number of the certificate."""
    click.echo(
        _call(dsn, "CALL aegis.purge_personal_data(%s, %s, %s)", (subject, reference, reason))
    )


@erasure.command(name="columns")
@dsn_option
@json_option
def personal_columns(dsn: str, as_json: bool) -> None:
    """Show where personal data lies, and how it is treated."""
    _show(
        dsn,
        as_json,
        "Personal columns",
        "SELECT schema_name, table_name, column_name, is_subject, treatment, reason"
        " FROM aegis.personal_columns ORDER BY 1, 2, 3",
    )


@erasure.command(name="export")
@click.argument("file", type=click.File("w", encoding="utf-8"), default="-")
@dsn_option
def export_erasures(file: Any, dsn: str) -> None:
    """Write the hashes of all erased subjects, to be kept apart from the backups."""
    with reported(), connect(dsn) as connection, connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            "SELECT encode(subject_hash, 'hex') AS subject_hash, certificate_id, request_reference"
            " FROM aegis.erasures ORDER BY certificate_id, 1"
        ).fetchall()
    json.dump(rows, file, ensure_ascii=False, indent=1)
    file.write("\n")


@erasure.command(name="reapply")
@click.option("--from", "file", type=click.File(encoding="utf-8"), help="What `export` wrote.")
@dsn_option
def reapply_erasures(file: Any, dsn: str) -> None:
    """Erase again whoever came back with a restore."""
    with reported():
        try:
            certificates = json.load(file) if file else None
        except ValueError as error:
            raise AegisError(
                "AEP63",
                "the certificates cannot be read",
                detail=f"{file.name} is no JSON: {error}",
            ) from error
    rows = _call(
        dsn,
        "SELECT aegis.reapply_erasures(%s)",
        (None if certificates is None else json.dumps(certificates),),
    )
    click.echo(f"{rows:,} rows erased again")
