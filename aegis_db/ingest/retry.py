"""Which failures pass by themselves, and how long to wait for that."""

from __future__ import annotations

import psycopg
from tenacity import wait_random_exponential

RETRYABLE_CLASSES = ("08", "53")
"""Connection exceptions, insufficient resources."""

RETRYABLE = frozenset(
    {
        "25006",  # read-only: a standby, or a server that is being switched over
        "40001",  # serialization failure
        "40P01",  # deadlock detected
        "55P03",  # lock not available
        "57P01",  # terminated by an administrator
        "57P02",  # crash of another process
        "57P03",  # the server starts, stops or recovers
        "57P05",  # idle session timeout
    }
)

Backoff = wait_random_exponential
"""Waits of random length up to a bound that doubles: writers that failed together part."""


def is_retryable(error: BaseException) -> bool:
    """Return whether sending the same batch again can succeed.

    A lost connection has no SQLSTATE; whether its COMMIT was carried out is unknown, and sending
    again settles that, since the server knows the batch id.
    """
    if not isinstance(error, psycopg.Error):
        return False
    if error.sqlstate:
        return error.sqlstate in RETRYABLE or error.sqlstate.startswith(RETRYABLE_CLASSES)
    return isinstance(error, psycopg.OperationalError)
