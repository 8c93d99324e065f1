"""What a writer counts, as a plain dictionary or as Prometheus text."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from aegis_db.ingest.batch import VERDICTS, BatchResult

if TYPE_CHECKING:
    from aegis_db.ingest.spool import Spool

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """Counters of one writer; add them to a registry of your own with ``registry=``."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        """Make the counters in ``registry``, or in one of their own."""
        self.registry = registry or CollectorRegistry()
        self.batches = Counter(
            "aegis_writer_batches",
            "Batches by what became of them: applied, repeated, spooled, failed.",
            ("target", "outcome"),
            registry=self.registry,
        )
        self.rows = Counter(
            "aegis_writer_rows",
            "Rows that the database has answered for, by verdict.",
            ("target", "verdict"),
            registry=self.registry,
        )
        self.failures = Counter(
            "aegis_writer_failed_attempts",
            "Attempts that failed, by SQLSTATE; 08000 is a lost or refused connection.",
            ("sqlstate",),
            registry=self.registry,
        )
        self.seconds = Histogram(
            "aegis_writer_batch_seconds",
            "From handing a batch over to its acknowledgement, spool included.",
            ("target",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.in_flight = Gauge(
            "aegis_writer_batches_in_flight",
            "Batches handed over and not acknowledged.",
            registry=self.registry,
        )

    def watch(self, spool: Spool) -> None:
        """Add the gauges of ``spool``."""

        def oldest() -> float:
            at = spool.oldest_at
            return 0.0 if at is None else max(0.0, time.time() - at)

        for name, text, value in (
            ("batches", "Batches that wait on disk.", lambda: float(len(spool))),
            ("bytes", "Bytes that wait on disk.", lambda: float(spool.size)),
            ("limit_bytes", "Bytes the spool may take.", lambda: float(spool.limit_bytes)),
            ("oldest_seconds", "Age of the oldest batch that waits.", oldest),
            (
                "damaged_batches",
                "Files set aside because content and digest differ.",
                lambda: float(spool.set_aside()["damaged"]),
            ),
            (
                "refused_batches",
                "Batches set aside because the database will not take them.",
                lambda: float(spool.set_aside()["refused"]),
            ),
        ):
            Gauge(f"aegis_spool_{name}", text, registry=self.registry).set_function(value)

    def count(self, result: BatchResult, *, rows: bool = True) -> None:
        """Count one acknowledged batch."""
        outcome = "spooled" if result.is_spooled else "repeated" if result.is_repeat else "applied"
        self.batches.labels(result.target, outcome).inc()
        if rows and outcome == "applied":
            for verdict in VERDICTS:
                if number := getattr(result, verdict):
                    self.rows.labels(result.target, verdict).inc(number)

    def snapshot(self) -> dict[str, float]:
        """Return every figure by its name and labels as Prometheus writes them."""
        return {
            sample.name
            + (
                "{" + ",".join(f'{name}="{value}"' for name, value in sample.labels.items()) + "}"
                if sample.labels
                else ""
            ): sample.value
            for metric in self.registry.collect()
            for sample in metric.samples
            if not sample.name.endswith("_created")
        }

    def text(self) -> str:
        """Return all figures in the text format of Prometheus."""
        return generate_latest(self.registry).decode()
