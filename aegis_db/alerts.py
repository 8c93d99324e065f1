"""Delivers alerts: claims them from the outbox, sends them as webhook or e-mail, settles them.

The database decides what is due, how often and for how long; this courier only speaks HTTP and
SMTP. An alert goes out at least once, each time with the same idempotency key.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import formatdate
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

import psycopg
from psycopg.rows import dict_row

from aegis_db.database import connect
from aegis_db.errors import AegisError, describe

if TYPE_CHECKING:
    import httpx

Outcome = Literal["delivered", "failed", "refused"]
Job = Mapping[str, Any]

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
# Answers worth another try; any other that is no success is final.
PASSING = frozenset({408, 425, 429})


@dataclass(frozen=True)
class Relay:
    """The mail server that takes e-mail for everybody; TLS everywhere but on loopback."""

    host: str
    port: int
    sender: str
    user: str = ""
    password: str = field(default="", repr=False)


@dataclass
class Tally:
    """What became of the deliveries of one round."""

    delivered: int = 0
    failed: int = 0
    refused: int = 0
    lost: int = 0

    def __str__(self) -> str:
        """Return the numbers in words."""
        return (
            f"{self.delivered} delivered, {self.failed} to be tried again, {self.refused} refused,"
            f" {self.lost} taken over by others"
        )


def secret(name: str, directory: Path | None) -> bytes:
    """Return the signing key ``name``: of the environment, or of a file that only its owner reads.

    Raises AEV67 when there is none.
    """
    from_environment = os.environ.get(f"AEGIS_ALERT_SECRET_{name.upper()}")
    if from_environment:
        return from_environment.encode()
    path = directory / name if directory else None
    if path is None or not path.is_file():
        raise AegisError(
            "AEV67",
            f"signing key {name} was not found",
            hint=f"Set AEGIS_ALERT_SECRET_{name.upper()}, or put it into a file {name} and name its"
            " directory with --secrets.",
        )
    if path.stat().st_mode & 0o077:
        raise AegisError(
            "AEV67",
            f"the file of signing key {name} can be read by others",
            hint=f"chmod 600 {path}",
        )
    key = path.read_bytes().strip()
    if not key:
        raise AegisError("AEV67", f"the file of signing key {name} is empty", hint="Write the key.")
    return key


def signature(key: bytes, timestamp: str, body: bytes) -> str:
    """Return what the header X-Aegis-Signature holds; the receiver computes the same."""
    mac = hmac.new(key, timestamp.encode() + b"." + body, hashlib.sha256)
    return f"v1={mac.hexdigest()}"


class Deliverer:
    """Sends what is due through one database connection; several may run beside each other."""

    def __init__(
        self,
        dsn: str = "",
        *,
        allowed_hosts: frozenset[str] = frozenset(),
        secrets: Path | None = None,
        relay: Relay | None = None,
        name: str = "",
        timeout: float = 10.0,
        batch: int = 20,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Keep the settings; nothing is connected yet.

        ``allowed_hosts`` are the hosts (or host:port) that webhooks may call: whoever can write a
        channel in the database shall not make this process call whatever it can reach.
        """
        self.dsn = dsn
        self.allowed_hosts = allowed_hosts
        self.secrets = secrets
        self.relay = relay
        self.name = name or f"{socket.gethostname()}:{os.getpid()}"
        self.timeout = timeout
        self.batch = batch
        self.say = say
        self._client: httpx.Client | None = None

    # Sending.

    def send(self, job: Job) -> tuple[Outcome, str]:
        """Send one delivery; return how it ended and what went wrong, whatever the peer does."""
        try:
            return self._webhook(job) if job["adapter"] == "webhook" else self._mail(job)
        except AegisError as error:
            return "failed", f"{error.sqlstate}: {error.message}"
        except (OSError, smtplib.SMTPException) as error:
            return "failed", f"{type(error).__name__}: {error}"

    def _webhook(self, job: Job) -> tuple[Outcome, str]:
        parts = urlsplit(job["endpoint"])
        host = (parts.hostname or "").lower()
        port = parts.port or (443 if parts.scheme == "https" else 80)
        if parts.scheme != "https" and host not in LOOPBACK:
            return "refused", "a webhook needs https"
        if not {host, f"{host}:{port}"} & self.allowed_hosts:
            raise AegisError(
                "AEV66", f"host {host} is not allowed", hint="Start with --allow-host HOST."
            )
        body = json.dumps(
            {
                key: job[key]
                for key in (
                    "alert_id",
                    "alert_kind",
                    "severity",
                    "language",
                    "title",
                    "body",
                    "detail",
                )
            }
            | {"raised_at": job["raised_at"].isoformat()},
            ensure_ascii=False,
            sort_keys=True,
        ).encode()
        timestamp = str(int(time.time()))
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Idempotency-Key": str(job["idempotency_key"]),
            "X-Aegis-Timestamp": timestamp,
        }
        if job["secret_name"]:
            headers["X-Aegis-Signature"] = signature(
                secret(job["secret_name"], self.secrets), timestamp, body
            )
        client = self._http()
        import httpx  # noqa: PLC0415 - an extra

        try:
            answer = client.post(job["endpoint"], content=body, headers=headers)
        except httpx.HTTPError as error:
            return "failed", f"{type(error).__name__}: {error}"
        if answer.is_success:
            return "delivered", ""
        problem = f"HTTP {answer.status_code}"
        if answer.is_server_error or answer.status_code in PASSING:
            return "failed", problem
        return "refused", problem

    def _http(self) -> httpx.Client:
        if self._client is None:
            try:
                import httpx  # noqa: PLC0415 - an extra
            except ImportError:
                raise AegisError(
                    "AEV68", "httpx is not installed", hint="pip install 'aegis-db[alerts]'"
                ) from None
            # No redirects, no proxies: the host that was allowed is the host that is called.
            self._client = httpx.Client(
                timeout=self.timeout, follow_redirects=False, trust_env=False
            )
        return self._client

    def _mail(self, job: Job) -> tuple[Outcome, str]:
        relay = self.relay
        if relay is None:
            raise AegisError(
                "AEV66", "there is no mail server", hint="Start with --smtp HOST:PORT and --sender."
            )
        message = EmailMessage()
        message["From"] = relay.sender
        message["To"] = job["endpoint"]
        message["Subject"] = job["title"]
        message["Date"] = formatdate(job["raised_at"].timestamp())
        # The same alert again has the same id, by which mail systems drop it.
        message["Message-ID"] = f"<{job['idempotency_key']}@aegis>"
        message["X-Aegis-Severity"] = job["severity"]
        message.set_content(f"{job['body']}\n")
        try:
            with smtplib.SMTP(relay.host, relay.port, timeout=self.timeout) as server:
                if relay.host not in LOOPBACK:
                    server.starttls(context=ssl.create_default_context())
                if relay.user:
                    server.login(relay.user, relay.password)
                server.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            code, text = next(iter(error.recipients.values()))
            return _mail_outcome(code), f"SMTP {code} {text!r}"
        except smtplib.SMTPResponseException as error:
            return _mail_outcome(error.smtp_code), f"SMTP {error.smtp_code} {error.smtp_error!r}"
        return "delivered", ""

    # Working.

    def round(self, connection: psycopg.Connection[Any]) -> Tally:
        """Deliver what is due now; each claim and each settlement is a transaction of its own."""
        tally = Tally()
        while True:
            with connection.cursor(row_factory=dict_row) as cursor:
                jobs = cursor.execute(
                    "SELECT * FROM aegis.claim_alert_deliveries(%s, %s)", (self.name, self.batch)
                ).fetchall()
            for job in jobs:
                outcome, problem = self.send(job)
                try:
                    connection.execute(
                        "CALL aegis.settle_alert_delivery(%s, %s, %s, %s)",
                        (job["delivery_id"], job["attempt"], outcome, problem or None),
                    )
                except psycopg.DatabaseError as error:
                    if error.sqlstate != "AEV64":
                        raise
                    tally.lost += 1
                    continue
                setattr(tally, outcome, getattr(tally, outcome) + 1)
                if problem:
                    self.say(f"alert {job['alert_id']} to {job['channel']}: {problem}")
            if not jobs:
                return tally

    def once(self) -> Tally:
        """Deliver what is due now and return."""
        with connect(self.dsn, autocommit=True) as connection:
            return self.round(connection)

    def run(self, stop: threading.Event, *, poll: float = 5.0) -> None:
        """Deliver until ``stop`` is set: when the database notifies, and every ``poll`` seconds.

        Measures the load at the same pace and reminds of overdue cases once a minute. A lost
        connection is opened again.
        """
        pause = 0.5
        reminded = -60.0
        while not stop.is_set():
            try:
                with connect(self.dsn, autocommit=True) as connection:
                    connection.execute("LISTEN aegis_alerts")
                    pause = 0.5
                    while not stop.is_set():
                        connection.execute("SELECT aegis.refresh_load_level()")
                        if time.monotonic() - reminded >= 60:
                            reminded = time.monotonic()
                            connection.execute("SELECT aegis.raise_overdue_cases()")
                        tally = self.round(connection)
                        if tally != Tally():
                            self.say(str(tally))
                        for _ in connection.notifies(timeout=poll, stop_after=1):
                            pass
            except psycopg.OperationalError as error:
                problem = describe(error)
                self.say(f"{problem.sqlstate}: {problem.message}; again in {pause:g} s")
                stop.wait(pause)
                pause = min(pause * 2, 30)


def _mail_outcome(code: int) -> Outcome:
    """Return what an SMTP code means: 5xx is final, the rest passes."""
    return "refused" if 500 <= code < 600 else "failed"
