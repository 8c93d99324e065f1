"""The calendar in the database, against its source, the published index and the command line."""

from __future__ import annotations

import csv
import gzip
import json
import sys
from datetime import date
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner

from aegis_db.calendar import KST, known_days, refill, source_days
from aegis_db.cli.calendar import calendar
from aegis_db.errors import AegisError

pytestmark = pytest.mark.once(15)

FIRST, LAST = date(2000, 1, 1), date(2027, 12, 31)
OVERRIDES = {
    date(2021, 11, 18): "late_session",
    date(2022, 11, 17): "late_session",
    date(2023, 11, 16): "late_session",
    date(2024, 11, 14): "late_session",
    date(2025, 11, 13): "late_session",
    date(2026, 6, 3): "holiday",
    date(2026, 7, 17): "holiday",
    date(2026, 11, 19): "late_session",
}


def test_equals_the_published_index(database: str, shared_data: Path) -> None:
    """On every day from 2000 to 2026-03-20 the exchange was open exactly when an index appeared."""
    with gzip.open(shared_data / "calendar" / "krx_calendar_1995_2026.csv.gz", "rt") as lines:
        published = {
            date.fromisoformat(row["date"]): row["kospi_index_published"] == "t"
            for row in csv.DictReader(lines)
            if row["kospi_index_published"] and "2000-01-01" <= row["date"] <= "2026-03-20"
        }
    with psycopg.connect(database) as connection:
        known = {d.trade_date: d.is_open for d in known_days(connection, FIRST, date(2026, 3, 20))}
    assert max(published) == date(2026, 3, 20)
    assert {day: known.get(day) for day in published} == published
    # Days that the file does not list, weekends among them, had no index.
    assert all(published[day] for day, is_open in known.items() if is_open)


def test_installed_calendar_is_that_of_the_library(database: str) -> None:
    """A refill from exchange_calendars finds nothing to do but the overrides, which it keeps."""
    pytest.importorskip("exchange_calendars")
    with psycopg.connect(database) as connection:
        result = refill(connection, list(source_days(FIRST, LAST)), "exchange_calendars test")
        assert (result.inserted, result.updated, result.kept) == (0, 0, len(OVERRIDES))
        assert result.unchanged == (LAST - FIRST).days + 1 - len(OVERRIDES)
        overridden = {
            d.trade_date: d.day_kind
            for d in known_days(connection, FIRST, LAST)
            if d.calendar_source == "override"
        }
    assert overridden == OVERRIDES


def test_the_end_of_a_range_is_an_ordinary_day() -> None:
    """The library puts the hours of special days that are no session on its last session."""
    pytest.importorskip("exchange_calendars")
    last = list(source_days(date(2026, 1, 1), date(2026, 11, 24)))[-1]
    assert last.day_kind == "regular"
    assert last.opens_at is not None
    assert last.opens_at.astimezone(KST).hour == 9


def test_sync_extends_the_calendar_and_repeats(database: str) -> None:
    pytest.importorskip("exchange_calendars")
    arguments = ["sync", "--from", "2027-12-01", "--to", "2028-01-31", "--json", "--dsn", database]
    first = json.loads(CliRunner().invoke(calendar, arguments).stdout)
    again = json.loads(CliRunner().invoke(calendar, arguments).stdout)
    assert (first["inserted"], first["unchanged"]) == (31, 31)
    assert (again["inserted"], again["updated"], again["unchanged"]) == (0, 0, 62)


def test_sync_corrects_and_keeps_what_was(database: str) -> None:
    pytest.importorskip("exchange_calendars")
    with psycopg.connect(database) as connection:
        connection.execute(
            "SELECT aegis.refill_trading_calendar("
            "ARRAY[ROW('2025-02-03', false, NULL, NULL, 'holiday')]::aegis.trading_day_input[],"
            " 'wrong 1')"
        )
    arguments = ["sync", "--from", "2025-02-03", "--to", "2025-02-03", "--json", "--dsn", database]
    assert json.loads(CliRunner().invoke(calendar, arguments).stdout)["updated"] == 1
    with psycopg.connect(database) as connection:
        past = connection.execute(
            "SELECT is_open, calendar_source, data_version FROM aegis.trading_calendar_history"
            " WHERE trade_date = '2025-02-03' ORDER BY data_version"
        ).fetchall()
    assert past == [(True, "exchange_calendars 4.13.2", 1), (False, "wrong 1", 2)]


def test_show(database: str) -> None:
    arguments = ["show", "--from", "2026-11-18", "--to", "2026-11-19", "--dsn", database]
    days = json.loads(CliRunner().invoke(calendar, [*arguments, "--json"]).stdout)
    assert [d["day_kind"] for d in days] == ["regular", "late_session"]
    assert days[1]["opens_at"] == "2026-11-19T10:00:00+09:00"
    assert days[1]["closes_at"] == "2026-11-19T16:30:00+09:00"
    assert "university entrance exam" in CliRunner().invoke(calendar, arguments).stdout


def test_show_tells_what_is_unknown(database: str) -> None:
    arguments = ["show", "--from", "2027-12-31", "--to", "2028-01-02", "--json", "--dsn", database]
    result = CliRunner().invoke(calendar, arguments)
    assert len(json.loads(result.stdout)) == 1
    assert "2 days of the range are not in the calendar" in result.stderr


def test_a_range_that_ends_before_it_begins_is_wrong_usage() -> None:
    result = CliRunner().invoke(calendar, ["show", "--from", "2026-01-02", "--to", "2026-01-01"])
    assert result.exit_code == 2


def test_beyond_the_library() -> None:
    pytest.importorskip("exchange_calendars")
    result = CliRunner().invoke(calendar, ["sync", "--to", "2060-01-01"])
    assert result.exit_code == 1
    assert result.stderr.startswith("AEK46: ")


def test_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "exchange_calendars", None)
    with pytest.raises(AegisError) as refused:
        next(source_days(FIRST, LAST))
    assert refused.value.sqlstate == "AEK45"
    assert "aegis-db[calendar]" in refused.value.hint
    result = CliRunner().invoke(calendar, ["sync"])
    assert result.exit_code == 1
    assert result.stderr.startswith("AEK45: ")
