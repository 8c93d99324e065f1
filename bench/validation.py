"""Validation of daily bars, each way of asking, against pandas, Polars and pandera.

python bench/validation.py [--codes 2700] [--years 10] [--rounds 5] [--server 15] [--json]
python bench/validation.py --only period --no-peers          # ten years in one pass
python bench/validation.py --only ingest --codes 5000 --rounds 12

A private server is made, filled with random walks that keep the ticks of KRX, used and removed. The
peers read the same rows from the same server over the same kind of connection, loading included,
and judge them by the same thresholds: price change, opening gap, volume against the mean, z-scores
and quartiles of volume and return over the 30 bars before, repeated bars, price limits and ticks.
They know neither listings, halts, corporate actions nor dated rules, so their work is the smaller.
What they find is compared with what the database finds, rule by rule.

The cost on ingest is the processor time of the backend for batches of one bar of each code, in turn
and in random order into three copies of the database: with every rule, without the statistical ones
and with nothing judged. Ratios are medians of the ratios within one round.
"""

from __future__ import annotations

import io
import json
import os
import random
import statistics
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import click
import psycopg
from rich.console import Console
from rich.table import Table

from aegis_db.cluster import DURABLE, Cluster, find_binaries
from aegis_db.database import connect
from aegis_db.migrate import upgrade

SETTINGS = (
    *DURABLE,
    "shared_buffers=1GB",
    "max_wal_size=8GB",
    "work_mem=64MB",
    "jit=off",
)
LAST = date(2024, 12, 30)
QUESTIONS = ("day", "code", "period", "ingest")
TARGETS = {
    "one day, from its baselines": 0.030,
    "one day, from the view": 0.100,
    "one day, from the view, nothing made ready": 0.100,
    "one code over a year, from its baselines": 0.010,
    "one code over a year, nothing made ready": 0.010,
}

# Ticks are the coarser ones of KOSPI before 2023, which are multiples of those since.
WALK = """
CREATE TEMPORARY TABLE walk AS
WITH days AS (
    SELECT c.trade_date, row_number() OVER (ORDER BY c.trade_date) AS n
      FROM aegis.trading_calendar AS c
     WHERE c.venue = 'XKRX' AND c.is_open AND c.trade_date > %(first)s AND c.trade_date <= %(last)s
), steps AS (
    SELECT s.code, d.trade_date, d.n,
           greatest(-0.13, least(0.13, 0.022 * sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random()))) AS step,
           exp(0.5 * sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random())) AS activity,
           random() AS inside
      FROM generate_series(1, %(codes)s) AS s (code) CROSS JOIN days AS d
), prices AS (
    SELECT s.*, greatest(300, exp(ln(2000 + s.code * 37 %% 90000)
           + sum(s.step) OVER (PARTITION BY s.code ORDER BY s.trade_date))) AS raw_price
      FROM steps AS s
), ticked AS (
    SELECT p.*, t.tick, round(p.raw_price / t.tick) * t.tick AS close_price
      FROM prices AS p
     CROSS JOIN LATERAL (SELECT CASE WHEN p.raw_price < 1000 THEN 1 WHEN p.raw_price < 5000 THEN 5 WHEN p.raw_price < 10000 THEN 10
            WHEN p.raw_price < 50000 THEN 50 WHEN p.raw_price < 100000 THEN 100 WHEN p.raw_price < 500000 THEN 500
            ELSE 1000 END) AS t (tick)
)
SELECT lpad(t.code::text, 6, '0') COLLATE "C" AS stock_code, t.trade_date, t.close_price::numeric AS close_price,
       coalesce(lag(t.close_price) OVER w, t.close_price)::numeric AS base_price,
       (10000 * t.activity * (1 + t.code %% 50))::bigint + 1 AS volume, 10000000::bigint + t.code * 1000 AS listed_shares
  FROM ticked AS t
WINDOW w AS (PARTITION BY t.code ORDER BY t.trade_date)
"""  # noqa: E501

# Open and close stand for the range: high and low are the two of them.
FILL = """
INSERT INTO aegis.daily_market_data (stock_code, trade_date, price_basis, open_price, high_price, low_price, close_price, volume,
    trade_value, market_cap, listed_shares, base_price, source, source_rank, batch_number, last_updated)
SELECT w.stock_code, w.trade_date, 'raw', w.base_price, greatest(w.base_price, w.close_price), least(w.base_price, w.close_price),
       w.close_price, w.volume, w.volume * w.close_price, w.close_price * w.listed_shares, w.listed_shares, w.base_price,
       'krx', 100, 0, (w.trade_date + TIME '15:30') AT TIME ZONE 'Asia/Seoul'
  FROM walk AS w WHERE w.trade_date >= %(month)s AND w.trade_date < %(month)s + INTERVAL '1 month'
 ORDER BY w.trade_date, w.stock_code
"""  # noqa: E501


def fill(connection: psycopg.Connection[Any], codes: int, first: date, held: int = 0) -> int:
    """Fill the sessions after ``first`` of ``codes`` random walks; return the number of bars.

    As many sessions after the last one as ``held`` are kept in ``bench.held``, to be sent later.
    """
    row = connection.execute(
        "SELECT max(c.trade_date) FROM ("
        " SELECT c.trade_date FROM aegis.trading_calendar AS c"
        "  WHERE c.venue = 'XKRX' AND c.is_open AND c.trade_date >= %s"
        "  ORDER BY c.trade_date LIMIT %s) AS c",
        (LAST, held + 1),
    ).fetchone()
    assert row is not None
    last = row[0]
    connection.execute("SELECT setseed(0.5)")
    connection.execute(WALK.encode(), {"first": first, "last": last, "codes": codes})
    connection.execute("CREATE INDEX ON pg_temp.walk USING brin (trade_date)")
    connection.execute("CREATE SCHEMA bench")
    connection.execute(
        "CREATE TABLE bench.held AS"
        f" SELECT w.* FROM pg_temp.walk AS w WHERE w.trade_date > '{LAST}'".encode()
    )
    connection.execute("DELETE FROM pg_temp.walk AS w WHERE w.trade_date > %s", (LAST,))
    connection.execute(
        "INSERT INTO aegis.stocks (stock_code, stock_name, market, source, source_rank,"
        "                          batch_number, last_updated)"
        " SELECT DISTINCT w.stock_code, w.stock_code, 'KOSPI', 'krx', 100, 0, now()"
        "   FROM pg_temp.walk AS w"
    )
    connection.execute(
        "SELECT aegis.ensure_partitions('aegis.daily_market_data', %s, %s)", (first, last)
    )
    for (month,) in connection.execute(
        "SELECT DISTINCT date_trunc('month', w.trade_date)::date FROM pg_temp.walk AS w ORDER BY 1"
    ).fetchall():
        connection.execute(FILL.encode(), {"month": month})
    connection.execute("DROP TABLE pg_temp.walk")
    connection.execute("VACUUM (ANALYZE) aegis.daily_market_data")
    connection.execute("ANALYZE aegis.stocks")
    row = connection.execute("SELECT count(*) FROM aegis.daily_market_data").fetchone()
    assert row is not None
    return int(row[0])


PEER_QUERY = """
SELECT d.stock_code, d.trade_date, d.open_price::float8 AS open, d.high_price::float8 AS high,
       d.low_price::float8 AS low, d.close_price::float8 AS close, d.volume, d.base_price::float8 AS base
  FROM aegis.daily_market_data AS d
 WHERE {where} AND d.price_basis = 'raw' AND d.is_active
"""  # noqa: E501
COLUMNS = ("stock_code", "trade_date", "open", "high", "low", "close", "volume", "base")
BANDS = ((0, 1), (2000, 5), (5000, 10), (20000, 50), (50000, 100), (200000, 500), (500000, 1000))
OLD_BANDS = (
    (0, 1),
    (1000, 5),
    (5000, 10),
    (10000, 50),
    (50000, 100),
    (100000, 500),
    (500000, 1000),
)
RULES = (
    "price_change",
    "price_gap",
    "volume_spike",
    "volume_zscore",
    "volume_iqr",
    "return_zscore",
    "return_iqr",
    "stale_bar",
    "price_limit",
    "off_tick",
)


def loaded(connection: psycopg.Connection[Any], where: str) -> io.BytesIO:
    """Return the rows of bars as csv, by COPY: the fastest way out that every peer can read."""
    text = io.BytesIO()
    query = f"COPY ({PEER_QUERY.format(where=where)}) TO STDOUT (FORMAT csv)"
    with connection.cursor().copy(query.encode()) as copy:
        for block in copy:
            text.write(block)
    text.seek(0)
    return text


def pandas_frame(connection: psycopg.Connection[Any], where: str) -> Any:
    import pandas as pd  # noqa: PLC0415

    return pd.read_csv(
        loaded(connection, where),
        names=COLUMNS,
        dtype={"stock_code": "str"},
        parse_dates=["trade_date"],
        engine="pyarrow",
    )


def judged_by_pandas(
    connection: psycopg.Connection[Any], where: str, since: date
) -> dict[str, int]:
    """Load by psycopg and judge in pandas; return the number of findings by rule."""
    import numpy as np  # noqa: PLC0415

    frame = pandas_frame(connection, where)
    frame = frame.sort_values(["stock_code", "trade_date"], ignore_index=True)
    by_code = frame.groupby("stock_code", sort=False)
    frame["change"] = frame["close"] / frame["base"] - 1
    past = {}
    for name in ("volume", "change"):
        rolling = by_code[name].shift(1).groupby(frame["stock_code"], sort=False)
        window = rolling.rolling(30, min_periods=5)
        past[name] = {
            "mean": window.mean().to_numpy(),
            "sd": window.std().to_numpy(),
            "q1": window.quantile(0.25).to_numpy(),
            "q3": window.quantile(0.75).to_numpy(),
        }
    volume, change = frame["volume"].to_numpy(), frame["change"].to_numpy()
    before = by_code[["open", "high", "low", "close", "volume"]].shift(1)
    found = judge(np, frame, volume, change, past, before)
    mask = (frame["trade_date"] >= np.datetime64(since)).to_numpy()
    return {rule: int((hit & mask).sum()) for rule, hit in found.items()}


def judge(np: Any, frame: Any, volume: Any, change: Any, past: Any, before: Any) -> dict[str, Any]:
    """Return, by rule, which rows it finds: the ten rules as conditions over arrays."""
    price = {name: frame[name].to_numpy() for name in ("open", "high", "low", "close", "base")}
    old = (frame["trade_date"] < np.datetime64("2023-01-25")).to_numpy()

    def tick(values: Any) -> Any:
        return np.where(old, *(banded(np, values, bands) for bands in (OLD_BANDS, BANDS)))

    width = np.floor(price["base"] * 0.3 / tick(price["base"])) * tick(price["base"])
    upper = price["base"] + width
    upper = np.floor(upper / tick(upper)) * tick(upper)
    lower = price["base"] - width
    off = np.zeros(len(frame), dtype=bool)
    for name in ("open", "high", "low", "close"):
        off |= price[name] % tick(price[name]) != 0
    stale = volume >= 100
    for name in ("open", "high", "low", "close", "volume"):
        stale &= frame[name].to_numpy() == before[name].to_numpy()
    v, r = past["volume"], past["change"]
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            "price_change": np.abs(change) > 0.5,
            "price_gap": np.abs(price["open"] / price["base"] - 1) > 0.2,
            "volume_spike": volume > 5 * v["mean"],
            # A past without any deviation has no z-score: infinity and NaN are no findings.
            "volume_zscore": (v["sd"] > 0) & (np.abs((volume - v["mean"]) / v["sd"]) > 3),
            "volume_iqr": volume > v["q3"] + 1.5 * (v["q3"] - v["q1"]),
            "return_zscore": (r["sd"] > 0) & (np.abs((change - r["mean"]) / r["sd"]) > 3),
            "return_iqr": (change > r["q3"] + 1.5 * (r["q3"] - r["q1"]))
            | (change < r["q1"] - 1.5 * (r["q3"] - r["q1"])),
            "stale_bar": stale,
            "price_limit": (price["high"] > upper) | (price["low"] < lower),
            "off_tick": off,
        }


def banded(np: Any, values: Any, bands: tuple[tuple[int, int], ...]) -> Any:
    starts = np.array([start for start, _ in bands])
    ticks = np.array([size for _, size in bands])
    return ticks[np.clip(np.searchsorted(starts, values, side="right") - 1, 0, None)]


def judged_by_polars(
    connection: psycopg.Connection[Any], where: str, since: date
) -> dict[str, int]:
    """The same in Polars, expressions over groups."""
    import polars as pl  # noqa: PLC0415

    frame = pl.read_csv(
        loaded(connection, where),
        has_header=False,
        new_columns=COLUMNS,
        try_parse_dates=True,
        schema_overrides={"column_1": pl.String, "column_7": pl.Int64}
        | dict.fromkeys((f"column_{n}" for n in (3, 4, 5, 6, 8)), pl.Float64),
    ).sort("stock_code", "trade_date")
    return polars_counts(pl, frame, since)


def polars_counts(pl: Any, frame: Any, since: date) -> dict[str, int]:
    c, code = pl.col, "stock_code"

    def past(name: str, what: str, **options: Any) -> Any:
        series = c(name).shift(1)
        method = getattr(series, f"rolling_{what}")
        return method(window_size=30, min_samples=5, **options).over(code)

    def tick(value: Any) -> Any:
        def chain(bands: tuple[tuple[int, int], ...]) -> Any:
            result = pl.lit(bands[0][1])
            for start, size in bands[1:]:
                result = pl.when(value >= start).then(size).otherwise(result)
            return result

        return (
            pl.when(c("trade_date") < date(2023, 1, 25))
            .then(chain(OLD_BANDS))
            .otherwise(chain(BANDS))
        )

    frame = frame.with_columns(change=c("close") / c("base") - 1)
    frame = frame.with_columns(
        **{
            f"{name}_{short}": past(name, what, **options)
            for name in ("volume", "change")
            for short, what, options in (
                ("mean", "mean", {}),
                ("sd", "std", {}),
                ("q1", "quantile", {"quantile": 0.25, "interpolation": "linear"}),
                ("q3", "quantile", {"quantile": 0.75, "interpolation": "linear"}),
            )
        },
        width=(c("base") * 0.3 / tick(c("base"))).floor() * tick(c("base")),
    )
    upper = c("base") + c("width")
    stale = c("volume") >= 100
    for name in ("open", "high", "low", "close", "volume"):
        stale &= c(name) == c(name).shift(1).over(code)
    off = pl.any_horizontal(*(c(n) % tick(c(n)) != 0 for n in ("open", "high", "low", "close")))
    v_iqr, r_iqr = c("volume_q3") - c("volume_q1"), c("change_q3") - c("change_q1")
    conditions = {
        "price_change": c("change").abs() > 0.5,
        "price_gap": (c("open") / c("base") - 1).abs() > 0.2,
        "volume_spike": c("volume") > 5 * c("volume_mean"),
        # Polars holds NaN to be greater than any number.
        "volume_zscore": (c("volume_sd") > 0)
        & (((c("volume") - c("volume_mean")) / c("volume_sd")).abs() > 3),
        "volume_iqr": c("volume") > c("volume_q3") + 1.5 * v_iqr,
        "return_zscore": (c("change_sd") > 0)
        & (((c("change") - c("change_mean")) / c("change_sd")).abs() > 3),
        "return_iqr": (c("change") > c("change_q3") + 1.5 * r_iqr)
        | (c("change") < c("change_q1") - 1.5 * r_iqr),
        "stale_bar": stale,
        "price_limit": (c("high") > (upper / tick(upper)).floor() * tick(upper))
        | (c("low") < c("base") - c("width")),
        "off_tick": off,
    }
    counts = frame.select(
        **{
            rule: (hit.fill_null(False) & (c("trade_date") >= since)).sum()
            for rule, hit in conditions.items()
        }
    )
    return dict(counts.row(0, named=True))


def judged_by_pandera(
    connection: psycopg.Connection[Any], where: str, since: date
) -> dict[str, int]:
    """The rules without a past as a pandera schema over pandas, lazily, so that all are asked."""
    import numpy as np  # noqa: PLC0415
    import pandera.pandas as pa  # noqa: PLC0415

    frame = pandas_frame(connection, where)
    frame = frame[frame["trade_date"] >= np.datetime64(since)].reset_index(drop=True)
    old = (frame["trade_date"] < np.datetime64("2023-01-25")).to_numpy()

    def tick(values: Any) -> Any:
        return np.where(old, *(banded(np, values, bands) for bands in (OLD_BANDS, BANDS)))

    def within_limit(data: Any) -> Any:
        base = data["base"].to_numpy()
        width = np.floor(base * 0.3 / tick(base)) * tick(base)
        upper = np.floor((base + width) / tick(base + width)) * tick(base + width)
        return (data["high"] <= upper) & (data["low"] >= base - width)

    schema = pa.DataFrameSchema(
        checks=[
            pa.Check(lambda d: (d["close"] / d["base"] - 1).abs() <= 0.5, name="price_change"),
            pa.Check(lambda d: (d["open"] / d["base"] - 1).abs() <= 0.2, name="price_gap"),
            pa.Check(within_limit, name="price_limit"),
            *(
                pa.Check(lambda d, n=name: d[n] % tick(d[n].to_numpy()) == 0, name="off_tick")
                for name in ("open", "high", "low", "close")
            ),
        ]
    )
    counts = dict.fromkeys(("price_change", "price_gap", "price_limit", "off_tick"), 0)
    try:
        schema.validate(frame, lazy=True)
    except pa.errors.SchemaErrors as error:
        for rule, rows in error.failure_cases.groupby("check")["index"]:
            counts[rule] = int(rows.nunique())
    return counts


def seconds(work: Callable[[], Any], rounds: int) -> float:
    """Return the median time of ``work``; one more round before it is not counted."""
    laps = []
    for _ in range(rounds + 1):
        begun = time.perf_counter()
        work()
        laps.append(time.perf_counter() - begun)
    return statistics.median(laps[1:] if rounds > 0 else laps)


PEERS: dict[str, Callable[[psycopg.Connection[Any], str, date], dict[str, int]]] = {
    "pandas": judged_by_pandas,
    "Polars": judged_by_polars,
    "pandera (rules without a past)": judged_by_pandera,
}

BY_RULE = """
SELECT j.rule_code, count(*)::integer
  FROM {verdicts} AS j
 GROUP BY 1
"""
JUDGE = "aegis._judge('daily_market_data', {context})"
VIEW = "SELECT x.*, ''::text AS slot FROM aegis.bar_context AS x WHERE {where} OFFSET 0"


def found(connection: psycopg.Connection[Any], verdicts: str) -> dict[str, int]:
    """Count by rule what ``verdicts`` (a call of a function) finds, and keep nothing."""
    query = BY_RULE.format(verdicts=verdicts)
    return dict(connection.execute(query.encode()).fetchall())


@contextmanager
def watched(connection: psycopg.Connection[Any]) -> Iterator[dict[str, int]]:
    """Fill in temporary bytes, and the peak of what all backends have for themselves."""
    figures = {"peak_memory": 0}
    row = connection.execute(
        "SELECT setting FROM pg_settings WHERE name = 'data_directory'"
    ).fetchone()
    assert row is not None
    postmaster = (Path(row[0]) / "postmaster.pid").read_text().split()[0]
    done = threading.Event()

    def own(pid: str) -> int:
        try:
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        except OSError:
            return 0
        return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon"))

    def watch() -> None:
        children = Path(f"/proc/{postmaster}/task/{postmaster}/children")
        while children.exists() and not done.wait(0.5):
            now = sum(own(pid) for pid in children.read_text().split())
            figures["peak_memory"] = max(figures["peak_memory"], now)

    def temporary() -> int:
        connection.execute("SELECT pg_stat_force_next_flush(), pg_stat_clear_snapshot()")
        row = connection.execute(
            "SELECT temp_bytes FROM pg_stat_database WHERE datname = current_database()"
        ).fetchone()
        assert row is not None
        return int(row[0])

    before = temporary()
    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield figures
    finally:
        done.set()
        watcher.join()
    figures["temporary_bytes"] = temporary() - before


def measure(
    connection: psycopg.Connection[Any],
    codes: int,
    bars: int,
    rounds: int,
    only: tuple[str, ...],
    peers: dict[str, Callable[[psycopg.Connection[Any], str, date], dict[str, int]]],
) -> list[dict[str, Any]]:
    """Return one entry for each question and way of answering it."""
    day, year = LAST, LAST.replace(year=LAST.year - 1)
    code = f"{codes // 2:06}"
    row = connection.execute("SELECT min(trade_date) FROM aegis.daily_market_data").fetchone()
    assert row is not None
    entries: list[dict[str, Any]] = []

    def note(question: str, way: str, rows: int, took: float, hits: dict[str, int]) -> None:
        entries.append(
            {
                "question": question,
                "way": way,
                "rows": rows,
                "seconds": round(took, 4),
                "rows_per_second": round(rows / took),
                "found": {rule: hits[rule] for rule in RULES if rule in hits},
            }
        )

    def ask(question: str, rows: int, way: str, verdicts: str) -> None:
        hits: dict[str, int] = {}
        took = seconds(lambda: hits.update(found(connection, verdicts)), rounds)
        note(question, way, rows, took, hits)

    def ask_peers(question: str, rows: int, where: str, since: date, times: int) -> None:
        for name, peer in peers.items():
            hits: dict[str, int] = {}

            def work(peer: Any = peer, hits: dict[str, int] = hits) -> None:
                hits.update(peer(connection, where, since))

            note(question, name, rows, seconds(work, times), hits)

    by_baselines, by_view, by_past, code_by_baselines, code_by_past = TARGETS
    if "day" in only:
        view_query = VIEW.format(where=f"x.trade_date = DATE '{day}'")
        view = JUDGE.format(context=f"$q${view_query}$q$")
        range_context = f"aegis._range_context('{day}', '{day}')"
        bars_query = f"aegis._bars_query('{day}', '{day}')"
        baseline_context = f"aegis._baseline_context({bars_query}, '{day}', '{day}')"
        ask(by_past, codes, "AEGIS", view)
        ask(by_past, codes, "AEGIS, in one pass", JUDGE.format(context=range_context))
        connection.execute("CALL aegis.refresh_baselines(%s)", (day,))
        ask(by_baselines, codes, "AEGIS", JUDGE.format(context=baseline_context))
        ask(by_view, codes, "AEGIS", view)
        ask_peers(
            by_view, codes, f"d.trade_date BETWEEN DATE '{day}' - 68 AND DATE '{day}'", day, rounds
        )
    if "code" in only:
        first = year + timedelta(days=1)
        verdicts = f"aegis.validate_code('{code}', '{first}', '{day}')"
        ask(code_by_past, 244, "AEGIS", verdicts)
        for (session,) in connection.execute(
            "SELECT c.trade_date FROM aegis.trading_calendar AS c"
            " WHERE c.venue = 'XKRX' AND c.is_open AND c.trade_date BETWEEN %s AND %s ORDER BY 1",
            (first, day),
        ).fetchall():
            connection.execute("CALL aegis.refresh_baselines(%s)", (session,))
        connection.execute("VACUUM (ANALYZE) aegis.validation_baselines")
        ask(code_by_baselines, 244, "AEGIS", verdicts)
        ask_peers(
            code_by_past,
            244,
            f"d.stock_code = '{code}' AND d.trade_date > DATE '{year}' - 68",
            first,
            rounds,
        )
    if "period" in only:
        whole = "the whole period"
        with watched(connection) as figures:
            begun = time.perf_counter()
            connection.execute("SELECT aegis.validate_period(%s, %s)", (row[0], day))
            took = time.perf_counter() - begun
        kept = connection.execute(
            "SELECT rule_code, count(*)::integer FROM aegis.findings WHERE found_by = 'range'"
            " GROUP BY 1"
        ).fetchall()
        note(whole, "AEGIS, in one pass, findings and cases kept", bars, took, dict(kept))
        entries[-1] |= figures
        ask_peers(whole, bars, "TRUE", row[0], 0)
    return entries


VARIANTS = {
    "every rule": "",
    "no statistical rule": """
        DO $$
        DECLARE v_rule text;
        BEGIN
            FOR v_rule IN SELECT r.rule_code FROM aegis.validation_rules AS r
                           WHERE r.minimum_observations IS NOT NULL AND r.is_enabled
            LOOP
                CALL aegis.change_validation_rule(v_rule, '{"is_enabled": false}', 'benchmark');
            END LOOP;
        END $$""",
    "nothing judged": """
        SELECT aegis_guard.open_change('benchmark');
        CREATE OR REPLACE FUNCTION aegis._judge_batch(
            p_target text, p_source text, p_batch_number bigint, p_work regclass
        ) RETURNS void LANGUAGE plpgsql AS 'BEGIN END'
        """,
}

NEXT_BARS = """
SELECT w.stock_code, w.trade_date, 'raw', w.base_price, greatest(w.base_price, w.close_price),
       least(w.base_price, w.close_price), w.close_price, w.volume::numeric, w.volume * w.close_price,
       w.close_price * w.listed_shares, w.listed_shares::numeric, w.base_price,
       (w.trade_date + TIME '15:30') AT TIME ZONE 'Asia/Seoul'
  FROM bench.held AS w
 WHERE w.trade_date = %s
"""  # noqa: E501
SEND_BARS = """
COPY pg_temp.stage_daily_market_data (stock_code, trade_date, price_basis, open_price, high_price, low_price,
    close_price, volume, trade_value, market_cap, listed_shares, base_price, event_at) FROM STDIN (FORMAT binary)
"""  # noqa: E501
NEXT_PRICES = """
SELECT w.stock_code, w.trade_date, w.close_price, w.volume::numeric, (w.trade_date + TIME '15:30') AT TIME ZONE 'Asia/Seoul'
  FROM bench.held AS w
 WHERE w.trade_date = %s
"""  # noqa: E501
SEND_PRICES = """
COPY pg_temp.stage_stock_prices (stock_code, trade_date, price, volume, event_at) FROM STDIN (FORMAT binary)
"""  # noqa: E501
BATCHES = {
    "stock_prices": (
        NEXT_PRICES,
        SEND_PRICES,
        ["text", "date", "numeric", "numeric", "timestamptz"],
    ),
    "daily_market_data": (
        NEXT_BARS,
        SEND_BARS,
        ["text", "date", "text", *["numeric"] * 9, "timestamptz"],
    ),
}
WAYS = ("whole", "processor")


def send(
    connection: psycopg.Connection[Any], target: str, rows: list[tuple[Any, ...]]
) -> tuple[float, float]:
    """Send one batch; return the seconds of it as a whole and of its backend's processor."""
    _, copy_statement, types = BATCHES[target]
    backend = Path(f"/proc/{connection.info.backend_pid}/schedstat")
    before, begun = int(backend.read_text().split()[0]), time.perf_counter()
    with connection.transaction():
        connection.execute("SELECT aegis.open_stage(%s)", (target,))
        with connection.cursor().copy(copy_statement.encode()) as copy:
            copy.set_types(types)
            for row in rows:
                copy.write_row(row)
        taken = connection.execute(
            "SELECT (aegis.upsert_staged(%s, 'krx', %s)).inserted", (target, uuid.uuid4())
        ).fetchone()
    took = time.perf_counter() - begun
    assert taken == (len(rows),), f"{taken} of {len(rows)} rows were taken"
    return took, (int(backend.read_text().split()[0]) - before) / 1e9


def ingest_cost(
    cluster: Cluster, connection: psycopg.Connection[Any], codes: int
) -> list[dict[str, Any]]:
    """Return one entry for each table and variant: time of a batch, and its ratios to others."""
    days = [
        row[0]
        for row in connection.execute(
            "SELECT DISTINCT h.trade_date FROM bench.held AS h ORDER BY 1"
        )
    ]
    sessions: dict[str, psycopg.Connection[Any]] = {}
    with connect(cluster.dsn("template1"), autocommit=True) as other:
        source = connection.info.dbname
        connection.close()
        for number, name in enumerate(VARIANTS):
            other.execute(f"CREATE DATABASE variant_{number} TEMPLATE {source}".encode())
            sessions[name] = connect(cluster.dsn(f"variant_{number}"), autocommit=True)
            if VARIANTS[name]:
                sessions[name].execute(VARIANTS[name].encode())
            sessions[name].execute(
                "SELECT aegis.ensure_partitions('aegis.stock_prices', %s, %s)", (days[0], days[-1])
            )
    laps: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for day in days:
        for name in random.sample(list(VARIANTS), len(VARIANTS)):
            session = sessions[name]
            session.execute("CALL aegis.refresh_baselines(%s)", (day,))
            # Prices first: a bar makes no baseline of its own day stale.
            for target, (query, *_) in BATCHES.items():
                rows = session.execute(query.encode(), (day,)).fetchall()
                laps.setdefault((target, name), []).append(send(session, target, rows))
                session.execute("CHECKPOINT")
    findings = {
        (target, name): count
        for name, session in sessions.items()
        for target, count in session.execute(
            "SELECT target, count(*) FROM aegis.findings WHERE found_by = 'ingest' GROUP BY 1"
        ).fetchall()
    }
    for session in sessions.values():
        session.close()

    def ratios(target: str, name: str, way: int) -> dict[str, float]:
        mine = [lap[way] for lap in laps[target, name][1:]]
        return {
            other: round(
                statistics.median(
                    x / lap[way] for x, lap in zip(mine, laps[target, other][1:], strict=True)
                ),
                3,
            )
            for other in VARIANTS
        }

    return [
        {
            "target": target,
            "way": name,
            "rows": codes,
            "milliseconds": round(statistics.median(lap[0] for lap in times[1:]) * 1000, 1),
            "findings": findings.get((target, name), 0),
            "ratio": {way: ratios(target, name, number) for number, way in enumerate(WAYS)},
        }
        for (target, name), times in sorted(laps.items(), reverse=True)
    ]


def show_cost(entries: list[dict[str, Any]]) -> None:
    report = Table(box=None, pad_edge=False, header_style="bold")
    report.add_column("table")
    report.add_column("batch")
    for heading in ("ms", *(f"against {name}" for name in VARIANTS), "findings"):
        report.add_column(heading, justify="right")
    for entry in entries:
        compared = (
            ", ".join(f"{entry['ratio'][way][name]:.2f}" for way in WAYS) for name in VARIANTS
        )
        report.add_row(
            entry["target"],
            entry["way"],
            f"{entry['milliseconds']:.1f}",
            *compared,
            f"{entry['findings']:,}",
        )
    click.echo(f"one batch, against others of the same day ({', '.join(WAYS)} time)")
    Console(width=150).print(report)


def show(entries: list[dict[str, Any]]) -> None:
    report = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("question", "way"):
        report.add_column(heading)
    for heading in ("seconds", "target", "rows/s", "against AEGIS", "findings"):
        report.add_column(heading, justify="right")
    base: dict[str, float] = {}
    for entry in entries:
        base.setdefault(entry["question"], entry["seconds"])
        target = TARGETS.get(entry["question"])
        report.add_row(
            entry["question"],
            entry["way"],
            f"{entry['seconds']:.3f}",
            f"{target:.3f}" if target and entry["way"] == "AEGIS" else "",
            f"{entry['rows_per_second']:,}",
            f"{entry['seconds'] / base[entry['question']]:.2f}",
            f"{sum(entry['found'].values()):,}",
        )
    Console(width=150).print(report)
    for entry in entries:
        if "peak_memory" in entry:
            click.echo(
                f"{entry['way']}: {entry['temporary_bytes'] / 1e6:,.0f} MB of temporary files,"
                f" at most {entry['peak_memory'] / 1e6:,.0f} MB of memory in all backends"
            )


@click.command()
@click.option("--codes", default=2_700, show_default=True, help="Codes with a bar on every day.")
@click.option("--years", default=10, show_default=True, help="Years of sessions.")
@click.option("--rounds", default=5, show_default=True, help="Counted rounds of short questions.")
@click.option("--server", type=int, help="PostgreSQL major  [default: the first one found]")
@click.option(
    "--only",
    multiple=True,
    type=click.Choice(QUESTIONS),
    default=QUESTIONS,
    help="Ask this only; may be repeated.",
)
@click.option("--peers/--no-peers", default=True, show_default=True, help="Ask the peers, too.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout.")
def main(
    codes: int,
    years: int,
    rounds: int,
    server: int | None,
    only: tuple[str, ...],
    peers: bool,
    as_json: bool,
) -> None:
    """Measure the validation of daily bars against pandas, Polars and pandera."""
    with Cluster.temporary(find_binaries(server), SETTINGS) as cluster:
        upgrade(cluster.dsn())
        with connect(cluster.dsn(), autocommit=True) as connection:
            # A batch on its way in looks back on 68 days.
            bars = fill(
                connection,
                codes,
                LAST - timedelta(days=80 + 2 * rounds)
                if set(only) == {"ingest"}
                else LAST.replace(year=LAST.year - years),
                rounds + 1 if "ingest" in only else 0,
            )
            entries = measure(connection, codes, bars, rounds, only, PEERS if peers else {})
            costs = ingest_cost(cluster, connection, codes) if "ingest" in only else []
    about = {
        "server": cluster.binaries.version,
        "bars": bars,
        "codes": codes,
        "years": years,
        "load": os.getloadavg()[0],
        "results": entries,
        "ingest": costs,
    }
    if as_json:
        click.echo(json.dumps(about, indent=2))
        return
    click.echo(
        f"PostgreSQL {cluster.binaries.version}, {bars:,} bars of {codes:,} codes, {years} years,"
        f" fsync on, load {os.getloadavg()[0]:.1f}"
    )
    if entries:
        show(entries)
    if costs:
        show_cost(costs)


if __name__ == "__main__":
    main()
