"""`aegis-db ingest`: a stream of records, each answered for, for as long as it flows."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
import time
from typing import Any

import psycopg
from click.testing import CliRunner, Result
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from aegis_db.cli.ingest import ingest

PROGRAM = "from aegis_db.cli.ingest import ingest; ingest()"
HEADER = b"stock_code,trade_date,price,volume,event_at\n"


def line(code: str, price: str = "100") -> bytes:
    return f"{code},2025-01-02,{price},10,2025-01-02T15:00:00+09:00\n".encode()


def run(database: str, content: bytes, *arguments: str) -> Result:
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        options = ["stock_prices", file.name, "--source", "krx", "--json", "--dsn", database]
        return CliRunner().invoke(ingest, [*options, *arguments], catch_exceptions=False)


def query(database: str, text: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(database) as connection:
        return connection.execute(text).fetchall()


def test_a_stream_is_loaded_and_what_is_bad_put_aside(database: str) -> None:
    bad = [line("000003", "x"), b"\xff\xfe,\x00\n", b"a,b\n", b"\n", line("000004")[:-9]]
    stream = HEADER + line("000001") + line("000002") + b"".join(bad)
    result = run(database, stream)
    assert result.exit_code == 0
    counts = json.loads(result.stdout)
    assert (counts["received"], counts["inserted"], counts["rejected"]) == (6, 2, 4)
    assert query(
        database, "SELECT line_number, reason, payload FROM aegis.dead_letters ORDER BY 1"
    ) == [
        (4, "unparsable_price", line("000003", "x").decode().strip()),
        (5, "malformed_line", "\\xff\\xfe,\\x00"),
        (6, "malformed_line", "a,b"),
        (7, "malformed_line", line("000004")[:-9].decode()),
    ]


def test_objects_of_json_in_any_order_of_keys(database: str) -> None:
    rows: list[Any] = [
        {"price": 100.5, "stock_code": "000001", "trade_date": "2025-01-02", "volume": 7},
        {"volume": "7", "price": "1e2", "stock_code": "000002", "trade_date": "2025-01-02", "x": 1},
        ["no", "object"],
        {"price": None, "stock_code": "000003", "trade_date": "2025-01-02", "volume": 7},
        {"price": {"a": 1}, "stock_code": "00\0000", "trade_date": "2025-01-02", "volume": 7},
    ]
    result = run(database, b"".join(json.dumps(row).encode() + b"\n" for row in rows))
    counts = json.loads(result.stdout)
    assert counts["received"] == 5
    assert counts["inserted"] + counts["rejected"] == 5
    assert ("000001", 100.5) in [
        (code, float(price))
        for code, price in query(database, "SELECT stock_code, price FROM aegis.stock_prices")
    ]


def test_a_stream_without_header_is_refused(database: str) -> None:
    result = run(database, line("000001"))
    assert result.exit_code == 1
    assert result.stderr.startswith("AEU66")
    assert query(database, "SELECT count(*) FROM aegis.ingest_batches") == [(0,)]


def test_records_arrive_while_the_stream_flows_and_a_signal_ends_it(database: str) -> None:
    command = [sys.executable, "-c", PROGRAM, "stock_prices", "--source", "krx", "--json"]
    with subprocess.Popen(
        [*command, "--linger", "0.1", "--dsn", database],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=False,
    ) as child:
        assert child.stdin
        child.stdin.write(HEADER + line("000001"))
        child.stdin.flush()
        deadline = time.monotonic() + 60
        with psycopg.connect(database, autocommit=True) as connection:
            while connection.execute("SELECT count(*) FROM aegis.stock_prices").fetchone() != (1,):
                assert time.monotonic() < deadline
                time.sleep(0.02)
        child.send_signal(signal.SIGTERM)
        assert child.stdout
        counts = json.loads(child.stdout.read())
    assert child.returncode == 0
    assert counts["inserted"] == 1


def test_with_a_spool_a_stream_needs_no_database(database: str, tmp_path: Any) -> None:
    link, spool = tmp_path / "sockets", str(tmp_path / "spool")
    away = make_conninfo(database, host=str(link), connect_timeout=1)
    arguments = ["--spool", spool, "--batch-rows", "2", "--patience", "0.4"]
    stream = HEADER + b"".join(line(f"{code:06}") for code in range(5))
    result = run(away, stream, *arguments)
    assert (result.exit_code, json.loads(result.stdout)["spooled_batches"]) == (0, 3)
    assert "3 batches wait" in result.stderr
    link.symlink_to(conninfo_to_dict(database)["host"])
    result = run(away, HEADER + line("000009"), *arguments)
    assert result.exit_code == 0
    for _ in range(600):
        if query(database, "SELECT count(*) FROM aegis.stock_prices") == [(6,)]:
            break
        result = run(away, HEADER, *arguments)
    assert query(database, "SELECT count(*), sum(data_version) FROM aegis.stock_prices") == [(6, 6)]
