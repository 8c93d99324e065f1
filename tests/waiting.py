"""How tests wait until something holds, and see who waits for a lock."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import psycopg


def until(holds: Callable[[], object], seconds: float = 30) -> None:
    """Return once ``holds()`` is true; fail after ``seconds``."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def answers(connection: psycopg.Connection[Any], question: str) -> bool:
    """Return whether the only value of ``question`` is true."""
    return connection.execute(question.encode()).fetchone() == (True,)


def waiting(connection: psycopg.Connection[Any], condition: str = "TRUE") -> int:
    """Return how many locks that meet ``condition``, SQL about ``pg_locks``, are waited for."""
    question = f"SELECT count(*)::integer FROM pg_locks WHERE NOT granted AND {condition}"
    row = connection.execute(question.encode()).fetchone()
    assert row is not None
    return int(row[0])
