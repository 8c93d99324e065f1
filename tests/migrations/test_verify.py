"""Whatever somebody changed by hand is found, and named."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result
from projects import Project
from psycopg import conninfo

from aegis_db import verify
from aegis_db.cli import main
from aegis_db.database import connect
from aegis_db.manifest import Tree
from aegis_db.migrate import upgrade

Make = Callable[..., str]

CHANGES = {
    "body": (
        """CREATE OR REPLACE FUNCTION aegis.configuration(p_key text) RETURNS text
           LANGUAGE sql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
           AS $$ SELECT 'anything' $$""",
        "objects",
        "aegis.configuration(p_key text)",
    ),
    "rights of the caller": (
        "ALTER FUNCTION aegis.configuration SECURITY DEFINER",
        "objects",
        "aegis.configuration(p_key text)",
    ),
    "search_path": (
        "ALTER PROCEDURE aegis.change_configuration RESET search_path",
        "objects",
        "aegis.change_configuration(IN p_key text, IN p_value text, IN p_reason text)",
    ),
    "missing procedure": (
        "DROP PROCEDURE aegis.maintain_partitions",
        "objects",
        "aegis.maintain_partitions()",
    ),
    "foreign function": (
        """CREATE FUNCTION aegis.surprise() RETURNS integer LANGUAGE sql AS 'SELECT 1';
           ALTER FUNCTION aegis.surprise OWNER TO aegis_owner;
           REVOKE ALL ON FUNCTION aegis.surprise FROM PUBLIC""",
        "objects",
        "aegis.surprise()",
    ),
    "view": (
        """CREATE OR REPLACE VIEW aegis.stock_prices_daily AS
           SELECT d.trade_date AS date, d.stock_code, d.open_price, d.high_price, d.low_price,
                  d.close_price, d.volume, d.trade_value, d.market_cap, d.listed_shares,
                  d.base_price, d.close_price AS prev_close, d.last_updated
             FROM aegis.daily_market_data AS d""",
        "objects",
        "aegis.stock_prices_daily",
    ),
    "view made of a shared text": (
        """DO $$BEGIN
               EXECUTE 'CREATE OR REPLACE VIEW aegis.bar_context AS '
                   || rtrim(pg_get_viewdef('aegis.bar_context'::regclass), ';') || ' LIMIT 5';
           END$$""",
        "objects",
        "aegis.bar_context",
    ),
    "invalid index": (
        """CREATE INDEX surprise ON aegis.stocks (isin);
           UPDATE pg_index SET indisvalid = FALSE WHERE indexrelid = 'aegis.surprise'::regclass""",
        "objects",
        "aegis.surprise",
    ),
    "options of a view": (
        "ALTER VIEW aegis.stock_prices_daily SET (security_barrier)",
        "objects",
        "aegis.stock_prices_daily",
    ),
    "guard disabled": (
        """ALTER EVENT TRIGGER aegis_arm_partitions DISABLE;
           ALTER TABLE aegis.stocks DISABLE TRIGGER aegis_no_truncate;
           ALTER EVENT TRIGGER aegis_arm_partitions ENABLE ALWAYS""",
        "guards",
        "aegis.stocks",
    ),
    "guard asleep in a replica": (
        "ALTER EVENT TRIGGER aegis_arm_partitions ENABLE",
        "guards",
        "event trigger aegis_arm_partitions",
    ),
    "event trigger dropped": (
        "DROP EVENT TRIGGER aegis_arm_partitions",
        "guards",
        "event trigger aegis_arm_partitions",
    ),
    "guard dropped": (
        "DROP TRIGGER aegis_no_delete ON aegis.stocks",
        "guards",
        "aegis.stocks",
    ),
    "owner": (
        "ALTER TABLE aegis.stocks OWNER TO postgres",
        "owners",
        "aegis.stocks",
    ),
    "grant to everybody": (
        "GRANT SELECT ON aegis.stocks TO PUBLIC",
        "privileges",
        "aegis.stocks",
    ),
    "column grant to everybody": (
        "GRANT SELECT (stock_code) ON aegis.stocks TO PUBLIC",
        "privileges",
        "aegis.stocks.stock_code",
    ),
    "right to write": (
        "GRANT UPDATE ON aegis.stock_prices TO pg_monitor",
        "privileges",
        "aegis.stock_prices",
    ),
    "routine for everybody": (
        "GRANT EXECUTE ON PROCEDURE aegis.maintain_partitions TO PUBLIC",
        "privileges",
        "aegis.maintain_partitions()",
    ),
    "log": (
        """ALTER EVENT TRIGGER aegis_arm_partitions DISABLE;
           ALTER TABLE aegis.deployments DISABLE TRIGGER USER;
           UPDATE aegis.deployments SET sha256 = repeat('0', 64)
            WHERE path = 'sql/roles/roles.sql';
           ALTER TABLE aegis.deployments ENABLE TRIGGER USER;
           ALTER EVENT TRIGGER aegis_arm_partitions ENABLE ALWAYS;
           CALL aegis.protect_table('aegis.deployments')""",
        "deployments",
        "sql/roles/roles.sql of 0001_foundation",
    ),
    "file that ran elsewhere": (
        """INSERT INTO aegis.deployments (revision, direction, path, sha256)
           VALUES ('0001_foundation', 'up', 'sql/roles/surprise.sql', repeat('0', 64))""",
        "deployments",
        "sql/roles/surprise.sql of 0001_foundation",
    ),
}


def run(*arguments: str) -> Result:
    """Run a command as a user would."""
    return CliRunner().invoke(main, list(arguments), catch_exceptions=False)


def change_unseen(database: str, statement: str) -> None:
    """Run ``statement`` while the guards of DDL sleep, as only a superuser can."""
    asleep = [name for name in verify.EVENT_TRIGGERS if name.startswith("aegis_check_")]
    with psycopg.connect(database) as connection:
        for name in asleep:
            connection.execute(f"ALTER EVENT TRIGGER {name} DISABLE")
        connection.execute(statement.encode())
        for name in asleep:
            connection.execute(f"ALTER EVENT TRIGGER {name} ENABLE ALWAYS")


def test_an_untouched_database_has_no_difference(database: str) -> None:
    done = run("verify", "--dsn", database)
    assert (done.exit_code, done.stdout) == (0, "")
    assert "no difference" in done.stderr
    done = run("verify", "--json", "--dsn", database)
    assert (done.exit_code, json.loads(done.stdout)) == (0, [])


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_found(change: str, database: str) -> None:
    statement, check, name = CHANGES[change]
    change_unseen(database, statement)
    done = run("verify", "--json", "--dsn", database)
    found = json.loads(done.stdout)
    assert done.exit_code == 3
    assert {(drift["check"], drift["object"]) for drift in found} == {(check, name)}
    assert all(drift["expected"] != drift["found"] for drift in found)


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        ("ALTER TABLE aegis.stocks ADD COLUMN surprise text", "column aegis.stocks.surprise"),
        (
            "ALTER TABLE aegis.stock_prices DROP CONSTRAINT stock_prices_price_ck",
            "constraint stock_prices_price_ck of aegis.stock_prices",
        ),
        ("CREATE INDEX surprise ON aegis.stocks (isin)", "relation aegis.surprise"),
        (
            "CREATE RULE swallow AS ON INSERT TO aegis.stocks DO INSTEAD NOTHING",
            "rule swallow of aegis.stocks",
        ),
        ("COMMENT ON TABLE aegis.stocks IS 'anything'", "relation aegis.stocks"),
        ("ALTER TABLE aegis.stocks ENABLE ROW LEVEL SECURITY", "relation aegis.stocks"),
    ],
)
def test_a_clean_database_shows_the_rest(
    statement: str, name: str, database: str, clean: str
) -> None:
    change_unseen(database, statement)
    done = run("verify", "--json", "--against", clean, "--dsn", database)
    found = [drift for drift in json.loads(done.stdout) if drift["check"] == "snapshot"]
    assert done.exit_code == 3
    assert name in [drift["object"] for drift in found]


@pytest.fixture(scope="module")
def clean(new_database: Make) -> str:
    """An empty database to compare with."""
    return new_database("clean", empty=True)


def test_a_clean_database_is_installed_when_it_is_empty(database: str, clean: str) -> None:
    done = run("verify", "--against", clean, "--dsn", database)
    assert (done.exit_code, done.stdout) == (0, "")


def test_verify_leaves_no_trace(database: str, dump: Callable[[str], str]) -> None:
    before = dump(database)
    run("verify", "--dsn", database)
    assert dump(database) == before


def test_verify_needs_no_lock(database: str) -> None:
    """It passes by a session that holds every table and routine of its own writing."""
    with psycopg.connect(database) as writer:
        writer.execute("LOCK TABLE aegis.stock_prices, aegis.stocks IN EXCLUSIVE MODE")
        assert run("verify", "--dsn", database).exit_code == 0


def test_junit_names_each_check(database: str, tmp_path: Path) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("GRANT SELECT ON aegis.stocks TO PUBLIC")
    report = tmp_path / "verify.xml"
    assert run("verify", "--junit", str(report), "--dsn", database).exit_code == 3
    suite = ET.parse(report).getroot()
    failed = [case.get("name") for case in suite if case.find("failure") is not None]
    assert failed == ["privileges"]
    assert [case.get("name") for case in suite] == list(verify.CHECKS)


def test_an_older_revision_is_compared_with_its_own_bodies(new_database: Make) -> None:
    dsn = new_database("older", empty=True)
    upgrade(dsn, Tree().revisions()[-2])
    done = run("verify", "--json", "--dsn", dsn)
    assert [drift["check"] for drift in json.loads(done.stdout)] == ["revision"]


def test_a_database_without_aegis_is_refused(empty_database: str) -> None:
    done = run("verify", "--dsn", empty_database)
    assert (done.exit_code, done.stderr.split(":")[0]) == (1, "AEK34")


@pytest.fixture
def auditor(database: str) -> Iterator[str]:
    """Conninfo of a login that is a member of aegis_auditor and nothing else."""
    with psycopg.connect(database) as connection:
        connection.execute("CREATE ROLE verify_auditor LOGIN IN ROLE aegis_auditor")
    yield conninfo.make_conninfo(database, user="verify_auditor")
    with psycopg.connect(database) as connection:
        connection.execute("DROP OWNED BY verify_auditor; DROP ROLE verify_auditor")


def test_an_auditor_finds_what_a_superuser_finds(database: str, auditor: str) -> None:
    """Also a change that only the last check sees, so that none before it was left out."""
    assert run("verify", "--dsn", auditor).exit_code == 0
    for change in ("body", "invalid index", "guard disabled"):
        change_unseen(database, CHANGES[change][0])
    change_unseen(database, "GRANT UPDATE ON aegis.stocks TO verify_auditor")
    reports = [run("verify", "--json", "--dsn", dsn) for dsn in (database, auditor)]
    assert [report.exit_code for report in reports] == [3, 3]
    assert reports[0].stdout == reports[1].stdout
    assert {drift["check"] for drift in json.loads(reports[1].stdout)} == {
        "objects", "guards", "privileges",
    }  # fmt: skip


def test_an_auditor_compares_every_object_too(auditor: str, clean: str) -> None:
    assert run("verify", "--dsn", auditor, "--against", clean).exit_code == 0


def test_without_rights_it_says_whose_are_needed(database: str, auditor: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("CREATE ROLE stranger LOGIN")
        connection.execute(f'REVOKE TEMPORARY ON DATABASE "{connection.info.dbname}" FROM PUBLIC')
    try:
        refusals = [
            run("verify", "--dsn", conninfo.make_conninfo(database, user="stranger")),
            run("verify", "--dsn", auditor),
        ]
    finally:
        with psycopg.connect(database) as connection:
            connection.execute("DROP ROLE stranger")
    for refusal in refusals:
        assert (refusal.exit_code, refusal.stderr.split(":")[0]) == (1, "42501")
        assert "HINT: Verify as a member of aegis_auditor" in refusal.stderr


def test_an_edited_package_is_found(project: Project, database: str) -> None:
    project.write("sql/catalog/functions/note.sql", "SELECT 1;\n")
    with connect(database) as connection:
        drifts = verify.verify(connection, project.tree)
    assert ("package", "sql/catalog/functions/note.sql") in {
        (drift.check, drift.object) for drift in drifts
    }


def test_status_tells_where_the_database_is(database: str, empty_database: str) -> None:
    state = json.loads(run("status", "--json", "--dsn", database).stdout)
    assert state["revision"] == state["head"] == Tree().revisions()[-1]
    assert state["pending"] == []
    assert state["deployed_by"] == "postgres"
    inactive = {name for name, layer in state["layers"].items() if not layer["active"]}
    assert inactive <= {"partitions"}, "only those may be overtaken by midnight in Seoul"
    assert "nothing" in run("status", "--dsn", database).stdout

    state = json.loads(run("status", "--json", "--dsn", empty_database).stdout)
    assert state["revision"] is None
    assert state["pending"] == Tree().revisions()
    with psycopg.connect(empty_database) as connection:
        found = connection.execute("SELECT to_regnamespace('aegis')").fetchone()
    assert found == (None,)


def test_going_back_asks_first(database: str) -> None:
    done = CliRunner().invoke(main, ["downgrade", "base", "--dsn", database], input="n\n")
    assert done.exit_code == 1
    state = json.loads(run("status", "--json", "--dsn", database).stdout)
    assert state["pending"] == []
