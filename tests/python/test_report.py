"""`aegis-db report` on two real sessions and a closed day."""

from __future__ import annotations

import json

import psycopg
from click.testing import CliRunner, Result

from aegis_db.cli import main
from aegis_db.sample import sample_files


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def test_an_empty_database_has_nothing_to_report(database: str) -> None:
    result = run("report", "--dsn", database)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("AEV01: there are no raw daily bars")
    assert "Traceback" not in result.output


def test_a_real_session_is_judged_by_its_base_price(database: str) -> None:
    loaded = run("load", "--dsn", database, "--json", *map(str, sample_files()))
    assert loaded.exit_code == 0, loaded.output
    bars = [row for row in json.loads(loaded.stdout) if row["table"] == "daily_market_data"]
    # 2020-12-30, a Sunday whose 200 rows hold no price, 2021-01-04
    assert [row["rejected"] for row in bars] == [0, 200, 0]
    assert [row["inserted"] for row in bars] == [2388, 0, 2388]

    shown = json.loads(
        run("report", "--dsn", database, "--date", "2021-01-04", "--all", "--json").stdout
    )
    assert len(shown) == 2388
    samsung = next(row for row in shown if row["stock_code"] == "005930")
    assert (samsung["stock_name"], samsung["close_price"], samsung["base_price"]) == (
        "삼성전자",
        "83000.00",
        "81000.00",
    )
    with psycopg.connect(database) as connection:
        moved = connection.execute(
            "SELECT count(*) FILTER (WHERE previous_close IS NULL),"
            "       count(*) FILTER (WHERE abs(base_price / previous_close - 1) > 0.005)"
            "  FROM aegis.data_quality_daily_report WHERE date = '2021-01-04'"
        ).fetchone()
    # No session lies between, and no code was re-based: a close is the next day's base.
    assert moved == (0, 0)
    table = run("report", "--dsn", database)
    assert table.exit_code == 0
    assert "2,388 bars on 2021-01-04 (raw)" in table.stdout


def test_a_date_that_is_none_is_wrong_usage() -> None:
    assert run("report", "--date", "2021-02-30").exit_code == 2
