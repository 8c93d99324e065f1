"""What `aegis-db doctor` says, and to whom."""

from __future__ import annotations

import json

import psycopg
from click.testing import CliRunner
from psycopg import conninfo

from aegis_db.cli import main


def test_a_sound_database_has_no_critical_defect(database: str) -> None:
    done = CliRunner().invoke(main, ["doctor", "--json", "--dsn", database])
    report = json.loads(done.stdout)
    assert done.exit_code == 0
    assert report["layers"]["event triggers"]["active"]
    assert [each for each in report["defects"] if each["severity"] == "critical"] == []


def test_what_was_done_past_the_guards_is_critical(database: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("DROP EVENT TRIGGER aegis_check_drop")
        connection.execute("DROP TABLE aegis.corporate_actions CASCADE")
    done = CliRunner().invoke(main, ["doctor", "--dsn", database])
    assert done.exit_code == 3
    assert "critical: event triggers: aegis_check_drop: missing" in done.stdout
    assert "critical: guards: aegis.corporate_actions" in done.stdout


def test_an_auditor_may_ask_and_a_stranger_may_not(database: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute(
            "CREATE ROLE doctor_auditor LOGIN; GRANT aegis_auditor TO doctor_auditor"
        )
        connection.execute("CREATE ROLE doctor_stranger LOGIN")
    try:
        outcomes = [
            CliRunner().invoke(
                main, ["doctor", "--dsn", conninfo.make_conninfo(database, user=user)]
            )
            for user in ("doctor_auditor", "doctor_stranger")
        ]
    finally:
        with psycopg.connect(database) as connection:
            connection.execute("DROP ROLE doctor_auditor, doctor_stranger")
    assert [done.exit_code for done in outcomes] == [0, 1]
    assert outcomes[1].stderr.startswith("42501")
