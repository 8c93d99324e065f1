"""Of a bar that the quick look clears no rule would speak, right up to the thresholds."""

from __future__ import annotations

import psycopg
import pytest

# Codes of every sort: volatile and calm ones, without any move, without any change of volume, with
# a past too short for statistics.
PAST = """
WITH days AS (
    SELECT c.trade_date, row_number() OVER (ORDER BY c.trade_date DESC) AS back
      FROM aegis.trading_calendar AS c
     WHERE c.venue = 'XKRX' AND c.is_open AND c.trade_date BETWEEN '2025-01-02' AND '2025-02-28'
), walk AS (
    SELECT lpad(s.code::text, 6, '0') AS stock_code, d.trade_date, b.price_basis, 1000000 + s.code AS listed_shares,
           round(((1500 + s.code * s.code * 3) * exp(CASE WHEN s.code % 7 = 0 THEN 0 ELSE 0.01 * (s.code % 9) END
                  * sum(random() - 0.5) OVER (PARTITION BY s.code, b.price_basis ORDER BY d.trade_date)))::numeric, -1) AS price,
           CASE WHEN s.code % 5 = 0 THEN 700 ELSE 1 + (random() * random() * 20000)::integer END AS volume
      FROM generate_series(1, 400) AS s (code)
     CROSS JOIN (VALUES ('raw'), ('adjusted')) AS b (price_basis)
      JOIN days AS d ON s.code % 11 <> 0 OR d.back <= 4
)
INSERT INTO aegis.daily_market_data (stock_code, trade_date, price_basis, open_price, high_price, low_price, close_price, volume,
    listed_shares, base_price, source, source_rank, batch_number, last_updated)
SELECT w.stock_code, w.trade_date, w.price_basis, w.price, w.price, w.price, w.price, w.volume, w.listed_shares,
       CASE WHEN w.listed_shares % 2 = 0 THEN lag(w.price) OVER (PARTITION BY w.stock_code, w.price_basis ORDER BY w.trade_date) END,
       'krx', 100, 0, w.trade_date
  FROM walk AS w
"""  # noqa: E501

# Half of the closes and volumes lie within two ticks or shares of a bound; now and then something
# else is odd.
BARS = """
INSERT INTO aegis.daily_market_data (stock_code, trade_date, price_basis, open_price, high_price, low_price, close_price, volume,
    trade_value, market_cap, listed_shares, base_price, source, source_rank, batch_number, last_updated)
SELECT n.stock_code, n.trade_date, n.price_basis, p.open, greatest(p.open, p.high, p.close), least(nullif(p.open, 0), p.low, p.close),
       p.close, v.volume, v.volume * p.close, p.close * n.previous_shares,
       CASE WHEN random() < 0.95 THEN n.previous_shares ELSE n.previous_shares * 2 END,
       CASE WHEN random() < 0.6 THEN n.previous_close WHEN random() < 0.1 THEN n.previous_close * 1.1 END,
       'krx', 100, 0, n.trade_date
  FROM (SELECT n.*, CASE n.price_basis WHEN 'raw' THEN n.tick_size ELSE 0.01 END AS unit,
               floor(random() * 8) AS price_bound, floor(random() * 4) AS volume_bound, floor(random() * 5) - 2 AS beyond
          FROM aegis.validation_baselines AS n WHERE n.trade_date = '2025-03-04') AS n
 CROSS JOIN LATERAL (
    SELECT greatest(n.unit, n.beyond * n.unit + n.unit * round(CASE n.price_bound
               WHEN 0 THEN n.lowest_quiet_close WHEN 1 THEN n.highest_quiet_close
               WHEN 2 THEN n.lowest_quiet_price WHEN 3 THEN n.highest_quiet_price
               ELSE n.previous_close END / n.unit)) AS close
 ) AS c
 CROSS JOIN LATERAL (
    SELECT c.close,
           CASE WHEN random() < 0.9 THEN c.close WHEN random() < 0.3 THEN 0 ELSE n.previous_close END AS open,
           CASE WHEN random() < 0.9 THEN c.close ELSE n.highest_quiet_price END AS high,
           CASE WHEN random() < 0.9 THEN c.close ELSE n.lowest_quiet_price END AS low
 ) AS p
 CROSS JOIN LATERAL (
    SELECT greatest(0, round(n.beyond) + CASE n.volume_bound WHEN 0 THEN least(n.highest_quiet_volume, 1000000000)
                                                             WHEN 1 THEN n.lowest_quiet_volume
                                                             ELSE n.mean_volume END)::bigint AS volume
 ) AS v
"""  # noqa: E501

JUDGED = """
SELECT j
  FROM aegis._judge('daily_market_data', $q$
    SELECT x.*, '' AS slot FROM aegis.bar_context AS x WHERE x.trade_date = DATE '2025-03-04'
  $q$) AS j
 ORDER BY 1
"""
CONTEXT = """
aegis._baseline_context(aegis._bars_query('2025-03-04', '2025-03-04'), '2025-03-04', '2025-03-04')
"""
LOOKED = f"SELECT j FROM aegis._judge('daily_market_data', {CONTEXT}) AS j ORDER BY 1"

# Of what price a batch of prices is, and how many shares: near to a bound again.
PRICES = """
SELECT aegis.upsert_stock_prices(array_agg(ROW(
           n.stock_code, n.trade_date,
           greatest(n.tick_size, n.beyond * n.tick_size + n.tick_size * round(CASE n.bound
               WHEN 0 THEN n.lowest_quiet_last_price WHEN 1 THEN n.highest_quiet_last_price
               WHEN 2 THEN n.lowest_quiet_close ELSE n.previous_close END / n.tick_size)),
           greatest(0, n.beyond + CASE n.bound WHEN 3 THEN least(n.highest_quiet_volume_so_far, 1000000000)
                                               ELSE n.mean_volume END)::bigint,
           TIMESTAMPTZ '2025-03-04 15:00+09' + %s * INTERVAL '1 second', NULL)::aegis.stock_price_input),
       'krx', gen_random_uuid())
  FROM (SELECT n.*, n.place %% 5 AS bound, n.place / 5 %% 5 - 2 AS beyond
          FROM (SELECT n.*, row_number() OVER (ORDER BY n.stock_code) AS place
                  FROM aegis.validation_baselines AS n
                 WHERE n.trade_date = '2025-03-04' AND n.price_basis = 'raw') AS n) AS n
"""  # noqa: E501
FOUND = """
SELECT f.stock_code, f.rule_code, f.severity, f.observed, f.explained_by
  FROM aegis.findings AS f
 WHERE f.target = 'stock_prices' AND f.data_version = %s
 ORDER BY 1, 2
"""

LOUDER = {
    "price_change": 0.011,
    "price_gap": 0.011,
    "volume_spike": 1,
    "volume_zscore": 1,
    "volume_iqr": 0.5,
    "return_zscore": 1,
    "return_iqr": 0.5,
    "turnover": 0.01,
    "scale_break": 1.5,
}


def prepare(connection: psycopg.Connection, seed: float, louder: bool) -> None:
    connection.execute("SELECT setseed(%s)", (seed,))
    connection.execute(
        "INSERT INTO aegis.stocks (stock_code, stock_name, market, source, source_rank,"
        "                          batch_number, last_updated)"
        " SELECT lpad(s::text, 6, '0'), s::text, (ARRAY['KOSPI', 'KOSDAQ'])[1 + s % 2],"
        "        'krx', 100, 0, now() FROM generate_series(1, 400) AS s"
    )
    connection.execute(
        "SELECT aegis.ensure_partitions('aegis.daily_market_data', '2025-01-01', '2025-03-31')"
    )
    connection.execute(PAST)
    for rule, threshold in LOUDER.items() if louder else ():
        connection.execute(
            "CALL aegis.change_validation_rule(%s, %s::jsonb, 'a test')",
            (rule, f'{{"threshold": {threshold}}}'),
        )
    connection.execute("CALL aegis.refresh_baselines('2025-03-04')")


@pytest.mark.parametrize("louder", [False, True], ids=["as installed", "low thresholds"])
@pytest.mark.parametrize("seed", [0.1, 0.2])
def test_nothing_the_quick_look_clears_would_be_found(
    database: str, seed: float, louder: bool
) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        prepare(connection, seed, louder)
        connection.execute(BARS)
        found = connection.execute(JUDGED).fetchall()
        assert connection.execute(LOOKED).fetchall() == found
        assert len(found) > 300
        asked = connection.execute(f"SELECT {CONTEXT}").fetchone()
        assert asked is not None
        bars = connection.execute(f"SELECT count(*) FROM ({asked[0]}) AS b".encode()).fetchone()
        assert bars is not None
        assert 300 < bars[0] < 780


@pytest.mark.parametrize("louder", [False, True], ids=["as installed", "low thresholds"])
def test_nothing_it_clears_would_be_found_of_prices(database: str, louder: bool) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        prepare(connection, 0.3, louder)
        connection.execute(PRICES, (1,))
        found = connection.execute(FOUND, (1,)).fetchall()
        connection.execute("UPDATE aegis.validation_baselines SET quiet_version = 0")
        connection.execute(PRICES, (2,))
        assert connection.execute(FOUND, (2,)).fetchall() == found
        assert len(found) > 30
