"""The labelled events and reference lists beside the project, as batches of market events.

What the lists of KRX and KIND say goes through the same door as prices: ``upsert_market_events``
and ``upsert_corporate_actions``. Markets by day come from the daily files themselves.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from itertools import zip_longest
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg

ACTIONS = {
    "split": "split",
    "reverse_split_or_capital_reduction": "capital_reduction",
    "ex_rights": "rights_issue",
    "base_raised": "other",
    "base_adjusted_other": "other",
}


def rows(path: Path) -> Iterator[dict[str, str]]:
    """Yield the records of a csv or csv.gz file."""
    text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    yield from csv.DictReader(io.StringIO(text.decode("utf-8"), newline=""))


def listings(data: Path, files: Iterable[str]) -> list[dict[str, Any]]:
    """Return one listing per code and run of days on a market; a first day where KIND has it."""
    first_days = {
        (event["code"], event["date"])
        for event in rows(data / "events.csv")
        if event["kind"]
        in {
            "ipo_or_relisting_first_day",
            "ipo_first_day_spac",
            "preferred_or_other_first_day",
            "konex_listing",
        }
    }
    runs: dict[str, list[list[str]]] = {}
    for name in files:
        for row in rows(data / name):
            of_code = runs.setdefault(row["code"], [])
            if of_code and of_code[-1][0] == row["market"]:
                of_code[-1][2] = row["date"]
            else:
                of_code.append([row["market"], row["date"], row["date"]])
    found = []
    for code, of_code in runs.items():
        for (market, first, _), following in zip_longest(of_code, of_code[1:]):
            is_first_day = (code, first) in first_days
            is_known = is_first_day or first != of_code[0][1]
            ends_on = following and str(date.fromisoformat(following[1]) - timedelta(days=1))
            found.append(
                {
                    "stock_code": code,
                    "event_kind": "listing",
                    "starts_on": first if is_known else "1990-01-01",
                    "ends_on": ends_on,
                    "market": market,
                    "is_first_day": is_first_day,
                }
            )
    return found


def liquidations(data: Path) -> list[dict[str, Any]]:
    """Return the days of liquidation trading, one event a day."""
    return [
        {"stock_code": code, "event_kind": "liquidation", "starts_on": day, "ends_on": day}
        for code, day in sorted(
            {
                (e["code"], e["date"])
                for e in rows(data / "events.csv")
                if e["kind"] == "liquidation"
            }
        )
    ]


def actions(data: Path) -> list[dict[str, Any]]:
    """Return the labelled resets of the base price as corporate actions."""
    found = {
        (e["code"], e["date"], ACTIONS[e["kind"]]): {
            "stock_code": e["code"],
            "effective_on": e["date"],
            "action_kind": ACTIONS[e["kind"]],
            "note": e["detail"],
        }
        for e in rows(data / "events.csv")
        if e["kind"] in ACTIONS
    }
    return list(found.values())


def load_facts(
    connection: psycopg.Connection[Any], target: str, facts: list[dict[str, Any]]
) -> dict[str, int]:
    """Send ``facts`` to ``target`` in one batch and return its verdicts."""
    kind = {"market_events": "market_event_input", "corporate_actions": "corporate_action_input"}[
        target
    ]
    stamped = [{**fact, "event_at": "2026-01-02T00:00:00+09:00"} for fact in facts]
    row = connection.execute(
        f"SELECT received, inserted, rejected, quarantined FROM aegis.upsert_{target}("
        "    (SELECT array_agg(r)"
        f"      FROM jsonb_populate_recordset(NULL::aegis.{kind}, %s) AS r), 'krx', %s)",
        (json.dumps(stamped), uuid4()),
    ).fetchone()
    assert row is not None
    return dict(zip(("received", "inserted", "rejected", "quarantined"), row, strict=True))
