"""The market rules and the validation rules on real sessions, with the labelled events beside them.

Every labelled reset of the base price, first listing day and liquidation day is loaded as what it
is: a fact about the market. Then no such day may raise an unexplained price alarm, and what is
wrong in the source must be found.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path

import psycopg
import pytest

from aegis_db.database import connect
from aegis_db.ingest.loader import load_file

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import market_facts

pytestmark = pytest.mark.once(15)

RAW = tuple(f"daily_raw/krx_daily_raw_{year}.csv.gz" for year in (2021, 2024, 2025))

LIMITS = """
WITH days AS MATERIALIZED (SELECT * FROM aegis.market_days)
SELECT count(*) FILTER (WHERE b.is_traded) AS traded,
       count(*) FILTER (WHERE b.is_traded AND b.is_beyond) AS beyond,
       count(*) FILTER (WHERE b.is_traded AND b.is_beyond AND b.is_liquidation) AS liquidation,
       count(*) FILTER (WHERE b.is_traded AND b.is_beyond AND b.is_first_day) AS first_days,
       count(*) FILTER (WHERE b.is_traded AND b.is_beyond_ipo) AS beyond_ipo,
       count(*) FILTER (WHERE b.is_off_tick) AS off_tick,
       count(*) FILTER (WHERE b.upper_limit IS NULL) AS unknown
  FROM (
    SELECT l.upper_limit, f.is_liquidation, f.is_first_day,
           d.open_price > 0 AND d.volume > 0 AS is_traded,
           d.high_price > l.upper_limit OR d.low_price < l.lower_limit AS is_beyond,
           f.is_first_day AND (d.high_price > d.base_price * m.ipo_high_pct / 100
                               OR d.low_price < d.base_price * m.ipo_low_pct / 100) AS is_beyond_ipo,
           EXISTS (SELECT FROM unnest(ARRAY[d.open_price, d.high_price, d.low_price, d.close_price]) AS p (price)
                    WHERE p.price % m.band_tick[width_bucket(p.price, m.band_from)] <> 0) AS is_off_tick
      FROM aegis.daily_market_data AS d
     CROSS JOIN LATERAL aegis._market_facts(d.stock_code, d.trade_date, d.trade_date - 1) AS f
      LEFT JOIN days AS m ON m.market = f.market AND d.trade_date BETWEEN m.valid_from AND m.valid_to
      LEFT JOIN LATERAL aegis._limit_prices(
                    d.base_price,
                    aegis._limit_width(d.base_price, m.price_limit_pct * f.leverage,
                                       m.band_tick[width_bucket(d.base_price, m.band_from)]),
                    m.band_from, m.band_tick) AS l ON TRUE
     WHERE d.price_basis = 'raw'
  ) AS b
"""  # noqa: E501


@pytest.fixture(scope="module")
def sessions(new_database: Callable[..., str], shared_data: Path) -> str:
    """Return the conninfo of a database with all real sessions and what is known about them."""
    dsn = new_database("sessions")
    with connect(dsn, autocommit=True) as connection:
        for name in RAW:
            load_file(connection, shared_data / name, batch_rows=50_000)
        for target, facts in (
            ("market_events", market_facts.listings(shared_data, RAW)),
            ("market_events", market_facts.liquidations(shared_data)),
            ("corporate_actions", market_facts.actions(shared_data)),
        ):
            verdicts = market_facts.load_facts(connection, target, facts)
            assert verdicts["inserted"] == len(facts)
        connection.execute("ANALYZE aegis.daily_market_data, aegis.market_events, aegis.stocks")
    return dsn


def test_every_real_price_keeps_the_market_rules(sessions: str) -> None:
    """In 226,094 traded rows nothing breaks the limit but liquidation and first listing days."""
    with psycopg.connect(sessions) as connection:
        connection.execute("SET jit = off")
        row = connection.execute(LIMITS).fetchone()
    # By the rule of a first listing day (60 to 400 % of the offer price) those 14 keep theirs too.
    assert row == (226_094, 38, 24, 14, 0, 0, 0)


@pytest.mark.parametrize(
    "day", [date(2021, 1, 25), date(2024, 1, 8), date(2024, 1, 25), date(2025, 1, 20)]
)
def test_what_is_labelled_is_explained(sessions: str, shared_data: Path, day: date) -> None:
    labelled: dict[str, set[str]] = {}
    for event in market_facts.rows(shared_data / "events.csv"):
        if event["date"] == str(day) and event["dataset"].startswith("daily_raw"):
            labelled.setdefault(event["code"], set()).add(event["kind"])
    with psycopg.connect(sessions, autocommit=True) as connection:
        connection.execute("SELECT aegis.validate_trading_day(%s)", (day,))
        alarms = connection.execute(
            "SELECT stock_code, rule_code, explained_by FROM aegis.findings"
            " WHERE trade_date = %s AND target = 'daily_market_data' AND price_basis = 'raw'"
            "   AND rule_code IN ('price_limit', 'price_change', 'scale_break', 'base_mismatch')",
            (day,),
        ).fetchall()
    explained = {code for code, _, explanation in alarms if explanation}
    resets = {code for code, kinds in labelled.items() if kinds & market_facts.ACTIONS.keys()}
    unexplained = [alarm for alarm in alarms if not alarm[2]]
    assert not [alarm for alarm in unexplained if alarm[0] in labelled]
    assert resets & {code for code, _, _ in alarms} <= explained
    assert Counter(rule for _, rule, _ in unexplained)["price_limit"] == 0


def test_a_quick_look_leaves_no_finding_out(sessions: str) -> None:
    """Of real bars, too: it clears most of them, and of those the rules find nothing."""
    everyone, asked = "TRUE", "q.is_quiet IS NOT TRUE"
    bars_query = "aegis._bars_query('2025-01-24', '2025-01-24')"
    text = f"aegis._baseline_context({bars_query}, '2025-01-24', '2025-01-24')"
    judged = (
        "SELECT j FROM aegis._judge('daily_market_data',"
        f" (SELECT replace({text}, %s, %s))) AS j ORDER BY 1"
    )
    with psycopg.connect(sessions, autocommit=True) as connection:
        connection.execute("SET jit = off")
        connection.execute("CALL aegis.refresh_baselines('2025-01-24')")
        whole = connection.execute(judged.encode(), (asked, everyone)).fetchall()
        found = connection.execute(judged.encode(), (asked, asked)).fetchall()
        context = connection.execute(f"SELECT {text}".encode()).fetchone()
        assert context is not None
        bars = [
            connection.execute(f"SELECT count(*) FROM ({query}) AS b".encode()).fetchone()
            for query in (context[0], context[0].replace(asked, everyone))
        ]
    assert found == whole
    assert len(found) > 300
    assert bars[0] is not None
    assert bars[1] is not None
    assert 0 < bars[0][0] < 0.3 * bars[1][0]


def test_every_label_of_the_sessions_is_explained(sessions: str, shared_data: Path) -> None:
    """All 87 sessions in one pass: no reset, first day or liquidation day raises an alarm."""
    resets = {*market_facts.ACTIONS}
    first_days = {"ipo_or_relisting_first_day", "ipo_first_day_spac", "konex_listing"}
    kinds: dict[tuple[str, str], set[str]] = {}
    for event in market_facts.rows(shared_data / "events.csv"):
        if event["dataset"].startswith("daily_raw"):
            kinds.setdefault((event["code"], event["date"]), set()).add(event["kind"])
    with psycopg.connect(sessions, autocommit=True) as connection:
        for year in (2021, 2024, 2025):
            connection.execute(
                "SELECT aegis.validate_period(%s, %s)", (date(year, 1, 1), date(year, 3, 1))
            )
        alarms = connection.execute(
            "SELECT stock_code, trade_date::text, rule_code, explained_by FROM aegis.findings"
            " WHERE target = 'daily_market_data' AND price_basis = 'raw' AND status <> 'superseded'"
            "   AND rule_code IN ('price_limit', 'price_change', 'scale_break', 'base_mismatch',"
            "                     'price_gap')"
        ).fetchall()
    labelled = {key for key, of in kinds.items() if of & {*resets, *first_days, "liquidation"}}
    unexplained = [alarm for alarm in alarms if not alarm[3]]
    assert not [alarm for alarm in unexplained if alarm[:2] in labelled]
    # The labels are at work: each sort of them explains what would else be an alarm.
    explained = {alarm[:2] for alarm in alarms if alarm[3]}
    for sort in (
        {"split"},
        {"ex_rights"},
        {"reverse_split_or_capital_reduction"},
        {"base_raised"},
        first_days,
        {"liquidation"},
    ):
        assert {key for key, of in kinds.items() if of & sort} & explained, sort
    rules = Counter(rule for _, _, rule, _ in unexplained)
    assert rules["price_limit"] == rules["price_change"] == rules["scale_break"] == 0
