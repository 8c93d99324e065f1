"""A part that is not installed is named."""

from __future__ import annotations

import sys

import pytest

from aegis_db.errors import AegisError
from aegis_db.ingest.kafka import KafkaReader


def test_the_kafka_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "confluent_kafka", None)
    with pytest.raises(AegisError) as refusal:
        KafkaReader("", {}, {"a": "stock_prices"}, group="g", source="krx")
    assert refusal.value.sqlstate == "AEU65"
