"""Precision and recall of the rules on real sessions with labelled, injected errors.

    python bench/validation_accuracy.py [--each 20] [--seed 1] [--server 15] [--json]

Real sessions of 2024 with all that is labelled about them; errors of ten kinds at seeded places in
the last sessions of the window. An alarm is an unexplained finding of severity error or worse, or a
dead letter. It is right when it names an injected (code, day), or the next session of that code,
whose comparison with the day before is broken by it. The rules of the rules document (return 50 %,
gap 20 % against the close before, five times the mean volume) stand beside, on the same rows.
"""

from __future__ import annotations

import json
import random
import sys
from collections import Counter
from pathlib import Path
from typing import Any
from uuid import uuid4

import click
import psycopg

from aegis_db.cluster import Cluster, find_binaries
from aegis_db.migrate import upgrade

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data"
sys.path.insert(0, str(ROOT / "tests"))
import market_facts  # noqa: E402

FILE = "daily_raw/krx_daily_raw_2024.csv.gz"
PRICES = ("open_price", "high_price", "low_price", "close_price")
LAST = 6

NAIVE = """
SELECT b.stock_code, b.trade_date::text
  FROM (SELECT d.*, lag(d.close_price) OVER w AS previous_close,
               avg(d.volume) OVER (w ROWS BETWEEN 30 PRECEDING AND 1 PRECEDING) AS mean_volume,
               count(*) OVER (w ROWS BETWEEN 30 PRECEDING AND 1 PRECEDING) AS observations
          FROM aegis.daily_market_data AS d
        WINDOW w AS (PARTITION BY d.stock_code ORDER BY d.trade_date)) AS b
 WHERE b.trade_date = ANY (%s)
   AND (abs(b.close_price / b.previous_close - 1) > 0.5
        OR b.open_price > 0 AND abs(b.open_price / b.previous_close - 1) > 0.2
        OR b.observations >= 5 AND b.volume > 5 * b.mean_volume)
"""

Bar = dict[str, Any]
Series = dict[str, list[Bar]]


def sessions() -> tuple[list[str], dict[tuple[str, str], Bar]]:
    """Return the days of the window and its bars by (code, day)."""
    bars: dict[tuple[str, str], Bar] = {}
    for row in market_facts.rows(DATA / FILE):
        bars[row["code"], row["date"]] = {
            "stock_code": row["code"],
            "trade_date": row["date"],
            **{f"{name}_price": float(row[name]) for name in ("open", "high", "low", "close")},
            "volume": int(row["volume"]),
            "trade_value": int(row["value"]),
            "market_cap": int(row["marcap"]),
            "listed_shares": int(row["shares"]),
            "base_price": float(row["close"]) - float(row["change"]),
        }
    return sorted({day for _, day in bars}), bars


def scaled(bar: Bar, factor: float, names: tuple[str, ...] = PRICES) -> Bar:
    return {**bar, **{name: round(bar[name] * factor, 2) for name in names}}


def inject(kind: str, bar: Bar, before: list[Bar], chance: random.Random) -> Bar | None:
    """Return ``bar`` with an error of ``kind``; None drops it."""
    previous, older = before[-1], before[-8]
    there = {"trade_date": bar["trade_date"]}
    return {
        "decimal shift": lambda: scaled(bar, chance.choice((0.01, 0.1, 10, 100))),
        "swapped sides": lambda: {
            **bar,
            "high_price": bar["low_price"],
            "low_price": bar["high_price"],
        },
        "stale run": lambda: {**previous, **there},
        "wrong day": lambda: {**older, **there},
        "spike": lambda: {**bar, "high_price": round(bar["high_price"] * chance.uniform(1.7, 3))},
        "wrong currency": lambda: scaled(bar, 1 / 1350),
        "unadjusted split": lambda: scaled(bar, 1 / chance.choice((2, 5, 10))),
        "volume x1000": lambda: {**bar, "volume": bar["volume"] * 1000},
        "dropped row": lambda: None,
    }[kind]()


KINDS = (
    "decimal shift",
    "swapped sides",
    "stale run",
    "wrong day",
    "spike",
    "wrong currency",
    "unadjusted split",
    "volume x1000",
    "dropped row",
)


def visible(kind: str, bar: Bar, before: list[Bar]) -> bool:
    """Whether the error changes anything that a rule could see in this bar."""
    if kind == "swapped sides":
        return bool(bar["high_price"] != bar["low_price"])
    if kind == "wrong day":
        return abs(before[-8]["base_price"] / before[-1]["close_price"] - 1) > 0.01
    return True


def send(connection: psycopg.Connection[Any], bars: list[Bar]) -> None:
    connection.execute(
        "SELECT aegis.upsert_daily_market_data((SELECT array_agg(r)"
        "  FROM jsonb_populate_recordset(NULL::aegis.daily_market_data_input, %s) AS r),"
        " 'krx', %s)",
        (json.dumps(bars), uuid4()),
    )


def measure(connection: psycopg.Connection[Any], each: int, seed: int) -> dict[str, Any]:
    chance = random.Random(seed)
    days, bars = sessions()
    tested = days[-LAST:]
    codes = sorted({code for code, _ in bars})
    steady = [
        code
        for code in codes
        if all((code, day) in bars and bars[code, day]["volume"] > 1000 for day in days)
    ]
    chance.shuffle(steady)
    injected: dict[tuple[str, str], str] = {}
    for kind in KINDS:
        for _ in range(each):
            code = steady.pop()
            # Not on the last day but one: its consequences must fall into the tested days too.
            day = chance.choice(tested[:-2])
            before = [bars[code, earlier] for earlier in days if earlier < day]
            changed = inject(kind, bars[code, day], before, chance)
            if not visible(kind, bars[code, day], before):
                continue
            if changed is None:
                del bars[code, day]
            else:
                bars[code, day] = changed
            injected[code, day] = kind
    # The last session is a copy of the one before, as a whole.
    for code in codes:
        if (code, tested[-2]) in bars:
            bars[code, tested[-1]] = {**bars[code, tested[-2]], "trade_date": tested[-1]}

    connection.execute(
        "SELECT aegis.ensure_partitions('aegis.daily_market_data', %s, %s)", (days[0], days[-1])
    )
    masters = [
        {"stock_code": code, "stock_name": code, "event_at": "2024-02-13T15:30:00+09:00"}
        for code in codes
    ]
    connection.execute(
        "SELECT aegis.upsert_stocks((SELECT array_agg(r) FROM"
        " jsonb_populate_recordset(NULL::aegis.stock_input, %s) AS r), 'krx', %s)",
        (json.dumps(masters), uuid4()),
    )
    market_facts.load_facts(connection, "market_events", market_facts.listings(DATA, [FILE]))
    market_facts.load_facts(connection, "market_events", market_facts.liquidations(DATA))
    market_facts.load_facts(connection, "corporate_actions", market_facts.actions(DATA))
    for day in days:
        send(connection, [bars[key] for key in sorted(bars) if key[1] == day])
    connection.execute("ANALYZE aegis.daily_market_data")

    rules: Counter[str] = Counter()
    right: Counter[str] = Counter()
    alarms: set[tuple[str, str]] = set()
    after = {(code, tested[tested.index(day) + 1]) for code, day in injected}
    for day in tested:
        connection.execute("SELECT aegis.validate_trading_day(%s)", (day,))
    found = connection.execute(
        "SELECT f.stock_code, f.trade_date::text, f.rule_code FROM aegis.findings AS f"
        " WHERE f.trade_date = ANY (%s) AND f.status = 'open'"
        "   AND f.severity IN ('error', 'critical')",
        (tested,),
    ).fetchall()
    found += connection.execute(
        "SELECT l.payload::jsonb ->> 'stock_code', l.payload::jsonb ->> 'trade_date', l.reason"
        "  FROM aegis.dead_letters AS l WHERE l.target = 'daily_market_data'"
    ).fetchall()
    session = any(rule == "duplicated_session" and day == tested[-1] for _, day, rule in found)
    for code, day, rule in found:
        if day == tested[-1] or code == "*":
            continue  # the copied session is one error, found once
        alarms.add((code, day))
        rules[rule] += 1
        right[rule] += (code, day) in injected or (code, day) in after
    naive = {(code, day) for code, day in connection.execute(NAIVE, (tested[:-1],)).fetchall()}
    return {
        "injected": len(injected) + 1,
        "kinds": {
            kind: {
                "injected": sum(k == kind for k in injected.values()),
                "found": sum(k == kind and key in alarms for key, k in injected.items()),
                "naive": sum(k == kind and key in naive for key, k in injected.items()),
            }
            for kind in KINDS
        }
        | {"duplicated session": {"injected": 1, "found": int(session), "naive": 0}},
        "rules": {rule: {"alarms": n, "right": right[rule]} for rule, n in sorted(rules.items())},
        "recall": (sum(key in alarms for key in injected) + session) / (len(injected) + 1),
        "precision": sum(a in injected or a in after for a in alarms) / max(len(alarms), 1),
        "naive_recall": sum(key in naive for key in injected) / (len(injected) + 1),
        "naive_precision": sum(a in injected or a in after for a in naive) / max(len(naive), 1),
    }


@click.command()
@click.option("--each", default=20, show_default=True, help="Errors of each kind.")
@click.option("--seed", default=1, show_default=True)
@click.option("--server", type=int, help="PostgreSQL major  [default: the newest]")
@click.option("--json", "as_json", is_flag=True)
def main(each: int, seed: int, server: int | None, as_json: bool) -> None:
    """Measure precision and recall on injected errors."""
    with Cluster.temporary(binaries=find_binaries(server), settings=("fsync=off",)) as cluster:
        upgrade(cluster.dsn())
        with psycopg.connect(cluster.dsn(), autocommit=True) as connection:
            result = measure(connection, each, seed)
    if as_json:
        click.echo(json.dumps(result, indent=1))
        return
    click.echo(f"{'error':20} {'injected':>8} {'found':>6} {'naive':>6}")
    for kind, n in result["kinds"].items():
        click.echo(f"{kind:20} {n['injected']:8} {n['found']:6} {n['naive']:6}")
    click.echo(f"\n{'rule':32} {'alarms':>7} {'right':>6}")
    for rule, n in result["rules"].items():
        click.echo(f"{rule:32} {n['alarms']:7} {n['right']:6}")
    for name in ("recall", "precision", "naive_recall", "naive_precision"):
        click.echo(f"{name:16} {result[name]:.3f}")


if __name__ == "__main__":
    main()
