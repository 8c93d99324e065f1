"""`aegis-db cases`, `breakers`, `alerts`, `load`: what became of findings."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from psycopg.rows import dict_row
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from aegis_db.alerts import Deliverer, Relay
from aegis_db.cli.options import dsn_option, json_option
from aegis_db.database import connect
from aegis_db.errors import reported

reason_option = click.option("--reason", required=True, help="Kept with the act, for ever.")


def _show(dsn: str, as_json: bool, columns: Sequence[str], query: str, values: Any = ()) -> None:
    """Print the rows of ``query``: all columns as JSON, or ``columns`` as a table."""
    with reported(), connect(dsn) as connection, connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(query, values).fetchall()
    if as_json:
        click.echo(json.dumps(rows, default=str, ensure_ascii=False, indent=1))
        return
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(_text(row[column]) for column in columns))
    Console(width=None if sys.stdout.isatty() else 150).print(table)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, bool):
        return "yes" if value else ""
    return str(value)


def _call(dsn: str, statement: str, values: Sequence[Any], done: str) -> None:
    """Run one routine in one transaction and say what was done."""
    with reported(), connect(dsn) as connection:
        connection.execute(statement, values)
    click.echo(done, err=True)


# Cases.


@click.group()
def cases() -> None:
    """Doubts that wait for a decision."""


@cases.command("list")
@click.option("--overdue", is_flag=True, help="Only what should have been decided already.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True)
@dsn_option
@json_option
def cases_list(overdue: bool, limit: int, dsn: str, as_json: bool) -> None:
    """Show the validation queue, the most urgent first."""
    _show(
        dsn,
        as_json,
        (
            "kind",
            "item_id",
            "state",
            "severity",
            "reason",
            "stock_code",
            "trade_date",
            "items",
            "assigned_to",
            "due_at",
            "is_overdue",
        ),
        "SELECT * FROM aegis.validation_queue WHERE is_overdue OR NOT %s"
        " ORDER BY is_overdue DESC, priority, due_at, item_id LIMIT %s",
        (overdue, limit),
    )


@cases.command("show")
@click.argument("case_id", type=int)
@dsn_option
@json_option
def cases_show(case_id: int, dsn: str, as_json: bool) -> None:
    """Show every step of CASE_ID."""
    _show(
        dsn,
        as_json,
        ("acted_at", "acted_by", "event", "to_state", "reason", "detail"),
        "SELECT * FROM aegis.case_events WHERE case_id = %s ORDER BY case_event_id",
        (case_id,),
    )


@cases.command("assign")
@click.argument("case_id", type=int)
@click.argument("assignee")
@reason_option
@click.option("--version", "version", type=int, help="The state_version you have seen.")
@dsn_option
def cases_assign(case_id: int, assignee: str, reason: str, version: int | None, dsn: str) -> None:
    """Give CASE_ID to the login role ASSIGNEE."""
    _call(
        dsn,
        "CALL aegis.assign_case(%s, %s, %s, %s)",
        (case_id, assignee, reason, version),
        f"case {case_id} assigned to {assignee}",
    )


def _decision(verb: str, done: str, text: str) -> None:
    @cases.command(verb, help=text)
    @click.argument("case_id", type=int)
    @reason_option
    @click.option("--version", "version", type=int, help="The state_version you have seen.")
    @dsn_option
    def decide(case_id: int, reason: str, version: int | None, dsn: str) -> None:
        _call(
            dsn,
            f"CALL aegis.{verb}_case(%s, %s, %s)",
            (case_id, reason, version),
            f"case {case_id} {done}",
        )


_decision("release", "released", "Resolve CASE_ID: the value is right.")
_decision("replay", "is resolved", "Judge the values of CASE_ID again; resolve it if all is well.")
_decision("reopen", "is open again", "Open CASE_ID again: a decision was wrong.")


@cases.command("reject")
@click.argument("case_id", type=int)
@reason_option
@click.option("--version", "version", type=int, help="The state_version you have seen.")
@click.option(
    "--soft-delete", is_flag=True, help="Take its values out of use; they can be restored."
)
@dsn_option
def cases_reject(
    case_id: int, reason: str, version: int | None, soft_delete: bool, dsn: str
) -> None:
    """Resolve CASE_ID: the value is wrong."""
    _call(
        dsn,
        "CALL aegis.reject_case(%s, %s, %s, %s)",
        (case_id, reason, version, soft_delete),
        f"case {case_id} rejected",
    )


# Circuit breakers.


@click.group()
def breakers() -> None:
    """Circuit breakers of codes, sources and markets."""


@breakers.command("list")
@click.option("--all", "everything", is_flag=True, help="Show closed ones too.")
@dsn_option
@json_option
def breakers_list(everything: bool, dsn: str, as_json: bool) -> None:
    """Show what has tripped."""
    _show(
        dsn,
        as_json,
        (
            "scope",
            "subject",
            "state",
            "reason",
            "opened_at",
            "probing_from",
            "probes_passed",
            "trips",
        ),
        "SELECT scope, subject, state, reason, condition_code, opened_at, probes_passed,"
        " probe_batches, trips, nullif(probing_from, 'infinity') AS probing_from, changed_at,"
        " changed_by FROM aegis.circuit_breakers WHERE state <> 'closed' OR %s"
        " ORDER BY scope, subject",
        (everything,),
    )


scope_argument = click.argument("scope", type=click.Choice(["code", "source", "market"]))


@breakers.command("trip")
@scope_argument
@click.argument("subject")
@reason_option
@click.option("--cooldown", help="Such as '1 hour'  [default: until it is reset]")
@dsn_option
def breakers_trip(scope: str, subject: str, reason: str, cooldown: str | None, dsn: str) -> None:
    """Open the circuit breaker of SUBJECT: its rows are quarantined."""
    _call(
        dsn,
        "CALL aegis.trip_breaker(%s, %s, %s, %s::interval)",
        (scope, subject, reason, cooldown),
        f"circuit breaker of {scope} {subject} is open",
    )


@breakers.command("reset")
@scope_argument
@click.argument("subject")
@reason_option
@dsn_option
def breakers_reset(scope: str, subject: str, reason: str, dsn: str) -> None:
    """Close the circuit breaker of SUBJECT."""
    _call(
        dsn,
        "CALL aegis.reset_breaker(%s, %s, %s)",
        (scope, subject, reason),
        f"circuit breaker of {scope} {subject} is closed",
    )


# Alerts.


@click.group()
def alerts() -> None:
    """Alerts: what was raised, and its delivery."""


@alerts.command("list")
@click.option("--limit", type=click.IntRange(1), default=30, show_default=True)
@click.option("--language", type=click.Choice(["en", "ko"]), default="ko", show_default=True)
@dsn_option
@json_option
def alerts_list(limit: int, language: str, dsn: str, as_json: bool) -> None:
    """Show the latest alerts and where their deliveries stand."""
    _show(
        dsn,
        as_json,
        (
            "alert_id",
            "last_raised_at",
            "severity",
            f"title_{language}",
            "occurrences",
            "deliveries",
        ),
        "SELECT a.*, (SELECT string_agg(d.channel || ' ' || d.state, ', ' ORDER BY d.channel)"
        " FROM aegis.alert_deliveries AS d WHERE d.alert_id = a.alert_id) AS deliveries"
        " FROM aegis.alerts AS a ORDER BY a.alert_id DESC LIMIT %s",
        (limit,),
    )


@alerts.command("test")
@dsn_option
def alerts_test(dsn: str) -> None:
    """Raise a test alert on every channel."""
    with reported(), connect(dsn) as connection:
        row = connection.execute("SELECT aegis.send_test_alert()").fetchone()
    click.echo(f"test alert {row[0] if row else ''} raised", err=True)


@alerts.command("run")
@click.option("--once", is_flag=True, help="Deliver what is due, then end.")
@click.option(
    "--allow-host",
    "hosts",
    multiple=True,
    envvar="AEGIS_ALERT_HOSTS",
    help="Host or host:port that webhooks may call; repeat it  [env: AEGIS_ALERT_HOSTS, by blanks]",
)
@click.option(
    "--secrets",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    envvar="AEGIS_ALERT_SECRETS",
    help="Directory of signing keys, one file each  [env: AEGIS_ALERT_SECRETS]",
)
@click.option("--smtp", envvar="AEGIS_SMTP", help="HOST:PORT of the mail server  [env: AEGIS_SMTP]")
@click.option(
    "--sender",
    envvar="AEGIS_SMTP_SENDER",
    help="From address; user and password: AEGIS_SMTP_USER, AEGIS_SMTP_PASSWORD",
)
@click.option("--poll", type=click.FloatRange(0.05), default=5.0, show_default=True)
@dsn_option
def alerts_run(
    once: bool,
    hosts: tuple[str, ...],
    secrets: Path | None,
    smtp: str | None,
    sender: str | None,
    poll: float,
    dsn: str,
) -> None:
    """Deliver alerts as webhooks and e-mail, until stopped. Several may run beside each other."""
    deliverer = Deliverer(
        dsn,
        allowed_hosts=frozenset(host.lower() for host in hosts),
        secrets=secrets,
        relay=_relay(smtp, sender),
        say=lambda text: click.echo(text, err=True),
    )
    if once:
        with reported():
            click.echo(str(deliverer.once()), err=True)
        return
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with reported():
        deliverer.run(stop, poll=poll)


def _relay(smtp: str | None, sender: str | None) -> Relay | None:
    """Return the mail server of the options, None without one; usage error when they are half."""
    if not smtp:
        return None
    host, _, port = smtp.rpartition(":")
    if not host or not port.isdigit():
        raise click.BadParameter("HOST:PORT is expected.", param_hint="--smtp")
    if not sender:
        raise click.UsageError("--smtp needs --sender.")
    return Relay(
        host.strip("[]"),
        int(port),
        sender,
        os.environ.get("AEGIS_SMTP_USER", ""),
        os.environ.get("AEGIS_SMTP_PASSWORD", ""),
    )
