"""Archives as files, and the commands of retention, holds, deletions and erasures."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import sys
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result
from psycopg import conninfo
from pyarrow import parquet

from aegis_db import archive
from aegis_db.archive import export_archive
from aegis_db.cli import main
from aegis_db.database import connect
from aegis_db.errors import AegisError


def run(*arguments: str, dsn: str, text: str | None = None) -> Result:
    return CliRunner().invoke(main, [*arguments, "--dsn", dsn], input=text)


def done(*arguments: str, dsn: str, text: str | None = None) -> str:
    result = run(*arguments, dsn=dsn, text=text)
    assert result.exit_code == 0, result.output + result.stderr
    return result.stdout


@pytest.fixture
def desk(database: str) -> psycopg.Connection:
    """A database with two archives: ticks, and logs with every kind of awkward text."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            """
            SELECT aegis.ensure_partitions('aegis.stock_ticks', '2020-03-02', '2020-03-02');
            SELECT aegis.ensure_partitions('aegis.user_activity_logs', '2020-03-01', '2020-03-31');
            INSERT INTO aegis.stock_ticks (stock_code, trade_date, traded_at, sequence_number,
                                           price, volume, side, source, batch_number, created_at)
            SELECT '005930', '2020-03-02', '2020-03-02 10:00:00.000001+09', n, 100.50, n,
                   CASE n % 3 WHEN 0 THEN 'buy' WHEN 1 THEN 'sell' END, 'krx', 1, '2020-03-02'
              FROM generate_series(1, 5000) AS n;
            INSERT INTO aegis.user_activity_logs (occurred_at, user_id, activity, detail,
                                                  client_address)
            VALUES ('2020-03-02 09:00+09', 'a"b', E'x\\n\\\\.\\ny', '{"a": [1, "한글"]}', '::1'),
                   ('2020-03-02 09:01+09', '', E'\\\\N', '{}', NULL),
                   ('2020-03-02 09:02+09', NULL, 'NULL,''quoted''', '{}', '10.0.0.0/8');
            """
        )
        connection.execute("CALL aegis.apply_retention()")
    return connection


def archives(dsn: str) -> dict[str, dict[str, object]]:
    rows = json.loads(done("archive", "list", "--json", dsn=dsn))
    return {row["archive"].split(".")[1]: row for row in rows}


def test_an_archive_becomes_a_file_that_is_read_back(
    database: str, desk: psycopg.Connection, tmp_path: Path
) -> None:
    number = str(archives(database)["stock_ticks_p2020_03_02"]["archive_id"])
    done("archive", "export", number, "--to", str(tmp_path), dsn=database)

    manifest = json.loads((tmp_path / "stock_ticks_p2020_03_02.csv.gz.manifest.json").read_text())
    packed = (tmp_path / manifest["file"]).read_bytes()
    assert hashlib.sha256(packed).hexdigest() == manifest["sha256"]
    rows = list(csv.DictReader(io.StringIO(gzip.decompress(packed).decode())))
    assert (len(rows), manifest["rows"]) == (5000, 5000)
    assert list(rows[0]) == list(manifest["columns"])
    assert manifest["columns"]["price"] == "numeric(15,2)"
    assert {row["price"] for row in rows} == {"100.50"}
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        manifest["file"],
        manifest["file"] + ".manifest.json",
    ]
    assert archives(database)["stock_ticks_p2020_03_02"]["exported_at"]


def test_awkward_text_is_exported_exactly_or_refused(
    database: str, desk: psycopg.Connection, tmp_path: Path
) -> None:
    """A line of \\. inside a value ends COPY on some servers: then no export may be recorded."""
    number = int(str(archives(database)["user_activity_logs_p2020_03"]["archive_id"]))
    refused: AegisError | psycopg.Error | None = None
    with psycopg.connect(database) as connection:
        try:
            export_archive(connection, number, tmp_path)
        except (AegisError, psycopg.Error) as error:
            refused = error
    exported = archives(database)["user_activity_logs_p2020_03"]["exported_at"]
    assert (refused is None) == (exported is not None) == (len(list(tmp_path.iterdir())) == 2)
    assert refused is None or refused.sqlstate in {"AEP69", "22P04"}


def test_an_unknown_archive_is_refused(
    database: str, desk: psycopg.Connection, tmp_path: Path
) -> None:
    result = run("archive", "export", "999", "--to", str(tmp_path), dsn=database)
    assert (result.exit_code, result.stderr.split(":")[0]) == (1, "AEP50")
    assert list(tmp_path.iterdir()) == []
    result = run("archive", "drop", "999", "--yes", dsn=database)
    assert (result.exit_code, result.stderr.split(":")[0]) == (1, "AEP50")


def test_commands_of_a_day(database: str, desk: psycopg.Connection, tmp_path: Path) -> None:
    """Each command reaches its routine; what is refused is told with its code."""
    assert json.loads(done("retention", "show", "--json", dsn=database)) == []
    assert "stock_ticks" in done("retention", "policies", dsn=database)
    done("retention", "apply", "aegis.stock_ticks", dsn=database)
    number = archives(database)["stock_ticks_p2020_03_02"]["archive_id"]
    assert "as archived" in done("archive", "verify", str(number), dsn=database)
    assert run("archive", "drop", str(number), "--yes", dsn=database).stderr.startswith("AEP55")

    held = done(
        "hold", "place", "--code", "005930", "--from", "2020-01-01", "--reason", "court",
        dsn=database,
    ).strip()  # fmt: skip
    assert [row["hold_id"] for row in json.loads(done("hold", "list", "--json", dsn=database))] == [
        int(held)
    ]
    assert run("hold", "lift", held, "--reason", "x", dsn=database).stderr.startswith("AEP58")

    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO aegis.api_request_logs (user_id, method, path) VALUES ('kim', 'GET', '/')"
        )
    predicate = '[{"column": "method", "operator": "=", "value": "GET"}]'
    request = ["deletion", "request", "aegis.api_request_logs", predicate, "--reason", "x"]
    assert run(*request, "--expect", "2", dsn=database).stderr.startswith("AEP61")
    asked = done(*request, "--expect", "1", dsn=database).strip()
    assert run("deletion", "approve", asked, dsn=database).stderr.startswith("AEP58")
    assert run("deletion", "execute", asked, "--yes", dsn=database).stderr.startswith("AEP62")
    assert run("deletion", "undo", asked, "--reason", "x", dsn=database).stderr.startswith("AEP62")
    status = json.loads(done("deletion", "status", "--json", dsn=database))
    assert [row["status"] for row in status] == ["requested"]
    assert run("deletion", "request", "aegis.stocks", "{", "--expect", "1", "--reason", "x",
               dsn=database).exit_code == 2  # fmt: skip

    purge = ["erasure", "purge", "--reference", "DSR-1", "--reason", "asked", "--yes"]
    assert run(*purge, dsn=database, text="nobody\n").stderr.splitlines()[-3].startswith("AEP63")
    assert done(*purge, dsn=database, text="kim\n").strip().splitlines()[-1].isdigit()
    done("erasure", "export", str(tmp_path / "erased.json"), dsn=database)
    assert "kim" not in (tmp_path / "erased.json").read_text()
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO aegis.api_request_logs (user_id, method, path) VALUES ('kim', 'GET', '/')"
        )
    again = done("erasure", "reapply", "--from", str(tmp_path / "erased.json"), dsn=database)
    assert again.startswith("1 rows")
    assert "pseudonymise" in done("erasure", "columns", dsn=database)


def test_a_change_takes_two_persons(database: str) -> None:
    """From the refusal whose detail is the request, to the window and to a reseal."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            """CREATE ROLE change_operator LOGIN IN ROLE aegis_operator;
               CREATE ROLE change_approver LOGIN IN ROLE aegis_approver;
               CREATE TABLE public.orders (id integer NOT NULL, note text DEFAULT 'x');
               CALL aegis.protect_table('public.orders', 'test')"""
        )
    operator = conninfo.make_conninfo(database, user="change_operator")
    approver = conninfo.make_conninfo(database, user="change_approver")
    drop = "ALTER TABLE public.orders ALTER COLUMN note DROP DEFAULT"
    try:
        with psycopg.connect(database) as connection:
            connection.execute("SELECT aegis_guard.open_change('dry run')")
            connection.execute(drop)
            with pytest.raises(psycopg.DatabaseError) as refusal:
                connection.commit()
        wanted = refusal.value.diag.message_detail
        assert (refusal.value.sqlstate, bool(wanted)) == ("AEP28", True)
        ask = ["change", "request", "--reason", "nobody reads it"]
        assert run(*ask, "[", dsn=operator).exit_code == 2
        assert run(*ask, "[]", dsn=operator).stderr.startswith("AEP26")
        assert run(*ask, wanted, dsn=approver).stderr.startswith("42501")
        number = done(*ask, "-", dsn=operator, text=wanted).strip()
        assert run("change", "approve", number, dsn=operator).stderr.startswith("42501")
        done("change", "approve", number, "--reason", "agreed", dsn=approver)
        assert run("change", "approve", number, "--reject", dsn=approver).stderr.startswith("AEP27")
        with psycopg.connect(database) as connection:
            connection.execute("SELECT aegis_guard.open_change('as agreed', %s)", (number,))
            connection.execute(drop)

        reseal = ["change", "reseal", "--reason", "as found"]
        assert json.loads(done(*reseal, "--json", dsn=database)) == []
        no_request = ["change", "request-reseal", "--reason", "why"]
        assert run(*no_request, dsn=operator).stderr.startswith("AEP26")
        with psycopg.connect(database) as connection:
            # From 18 on NOT NULL is an object that is dropped.
            for name in ("aegis_check_change", "aegis_check_drop"):
                connection.execute(f"ALTER EVENT TRIGGER {name} DISABLE")
            connection.execute("ALTER TABLE public.orders ALTER COLUMN id DROP NOT NULL")
            for name in ("aegis_check_change", "aegis_check_drop"):
                connection.execute(f"ALTER EVENT TRIGGER {name} ENABLE ALWAYS")
        assert run(*reseal, dsn=database).stderr.startswith("AEP28")
        second = done(*no_request, dsn=operator).strip()
        assert run(*reseal, second, dsn=database).stderr.startswith("AEP27")
        done("change", "approve", second, dsn=approver)
        assert run(*reseal, second, dsn=operator).stderr.startswith("42501")
        assert "not null id" in done(*reseal, second, dsn=database)
        status = json.loads(done("change", "status", "--json", dsn=approver))
        assert [(row["request_id"], row["status"], row["is_reseal"]) for row in status] == [
            (int(number), "used", False),
            (int(second), "used", True),
        ]
        assert {row["decided_by"] for row in status} == {"change_approver"}
    finally:
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute("DROP ROLE change_operator, change_approver")


# Every kind of type a column may have, with a value at the edge of each.
KINDS = {
    "kind_enum": ("aegis.mood", "'glad'", "'sa''d'", "NULL"),
    "kind_boolean": ("boolean", "TRUE", "FALSE", "NULL"),
    "kind_smallint": ("smallint", "-32768", "32767", "NULL"),
    "kind_integer": ("integer", "-2147483648", "2147483647", "NULL"),
    "kind_bigint": ("bigint", "-9223372036854775808", "9223372036854775807", "NULL"),
    "kind_decimal": ("numeric(38,10)", "9" * 28 + ".9999999999", "-0.0000000001", "0"),
    "kind_wide": ("numeric(60,3)", "-" + "9" * 57 + ".999", "0.001", "NULL"),
    "kind_numeric": ("numeric", "1e-300", "'NaN'", "1.10"),
    "kind_real": ("real", "0.1", "'Infinity'", "1.17549435e-38"),
    "kind_double": ("double precision", "0.1", "-1.7976931348623157e308", "5e-324"),
    "kind_date": ("date", "'0001-01-01'", "'9999-12-31'", "'2024-02-29'"),
    "kind_time": ("time", "'00:00'", "'23:59:59.999999'", "NULL"),
    "kind_timestamp": ("timestamp", "'0001-01-01'", "'9999-12-31 23:59:59.999999'", "NULL"),
    "kind_moment": ("timestamptz", "'1969-12-31 23:59:59.99999Z'", "'9999-12-31 08:00+09'", "NULL"),
    "kind_bytes": ("bytea", "'\\x00ff0a5c'", "''", "NULL"),
    "kind_uuid": ("uuid", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", "NULL", "NULL"),
    "kind_json": ("jsonb", """'{"a": [1, "한글", null]}'""", "'null'", "NULL"),
    "kind_address": ("inet", "'::1/64'", "'10.0.0.0/8'", "NULL"),
    "kind_span": ("interval", "'1 year 2 days 00:00:00.000001'", "'-1 mon'", "NULL"),
    "kind_list": ("text[]", """ARRAY['a,b', NULL, '"', E'\\\\', '']""", "'{}'", "NULL"),
    "kind_text": ("text", "''", """E'tab\\t line\\n \\\\. \\\\N "q" ''한글'' 🙂'""", "NULL"),
}  # fmt: skip


def test_parquet_holds_every_value_exactly(database: str, tmp_path: Path) -> None:
    """Read by pyarrow alone, each value is compared with what the table says of it."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("CREATE TYPE aegis.mood AS ENUM ('glad', 'sa''d')")
        connection.execute("ALTER TYPE aegis.mood OWNER TO aegis_owner")
        for name, (kind, *_) in KINDS.items():
            connection.execute(f"ALTER TABLE aegis.stock_ticks ADD COLUMN {name} {kind}")
        connection.execute(
            "SELECT aegis.ensure_partitions('aegis.stock_ticks', '2020-03-02', '2020-03-02')"
        )
        for number in range(3):
            connection.execute(
                f"""INSERT INTO aegis.stock_ticks (stock_code, trade_date, traded_at,
                           sequence_number, price, volume, source, batch_number, created_at,
                           {", ".join(KINDS)})
                    VALUES ('005930', '2020-03-02', '2020-03-02 10:00:00.000001+09', {number},
                            100.50, 7, 'krx', 1, '2020-03-02',
                            {", ".join(kind[number + 1] for kind in KINDS.values())})"""
            )
        connection.execute("CALL aegis.apply_retention()")
    number = str(archives(database)["stock_ticks_p2020_03_02"]["archive_id"])
    done("archive", "export", number, "--format", "parquet", "--to", str(tmp_path), dsn=database)

    manifest = json.loads((tmp_path / "stock_ticks_p2020_03_02.parquet.manifest.json").read_text())
    file = tmp_path / manifest["file"]
    assert hashlib.sha256(file.read_bytes()).hexdigest() == manifest["sha256"]
    assert (manifest["format"], manifest["rows"]) == ("parquet", 3)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        manifest["file"],
        manifest["file"] + ".manifest.json",
    ]
    assert archives(database)["stock_ticks_p2020_03_02"]["exported_at"]

    table = parquet.read_table(file)
    types = {name: str(table.schema.field(name).type) for name in table.column_names}
    assert list(types) == list(manifest["columns"])
    assert types | {
        "trade_date": "date32[day]", "traded_at": "timestamp[us, tz=UTC]",
        "price": "decimal128(15, 2)", "volume": "int64", "kind_enum": "string",
        "kind_decimal": "decimal128(38, 10)", "kind_wide": "decimal256(60, 3)",
        "kind_numeric": "string", "kind_real": "float", "kind_json": "string",
        "kind_moment": "timestamp[us, tz=UTC]", "kind_timestamp": "timestamp[us]",
        "kind_time": "time64[us]", "kind_list": "string", "kind_bytes": "binary",
    } == types  # fmt: skip
    assert {
        table.schema.field(name).metadata[b"postgresql.type"].decode()
        for name in ("price", "kind_enum", "kind_json")
    } == {"numeric(15,2)", "aegis.mood", "jsonb"}

    relation = "aegis_archive.stock_ticks_p2020_03_02"
    with connect(database) as connection:
        for name in table.column_names:
            # What has no type of its own is text; four bytes of a float are eight in Python.
            cast = {"string": "::text", "float": "::double precision"}.get(types[name], "")
            expected = connection.execute(
                f"SELECT {name}{cast} FROM {relation} ORDER BY sequence_number"
            ).fetchall()
            found = table.sort_by("sequence_number").column(name).to_pylist()
            assert [(type(value), str(value), value) for value in found] == [
                (type(value), str(value), value) for (value,) in expected
            ], name


def test_parquet_is_written_in_row_groups(
    database: str, desk: psycopg.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No more rows are in memory than a row group has."""
    monkeypatch.setattr(archive, "ROW_GROUP", 700)
    number = int(str(archives(database)["stock_ticks_p2020_03_02"]["archive_id"]))
    with psycopg.connect(database) as connection:
        export, _ = export_archive(connection, number, tmp_path, "parquet")
    written = parquet.ParquetFile(tmp_path / export.file)
    groups = [written.metadata.row_group(index).num_rows for index in range(written.num_row_groups)]
    assert groups == [700] * 7 + [100]
    assert sum(written.read(["volume"]).column("volume").to_pylist()) == sum(range(1, 5001))


def test_a_value_that_parquet_cannot_hold_is_refused(database: str, tmp_path: Path) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("ALTER TABLE aegis.stock_ticks ADD COLUMN odd numeric(5,2)")
        connection.execute("ALTER TABLE aegis.stock_ticks ADD COLUMN until date")
        connection.execute(
            """SELECT aegis.ensure_partitions('aegis.stock_ticks', '2020-03-02', '2020-03-03');
               INSERT INTO aegis.stock_ticks (stock_code, trade_date, traded_at, sequence_number,
                      price, volume, source, batch_number, created_at, odd, until)
               VALUES ('1', '2020-03-02', '2020-03-02', 1, 1, 1, 'krx', 1, '2020-03-02', 'NaN',
                       NULL),
                      ('1', '2020-03-03', '2020-03-03', 1, 1, 1, 'krx', 1, '2020-03-03', NULL,
                       'infinity')"""
        )
        connection.execute("CALL aegis.apply_retention()")
    for name in ("stock_ticks_p2020_03_02", "stock_ticks_p2020_03_03"):
        number = str(archives(database)[name]["archive_id"])
        export = ["archive", "export", number, "--to", str(tmp_path)]
        refused = run(*export, "--format", "parquet", dsn=database)
        assert (refused.exit_code, refused.stderr.split(":")[0]) == (1, "AEP69"), refused.stderr
        assert list(tmp_path.iterdir()) == []
        assert not archives(database)[name]["exported_at"]
    done(*export, dsn=database)


def test_without_pyarrow_the_extra_is_named(
    database: str, desk: psycopg.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    number = str(archives(database)["stock_ticks_p2020_03_02"]["archive_id"])
    refused = run(
        "archive", "export", number, "--format", "parquet", "--to", str(tmp_path), dsn=database
    )
    assert (refused.exit_code, refused.stderr.split(":")[0]) == (1, "AEP81")
    assert list(tmp_path.iterdir()) == []
