"""Cases, breakers and alerts: two at once, processes that die, servers that answer badly."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import signal
import smtplib
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from datetime import time as dt_time
from email import policy
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import psycopg
import pytest
from aiosmtpd.controller import Controller
from click.testing import CliRunner
from waiting import until

from aegis_db.alerts import Deliverer, Relay
from aegis_db.cli import main
from aegis_db.ingest import BatchResult, Writer

# A rule as simple as can be: a volume of 13 is critical.
TEST_RULE = """
CREATE FUNCTION aegis.test_rule(
    p_target text, p_source text, p_batch_number bigint, p_work regclass
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format(
        'INSERT INTO aegis.findings (rule_code, rule_version, severity, target, stock_code,
                                     trade_date, data_version, batch_number, found_by)
         SELECT ''price_change'', 1, ''critical'', $1, w.stock_code, w.trade_date, t.data_version,
                $2, ''ingest''
           FROM %s AS w JOIN aegis.stock_prices AS t USING (stock_code, trade_date)
          WHERE w.reason IS NULL AND w.volume = 13 AND t.batch_number = $2', p_work)
      USING p_target, p_batch_number;
END
$$;
GRANT EXECUTE ON FUNCTION aegis.test_rule TO aegis_owner;
INSERT INTO aegis.ingest_checks (target, stage, priority, routine)
VALUES ('stock_prices', 'after', 1, 'test_rule');
CALL aegis.change_configuration('aegis.live_days', '36500', 'old days');
"""
COOL = """
UPDATE aegis.circuit_breakers SET probing_from = clock_timestamp() WHERE state <> 'closed'
"""
FINDING = """
INSERT INTO aegis.findings (rule_code, rule_version, severity, target, stock_code, trade_date,
                            data_version, found_by)
VALUES ('price_change', 1, 'warning', 'daily_market_data', %s, '2025-01-02', %s, 'day')
"""


@pytest.fixture
def ruled(database: str) -> str:
    """A database in which a volume of 13 is critical."""
    with psycopg.connect(database) as connection:
        connection.execute(TEST_RULE)
    return database


def send(
    connection: psycopg.Connection,
    volume: int,
    second: int,
    code: str = "005930",
    day: str = "2025-01-02",
) -> tuple[int, int]:
    """Upsert one price; return the rows taken and quarantined."""
    row = connection.execute(
        """SELECT r.inserted + r.updated, r.quarantined FROM aegis.upsert_stock_prices(
               ARRAY[ROW(%s, %s, 53400, %s,
                         TIMESTAMPTZ '2025-01-03 10:00+09' + %s * INTERVAL '1 second', NULL)
                    ]::aegis.stock_price_input[], 'krx', gen_random_uuid()) AS r""",
        (code, day, volume, second),
    ).fetchone()
    assert row is not None
    return row[0], row[1]


def state(connection: psycopg.Connection, code: str = "005930") -> str | None:
    row = connection.execute(
        "SELECT state FROM aegis.circuit_breakers WHERE (scope, subject) = ('code', %s)", (code,)
    ).fetchone()
    return row[0] if row else None


def at_once(jobs: list[Callable[[], Any]]) -> list[Any]:
    """Run all jobs from the same instant; return results and exceptions."""
    barrier = threading.Barrier(len(jobs))
    results: list[Any] = [None] * len(jobs)

    def work(number: int, job: Callable[[], Any]) -> None:
        barrier.wait()
        try:
            results[number] = job()
        except Exception as error:
            results[number] = error

    threads = [threading.Thread(target=work, args=item) for item in enumerate(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return results


# Cases.


def test_of_two_who_decide_at_once_one_does(database: str) -> None:
    for attempt in range(5):
        with psycopg.connect(database) as connection:
            connection.execute(FINDING, ("005930", attempt + 1))
            case = connection.execute(
                "SELECT case_id, state_version FROM aegis.cases WHERE state = 'open'"
            ).fetchone()
        assert case is not None

        def decide(reason: str, case: tuple[int, int] = case) -> str:
            with psycopg.connect(database) as connection:
                connection.execute(
                    "CALL aegis.release_case(%s, %s, %s)", (case[0], reason, case[1])
                )
            return "done"

        results = at_once([lambda: decide("one"), lambda: decide("two")])
        codes = sorted(getattr(result, "sqlstate", None) or result for result in results)
        assert codes == ["AEV42", "done"]
    with psycopg.connect(database) as connection:
        events = connection.execute(
            "SELECT event, count(*) FROM aegis.case_events GROUP BY 1 ORDER BY 1"
        ).fetchall()
    assert events == [("opened", 5), ("released", 5)]


def test_findings_of_many_sessions_join_one_case(database: str) -> None:
    def find(version: int) -> None:
        with psycopg.connect(database) as connection:
            connection.execute(FINDING, ("005930", version))

    results = at_once([lambda version=version: find(version) for version in range(1, 9)])
    assert results == [None] * 8
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT findings FROM aegis.cases").fetchall() == [(8,)]
        assert connection.execute("SELECT count(*) FROM aegis.case_findings").fetchone() == (8,)


# Circuit breakers.


def test_two_findings_in_two_sessions_trip_what_two_trip(ruled: str) -> None:
    with psycopg.connect(ruled, autocommit=True) as connection:
        connection.execute(
            """CALL aegis.change_breaker_condition('code_critical', '{"threshold": 2}', 'test')"""
        )
        for code in ("000660", "035420", "068270"):
            send(connection, 1, 0, code)

            def one(day: str, code: str = code) -> tuple[int, int]:
                with psycopg.connect(ruled) as session:
                    return send(session, 13, 1, code, day)

            results = at_once([lambda: one("2025-01-02"), lambda: one("2025-01-03")])
            assert results == [(1, 0), (1, 0)]
            assert state(connection, code) == "open"


def test_half_open_lets_exactly_one_probe_through_at_a_time(ruled: str) -> None:
    with (
        psycopg.connect(ruled, autocommit=True) as watcher,
        psycopg.connect(ruled) as first,
        psycopg.connect(ruled) as second,
    ):
        assert send(watcher, 13, 1) == (1, 0)
        assert state(watcher) == "open"
        watcher.execute(COOL)

        assert send(first, 1, 2) == (1, 0)
        assert send(second, 1, 3) == (0, 1), "the probe in flight is the only one"
        second.commit()
        first.rollback()
        assert state(watcher) == "open", "a probe that was rolled back never was"

        assert send(first, 1, 4) == (1, 0)
        first.commit()
        assert state(watcher) == "half_open"
        assert send(second, 13, 5) == (1, 0)
        second.commit()
        assert state(watcher) == "open"
        assert send(first, 1, 6) == (0, 1)
        probes = watcher.execute("SELECT count(*) FROM aegis.circuit_breaker_probes").fetchone()
        assert probes == (2,)


def test_many_writers_close_a_breaker_after_exactly_its_probes(ruled: str) -> None:
    with psycopg.connect(ruled, autocommit=True) as watcher:
        send(watcher, 13, 1)
        watcher.execute(COOL)

        def write(number: int) -> None:
            with psycopg.connect(ruled, autocommit=True) as session:
                for turn in range(6):
                    send(session, 1, 10 + number * 10 + turn)

        assert at_once([lambda n=n: write(n) for n in range(6)]) == [None] * 6
        assert state(watcher) == "closed"
        row = watcher.execute(
            "SELECT count(*), (SELECT count(*) FROM aegis.circuit_breaker_events"
            " WHERE to_state = 'closed') FROM aegis.circuit_breaker_probes"
        ).fetchone()
        assert row == (3, 1)


def test_a_breaker_trips_with_the_value_that_causes_it(ruled: str) -> None:
    with (
        psycopg.connect(ruled, autocommit=True) as writer,
        psycopg.connect(ruled, autocommit=True) as listener,
    ):
        listener.execute("LISTEN aegis_alerts")
        send(writer, 1, 0)
        started = time.monotonic()
        send(writer, 13, 1)
        notified = next(listener.notifies(timeout=5))
        seen = state(listener)
        took = time.monotonic() - started
        assert seen == "open"
        assert len(notified.payload) < 20
        assert took < 1, f"{took:.3f} s"


def test_a_tick_stops_its_code_within_a_second(database: str) -> None:
    """Through the writer, by a rule of AEGIS, seen by a session that was told."""
    today = datetime.now(ZoneInfo("Asia/Seoul")).date()
    early = datetime.combine(today, dt_time(8, 10), ZoneInfo("Asia/Seoul")) - timedelta(days=1)
    with psycopg.connect(database, autocommit=True) as listener:
        listener.execute(
            "SELECT aegis.ensure_partitions('aegis.stock_ticks', %(day)s, %(day)s)",
            {"day": early.date()},
        )
        listener.execute(
            "CALL aegis.override_trading_day(%s, TRUE, 'test', '09:00', '15:30')", (early.date(),)
        )
        listener.execute(
            "CALL aegis.change_validation_rule("
            " 'outside_session', %s, 'nothing trades at ten past eight')",
            ('{"severity": "critical"}',),
        )
        listener.execute("LISTEN aegis_alerts")
        heard: list[tuple[float, str]] = []

        def listen() -> None:
            for _ in listener.notifies(timeout=10, stop_after=1):
                pass
            seen = listener.execute("SELECT aegis.breaker_state('005930')").fetchone()
            heard.append((time.monotonic(), seen[0] if seen else "unknown"))

        with Writer(database, connections=1) as writer:

            def tick(number: int, at: datetime) -> BatchResult:
                row = {
                    "stock_code": "005930",
                    "trade_date": at.date(),
                    "traded_at": at,
                    "sequence_number": number,
                    "price": 53400,
                    "volume": 1,
                }
                return writer.write("stock_ticks", [row], source="krx")

            assert tick(1, early + timedelta(hours=2)).inserted == 1
            ears = threading.Thread(target=listen, daemon=True)
            ears.start()
            started = time.monotonic()
            assert tick(2, early).inserted == 1, "the tick is stored: flag, never drop"
            ears.join(15)
            assert heard, "nobody was told"
            ((told_at, state_then),) = heard
            assert state_then == "open"
            assert told_at - started < 1, f"{told_at - started:.3f} s"
            assert tick(3, early + timedelta(hours=2)).quarantined == 1


def test_a_tick_is_judged_by_its_venue(database: str) -> None:
    """Through the writer: in the evening of a day on which NXT traded and KRX did not."""
    evening = datetime(2026, 9, 11, 19, 0, tzinfo=ZoneInfo("Asia/Seoul"))

    def tick(venue: str | None) -> dict[str, object]:
        row: dict[str, object] = {
            "stock_code": "005930",
            "traded_at": evening,
            "sequence_number": 1,
            "price": 53400,
            "volume": 1,
        }
        return row if venue is None else {**row, "venue": venue}

    with Writer(database, connections=1) as writer:
        result = writer.write("stock_ticks", [tick("NXT"), tick("nxt")], source="krx")
        assert (result.inserted, result.rejected) == (1, 1)
        with psycopg.connect(database) as reader:
            assert reader.execute("SELECT count(*) FROM aegis.findings").fetchone() == (0,)
            assert reader.execute("SELECT reason FROM aegis.dead_letters").fetchall() == [
                ("unknown_venue",)
            ]
        assert writer.write("stock_ticks", [tick(None)], source="krx").inserted == 1

    with psycopg.connect(database) as reader:
        assert reader.execute("SELECT venue FROM aegis.stock_ticks ORDER BY 1").fetchall() == [
            ("NXT",),
            ("XKRX",),
        ]
        assert reader.execute("SELECT rule_code, slot FROM aegis.findings").fetchall() == [
            ("outside_session", "19:00")
        ]


def test_doubtful_ticks_of_the_same_codes_never_deadlock(database: str) -> None:
    """Two feeds and a judged day meet at the same findings, in opposite orders."""
    send = """
        SELECT aegis.upsert_rows('stock_ticks', array_agg(
            ROW((100000 + g)::text, '2026-09-11', '2026-09-11 22:00+09', %(number)s, 1000, 1, NULL,
                %(venue)s)::aegis.stock_tick_input ORDER BY g * %(direction)s),
            'krx', gen_random_uuid()) FROM generate_series(1, 60) AS g"""
    barrier = threading.Barrier(3)
    failures: list[psycopg.Error] = []

    def run(direction: int) -> None:
        with psycopg.connect(database, autocommit=True) as connection:
            for number in range(8):
                barrier.wait(60)
                try:
                    if direction == 0:
                        connection.execute("SELECT aegis.validate_trading_day('2026-09-11')")
                        continue
                    connection.execute(
                        send,
                        {
                            "number": number,
                            "venue": ("XKRX", "NXT")[(number + direction) % 2],
                            "direction": direction,
                        },
                    )
                except psycopg.Error as error:
                    failures.append(error)

    threads = [threading.Thread(target=run, args=(each,)) for each in (1, -1, 0)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(300)
    assert not failures, failures
    with psycopg.connect(database) as reader:
        assert reader.execute(
            "SELECT slot, count(*) FROM aegis.findings"
            " WHERE target = 'stock_ticks' AND status = 'open' GROUP BY slot ORDER BY slot"
        ).fetchall() == [("22:00", 60), ("22:00 NXT", 60)]


# Delivery.


class Receiver(BaseHTTPRequestHandler):
    """Answers as told, and keeps what it got."""

    answers: ClassVar[list[int | str]] = []
    seen: ClassVar[list[tuple[dict[str, str], bytes]]] = []
    arrived: ClassVar[threading.Event] = threading.Event()
    proceed: ClassVar[threading.Event] = threading.Event()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.seen.append(({key.lower(): value for key, value in self.headers.items()}, body))
        self.arrived.set()
        answer = self.answers.pop(0) if self.answers else 200
        if answer == "hang":
            self.proceed.wait(20)
            return
        if answer == "close":
            self.connection.close()
            return
        self.send_response(int(answer))
        if answer == 302:
            self.send_header("Location", "http://127.0.0.1:9/")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[str]:
    """The address of a webhook on loopback."""
    Receiver.answers, Receiver.seen = [], []
    Receiver.arrived, Receiver.proceed = threading.Event(), threading.Event()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/hook"
    Receiver.proceed.set()
    server.shutdown()
    thread.join()
    server.server_close()


def channel(dsn: str, **options: Any) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute(
            "CALL aegis.set_alert_channel('desk', %s, 'test')", (json.dumps(options),)
        )


def raise_alert(dsn: str) -> int:
    with psycopg.connect(dsn) as connection:
        row = connection.execute("SELECT aegis.send_test_alert()").fetchone()
    assert row is not None
    return int(row[0])


def deliveries(dsn: str) -> list[tuple[str, int, str | None]]:
    with psycopg.connect(dsn) as connection:
        return connection.execute(
            "SELECT state, attempts, last_error FROM aegis.alert_deliveries ORDER BY delivery_id"
        ).fetchall()


def make_due(dsn: str) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute("UPDATE aegis.alert_deliveries SET next_attempt_at = clock_timestamp()")


LOCAL = frozenset({"127.0.0.1"})


def test_a_webhook_is_signed_and_carries_its_key(
    database: str, receiver: str, tmp_path: Path
) -> None:
    channel(database, adapter="webhook", endpoint=receiver, secret_name="desk")
    (tmp_path / "desk").write_text("s3cret\n")
    (tmp_path / "desk").chmod(0o600)
    raise_alert(database)
    deliverer = Deliverer(database, allowed_hosts=LOCAL, secrets=tmp_path)
    assert deliverer.once().delivered == 1
    assert deliverer.once().delivered == 0

    ((headers, body),) = Receiver.seen
    wanted = hmac.new(
        b"s3cret", headers["x-aegis-timestamp"].encode() + b"." + body, hashlib.sha256
    ).hexdigest()
    assert headers["x-aegis-signature"] == f"v1={wanted}"
    assert json.loads(body)["title"] == "AEGIS 시험 알림"
    with psycopg.connect(database) as connection:
        key = connection.execute("SELECT idempotency_key FROM aegis.alert_deliveries").fetchone()
        stored = connection.execute("SELECT d::text FROM aegis.alert_channels AS d").fetchall()
    assert key == (uuid.UUID(headers["idempotency-key"]),)
    assert "s3cret" not in str(stored)


@pytest.mark.parametrize(
    ("answers", "end"),
    [
        ([503, 200], ("delivered", 2)),
        ([429, "close", 200], ("delivered", 3)),
        ([410], ("dead", 1)),
        ([302], ("dead", 1)),
        ([500, 500, 500], ("dead", 3)),
        (["hang", 200], ("delivered", 2)),
    ],
    ids=["503", "429 and a broken line", "410", "redirect", "500 for ever", "no answer"],
)
def test_a_bad_answer_is_tried_again_or_given_up(
    database: str, receiver: str, answers: list[int | str], end: tuple[str, int]
) -> None:
    channel(database, adapter="webhook", endpoint=receiver, attempts_maximum=3)
    raise_alert(database)
    Receiver.answers = list(answers)
    deliverer = Deliverer(database, allowed_hosts=LOCAL, timeout=0.5)
    for _ in answers:
        deliverer.once()
        make_due(database)
    assert [row[:2] for row in deliveries(database)] == [end]
    assert len({headers["idempotency-key"] for headers, _ in Receiver.seen}) == 1
    assert len(Receiver.seen) == len(answers)


def test_only_hosts_that_were_named_are_called(database: str, receiver: str) -> None:
    channel(database, adapter="webhook", endpoint=receiver)
    raise_alert(database)
    assert Deliverer(database, allowed_hosts=frozenset({"example.com"})).once().failed == 1
    assert Receiver.seen == []
    ((state_, _, error),) = deliveries(database)
    assert state_ == "pending"
    assert error is not None
    assert error.startswith("AEV66")


def test_a_key_that_others_can_read_is_not_used(
    database: str, receiver: str, tmp_path: Path
) -> None:
    channel(database, adapter="webhook", endpoint=receiver, secret_name="desk")
    raise_alert(database)
    deliverer = Deliverer(database, allowed_hosts=LOCAL, secrets=tmp_path)
    assert deliverer.once().failed == 1
    (tmp_path / "desk").write_text("s3cret")
    (tmp_path / "desk").chmod(0o644)
    make_due(database)
    assert deliverer.once().failed == 1
    assert Receiver.seen == []
    assert "AEV67" in str(deliveries(database)[0][2])


def test_a_missing_extra_is_named(
    database: str, receiver: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel(database, adapter="webhook", endpoint=receiver)
    raise_alert(database)
    monkeypatch.setitem(sys.modules, "httpx", None)
    assert Deliverer(database, allowed_hosts=LOCAL).once().failed == 1
    assert "AEV68" in str(deliveries(database)[0][2])


@contextmanager
def running(dsn: str, *options: str) -> Iterator[subprocess.Popen[str]]:
    """Run a deliverer as a process of its own, as an operator would."""
    environment = {**os.environ, "AEGIS_DSN": dsn}
    command = [sys.executable, "-c", "from aegis_db.cli import main; main()", "alerts", "run"]
    with subprocess.Popen(
        [*command, "--allow-host", "127.0.0.1", "--poll", "0.2", *options],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def test_a_killed_deliverer_loses_nothing(database: str, receiver: str) -> None:
    channel(database, adapter="webhook", endpoint=receiver)
    with psycopg.connect(database) as connection:
        connection.execute(
            "CALL aegis.change_configuration('aegis.alert_claim_time', '1 second', 'test')"
        )
    Receiver.answers = ["hang"]
    raise_alert(database)
    with running(database) as first:
        assert Receiver.arrived.wait(15)
        first.send_signal(signal.SIGKILL)
        first.wait(10)
    assert deliveries(database)[0][0] == "claimed"
    with running(database) as second:
        until(lambda: deliveries(database)[0][0] == "delivered", 15)
        later = raise_alert(database)
        until(lambda: [row[0] for row in deliveries(database)] == ["delivered"] * 2, 15)
        second.send_signal(signal.SIGTERM)
        assert second.wait(10) == 0
    keys = [headers["idempotency-key"] for headers, _ in Receiver.seen]
    assert len(keys) == 3
    assert keys[0] == keys[1] != keys[2]
    assert json.loads(Receiver.seen[2][1])["alert_id"] == later


def test_two_deliverers_share_the_work(database: str, receiver: str) -> None:
    channel(database, adapter="webhook", endpoint=receiver, rate_per_minute=6000, burst=1000)
    with psycopg.connect(database) as connection:
        connection.execute(
            "SELECT aegis._raise_alert('finding', n::text, 'critical', '{}')"
            "  FROM generate_series(1, 60) AS n"
        )
    deliverers = [Deliverer(database, allowed_hosts=LOCAL, batch=7) for _ in range(2)]
    tallies = at_once([deliverer.once for deliverer in deliverers])
    assert sum(tally.delivered for tally in tallies) == 60
    assert len({headers["idempotency-key"] for headers, _ in Receiver.seen}) == 60
    assert len(Receiver.seen) == 60


class Mailbox:
    """A mail server that answers as told."""

    def __init__(self) -> None:
        self.answers: list[str] = []
        self.mails: list[bytes] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        answer = self.answers.pop(0) if self.answers else "250 OK"
        if answer.startswith("250"):
            self.mails.append(envelope.content)
        return answer


def test_e_mail_is_sent_tried_again_and_given_up(database: str) -> None:
    mailbox = Mailbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = Controller(mailbox, hostname="127.0.0.1", port=port, ready_timeout=30)
    server.start()
    try:
        channel(database, adapter="smtp", endpoint="risk@example.com")
        deliverer = Deliverer(database, relay=Relay("127.0.0.1", port, "aegis@example.com"))
        assert Deliverer(database).once().failed == 0
        raise_alert(database)
        mailbox.answers = ["451 later"]
        assert deliverer.once().failed == 1
        make_due(database)
        assert deliverer.once().delivered == 1
        mail = BytesParser(policy=policy.default).parsebytes(mailbox.mails[0])
        assert mail["Subject"] == "AEGIS 시험 알림"
        assert "시험 알림입니다" in mail.get_content()
        assert str(mail["Message-ID"]).endswith("@aegis>")

        time.sleep(1.1)
        raise_alert(database)
        mailbox.answers = ["554 never"]
        assert deliverer.once().refused == 1
    finally:
        server.stop()
    assert [row[:2] for row in deliveries(database)] == [("delivered", 2), ("dead", 1)]
    with pytest.raises(OSError, match="refused"), smtplib.SMTP("127.0.0.1", port):
        pass
    make_due(database)


# The command line.


def run(*arguments: str) -> Any:
    return CliRunner().invoke(main, arguments, catch_exceptions=False)


def test_the_queue_from_the_command_line(database: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute(FINDING, ("005930", 1))
        connection.execute("CREATE ROLE example_lee LOGIN; GRANT aegis_operator TO example_lee")
        connection.execute("UPDATE aegis.cases SET due_at = opened_at")
    with psycopg.connect(database) as connection:
        code = ("--dsn", database)
        listed = json.loads(run("cases", "list", "--overdue", "--json", *code).stdout)
        assert [(row["kind"], row["stock_code"], row["is_overdue"]) for row in listed] == [
            ("case", "005930", True)
        ]
        case = str(listed[0]["item_id"])
        assert run("cases", "list", *code).exit_code == 0
        assert run("cases", "assign", case, "example_lee", "--reason", "hers", *code).exit_code == 0
        refused = run("cases", "release", case, "--reason", "x", *code)
        assert refused.exit_code == 1
        assert refused.stderr.startswith("AEV44")
        assert run("cases", "assign", case, "nobody", "--reason", "x", *code).exit_code == 1
        assert run("cases", "release", case, *code).exit_code == 2
        steps = json.loads(run("cases", "show", case, "--json", *code).stdout)
        assert [step["event"] for step in steps] == ["opened", "assigned"]
    with psycopg.connect(database) as connection:
        connection.execute("DROP ROLE example_lee")


def test_breakers_and_alerts_from_the_command_line(database: str, receiver: str) -> None:
    channel(database, adapter="webhook", endpoint=receiver)
    code = ("--dsn", database)
    tripped = run("breakers", "trip", "source", "naver", "--reason", "stale", *code)
    assert tripped.exit_code == 0, tripped.stderr
    again = run("breakers", "trip", "source", "naver", "--reason", "stale", *code)
    assert again.stderr.startswith("AEV52")
    assert "naver" in run("breakers", "list", *code).stdout
    assert run("breakers", "reset", "source", "naver", "--reason", "fine", *code).exit_code == 0
    assert json.loads(run("breakers", "list", "--json", *code).stdout) == []
    assert run("alerts", "test", *code).exit_code == 0
    done = run("alerts", "run", "--once", "--allow-host", "127.0.0.1", *code)
    assert done.exit_code == 0
    assert done.stderr.startswith("3 delivered")
    assert "회로차단 발동" in run("alerts", "list", *code).stdout
    assert run("alerts", "run", "--once", "--smtp", "nonsense", *code).exit_code == 2
    assert run("alerts", "run", "--once", "--smtp", "127.0.0.1:25", *code).exit_code == 2


# From end to end.


def test_a_bad_price_from_the_tick_to_the_replay(ruled: str, receiver: str) -> None:
    """Tick, finding, case, alert, breaker, quarantine, decision, reset, replay."""
    channel(ruled, adapter="webhook", endpoint=receiver, language="en")
    deliverer = Deliverer(ruled, allowed_hosts=LOCAL)
    with psycopg.connect(ruled, autocommit=True) as feed:
        assert send(feed, 13, 1) == (1, 0), "the bad price is stored: flag, never drop"

        ((case, version),) = feed.execute("SELECT case_id, state_version FROM aegis.cases")
        assert deliverer.once().delivered == 2
        kinds = {json.loads(body)["alert_kind"] for _, body in Receiver.seen}
        assert kinds == {"finding", "breaker_opened"}
        assert f"case {case}" in " ".join(json.loads(body)["body"] for _, body in Receiver.seen)

        suspended = "SELECT is_suspended FROM aegis.stock_status WHERE stock_code = '005930'"
        assert feed.execute(suspended).fetchone() == (True,)
        assert send(feed, 1, 2) == (0, 1), "the next batch is quarantined"
        waiting = feed.execute(
            "SELECT kind, reason FROM aegis.validation_queue ORDER BY kind"
        ).fetchall()
        assert waiting == [("case", "price_change"), ("dead_letter", "breaker_open")]

        feed.execute("CALL aegis.reject_case(%s, 'a digit too many', %s)", (case, version))
        feed.execute("CALL aegis.reset_breaker('code', '005930', 'the feed was mended')")
        replayed = feed.execute(
            "SELECT r.updated, r.quarantined FROM aegis.replay_dead_letters("
            " 'stock_prices', 'the breaker is closed', p_rule => 'breaker_open') AS r"
        ).fetchall()
        assert replayed == [(1, 0)]
        assert feed.execute("SELECT * FROM aegis.validation_queue").fetchall() == []
        assert feed.execute(suspended).fetchone() == (False,)
        stored = "SELECT volume FROM aegis.stock_prices WHERE stock_code = '005930'"
        assert feed.execute(stored).fetchone() == (1,)
        past = "SELECT volume FROM aegis.stock_prices_history WHERE stock_code = '005930'"
        assert feed.execute(past).fetchall() == [(13,)], "and nothing was lost"
        acts = "SELECT kind FROM aegis.ledger WHERE kind IN ('case', 'breaker') ORDER BY ledger_id"
        assert [row[0] for row in feed.execute(acts)] == ["breaker", "case", "breaker"]


def test_metrics_for_prometheus(database: str) -> None:
    channel(database, adapter="smtp", endpoint="risk@example.com")
    printed = run("metrics", "--dsn", database)
    assert printed.exit_code == 0
    lines = printed.stdout.splitlines()
    assert 'aegis_validation_cases_unresolved{severity="critical"} 0' in lines
    assert 'aegis_validation_alerts_undelivered{channel="desk"} 0' in lines
    assert 'aegis_validation_healthy{measure="load_level"} 1' in lines
    names = [line.split()[2] for line in lines if line.startswith("# TYPE")]
    assert len(names) == len(set(names)), "each family is announced once"
    assert all(
        line.startswith("#") or re.fullmatch(r'[a-z_]+(\{[a-z]+="[^"]*"\})? -?[0-9.]+', line)
        for line in lines
    )
