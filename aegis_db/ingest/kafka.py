"""From Kafka into PostgreSQL, each message exactly once.

How far a partition is applied stands in ``aegis.stream_offsets`` and moves in the transaction that
applies the messages; what the broker remembers is never asked. So nothing has to be settled between
the two: a crash before COMMIT leaves neither, one after it both.

Whoever is assigned a partition claims it first (``aegis.claim_stream``) and reads on from where the
last claim stopped. A process that was thought dead, or whose group has rebalanced without it, holds
an old claim: its transaction is refused (AEU60) and its messages are dropped, since another reads
them. A slice of one partition is one transaction; its lines in ``aegis.dead_letters`` are offsets.

While the database is away the partitions are paused and the broker is still polled, so the group
goes on and memory does not grow.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import psycopg
from prometheus_client import Counter, Gauge
from psycopg.rows import TupleRow
from tenacity import Retrying, retry_if_exception, stop_when_event_set, wait_random_exponential
from tenacity.nap import sleep_using_event

from aegis_db.database import connect
from aegis_db.errors import AegisError, describe
from aegis_db.ingest.batch import Batch, encode_texts
from aegis_db.ingest.metrics import Metrics
from aegis_db.ingest.retry import is_retryable
from aegis_db.ingest.stream import Parse, json_parser, text_row
from aegis_db.ingest.writer import Total, apply_batch, input_types

LOG = logging.getLogger("aegis_db.kafka")
FORCED = {
    "enable.auto.commit": False,
    "enable.auto.offset.store": False,
    "partition.assignment.strategy": "range,roundrobin",
}
_SLICES = uuid5(NAMESPACE_URL, "aegis-db:kafka")
_IDLE_REPORT = 10.0
_RECLAIM_AFTER = 1.0

Place = tuple[str, int]
"""A topic and a partition."""


@dataclass(slots=True)
class _Claim:
    """What this process holds of one partition."""

    epoch: int
    position: int | None
    messages: list[tuple[int, bytes]] = field(default_factory=list)
    reported_at: float = 0.0


class KafkaReader:
    """Reads ``topics`` (topic -> table) as ``group`` and applies them as rows of ``source``.

    ``settings`` are librdkafka's; offsets are not its business here. ``names`` maps columns to the
    keys of a message. A slice is applied once it has ``batch_rows`` messages or is ``linger``
    seconds old. ``accept_loss``: read on where the broker has deleted what was not read (else
    AEU63).
    """

    def __init__(
        self,
        dsn: str,
        settings: Mapping[str, Any],
        topics: Mapping[str, str],
        *,
        group: str,
        source: str,
        names: Mapping[str, str] | None = None,
        batch_rows: int = 5_000,
        linger: float = 0.5,
        accept_loss: bool = False,
        metrics: Metrics | None = None,
        watch: Callable[[Total], None] = lambda _: None,
    ) -> None:
        """Ask the database for the tables' columns; the broker is not needed yet."""
        try:
            import confluent_kafka  # noqa: PLC0415
        except ImportError:
            raise AegisError(
                "AEU65", "confluent_kafka is not installed", hint="pip install 'aegis-db[kafka]'"
            ) from None
        self._kafka = confluent_kafka
        self._dsn, self._group, self._source = dsn, group, source
        self._topics = dict(topics)
        self._batch_rows, self._linger, self._watch = batch_rows, linger, watch
        self.total = Total()
        self.metrics = metrics or Metrics()
        self._rebalances = Counter(
            "aegis_kafka_rebalances", "Assignments received.", registry=self.metrics.registry
        )
        self._fenced = Counter(
            "aegis_kafka_fenced",
            "Slices dropped because another process had claimed their partition.",
            registry=self.metrics.registry,
        )
        self._lag = Gauge(
            "aegis_kafka_lag",
            "Messages between the last one applied and the end of the partition.",
            ("topic", "partition"),
            registry=self.metrics.registry,
        )
        self.stopped = threading.Event()
        self._connection: psycopg.Connection[TupleRow] | None = None
        self._claims: dict[Place, _Claim] = {}
        self._lost: dict[Place, float] = {}
        self._parsers: dict[str, tuple[list[str], Parse]] = {}
        for target in set(self._topics.values()):
            columns = list(input_types(self._session(), target))
            self._parsers[target] = columns, json_parser(columns, names)
        self._consumer = confluent_kafka.Consumer(
            {
                **settings,
                **FORCED,
                "group.id": group,
                "auto.offset.reset": "earliest" if accept_loss else "error",
                "logger": LOG,
            }
        )

    def stop(self) -> None:
        """Make ``run`` return soon, having applied what it had read."""
        self.stopped.set()

    def run(self) -> Total:
        """Read and apply until ``stop``; return what became of the messages.

        Raises AEU63 (messages lost at the broker), AEU64 (the broker refuses), and what the
        database refuses.
        """
        self._consumer.subscribe(
            list(self._topics),
            on_assign=self._on_assign,
            on_revoke=self._on_gone,
            on_lost=self._on_gone,
        )
        due = time.monotonic() + self._linger
        failures = 0
        try:
            while not self.stopped.is_set():
                waiting = sum(len(claim.messages) for claim in self._claims.values())
                wait = min(max(due - time.monotonic(), 0.0), 0.2)
                if failures:
                    self._take([self._consumer.poll(wait)])
                else:
                    room = max(1, self._batch_rows - waiting)
                    self._take(self._consumer.consume(room, wait))
                self._claim_again()
                waiting = sum(len(claim.messages) for claim in self._claims.values())
                is_full = waiting >= self._batch_rows and not failures
                if time.monotonic() < due and not is_full:
                    continue
                try:
                    self._apply_all()
                except psycopg.Error as error:
                    if not is_retryable(error):
                        raise
                    failures += 1
                    self._gave_way(error)
                    self._consumer.pause(self._consumer.assignment())
                    due = time.monotonic() + min(0.1 * 2**failures, 10.0)
                else:
                    if failures:
                        failures = 0
                        self._consumer.resume(self._consumer.assignment())
                    due = time.monotonic() + self._linger
            if not failures:
                self._apply_all()
        except self._kafka.KafkaException as error:
            raise AegisError(
                "AEU64",
                f"the broker refuses the consumer: {error.args[0]}",
                hint="Check the broker, the topics and the rights of the consumer.",
            ) from error
        finally:
            self._consumer.close()
            if self._connection is not None:
                self._connection.close()
        return self.total

    def _session(self) -> psycopg.Connection[TupleRow]:
        if self._connection is None or self._connection.closed:
            self._connection = connect(self._dsn, autocommit=True)
        return self._connection

    def _gave_way(self, error: psycopg.Error) -> None:
        """Note a failure that passes by itself, and drop the connection."""
        said = describe(error)
        self.metrics.failures.labels(said.sqlstate).inc()
        LOG.warning("%s: %s", said.sqlstate, said.message)
        if self._connection is not None:
            self._connection.close()

    def _on_assign(self, consumer: Any, partitions: Sequence[Any]) -> None:
        """Claim what was assigned and read on from where the last claim stopped."""
        self._rebalances.inc()
        self._claims.clear()
        self._lost.clear()
        for partition in partitions:
            partition.offset = self._claim((partition.topic, partition.partition))
        consumer.assign(partitions)

    def _on_gone(self, _: Any, partitions: Sequence[Any]) -> None:
        """Drop what was read of partitions that are another's now: it was not applied."""
        for partition in partitions:
            self._claims.pop((partition.topic, partition.partition), None)
            self._lost.pop((partition.topic, partition.partition), None)

    def _claim(self, place: Place) -> int:
        """Claim a partition and return the offset to read from, waiting for the database."""

        def attempt() -> tuple[Any, ...]:
            found = self._session().execute(
                "SELECT epoch, next_offset FROM aegis.claim_stream(%s, %s, %s)",
                (self._group, *place),
            )
            return found.fetchone() or ()

        def failed(state: Any) -> None:
            if isinstance(error := state.outcome.exception(), psycopg.Error):
                self._gave_way(error)

        epoch, position = Retrying(
            retry=retry_if_exception(is_retryable),
            wait=wait_random_exponential(multiplier=0.1, max=5),
            stop=stop_when_event_set(self.stopped),
            sleep=sleep_using_event(self.stopped),
            after=failed,
            reraise=True,
        )(attempt)
        self._claims[place] = _Claim(epoch, position)
        return int(self._kafka.OFFSET_BEGINNING if position is None else position)

    def _claim_again(self) -> None:
        """Claim anew what another process had claimed, if the group still says it is ours."""
        for place, since in list(self._lost.items()):
            if time.monotonic() - since < _RECLAIM_AFTER:
                continue
            del self._lost[place]
            offset = self._claim(place)
            self._consumer.seek(self._kafka.TopicPartition(*place, offset))

    def _take(self, messages: Sequence[Any]) -> None:
        """Put messages to the slices of their partitions."""
        for message in messages:
            if message is None:
                continue
            if (error := message.error()) is not None:
                self._check(error)
                continue
            claim = self._claims.get((message.topic(), message.partition()))
            offset = message.offset()
            if claim is None:
                continue
            expected = claim.messages[-1][0] + 1 if claim.messages else claim.position
            if expected is None or offset >= expected:
                claim.messages.append((offset, message.value() or b""))

    def _check(self, error: Any) -> None:
        """Tell an error that passes from one that does not."""
        code = self._kafka.KafkaError
        if error.code() in (code._AUTO_OFFSET_RESET, code.OFFSET_OUT_OF_RANGE):
            raise AegisError(
                "AEU63",
                "the broker has deleted messages before they were read",
                detail=f"{error.str()}.",
                hint="aegis.stream_lag says which were applied. To read on without the others: "
                "--accept-loss.",
            )
        if error.fatal() or error.code() in (
            code._AUTHENTICATION,
            code.TOPIC_AUTHORIZATION_FAILED,
            code.GROUP_AUTHORIZATION_FAILED,
            code.UNKNOWN_TOPIC_OR_PART,
            code._UNKNOWN_TOPIC,
        ):
            raise AegisError(
                "AEU64",
                f"the broker refuses the consumer: {error.str()}",
                hint="Check the broker, the topics and the rights of the consumer.",
            )
        LOG.warning("%s: %s", error.name(), error.str())

    def _apply_all(self) -> None:
        """Apply every slice, one transaction each; report the end of idle partitions."""
        for place, claim in list(self._claims.items()):
            now = time.monotonic()
            if not claim.messages and (
                claim.position is None or now - claim.reported_at < _IDLE_REPORT
            ):
                continue
            _, end = self._consumer.get_watermark_offsets(
                self._kafka.TopicPartition(*place), cached=True
            )
            try:
                self._apply(place, claim, end if end >= 0 else None)
            except psycopg.Error as error:
                if error.sqlstate not in ("AEU60", "AEU61"):
                    raise
                LOG.warning("%s of %s: %s", place[1], place[0], describe(error).message)
                self._fenced.inc()
                del self._claims[place]
                self._lost[place] = now
                continue
            claim.reported_at = now
            if end >= 0 and claim.position is not None:
                self._lag.labels(place[0], str(place[1])).set(max(end - claim.position, 0))

    def _apply(self, place: Place, claim: _Claim, end: int | None) -> None:
        """Apply the slice of one partition and note it, in one transaction."""
        messages = claim.messages
        start = claim.position
        if start is None:
            start = messages[0][0]
        stop = messages[-1][0] + 1 if messages else start
        batch = self._encoded(place, messages) if messages else None
        connection = self._session()
        result = None
        begun = time.monotonic()
        with connection.transaction():
            answer = connection.execute(
                "SELECT aegis.advance_stream(%s, %s, %s, %s, %s, %s, %s)",
                (self._group, *place, claim.epoch, start, stop, end),
            ).fetchone()
            if batch is not None and answer != (0,):
                result = apply_batch(connection, batch)
        claim.position = stop
        claim.messages = []
        if result is not None:
            self.metrics.seconds.labels(result.target).observe(time.monotonic() - begun)
            self.metrics.count(result)
            self.total.add(result)
            self._watch(self.total)

    def _encoded(self, place: Place, messages: Sequence[tuple[int, bytes]]) -> Batch:
        target = self._topics[place[0]]
        columns, parse = self._parsers[target]
        rows = [text_row(offset, value, parse, columns) for offset, value in messages]
        plain = encode_texts(target, rows, source=self._source, columns=columns)
        # Equal messages at equal offsets of two partitions are two batches.
        of_place = uuid5(_SLICES, f"{self._group} {place} {plain.batch_id}")
        return replace(plain, batch_id=of_place)
