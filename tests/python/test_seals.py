"""Seals: what a superuser did past every guard has a name, and each act is sealed exactly once."""

from __future__ import annotations

import json
import threading
import time
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result
from psycopg.rows import dict_row

from aegis_db.cli import main
from aegis_db.cluster import Cluster
from aegis_db.database import connect
from aegis_db.migrate import upgrade

DAYS = ("2024-01-02", "2024-01-03")
WRITE = """
    INSERT INTO aegis.stock_prices
           (stock_code, trade_date, price, volume, source, source_rank, batch_number, last_updated)
    SELECT lpad(i::text, 6, '0'), d, 1000 + i, i, 'krx', 100, n, now()
      FROM generate_series(1, 300) AS i,
           (SELECT {day}::date, aegis_guard._next_batch_number()) AS d (d, n)"""
CORRECT = """
    UPDATE aegis.stock_prices
       SET price = price + 1, data_version = data_version + 1,
           batch_number = (SELECT aegis_guard._next_batch_number())
     WHERE trade_date = '2024-01-02' AND volume <= 20"""


def findings(dsn: str, call: str) -> list[dict[str, object]]:
    """Return what ``call`` finds, as an auditor sees it."""
    with connect(dsn) as connection, connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute("SET ROLE aegis_auditor")
        return cursor.execute(f"SELECT * FROM aegis.{call}").fetchall()


def seal(dsn: str) -> None:
    """Seal twice: the second time takes the roots of days that the first has written."""
    with connect(dsn, autocommit=True) as connection:
        connection.execute("CALL aegis.seal_ledger()")
        connection.execute("CALL aegis.seal_ledger()")


def tamper(dsn: str, *statements: str) -> None:
    """Run ``statements`` as a superuser who silenced every trigger in the catalog itself."""
    with connect(dsn, autocommit=True) as connection:
        connection.execute("UPDATE pg_event_trigger SET evtenabled = 'D'")
        connection.execute(
            "CREATE TABLE public.silenced AS "
            "SELECT oid, tgenabled FROM pg_trigger WHERE NOT tgisinternal"
        )
        connection.execute("UPDATE pg_trigger SET tgenabled = 'D' WHERE NOT tgisinternal")
    with connect(dsn, autocommit=True) as connection:
        for statement in statements:
            done = connection.execute(statement)
            assert done.rowcount != 0, f"changes nothing: {statement}"
        connection.execute(
            "UPDATE pg_trigger AS t SET tgenabled = s.tgenabled "
            "FROM public.silenced AS s WHERE s.oid = t.oid"
        )
        connection.execute("DROP TABLE public.silenced")
        connection.execute("UPDATE pg_event_trigger SET evtenabled = 'A'")


@pytest.fixture
def sealed(database: str) -> str:
    """Two days of prices, twenty of them corrected, sealed and found whole."""
    with connect(database, autocommit=True) as connection:
        for day in DAYS:
            connection.execute(WRITE.format(day=f"'{day}'"))
        connection.execute(CORRECT)
        # Without a number of its own: found by its hash all the same.
        connection.execute(
            "UPDATE aegis.stock_prices SET price = price "
            "WHERE volume = 7 AND trade_date = '2024-01-02'"
        )
    seal(database)
    assert findings(database, "verify_chain()") == []
    assert findings(database, "verify_seals('aegis.stock_prices')") == []
    return database


ROWS = {
    "altered value": (
        "UPDATE aegis.stock_prices SET price = 1 "
        "WHERE stock_code = '000100' AND trade_date = '2024-01-03'",
        {("row_altered", "000100, 2024-01-03"), ("row_missing", None), ("day_differs", None)},
        "2024-01-03",
    ),
    "altered history": (
        "UPDATE aegis.stock_prices_history SET price = 1 WHERE stock_code = '000003'",
        {("row_altered", "000003, 2024-01-02"), ("row_missing", None)},
        "2024-01-02",
    ),
    "deleted row": (
        "DELETE FROM aegis.stock_prices WHERE stock_code = '000200' AND trade_date = '2024-01-03'",
        {("row_missing", None), ("day_differs", None)},
        "2024-01-03",
    ),
    "deleted history": (
        "DELETE FROM aegis.stock_prices_history WHERE stock_code = '000005'",
        {("row_missing", None)},
        "2024-01-02",
    ),
    "inserted row": (
        """INSERT INTO aegis.stock_prices
                  (stock_code, trade_date, price, volume, source, source_rank, batch_number,
                   last_updated)
           VALUES ('999999', '2024-01-03', 1, 1, 'krx', 100, 0, now())""",
        {("row_unknown", "999999, 2024-01-03"), ("day_differs", None)},
        "2024-01-03",
    ),
    "silently taken back": (
        """UPDATE aegis.stock_prices AS t SET price = h.price, data_version = h.data_version,
                  batch_number = h.batch_number
             FROM aegis.stock_prices_history AS h
            WHERE (h.stock_code, h.trade_date) = (t.stock_code, t.trade_date)
              AND t.stock_code = '000009'""",
        {("row_unknown", "000009, 2024-01-02"), ("row_missing", None), ("day_differs", None)},
        "2024-01-02",
    ),
    "whole day gone": (
        "DELETE FROM aegis.stock_prices WHERE trade_date = '2024-01-03'",
        {("row_missing", None), ("day_differs", None)},
        "2024-01-03",
    ),
}


@pytest.mark.parametrize("name", ROWS)
def test_what_a_superuser_did_to_rows_is_named(sealed: str, name: str) -> None:
    statement, expected, day = ROWS[name]
    tamper(sealed, statement)

    found = findings(sealed, "verify_seals('aegis.stock_prices')")

    assert {(finding["finding"], finding["row_key"]) for finding in found} == expected
    assert {str(finding["day"]) for finding in found} == {day}
    other = next(d for d in DAYS if d != day)
    assert findings(sealed, f"verify_seals('aegis.stock_prices', '{other}', '{other}')") == []


ACTS = {
    "altered act": (
        "UPDATE aegis.ledger SET row_count = 1, row_hashes = '{1}' WHERE ledger_id = 10",
        {"act_altered"},
    ),
    "act renamed": (
        "UPDATE aegis.ledger SET acted_by = 'somebody' WHERE ledger_id = 10",
        {"act_altered"},
    ),
    "act gone": ("DELETE FROM aegis.ledger WHERE ledger_id = 10", {"act_missing"}),
    "act and entry gone": (
        """WITH gone AS (DELETE FROM aegis.ledger WHERE ledger_id = 10)
           DELETE FROM aegis.seal_entries WHERE ledger_id = 10""",
        {"entries_altered"},
    ),
    "entry gone": (
        "DELETE FROM aegis.seal_entries WHERE ledger_id = 10",
        {"entries_altered", "act_unsealed"},
    ),
    "seal altered": (
        "UPDATE aegis.seals SET sealed_at = now() WHERE seal_number = 1",
        {"seal_altered"},
    ),
    "chain cut": ("DELETE FROM aegis.seals WHERE seal_number = 1", {"chain_cut", "seal_missing"}),
    "act antedated": (
        "INSERT INTO aegis.ledger (kind, subject, transaction_id) "
        "VALUES ('block', 'aegis.stock_prices', '5')",
        {"act_unsealed"},
    ),
}


@pytest.mark.parametrize("name", ACTS)
def test_what_a_superuser_did_to_the_chain_is_named(sealed: str, name: str) -> None:
    statement, expected = ACTS[name]
    tamper(sealed, statement)

    assert {finding["finding"] for finding in findings(sealed, "verify_chain()")} == expected


def test_a_corrected_day_gets_another_root(sealed: str) -> None:
    with connect(sealed, autocommit=True) as connection:
        connection.execute(CORRECT)
        seal(sealed)
        versions = connection.execute(
            """SELECT detail ->> 'day',
                      array_agg((detail ->> 'version')::integer ORDER BY ledger_id)
                 FROM aegis.ledger WHERE kind = 'day' GROUP BY 1 ORDER BY 1"""
        ).fetchall()
    assert versions == [("2024-01-02", [1, 2]), ("2024-01-03", [1])]
    assert findings(sealed, "verify_seals('aegis.stock_prices')") == []


def test_rows_that_move_or_leave_by_a_legal_way_are_accounted_for(sealed: str) -> None:
    with connect(sealed) as connection:
        connection.execute(
            "SELECT aegis_guard._issue_ticket('aegis.stock_prices_history', 'DELETE', 1, 'test')"
        )
        connection.execute("DELETE FROM aegis.stock_prices_history WHERE stock_code = '000005'")
        # Erased for good, with a tombstone in its place.
        assert connection.execute(
            "SELECT aegis_guard._seal_relation("
            "'aegis.stock_prices', 'aegis.stock_prices', 'tombstone', %s)",
            ("r.stock_code = '000006' AND r.trade_date = '2024-01-03'",),
        ).fetchone() == (1,)
        connection.execute(
            "SELECT aegis_guard._issue_ticket('aegis.stock_prices', 'DELETE', 1, 'test')"
        )
        connection.execute(
            "DELETE FROM aegis.stock_prices "
            "WHERE stock_code = '000007' AND trade_date = '2024-01-03'"
        )
    seal(sealed)
    found = findings(sealed, "verify_seals('aegis.stock_prices')")

    # Row 6 has a tombstone and is still there: a block less than versions.
    assert [(f["finding"], f["row_key"]) for f in found] == [
        ("row_unknown", "000006, 2024-01-03"),
    ]


def test_each_row_is_verified_with_the_columns_of_its_format(sealed: str) -> None:
    with connect(sealed, autocommit=True) as connection:
        connection.execute("ALTER TABLE aegis.stock_prices ADD COLUMN extra text")
        connection.execute("CALL aegis.seal_table('aegis.stock_prices')")
        assert findings(sealed, "verify_seals('aegis.stock_prices')") == []
        for value in ("x", "y"):
            connection.execute(CORRECT.replace("SET price", f"SET extra = '{value}', price"))
    seal(sealed)
    assert findings(sealed, "verify_seals('aegis.stock_prices')") == []
    for table, code, day in (
        ("stock_prices", "000100", "2024-01-03"),  # written before there was the column
        ("stock_prices_history", "000011", "2024-01-02"),
    ):
        tamper(sealed, f"UPDATE aegis.{table} SET price = 1 WHERE stock_code = '{code}'"
                       f" AND trade_date = '{day}'")  # fmt: skip
        found = findings(sealed, f"verify_seals('aegis.stock_prices', '{day}', '{day}')")
        assert (f"{code}, {day}", "row_altered") in [
            (each["row_key"], each["finding"]) for each in found
        ]
        assert {each["row_key"] for each in found} == {f"{code}, {day}", None}


def test_an_archived_day_keeps_its_root(database: str, tmp_path: Path) -> None:
    """Retention moves rows and writes none: what was sealed is looked for where it lies now."""
    with connect(database, autocommit=True) as connection:
        connection.execute(
            """SELECT aegis.ensure_partitions('aegis.stock_ticks', '2020-03-02', '2020-03-02');
               INSERT INTO aegis.stock_ticks (stock_code, trade_date, traded_at, sequence_number,
                                              price, volume, source, batch_number, created_at)
               SELECT '005930', '2020-03-02', '2020-03-02 10:00+09', n, 100, n, 'krx', 1,
                      '2020-03-02'
                 FROM generate_series(1, 50) AS n"""
        )
        seal(database)
        connection.execute("CALL aegis.apply_retention('aegis.stock_ticks')")
        # One more of that day, late, with the key of one that is archived.
        connection.execute(
            """INSERT INTO aegis.stock_ticks (stock_code, trade_date, traded_at, sequence_number,
                                              price, volume, source, batch_number)
               VALUES ('005930', '2020-03-02', '2020-03-02 10:00+09', 7, 1, 1, 'krx', 2)"""
        )
    seal(database)
    anchor = str(tmp_path / "head.json")
    run("anchor", "export", anchor, "--dsn", database)
    assert findings(database, "verify_seals('aegis.stock_ticks')") == []
    assert run("anchor", "verify", anchor, "--dsn", database).exit_code == 0

    tamper(
        database,
        "UPDATE aegis_archive.stock_ticks_p2020_03_02 SET price = 1 WHERE sequence_number = 9",
    )
    found = {each["finding"] for each in findings(database, "verify_seals('aegis.stock_ticks')")}
    assert found == {"row_altered", "row_missing", "day_differs"}
    assert "day_differs" in run("anchor", "verify", anchor, "--dsn", database).stdout


def test_each_act_is_sealed_once_while_eight_write_and_four_seal(database: str, soak: bool) -> None:
    until = time.monotonic() + (300 if soak else 4)
    failures: list[BaseException] = []

    def writer(number: int) -> None:
        with connect(database, autocommit=True) as connection:
            day = 0
            while time.monotonic() < until:
                day += 1
                # Routed to the default partition while maintenance emptied it: refused, sent again.
                with suppress(psycopg.errors.CheckViolation):
                    connection.execute(
                        """INSERT INTO aegis.stock_prices
                              (stock_code, trade_date, price, volume, source, source_rank,
                                                       batch_number, last_updated)
                       SELECT lpad((%s * 1000 + i)::text, 6, '0'),
                              date '2024-01-01' + %s %% 90, 1, i,
                              'krx', 100,
                              (SELECT aegis_guard._next_batch_number()), now()
                         FROM generate_series(1, 5) AS i ORDER BY 1
                       ON CONFLICT (stock_code, trade_date) DO UPDATE
                          SET price = stock_prices.price + 1, batch_number = excluded.batch_number,
                              data_version = stock_prices.data_version + 1""",
                        (number % 4, day),
                    )

    def sealer() -> None:
        with connect(database, autocommit=True) as connection:
            while time.monotonic() < until:
                connection.execute("CALL aegis.seal_ledger()")

    def maintainer() -> None:
        with connect(database, autocommit=True) as connection:
            while time.monotonic() < until:
                connection.execute("CALL aegis.maintain_partitions()")
                connection.execute("SELECT count(*) FROM aegis.verify_seals('aegis.stock_prices')")

    def attempt(task: object, *arguments: object) -> None:
        try:
            task(*arguments)  # type: ignore[operator]
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=attempt, args=(writer, n)) for n in range(8)]
    threads += [threading.Thread(target=attempt, args=(sealer,)) for _ in range(4)]
    threads += [threading.Thread(target=attempt, args=(maintainer,))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []

    seal(database)
    with connect(database) as connection:
        assert connection.execute(
            """SELECT count(*) FROM aegis.ledger AS l
                WHERE NOT EXISTS (
                          SELECT FROM aegis.seal_entries AS e WHERE e.ledger_id = l.ledger_id
                      )"""
        ).fetchone() == (0,)
        assert connection.execute(
            "SELECT sum(entry_count) = (SELECT count(*) FROM aegis.ledger) FROM aegis.seals"
        ).fetchone() == (True,)
    assert findings(database, "verify_chain()") == []
    assert findings(database, "verify_seals('aegis.stock_prices')") == []


def test_a_killed_sealer_has_done_nothing(database: str) -> None:
    with connect(database, autocommit=True) as connection:
        for day in DAYS:
            connection.execute(WRITE.format(day=f"'{day}'"))
        before = connection.execute("SELECT count(*) FROM aegis.seals").fetchone()
        victim = connect(database)
        victim.execute("CALL aegis.seal_ledger()")
        assert victim.execute("SELECT count(*) FROM aegis.seals").fetchone() != before
        connection.execute("SELECT pg_terminate_backend(%s)", (victim.info.backend_pid,))
        for _ in range(100):
            if (
                connection.execute(
                    "SELECT FROM pg_stat_activity WHERE pid = %s", (victim.info.backend_pid,)
                ).fetchone()
                is None
            ):
                break
            time.sleep(0.05)
        assert connection.execute("SELECT count(*) FROM aegis.seals").fetchone() == before
    seal(database)
    assert findings(database, "verify_chain()") == []
    assert findings(database, "verify_seals('aegis.stock_prices')") == []


def test_an_old_snapshot_seals_nothing(database: str) -> None:
    with connect(database) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        with pytest.raises(psycopg.DatabaseError) as refused:
            connection.execute("CALL aegis.seal_ledger()")
    assert refused.value.sqlstate == "AEP73"


def test_a_late_committer_is_not_lost(database: str) -> None:
    with connect(database) as late:
        late.execute("SELECT aegis_guard._record_act('rule_change', 'late')")
        with connect(database, autocommit=True) as early:
            early.execute("SELECT aegis_guard._record_act('rule_change', 'early')")
        seal(database)
        late.commit()
    seal(database)
    with connect(database) as connection:
        sealed_acts = connection.execute(
            """SELECT l.subject, count(e.ledger_id) FROM aegis.ledger AS l
                 LEFT JOIN aegis.seal_entries AS e ON e.ledger_id = l.ledger_id
                WHERE l.kind = 'rule_change' GROUP BY 1 ORDER BY 1"""
        ).fetchall()
    assert sealed_acts == [("early", 1), ("late", 1)]


def test_after_a_restore_transactions_count_anew(sealed: str) -> None:
    with connect(sealed, autocommit=True) as connection:
        # As pg_restore into a new cluster leaves it: other numbers than this cluster ever gave.
        connection.execute("SELECT aegis_guard._record_act('rule_change', 'before the restore')")
    tamper(
        sealed,
        "UPDATE aegis.ledger SET transaction_id = '4000000000' "
        "WHERE subject = 'before the restore'",
        "UPDATE aegis.seals SET horizon = '4000000000', system_identifier = 1 "
        "WHERE seal_number = 2",
    )
    seal(sealed)
    with connect(sealed) as connection:
        assert connection.execute(
            """SELECT count(*) FROM aegis.ledger AS l
                WHERE NOT EXISTS (
                          SELECT FROM aegis.seal_entries AS e WHERE e.ledger_id = l.ledger_id
                      )"""
        ).fetchone() == (0,)


def run(*arguments: str) -> Result:
    """Run the command line."""
    return CliRunner().invoke(main, list(arguments))


REBUILD = (
    """DO $rebuild$
       DECLARE
           v_seal aegis.seals;
           v_previous bytea := decode(repeat('00', 32), 'hex');
       BEGIN
           UPDATE aegis.ledger SET acted_by = 'somebody else' WHERE ledger_id = 10;
           UPDATE aegis.seal_entries AS e SET digest = aegis_guard._act_digest(l)
             FROM aegis.ledger AS l WHERE l.ledger_id = e.ledger_id;
           FOR v_seal IN SELECT * FROM aegis.seals ORDER BY seal_number LOOP
               v_seal.previous_digest := v_previous;
               SELECT sha256(string_agg(e.digest, '' ORDER BY e.ledger_id))
                 INTO v_seal.entries_digest
                 FROM aegis.seal_entries AS e WHERE e.seal_number = v_seal.seal_number;
               v_seal.digest := aegis_guard._seal_digest(v_seal);
               UPDATE aegis.seals
                  SET previous_digest = v_previous, entries_digest = v_seal.entries_digest,
                      digest = v_seal.digest
                WHERE seal_number = v_seal.seal_number;
               v_previous := v_seal.digest;
           END LOOP;
       END
       $rebuild$""",
)


def test_an_anchor_outside_catches_who_rebuilt_the_chain(sealed: str, tmp_path: Path) -> None:
    anchor = str(tmp_path / "head.json")
    assert run("anchor", "export", anchor, "--dsn", sealed).exit_code == 0
    assert run("anchor", "export", anchor, "--dsn", sealed).exit_code == 1, "never overwritten"
    whole = run("anchor", "verify", anchor, "--dsn", sealed)
    assert (whole.exit_code, whole.stdout) == (0, "")

    with connect(sealed, autocommit=True) as connection:
        connection.execute(CORRECT)
    seal(sealed)
    assert run("anchor", "verify", anchor, "--dsn", sealed).exit_code == 0, "work goes on"

    tamper(sealed, *REBUILD)
    assert findings(sealed, "verify_chain()") == [], "the server alone shows nothing"
    caught = run("anchor", "verify", anchor, "--json", "--dsn", sealed)
    assert caught.exit_code == 3
    assert [found["finding"] for found in json.loads(caught.stdout)] == ["anchor_differs"]


def test_an_anchor_names_the_day_and_the_missing_end(sealed: str, tmp_path: Path) -> None:
    anchor = str(tmp_path / "head.json")
    assert run("anchor", "export", anchor, "--dsn", sealed).exit_code == 0
    tamper(
        sealed,
        "DELETE FROM aegis.stock_prices WHERE stock_code = '000200' AND trade_date = '2024-01-03'",
        "DELETE FROM aegis.seals WHERE seal_number = (SELECT max(seal_number) FROM aegis.seals)",
    )
    caught = run("anchor", "verify", anchor, "--json", "--dsn", sealed)
    assert {found["finding"] for found in json.loads(caught.stdout)} == {
        "chain_short",
        "day_differs",
    }
    (tmp_path / "other.json").write_text('{"format": "aegis-anchor-1"}')
    assert "AEP77" in run("anchor", "verify", str(tmp_path / "other.json"), "--dsn", sealed).stderr


def test_nothing_sealed_is_nothing_to_anchor(database: str, tmp_path: Path) -> None:
    assert "AEP76" in run("anchor", "export", str(tmp_path / "x"), "--dsn", database).stderr
    path = tmp_path / "there"
    path.write_text("")
    seal(database)
    assert "AEP78" in run("anchor", "export", str(path), "--dsn", database).stderr
    assert path.read_text() == ""


def test_refused_statements_are_collected_once(database: str) -> None:
    with connect(database, autocommit=True) as connection:
        with pytest.raises(psycopg.DatabaseError) as refused:
            connection.execute("CALL aegis.collect_attempts()")
        assert refused.value.sqlstate == "AEP75"
    try:
        watched = run("attempts", "--watch", "--json", "--dsn", database)
        assert (watched.exit_code, json.loads(watched.stdout)) == (0, [])
        with connect(database, autocommit=True) as connection:
            with pytest.raises(psycopg.DatabaseError):
                connection.execute("DELETE FROM aegis.stock_prices")
            connection.execute("SELECT pg_logical_emit_message(false, 'aegis', 'no attempt')")
            connection.execute("SELECT pg_logical_emit_message(false, 'others', 'of others')")
            connection.execute("SELECT pg_logical_emit_message(true, 'aegis_flush', '')")
            # A collector that died between the store and the move finds the same again.
            connection.execute(
                """SELECT aegis_guard._store_attempt(m.lsn, substring(m.data FROM 21))
                     FROM pg_logical_slot_peek_binary_changes(
                              (SELECT slot_name FROM pg_replication_slots
                                WHERE slot_name LIKE 'aegis%' AND database = current_database()),
                              NULL, NULL, 'proto_version', '1',
                              'publication_names', 'aegis_attempts', 'messages', 'true') AS m
                    WHERE get_byte(m.data, 0) = 77
                      AND substring(m.data FROM 11 FOR 6) = '\\x616567697300'"""
            )
        found = json.loads(run("attempts", "--collect", "--json", "--dsn", database).stdout)
        assert [
            (a["sqlstate"], a["operation"], a["relation"], a["is_guard_shaped"]) for a in found
        ] == [
            (None, None, None, False),
            ("AEP01", "DELETE", "aegis.stock_prices", True),
        ]
        assert found[1]["query"] == "DELETE FROM aegis.stock_prices"
        again = json.loads(run("attempts", "--collect", "--json", "--dsn", database).stdout)
        assert again == found
    finally:
        with connect(database, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots "
                "WHERE slot_name LIKE 'aegis%' AND database = current_database()"
            )


def test_without_logical_wal_nothing_is_watched() -> None:
    # Judged by the setting alone, so the routine is asked in a server of its own.
    with Cluster.temporary(settings=("wal_level=replica", "fsync=off")) as cluster:
        upgrade(cluster.dsn())
        refused = run("attempts", "--watch", "--dsn", cluster.dsn())
        assert (refused.exit_code, "AEP74" in refused.stderr) == (1, True)
