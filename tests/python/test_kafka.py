"""Kafka into PostgreSQL exactly once, against librdkafka's own cluster over real connections."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import psycopg
import pytest
import waiting
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from aegis_db.errors import AegisError
from aegis_db.ingest.kafka import KafkaReader

pytestmark = pytest.mark.once(15)

kafka = pytest.importorskip("confluent_kafka")

until = partial(waiting.until, seconds=60)  # a rebalance takes its time

PROGRAM = "from aegis_db.cli.kafka import kafka; kafka()"
PARTITIONS = 4
SETTINGS = {
    "session.timeout.ms": 6000,
    "heartbeat.interval.ms": 200,
    "fetch.wait.max.ms": 50,
    "topic.metadata.refresh.interval.ms": 500,
    "log_level": 3,
}


class Broker:
    """librdkafka's mock cluster: brokers on loopback that speak Kafka to any client."""

    def __init__(self) -> None:
        self.producer = kafka.Producer(
            {
                "bootstrap.servers": "mock",
                "test.mock.num.brokers": 3,
                "enable.idempotence": True,
                "linger.ms": 5,
                "log_level": 0,
            }
        )
        brokers = self.producer.list_topics(timeout=20).brokers.values()
        self.address = ",".join(f"{broker.host}:{broker.port}" for broker in brokers)

    def send(self, topic: str, values: list[bytes | None], partition: int | None = None) -> None:
        for number, value in enumerate(values):
            place = number % PARTITIONS if partition is None else partition
            self.producer.produce(topic, value, partition=place)
        assert self.producer.flush(20) == 0


@pytest.fixture(scope="module")
def broker() -> Broker:
    return Broker()


@pytest.fixture
def topic() -> str:
    return f"prices-{uuid.uuid4().hex[:8]}"


def price(code: int, value: int = 100, minute: int = 0) -> bytes:
    return json.dumps(
        {
            "stock_code": f"{code:06}",
            "trade_date": "2025-01-02",
            "price": value,
            "volume": 1,
            "event_at": f"2025-01-02T{10 + minute // 60}:{minute % 60:02}:00+09:00",
        }
    ).encode()


def reader(dsn: str, broker: Broker, topic: str, **other: Any) -> KafkaReader:
    settings = {**SETTINGS, "bootstrap.servers": broker.address}
    options = {"group": topic, "source": "krx", "linger": 0.05} | other
    return KafkaReader(dsn, settings, {topic: "stock_prices"}, **options)


@contextmanager
def running(one: KafkaReader) -> Iterator[KafkaReader]:
    failures: list[BaseException] = []

    def run() -> None:
        try:
            one.run()
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield one
    finally:
        one.stop()
        thread.join(60)
    assert not failures, failures


def query(dsn: str, text: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(dsn) as connection:
        return connection.execute(text).fetchall()


def applied(dsn: str) -> int:
    ((count,),) = query(dsn, "SELECT coalesce(sum(next_offset), 0)::int FROM aegis.stream_offsets")
    return int(count)


def assert_once(dsn: str, messages: int) -> None:
    """Every message was received by the database in exactly one batch."""
    assert applied(dsn) == messages
    assert query(dsn, "SELECT sum(received)::int FROM aegis.ingest_batches") == [(messages,)]


def test_messages_are_applied_once_and_poison_is_put_aside(
    database: str, broker: Broker, topic: str
) -> None:
    """Duplicates, messages out of order and broken ones, in one stream."""
    good = [price(code) for code in range(200)]
    poison = [b"", b"{", b"\xff\x00", b"[1]", b'{"price": 1}', b'"text"', None, price(300, -5)]
    late = [price(code, 99, minute=minute) for code in range(10) for minute in (9, 3, 9)]
    broker.send(topic, [*good, *poison, *late], partition=1)
    as_ingest = make_conninfo(database, options="-c role=aegis_ingest")
    with running(reader(as_ingest, broker, topic)) as one:
        until(lambda: applied(database) == 238)
        assert one.metrics.snapshot()[f'aegis_kafka_lag{{topic="{topic}",partition="1"}}'] == 0
    assert_once(database, 238)
    assert query(database, "SELECT count(*), max(price)::int FROM aegis.stock_prices") == [
        (200, 100)
    ]
    assert query(
        database, "SELECT line_number, payload FROM aegis.dead_letters ORDER BY line_number"
    ) == [
        (200 + place, text)
        for place, text in enumerate(
            ["", "{", "\\xff\\x00", "[1]", '{"price": 1}', '"text"', "", price(300, -5).decode()]
        )
    ]
    assert query(
        database, "SELECT partition_number, next_offset, end_offset, lag FROM aegis.stream_lag"
        " WHERE next_offset > 0"
    ) == [(1, 238, 238, 0)]  # fmt: skip
    # Read by another process: nothing is applied again.
    with running(reader(database, broker, topic)):
        broker.send(topic, [price(500)], partition=1)
        until(lambda: applied(database) == 239)
    assert_once(database, 239)


def test_a_process_killed_at_any_moment_loses_and_doubles_nothing(
    database: str, broker: Broker, topic: str, soak: bool
) -> None:
    chance, sent = random.Random(4), 0
    broker.send(topic, [price(0)])
    command = [
        *(sys.executable, "-c", PROGRAM, f"{topic}=stock_prices", "--source", "krx"),
        *("--brokers", broker.address, "--group", topic, "--dsn", database),
        *("--batch-rows", "50", "--linger", "0.02", "-X", "session.timeout.ms=6000"),
    ]
    sent = 1
    for _ in range(30 if soak else 1):
        before = applied(database)
        broker.send(topic, [price(code) for code in range(sent, sent + 800)])
        sent += 800
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
            until(lambda before=before: applied(database) > before)  # type: ignore[misc]
            time.sleep(chance.uniform(0, 0.3))
            child.kill()
        assert child.returncode == -signal.SIGKILL
    with running(reader(database, broker, topic)):
        until(lambda: applied(database) == sent)
    assert_once(database, sent)
    assert query(database, "SELECT count(*), sum(data_version) FROM aegis.stock_prices") == [
        (sent, sent)
    ]


def test_a_rebalance_in_the_middle_of_a_batch(database: str, broker: Broker, topic: str) -> None:
    """A second reader comes while the first one is applying, and goes again."""
    broker.send(topic, [price(code) for code in range(1_200)])
    with running(reader(database, broker, topic, batch_rows=40)) as first:
        until(lambda: first.total.batches > 2)
        with running(reader(database, broker, topic, batch_rows=40)) as second:
            broker.send(topic, [price(code) for code in range(1_200, 2_400)])
            until(lambda: second.total.batches > 2)
        until(lambda: applied(database) == 2_400)
    assert_once(database, 2_400)
    assert query(database, "SELECT count(*), sum(data_version) FROM aegis.stock_prices") == [
        (2_400, 2_400)
    ]
    assert first.total.received + second.total.received == 2_400


def test_a_process_thought_dead_cannot_apply_what_it_holds(
    database: str, broker: Broker, topic: str
) -> None:
    """It reads its messages, another one claims the partition, then it goes on."""
    broker.send(topic, [price(code) for code in range(10)], partition=0)
    zombie = reader(database, broker, topic)
    with running(zombie):
        until(lambda: applied(database) == 10)
        # The claim of another process, as it stands after a rebalance that this one has missed.
        query(database, f"SELECT * FROM aegis.claim_stream('{topic}', '{topic}', 0)")
        broker.send(topic, [price(code) for code in range(10, 20)], partition=0)
        until(lambda: zombie.metrics.snapshot()["aegis_kafka_fenced_total"] == 1)
        assert applied(database) == 10
        until(lambda: applied(database) == 20)  # still assigned to it: it claims again
    assert_once(database, 20)


def test_the_database_goes_away_and_comes_back(
    database: str, broker: Broker, topic: str, tmp_path: Any
) -> None:
    link = tmp_path / "sockets"
    sockets = conninfo_to_dict(database)["host"]
    link.symlink_to(sockets)
    broker.send(topic, [price(code) for code in range(100)])
    with running(reader(make_conninfo(database, host=str(link)), broker, topic)) as one:
        until(lambda: applied(database) == 100)
        link.unlink()
        query(
            database,
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name = 'aegis-db'",
        )
        broker.send(topic, [price(code) for code in range(100, 200)])
        until(lambda: any("failed_attempts" in name for name in one.metrics.snapshot()))
        time.sleep(0.5)
        link.symlink_to(sockets)
        until(lambda: applied(database) == 200)
    assert_once(database, 200)


def test_messages_lost_at_the_broker_are_not_passed_over(
    database: str, broker: Broker, topic: str
) -> None:
    broker.send(topic, [price(code) for code in range(10)], partition=0)
    query(
        database,
        f"SELECT aegis.advance_stream('{topic}', '{topic}', 0, (SELECT epoch FROM"
        f" aegis.claim_stream('{topic}', '{topic}', 0)), 0, 4000)",
    )
    with pytest.raises(AegisError) as refusal:
        reader(database, broker, topic).run()
    assert refusal.value.sqlstate == "AEU63"


def test_a_broker_that_knows_no_such_topic(database: str, broker: Broker, topic: str) -> None:
    one = reader(database, broker, f"{topic} ?")
    with pytest.raises(AegisError) as refusal:
        one.run()
    assert refusal.value.sqlstate == "AEU64"
