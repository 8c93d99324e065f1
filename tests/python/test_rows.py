"""aegis-db soft-delete, restore and history, run as a user runs them."""

from __future__ import annotations

import json
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result

from aegis_db.cli import main

PRICE = ("aegis.stock_prices", "stock_code=005930", "trade_date=2024-02-29")


@pytest.fixture
def dsn(database: str) -> str:
    with psycopg.connect(database) as connection:
        connection.execute(
            "INSERT INTO aegis.stock_prices (stock_code, trade_date, price, volume, source,"
            " source_rank, batch_number, last_updated)"
            " SELECT c, '2024-02-29', 70000, 1, 'manual', 110, 1, now()"
            " FROM unnest(ARRAY['005930', '000660']) AS c"
        )
    return database


def run(dsn: str, *arguments: str, typed: str = "") -> Result:
    return CliRunner().invoke(main, [*arguments, "--dsn", dsn], input=typed)


def active(dsn: str) -> int:
    with psycopg.connect(dsn) as connection:
        row = connection.execute("SELECT count(*) FROM aegis.active_stock_prices").fetchone()
        return row[0] if row else -1


def test_a_row_is_deleted_restored_and_its_history_shown(dsn: str) -> None:
    done = run(dsn, "soft-delete", *PRICE, "--reason", "wrong day", "--yes")
    assert (done.exit_code, done.stdout) == (0, "1 deleted\n")
    assert active(dsn) == 1
    again = run(dsn, "soft-delete", *PRICE, "--reason", "wrong day", "--yes", "--json")
    assert json.loads(again.stdout) == [
        {
            "key_number": 1,
            "row_key": {"stock_code": "005930", "trade_date": "2024-02-29"},
            "verdict": "already_deleted",
        }
    ]
    done = run(dsn, "restore", *PRICE, "--reason", "it was right", "--yes")
    assert (done.exit_code, done.stdout) == (0, "1 restored\n")
    assert active(dsn) == 2

    shown = run(dsn, "history", *PRICE)
    assert shown.exit_code == 0
    assert "wrong day" in shown.stdout
    assert "3 versions." in shown.stderr
    versions = json.loads(run(dsn, "history", *PRICE, "--json").stdout)
    assert [version["data_version"] for version in versions] == [3, 2, 1]
    assert versions[1]["row_data"]["delete_reason"] == "wrong day"
    assert run(dsn, "history", PRICE[0], "stock_code=x", PRICE[2]).stdout == ""


def test_keys_come_from_a_file_too(dsn: str, tmp_path: Path) -> None:
    keys = [{"stock_code": c, "trade_date": "2024-02-29"} for c in ("000660", "005930", "none")]
    (tmp_path / "keys.json").write_text(json.dumps(keys), "utf-8")
    arguments = ("aegis.stock_prices", "--reason", "all of them", "--yes", "--keys")
    done = run(dsn, "soft-delete", *arguments, str(tmp_path / "keys.json"))
    assert (done.exit_code, done.stdout) == (0, "2 deleted, 1 not found\n")
    assert '"none"' in done.stderr
    done = run(dsn, "restore", *arguments, "-", typed=json.dumps(keys[:2]))
    assert (done.exit_code, done.stdout) == (0, "2 restored\n")


def test_it_asks_first(dsn: str) -> None:
    refused = run(dsn, "soft-delete", *PRICE, "--reason", "x", typed="n\n")
    assert refused.exit_code == 1
    assert "Soft-delete 1 rows of aegis.stock_prices?" in refused.stderr
    assert active(dsn) == 2
    assert run(dsn, "soft-delete", *PRICE, "--reason", "x", typed="y\n").exit_code == 0
    assert active(dsn) == 1


@pytest.mark.parametrize(
    ("arguments", "exit_code", "said"),
    [
        ((PRICE[0], PRICE[1], "--reason", "x"), 1, "AEP41"),
        ((PRICE[0], PRICE[1], PRICE[2], "price=1", "--reason", "x"), 1, "AEP40"),
        ((*PRICE, "--reason", " "), 1, "AEP44"),
        (("aegis.stock_prices_daily", "a=b", "--reason", "x"), 1, "AEP35"),
        (("aegis.nowhere", "a=b", "--reason", "x"), 1, "42P01"),
        ((PRICE[0], "--reason", "x"), 2, "--keys"),
        ((PRICE[0], "005930", "--reason", "x"), 2, "COLUMN=VALUE"),
        (PRICE, 2, "--reason"),
    ],
)
def test_refusals_are_reported(
    dsn: str, arguments: tuple[str, ...], exit_code: int, said: str
) -> None:
    done = run(dsn, "soft-delete", *arguments, "--yes")
    assert done.exit_code == exit_code, done.output
    assert said in done.stderr
    assert active(dsn) == 2
