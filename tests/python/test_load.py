"""`aegis-db load`: each row has a verdict, a damaged file loads nothing, loads may be repeated."""

from __future__ import annotations

import csv
import gzip
import json
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner, Result
from psycopg.conninfo import make_conninfo
from waiting import answers, until, waiting

from aegis_db.cli.load import load
from aegis_db.ingest.formats import FORMATS, SNAPSHOTS
from aegis_db.sample import sample_files

HEADER = ",".join(SNAPSHOTS.fields)
VERDICTS = ("inserted", "updated", "unchanged", "stale", "duplicate", "quarantined", "rejected")


def snapshot(
    code: str = "005930",
    day: str = "2026-03-09",
    at: str = "2026-03-09T10:08:18+09:00",
    close: str = "71000",
    volume: str = "1200",
) -> str:
    """Return one line of a snapshot file."""
    return f"{day},{at},{code},KOSPI,{close},{close},{close},{close},0,3,0.0,{volume},1,100"


def run(database: str, *arguments: str | Path) -> Result:
    return CliRunner().invoke(
        load, ["--dsn", database, *map(str, arguments)], catch_exceptions=False
    )


def loaded(database: str, *arguments: str | Path) -> list[dict[str, Any]]:
    """Load with --json and return one entry for each file and table."""
    result = run(database, "--json", *arguments)
    assert result.exit_code == 0, result.stderr
    entries: list[dict[str, Any]] = json.loads(result.stdout)
    for entry in entries:
        assert entry["received"] == sum(entry[verdict] for verdict in VERDICTS)
    return entries


def query(database: str, text: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(database) as connection:
        return connection.execute(text).fetchall()


def dead_letters(database: str) -> list[tuple[Any, ...]]:
    return query(
        database,
        "SELECT line_number, verdict, reason, payload FROM aegis.dead_letters ORDER BY line_number",
    )


def assert_untouched(database: str) -> None:
    """Not one row arrived, not one batch was recorded."""
    assert query(
        database,
        "SELECT (SELECT count(*) FROM aegis.stock_prices), (SELECT count(*) FROM aegis.stocks),"
        " (SELECT count(*) FROM aegis.daily_market_data), "
        " (SELECT count(*) FROM aegis.ingest_batches), (SELECT count(*) FROM aegis.dead_letters)",
    ) == [(0, 0, 0, 0, 0)]


def refused(database: str, code: str, path: Path, *arguments: str) -> str:
    """Load a damaged file: exit 1, a report with ``code`` naming the file, nothing loaded."""
    result = run(database, *arguments, path)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"{code}: {path}")
    assert "HINT: " in result.stderr
    assert "Traceback" not in result.stderr
    assert_untouched(database)
    return result.stderr


def written(path: Path, *lines: str | bytes, header: str = HEADER, end: bytes = b"\n") -> Path:
    parts = [line.encode() if isinstance(line, str) else line for line in (header, *lines)]
    path.write_bytes(b"\n".join(parts) + end)
    return path


# ------------------------------------------------------------------- files damaged as a whole


def test_an_empty_file_is_refused(database: str, tmp_path: Path) -> None:
    path = tmp_path / "nothing.csv"
    path.touch()
    refused(database, "AEU40", path)


def test_an_empty_gzip_is_refused(database: str, tmp_path: Path) -> None:
    path = tmp_path / "nothing.csv.gz"
    path.write_bytes(gzip.compress(b""))
    refused(database, "AEU40", path)


def test_an_answer_without_rows_is_refused(database: str, tmp_path: Path) -> None:
    path = tmp_path / "ohlcv_ALL_20210104.json"
    path.write_text('{"OutBlock_1":[],"CURRENT_DATETIME":"2026.01.25 PM 08:28:15"}')
    refused(database, "AEU40", path)


def test_a_wrong_header_is_refused_and_the_known_ones_are_named(
    database: str, tmp_path: Path
) -> None:
    path = written(tmp_path / "wrong.csv", snapshot(), header=HEADER.replace("close", "last"))
    report = refused(database, "AEU41", path)
    assert "line 1" in report
    assert all(known.name in report for known in FORMATS)


def test_a_gzip_with_a_wrong_checksum_is_refused(database: str, tmp_path: Path) -> None:
    content = "\n".join([HEADER, *(snapshot(f"{n:06}") for n in range(5_000)), ""])
    packed = bytearray(gzip.compress(content.encode()))
    packed[-8] ^= 0xFF
    path = tmp_path / "crc.csv.gz"
    path.write_bytes(packed)
    # The checksum stands at the end: every row was readable, and still none is applied.
    assert "line 5002" in refused(database, "AEU42", path, "--batch-rows", "100")


def test_the_broken_delivery_of_2021_is_refused(database: str, shared_data: Path) -> None:
    """A gzip exactly as its publisher committed it, whose checksum and length are wrong."""
    (path,) = (shared_data / "broken").iterdir()
    report = refused(database, "AEU42", path)
    assert "line 8364" in report  # 8,363 whole lines can be unpacked


def test_a_cut_gzip_is_refused(database: str, tmp_path: Path) -> None:
    content = "\n".join([HEADER, *(snapshot(f"{n:06}") for n in range(5_000)), ""])
    packed = gzip.compress(content.encode())
    path = tmp_path / "cut.csv.gz"
    path.write_bytes(packed[: len(packed) // 2])
    refused(database, "AEU43", path, "--batch-rows", "100")


@pytest.mark.parametrize("keep", [20, -1], ids=["within-a-line", "before-the-line-feed"])
def test_a_cut_csv_is_refused(database: str, tmp_path: Path, keep: int) -> None:
    """A cut number looks like a number: a last line that is not ended is never believed."""
    line = snapshot("000660")
    path = written(tmp_path / "cut.csv", snapshot(), line[:keep], end=b"")
    assert "line 3" in refused(database, "AEU43", path)


@pytest.mark.parametrize(
    "text",
    ["{", '{"OutBlock_1":[{"ISU_SRT_CD":"0059', "[" * 100_000, '{"OutBlock_1":[\n{"a":1},\n]}'],
    ids=["cut", "cut-in-a-row", "nested-beyond-reason", "stray-comma"],
)
def test_broken_json_is_refused(database: str, tmp_path: Path, text: str) -> None:
    path = tmp_path / "ohlcv_ALL_20210104.json"
    path.write_text(text)
    refused(database, "AEU44", path)


def test_json_that_is_not_text_is_refused(database: str, tmp_path: Path) -> None:
    path = tmp_path / "ohlcv_ALL_20210104.json"
    path.write_bytes(b'{"OutBlock_1":[\n"\xff"]}')
    assert "line 2" in refused(database, "AEU48", path)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "cp949"])
def test_a_csv_in_another_encoding_is_refused(database: str, tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(f"일자,{HEADER}\n{snapshot()}\n".encode(encoding))
    refused(database, "AEU48", path)


def test_an_answer_whose_name_has_no_day_is_refused(database: str, tmp_path: Path) -> None:
    path = tmp_path / "answer.json.gz"
    path.write_bytes(sample_files()[0].read_bytes())
    refused(database, "AEU45", path)


def test_as_of_is_refused_where_rows_have_their_own_time(database: str, tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", snapshot())
    refused(database, "AEU46", path, "--as-of", "2026-03-09T16:00:00+09:00")


def test_a_file_that_changes_while_it_is_loaded_is_left_alone(
    database: str, tmp_path: Path
) -> None:
    """What was checked is what is sent: a file rewritten in between is not."""
    from aegis_db.database import connect
    from aegis_db.errors import AegisError
    from aegis_db.ingest.loader import load_file

    path = written(tmp_path / "a.csv", snapshot())

    def rewrite(activity: str, done: int, total: int) -> None:
        if activity == "loading":
            with path.open("a") as file:
                file.write(snapshot("000660") + "\n")

    with connect(database, autocommit=True) as connection, pytest.raises(AegisError) as refusal:
        load_file(connection, path, watch=rewrite)
    assert refusal.value.sqlstate == "AEU47"
    assert_untouched(database)


def test_a_damaged_file_does_not_undo_the_ones_before(database: str, tmp_path: Path) -> None:
    good = written(tmp_path / "good.csv", snapshot())
    bad = written(tmp_path / "bad.csv", snapshot(), header="a,b")
    result = run(database, "--json", good, bad)
    assert result.exit_code == 1
    assert "AEU41" in result.stderr
    assert [entry["inserted"] for entry in json.loads(result.stdout)] == [1]


# ------------------------------------------------------------------------- lines that are damaged


@pytest.mark.parametrize(
    ("line", "payload"),
    [
        (b"\\.", "\\."),
        (b"2026-03-09,2026-03-09T10:08:18+09:00,005930", None),
        (snapshot().encode() + b",7", None),
        (b'2026-03-09,"' + snapshot().encode(), None),
        (
            snapshot().encode().replace(b"KOSPI", b"KOS\0PI"),
            snapshot().replace("KOSPI", "KOS\\x00PI"),
        ),
        (
            snapshot().encode().replace(b"KOSPI", b"KOS\xffPI"),
            snapshot().replace("KOSPI", "KOS\\xffPI"),
        ),
    ],
    ids=["end-of-copy", "short", "long", "open-quote", "nul", "not-utf8"],
)
def test_a_damaged_line_is_a_dead_letter_and_its_neighbours_are_loaded(
    database: str, tmp_path: Path, line: bytes, payload: str | None
) -> None:
    path = written(tmp_path / "a.csv", snapshot("000660"), line, snapshot("005930"))
    (entry,) = loaded(database, path)
    assert (entry["received"], entry["inserted"], entry["rejected"]) == (3, 2, 1)
    ((number, verdict, _, stored),) = dead_letters(database)
    assert (number, verdict) == (3, "rejected")
    assert stored == (line.decode() if payload is None else payload)


def test_a_copy_terminator_within_a_value_is_data(database: str, tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", snapshot(close="\\."), snapshot("000660"))
    (entry,) = loaded(database, path)
    assert (entry["inserted"], entry["rejected"]) == (1, 1)
    assert dead_letters(database)[0][2] == "unparsable_price"


def test_blank_lines_carriage_returns_and_a_byte_order_mark_do_not_matter(
    database: str, tmp_path: Path
) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(f"\ufeff{HEADER}\r\n{snapshot()}\r\n\r\n".encode())
    (entry,) = loaded(database, path)
    assert (entry["received"], entry["inserted"]) == (1, 1)


def test_columns_may_come_in_another_order(database: str, tmp_path: Path) -> None:
    names, values = HEADER.split(","), snapshot().split(",")
    path = written(tmp_path / "a.csv", ",".join(values[::-1]), header=",".join(names[::-1]))
    loaded(database, path)
    assert query(database, "SELECT stock_code, price::int, volume FROM aegis.stock_prices") == [
        ("005930", 71000, 1200)
    ]


@pytest.mark.parametrize(
    "row",
    ["7", "null", "{}", '{"ISU_SRT_CD": "005930"}', "NUL", "SURROGATE"],
)
def test_a_damaged_row_of_an_answer_is_a_dead_letter(
    database: str, tmp_path: Path, row: str
) -> None:
    answer = json.loads(gzip.decompress(sample_files()[0].read_bytes()))
    good = answer["OutBlock_1"][0]
    if row in ("NUL", "SURROGATE"):
        row = json.dumps(good | {"ISU_ABBRV": "\0" if row == "NUL" else "\ud800"})
    path = tmp_path / "ohlcv_ALL_20201230.json"
    path.write_text(f'{{"OutBlock_1":[{json.dumps(good)},{row}]}}')
    stocks, bars = loaded(database, path)
    assert (stocks["received"], stocks["inserted"]) == (1, 1)
    assert (bars["received"], bars["inserted"], bars["rejected"]) == (2, 1, 1)
    assert [letter[:2] for letter in dead_letters(database)] == [(2, "rejected")]


# ---------------------------------------------------------------- rows that cannot be believed


@pytest.mark.parametrize(
    ("line", "verdict", "reason"),
    [
        (snapshot(close="2026-03-09"), "rejected", "unparsable_price"),
        (snapshot(close="NaN"), "rejected", "price_not_finite"),
        (snapshot(close="Infinity"), "rejected", "price_not_finite"),
        (snapshot(close="0"), "rejected", "price_not_positive"),
        (snapshot(close="-71000"), "rejected", "price_not_positive"),
        (snapshot(close="71000.005"), "rejected", "precision_lost"),
        (snapshot(close="10000000000000"), "rejected", "out_of_range"),
        (snapshot(close="1" * 60), "rejected", None),
        (snapshot(volume="-1"), "rejected", "negative_volume"),
        (snapshot(volume="9223372036854775808"), "rejected", "out_of_range"),
        (snapshot(volume="1200.5"), "rejected", "precision_lost"),
        (snapshot(volume="many"), "rejected", "unparsable_volume"),
        (snapshot(close="", volume=""), "rejected", "null_price"),
        (snapshot(code=""), "rejected", "null_code"),
        (snapshot(code="samsung"), "rejected", "malformed_code"),
        (snapshot(code="005930'; DROP TABLE aegis.stocks"), "rejected", "malformed_code"),
        (snapshot(day="2026-02-30"), "rejected", "unparsable_trade_date"),
        (snapshot(at="yesterday"), "rejected", "unparsable_event_at"),
        (snapshot(at="2026-03-09T10:08:18"), "rejected", "unparsable_event_at"),
        (snapshot(day="2026-03-14"), "quarantined", "no_trading_day"),
        (snapshot(at="2026-03-09T01:22:47+09:00"), "quarantined", "before_session"),
        (snapshot(at="2126-03-09T10:00:00+09:00"), "quarantined", "future_time"),
    ],
    ids=lambda value: "" if value in (None, "rejected", "quarantined") or "," in value else value,
)
def test_a_row_that_cannot_be_believed_is_put_aside(
    database: str, tmp_path: Path, line: str, verdict: str, reason: str | None
) -> None:
    path = written(tmp_path / "a.csv", snapshot("000660"), line)
    (entry,) = loaded(database, path)
    assert (entry["received"], entry["inserted"], entry[verdict]) == (2, 1, 1)
    ((number, stored_verdict, stored_reason, payload),) = dead_letters(database)
    assert (number, stored_verdict, payload) == (3, verdict, line)
    assert reason is None or stored_reason == reason


def test_an_unknown_code_waits_unless_its_source_may_introduce_codes(
    database: str, tmp_path: Path
) -> None:
    path = written(tmp_path / "a.csv", snapshot("0115H0"))
    (entry,) = loaded(database, "--source", "kis_rest", path)
    assert (entry["inserted"], entry["quarantined"]) == (0, 1)
    assert dead_letters(database)[0][2] == "unknown_code"
    (entry,) = loaded(database, path)
    assert (entry["inserted"], entry["quarantined"]) == (1, 0)


def test_an_unknown_source_is_refused_by_the_server(database: str, tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", snapshot())
    report = refused(database, "AEU01", path, "--source", "hearsay")
    assert "lines 2 to 2" in report


def test_a_base_price_is_null_when_it_cannot_be_computed(database: str, tmp_path: Path) -> None:
    header = next(known for known in FORMATS if known.name == "daily_raw").fields
    lines = [
        f"2021-01-04,{code},a,KOSPI,,1,2,1,{close},{change},1,1.0,5,5,5,5,1"
        for code, close, change in [
            ("000010", "2", "0.5"),
            ("000020", "2", "x"),
            ("000030", "2", ""),
            ("000040", "2", "NaN"),
            ("000050", "x", "1"),
        ]
    ]
    stocks, bars = loaded(database, written(tmp_path / "a.csv", *lines, header=",".join(header)))
    assert (stocks["inserted"], bars["inserted"], bars["rejected"]) == (5, 4, 1)
    assert query(
        database,
        "SELECT stock_code, base_price::text FROM aegis.daily_market_data ORDER BY stock_code",
    ) == [("000010", "1.50"), ("000020", None), ("000030", None), ("000040", None)]


def test_a_date_that_is_no_session_makes_no_partition(database: str, tmp_path: Path) -> None:
    count = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'aegis.stock_prices'::regclass"
    before = query(database, count)
    path = written(tmp_path / "a.csv", snapshot(day="1991-01-01"), snapshot(day="2150-07-01"))
    loaded(database, path)
    assert query(database, count) == before


def test_rows_land_in_a_partition_of_their_month(database: str, tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", snapshot(day="2007-05-02", at="2007-05-02T10:00:00+09:00"))
    loaded(database, path)
    assert query(database, "SELECT tableoid::regclass::text FROM aegis.stock_prices") == [
        ("aegis.stock_prices_p2007_05",)
    ]


# -------------------------------------------------------------------------------------- manners


def test_strict_exits_1_when_rows_were_put_aside(database: str, tmp_path: Path) -> None:
    good = written(tmp_path / "good.csv", snapshot())
    bad = written(tmp_path / "bad.csv", snapshot("000660"), snapshot(close=""))
    assert run(database, "--strict", good).exit_code == 0
    result = run(database, "--strict", bad)
    assert result.exit_code == 1
    assert "AEU49: 1 rows were put aside" in result.stderr
    assert query(database, "SELECT count(*) FROM aegis.stock_prices") == [(2,)]


def test_the_table_on_stdout_and_the_way_to_the_dead_letters_on_stderr(
    database: str, tmp_path: Path
) -> None:
    path = written(tmp_path / "a.csv", snapshot("000660"), snapshot(close=""))
    result = run(database, path)
    assert result.exit_code == 0
    assert "already loaded" in result.stdout
    assert "stock_prices" in result.stdout
    statement = result.stderr.partition("SELECT")[2]
    assert len(query(database, "SELECT" + statement)) == 1


def test_progress_is_drawn_on_stderr_when_asked_for(database: str, tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", snapshot())
    assert "loading" not in run(database, "--json", path).stderr
    result = run(database, "--json", "--progress", path)
    assert "loading a.csv" in result.stderr
    json.loads(result.stdout)


def test_as_of_without_an_offset_is_korean_time(database: str, tmp_path: Path) -> None:
    path = written(
        tmp_path / "a.csv",
        "2020-01-02,000020,8340,8400,8290,8400,111305",
        header="date,code,open,high,low,close,volume",
    )
    loaded(database, "--as-of", "2026-05-29T18:00:00", path)
    assert query(database, "SELECT last_updated::text FROM aegis.daily_market_data") == query(
        database, "SELECT (timestamptz '2026-05-29 18:00:00+09')::text"
    )
    assert run(database, "--as-of", "tomorrow", path).exit_code == 2


def test_without_as_of_a_bar_is_true_at_the_close_of_its_session(
    database: str, tmp_path: Path
) -> None:
    path = written(
        tmp_path / "a.csv",
        "2020-01-02,000020,8340,8400,8290,8400,111305",
        header="date,code,open,high,low,close,volume",
    )
    loaded(database, path)
    assert query(
        database,
        "SELECT d.last_updated = c.closes_at, d.source FROM aegis.daily_market_data AS d"
        " JOIN aegis.trading_calendar AS c USING (trade_date) WHERE c.venue = 'XKRX'",
    ) == [(True, "naver")]


def test_a_database_without_aegis_is_named_with_the_way_out(database: str, tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", snapshot())
    result = run(make_conninfo(database, dbname="postgres"), path)
    assert result.exit_code == 1
    assert result.stderr.startswith(("3F000", "42P01"))
    assert "aegis-db upgrade" in result.stderr


def test_no_server_is_a_sentence(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", snapshot())
    result = run(f"host={tmp_path} port=55699 dbname=none", path)
    assert result.exit_code == 1
    assert result.stderr.startswith("08")
    assert "Traceback" not in result.stderr


@pytest.fixture
def login(database: str) -> Iterator[Callable[[str], str]]:
    """Return a maker of login roles: member of a group role, as conninfo."""
    made: list[str] = []

    def make(group: str) -> str:
        name = f"load_test_{group or 'nobody'}"
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute(f"CREATE ROLE {name} LOGIN")
            made.append(name)
            if group:
                connection.execute(f"GRANT {group} TO {name}")
        return make_conninfo(database, user=name)

    yield make
    with psycopg.connect(database, autocommit=True) as connection:
        for name in made:
            connection.execute(f"DROP OWNED BY {name}")
            connection.execute(f"DROP ROLE {name}")


def test_a_login_without_rights_is_refused_with_its_code(
    database: str, tmp_path: Path, login: Callable[[str], str]
) -> None:
    path = written(tmp_path / "a.csv", snapshot())
    result = run(login(""), path)
    assert result.exit_code == 1
    assert result.stderr.startswith("42501")
    assert_untouched(database)


def test_membership_in_aegis_ingest_is_enough_to_load(
    database: str, tmp_path: Path, login: Callable[[str], str]
) -> None:
    path = written(tmp_path / "a.csv", snapshot(day="2007-05-02", at="2007-05-02T10:00:00+09:00"))
    (entry,) = loaded(login("aegis_ingest"), path)
    assert entry["inserted"] == 1


# --------------------------------------------------------------------------- the packaged excerpt


def test_the_excerpt_is_small_and_loads(database: str) -> None:
    """Two sessions of 2,388 codes; the 200 rows of a closed day have no prices: all rejected."""
    entries = loaded(database, *sample_files())
    bars = [entry for entry in entries if entry["table"] == "daily_market_data"]
    assert sum(entry["received"] for entry in bars) <= 5_000
    assert [(entry["inserted"], entry["rejected"]) for entry in bars] == [
        (2_388, 0),
        (0, 200),
        (2_388, 0),
    ]
    # Base prices of 2021-01-04 are the closes of the session before, where both are there.
    assert query(
        database,
        "SELECT count(*), count(*) FILTER (WHERE b.base_price = a.close_price)"
        "  FROM aegis.daily_market_data AS a"
        "  JOIN aegis.daily_market_data AS b USING (stock_code, price_basis)"
        " WHERE a.trade_date = '2020-12-30' AND b.trade_date = '2021-01-04'",
    ) == [(2_388, 2_388)]
    assert query(
        database,
        "SELECT stock_name, market, isin, listed_shares FROM aegis.stocks"
        " WHERE stock_code = '005930'",
    ) == [("삼성전자", "KOSPI", "KR7005930003", 5_969_782_550)]


def test_a_backfill_is_an_ordinary_load_in_fewer_steps(
    new_database: Callable[..., str], tmp_path: Path
) -> None:
    """The same rows and verdicts; what it meets of partitions that exist goes the ordinary way."""
    header = next(known for known in FORMATS if known.name == "daily_raw").fields
    days = ["2016-01-04", "2016-01-05", "2016-02-01", "2016-03-02", "2016-02-02", "someday"]
    lines = [
        f"{day},{code:06d},name,KOSPI,,1{code % 10},2{code % 10},10,15,1,1,1.0,5,5,5,5,1"
        for day in days
        for code in range(1, 40)
    ]
    path = written(tmp_path / "years.csv", *lines, header=",".join(header))
    rows = "SELECT stock_code, trade_date, close_price, last_updated FROM aegis.daily_market_data"
    stored = []
    for name, options in ("plain", ()), ("backfilled", ("--backfill", "--batch-rows", "60")):
        database = new_database(name)
        _, bars = loaded(database, path, *options)
        stored.append(
            (query(database, f"{rows} ORDER BY 1, 2"), bars["inserted"], bars["rejected"])
        )
        again = loaded(database, path, *options)[1]
        assert again["already_loaded"] == again["batches"] == bars["batches"]
    assert stored[0] == stored[1]
    assert stored[0][1:] == (195, 39)


def test_a_master_row_is_the_latest_of_its_file(database: str, tmp_path: Path) -> None:
    """Whatever the order of lines; a line without plain code or date gives no master row."""
    header = next(known for known in FORMATS if known.name == "daily_raw").fields
    lines = [
        f"{day},{code},{name},KOSPI,,1,2,1,2,1,1,1.0,5,5,5,5,1"
        for day, code, name in [
            ("2021-01-05", "000010", "new name"),
            ("2021-01-04", "000010", "old name"),
            ("someday", "000020", "no date"),
            ("2021-01-05", "lower", "no code"),
        ]
    ]
    stocks, bars = loaded(database, written(tmp_path / "a.csv", *lines, header=",".join(header)))
    assert (stocks["received"], stocks["inserted"]) == (1, 1)
    assert (bars["received"], bars["inserted"], bars["rejected"]) == (4, 2, 2)
    assert query(database, "SELECT stock_name FROM aegis.stocks") == [("new name",)]


# ------------------------------------------------------------- again, in any order, interrupted


class Model:
    """The rules of the snapshot week, written down a second time and in Python.

    - null prices (the first snapshot of a day, at 09:1x, before the source had one): rejected
    - a file date that is no session (Sunday 8, Saturday 14, Sunday 15 March): quarantined
    - observed before 09:00 of its trading date (the first file after midnight holds the session
      before under the new date): quarantined
    - the rest: the latest of each (code, date) in a batch against what is stored; all others of the
      batch are duplicates
    """

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], tuple[datetime, int, int]] = {}

    def batch(self, lines: list[list[str]]) -> Counter[str]:
        verdicts: Counter[str] = Counter()
        winners: dict[tuple[str, str], tuple[datetime, int, int]] = {}
        for day, at, code, _, _, _, _, close, _, _, _, volume, _, _ in lines:
            if not (close and volume):
                verdicts["rejected"] += 1
            elif day in ("2026-03-08", "2026-03-14", "2026-03-15") or datetime.fromisoformat(
                at
            ) < datetime.fromisoformat(f"{day}T09:00:00+09:00"):
                verdicts["quarantined"] += 1
            else:
                value = datetime.fromisoformat(at), int(close), int(volume)
                verdicts["duplicate"] += (code, day) in winners
                winners[code, day] = max(value, winners.get((code, day), value))
        for key, value in winners.items():
            stored = self.rows.get(key)
            if stored is None:
                verdicts["inserted"] += 1
            elif value > stored:
                verdicts["updated"] += 1
            else:
                verdicts["unchanged" if value == stored else "stale"] += 1
            self.rows[key] = max(value, stored or value)
        return verdicts

    def file(self, lines: list[list[str]], batch_rows: int) -> dict[str, int]:
        total: Counter[str] = Counter()
        for start in range(0, len(lines), batch_rows):
            total += self.batch(lines[start : start + batch_rows])
        return {verdict: total[verdict] for verdict in VERDICTS}


def stored_prices(database: str) -> dict[tuple[str, str], tuple[datetime, int, int]]:
    return {
        (code, str(day)): (at, int(price), volume)
        for code, day, at, price, volume in query(
            database,
            "SELECT stock_code, trade_date, last_updated, price, volume FROM aegis.stock_prices",
        )
    }


@pytest.mark.timeout(1200)
@pytest.mark.parametrize(
    "order",
    [
        pytest.param("forwards", marks=pytest.mark.once(15)),
        pytest.param("backwards", marks=pytest.mark.once(18)),
        pytest.param("shuffled", marks=pytest.mark.once(18)),
    ],
)
def test_the_week_in_any_order_gives_the_same_rows(
    database: str, tmp_path: Path, shared_data: Path, order: str
) -> None:
    (week,) = (shared_data / "intraday").glob("krx_snapshots_*.csv.gz")
    with gzip.open(week, "rt", encoding="utf-8") as file:
        header, *lines = file.read().splitlines()
    if order != "forwards":
        # Three codes of ten, by their third digit.
        lines = [line for line in lines if line.split(",")[2][2] in "048"]
    if order == "backwards":
        lines.reverse()
    elif order == "shuffled":
        random.Random(20260308).shuffle(lines)
    path = tmp_path / "week.csv"
    path.write_text("\n".join([header, *lines, ""]), encoding="utf-8")
    parsed = list(csv.reader(lines))

    model = Model()
    (first,) = loaded(database, path)
    assert {verdict: first[verdict] for verdict in VERDICTS} == model.file(parsed, 20_000)
    assert first["inserted"] == len(model.rows) > 0
    assert stored_prices(database) == model.rows

    if order != "forwards":
        return
    # 247,764 = 216,074 candidates + 11,524 null + 11,524 before the session + 8,642 on closed days.
    # 23,047 rows by the plain rule of the source's description, less the 8,642 of the closed days.
    assert (first["rejected"], first["quarantined"]) == (11_524, 11_524 + 8_642)
    assert first["inserted"] == 23_047 - 8_642
    versions = "SELECT sum(data_version), max(batch_number) FROM aegis.stock_prices"
    before = query(database, versions)
    (again,) = loaded(database, path)
    assert again["already_loaded"] == again["batches"] == first["batches"]
    assert {verdict: again[verdict] for verdict in VERDICTS} == {
        verdict: first[verdict] for verdict in VERDICTS
    }
    # In other batches the server cannot know it has seen them: it judges anew, and nothing changes.
    (replay,) = loaded(database, "--batch-rows", "50000", path)
    assert replay["already_loaded"] == 0
    assert {verdict: replay[verdict] for verdict in VERDICTS} == model.file(parsed, 50_000)
    assert (replay["inserted"], replay["updated"]) == (0, 0)
    assert query(database, versions) == before
    assert stored_prices(database) == model.rows


PROGRAM = "from aegis_db.cli.load import load; load()"


@contextmanager
def blocked_load(database: str) -> Iterator[tuple[subprocess.Popen[str], psycopg.Connection[Any]]]:
    """Start a load of the excerpt and hold it, by a lock, inside a batch after at least three."""
    command = [sys.executable, "-c", PROGRAM, "--json", "--batch-rows", "50", "--dsn", database]
    with (
        psycopg.connect(database, autocommit=True) as watcher,
        psycopg.connect(database) as blocker,
    ):
        child = subprocess.Popen(
            [*command, str(sample_files()[0])],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
        )
        try:
            until(lambda: answers(watcher, "SELECT count(*) >= 3 FROM aegis.ingest_batches"))
            blocker.execute("LOCK TABLE aegis.ingest_batches IN SHARE MODE")
            until(lambda: waiting(watcher, "relation = 'aegis.ingest_batches'::regclass") > 0)
            assert child.poll() is None
            yield child, blocker
        finally:
            child.kill()
            child.communicate()


@pytest.mark.parametrize(
    "stop", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM], ids=["kill-9", "ctrl-c", "terminate"]
)
def test_an_interrupted_load_leaves_whole_batches_and_is_run_again(
    database: str, stop: signal.Signals
) -> None:
    with blocked_load(database) as (child, blocker):
        child.send_signal(stop)
        if stop == signal.SIGKILL:
            blocker.rollback()
        _, report = child.communicate(timeout=30)
        if stop == signal.SIGKILL:
            assert child.returncode == -signal.SIGKILL
        else:
            assert child.returncode == 1
            assert report.startswith("57014: the load was interrupted")
            assert "Traceback" not in report

    with psycopg.connect(database, autocommit=True) as connection:
        sessions = (
            "SELECT count(*) = 0 FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name = 'aegis-db'"
        )
        until(lambda: answers(connection, sessions))
        assert connection.execute(
            "SELECT count(*) FROM pg_locks AS l"
            " WHERE l.pid <> pg_backend_pid()"
            "   AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        ).fetchone() == (0,)

    ((finished, rows),) = query(
        database, "SELECT count(*), sum(received) FROM aegis.ingest_batches"
    )
    assert finished >= 3
    assert rows == 50 * finished
    assert query(database, "SELECT count(*) FROM aegis.stocks") == [(min(rows, 2_388),)]

    entries = loaded(database, "--batch-rows", "50", sample_files()[0])
    assert sum(entry["already_loaded"] for entry in entries) == finished
    assert [entry["inserted"] for entry in entries] == [2_388, 2_388]
    assert query(database, "SELECT count(*), sum(data_version) FROM aegis.daily_market_data") == [
        (2_388, 2_388)
    ]


def test_two_loads_of_one_file_at_once_take_turns(database: str) -> None:
    command = [sys.executable, "-c", PROGRAM, "--json", "--batch-rows", "100", "--dsn", database]
    children = [
        subprocess.Popen([*command, str(sample_files()[0])], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    outputs = [json.loads(child.communicate(timeout=60)[0]) for child in children]
    assert [child.returncode for child in children] == [0, 0]
    batches = sum(entry["batches"] for entry in outputs[0])
    repeated = sum(entry["already_loaded"] for output in outputs for entry in output)
    assert repeated == batches
    assert query(database, "SELECT count(*), sum(data_version) FROM aegis.daily_market_data") == [
        (2_388, 2_388)
    ]
