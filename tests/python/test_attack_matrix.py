"""The bypass matrix: every known way to lose rows, by everybody, on the table and on a partition.

Each attack runs in a transaction that is taken back. What it did is judged from outside: are the
rows there, bucket by bucket, does an insert arrive, does an update leave its history, is a delete
refused? If not, ``aegis.posture()`` or the digest of a bucket has to say so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

PAGE = Path(__file__).resolve().parents[2] / "docs" / "bypass-matrix.md"
TABLE = "aegis.stock_prices"
PARTITION = "aegis.stock_prices_p2024_02"
ATTACKERS = {"application": "matrix_application", "owner": "aegis_owner", "superuser": "postgres"}

UPSERT = (
    "INSERT INTO {t} (stock_code, trade_date, price, volume, source, source_rank, batch_number,"
    " last_updated) SELECT stock_code, trade_date, price, volume, source, source_rank,"
    " batch_number, last_updated FROM {t} ON CONFLICT (stock_code, trade_date) DO UPDATE"
)
# {t} is the table or its partition; statements are separated by a line break.
ATTACKS = {
    "DELETE": "DELETE FROM {t}",
    "DELETE of no row, then all": "DELETE FROM {t} WHERE false\nDELETE FROM {t}",
    "DELETE in a CTE": "WITH d AS (DELETE FROM {t} RETURNING 1) SELECT count(*) FROM d",
    "DELETE through a view": "CREATE VIEW attack.v AS TABLE {t}\nDELETE FROM attack.v",
    "DELETE by MERGE": "MERGE INTO {t} AS r USING (SELECT 1) AS o ON true WHEN MATCHED THEN DELETE",
    "DELETE by COPY": "COPY (DELETE FROM {t} RETURNING 1) TO '/dev/null'",
    "DELETE in a prepared statement": "DEALLOCATE ALL\nPREPARE p AS DELETE FROM {t}\nEXECUTE p",
    "another key": "UPDATE {t} SET stock_code = stock_code || 'X'",
    "another key in an upsert": f"{UPSERT} SET stock_code = 'X'",
    "TRUNCATE": "TRUNCATE {t}",
    "TRUNCATE CASCADE, restart": "TRUNCATE {t} RESTART IDENTITY CASCADE",
    "replica mode and DELETE": "SET LOCAL session_replication_role = replica\nDELETE FROM {t}",
    "replica mode and UPDATE": "SET LOCAL session_replication_role = replica\n"
    "UPDATE {t} SET price = 1",
    "replica mode and TRUNCATE": "SET LOCAL session_replication_role = replica\nTRUNCATE {t}",
    "disabled triggers": "ALTER TABLE {t} DISABLE TRIGGER ALL\nDELETE FROM {t}",
    "disabled user triggers": "ALTER TABLE {t} DISABLE TRIGGER USER\nTRUNCATE {t}",
    "guards for replicas only": "ALTER TABLE {t} ENABLE REPLICA TRIGGER aegis_no_delete,"
    " ENABLE REPLICA TRIGGER aegis_no_delete_row\nDELETE FROM {t}",
    "dropped trigger": "DROP TRIGGER aegis_no_truncate ON {t}\nTRUNCATE {t}",
    "renamed trigger": "ALTER TRIGGER aegis_no_truncate ON {t} RENAME TO other\nTRUNCATE {t}",
    "trigger with a WHEN": "CREATE OR REPLACE TRIGGER aegis_no_truncate BEFORE TRUNCATE ON {t}"
    " WHEN (false) EXECUTE FUNCTION aegis_guard.refuse_removal()\nTRUNCATE {t}",
    "replaced guard": "CREATE OR REPLACE FUNCTION aegis_guard.refuse_removal() RETURNS trigger"
    " LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'\nTRUNCATE {t}",
    "guard with another search_path": "ALTER FUNCTION aegis_guard.refuse_removal()"
    " SET search_path = attack\nTRUNCATE {t}",
    "renamed guard": "ALTER FUNCTION aegis_guard.refuse_removal() RENAME TO other",
    "guard of another owner": "ALTER FUNCTION aegis_guard.refuse_removal() OWNER TO aegis_owner",
    "dropped guard": "DROP FUNCTION aegis_guard.refuse_removal() CASCADE\nTRUNCATE {t}",
    "dropped guard schema": "DROP SCHEMA aegis_guard CASCADE\nTRUNCATE {t}",
    "dropped guard schema, hidden": "DO $do$BEGIN EXECUTE 'DROP SCH' || 'EMA aegis_gu' ||"
    " 'ard CASC' || 'ADE'; END$do$\nTRUNCATE {t}",
    "dropped language": "DROP EXTENSION plpgsql CASCADE\nTRUNCATE {t}",
    "dropped table": "DROP TABLE {t} CASCADE",
    "dropped schema": "DROP SCHEMA aegis CASCADE",
    "DROP OWNED": "DROP OWNED BY aegis_owner CASCADE",
    "REASSIGN OWNED": "REASSIGN OWNED BY aegis_owner TO matrix_application",
    "dropped column": "ALTER TABLE {t} DROP COLUMN price CASCADE",
    "dropped domain under a column": "CREATE DOMAIN attack.d AS numeric(15, 2)\n"
    "ALTER TABLE aegis.stock_prices ADD COLUMN extra attack.d\nDROP DOMAIN attack.d CASCADE",
    "rewritten column": "ALTER TABLE {t} ALTER COLUMN price TYPE numeric(15, 2) USING 1",
    "renamed and swapped columns": "ALTER TABLE {t} RENAME COLUMN price TO other\n"
    "ALTER TABLE {t} RENAME COLUMN volume TO price",
    "renamed table, empty twin": "ALTER TABLE {t} RENAME TO other\n"
    "CREATE TABLE {t} (LIKE aegis.other INCLUDING ALL)",
    "renamed schema": "ALTER SCHEMA aegis RENAME TO other\nCREATE SCHEMA aegis",
    "moved table": "ALTER TABLE {t} SET SCHEMA attack",
    "unlogged": "ALTER TABLE {p} SET UNLOGGED",
    "another owner": "ALTER TABLE {t} OWNER TO matrix_application",
    "detached partition": "ALTER TABLE aegis.stock_prices DETACH PARTITION {p}",
    "detached default partition": "ALTER TABLE aegis.stock_prices"
    " DETACH PARTITION aegis.stock_prices_default",
    "NO INHERIT": "ALTER TABLE {p} NO INHERIT aegis.stock_prices",
    "rule that swallows": "CREATE RULE r AS ON INSERT TO {t} DO INSTEAD NOTHING",
    "rule that turns UPDATE into nothing": "CREATE RULE r AS ON UPDATE TO {t} DO INSTEAD NOTHING",
    "trigger that swallows": "CREATE FUNCTION attack.f() RETURNS trigger LANGUAGE plpgsql"
    " AS 'BEGIN RETURN NULL; END'\nCREATE TRIGGER a BEFORE INSERT OR UPDATE ON {t}"
    " FOR EACH ROW EXECUTE FUNCTION attack.f()",
    "row security that hides": "ALTER TABLE {t} ENABLE ROW LEVEL SECURITY,"
    " FORCE ROW LEVEL SECURITY",
    "policy that hides": "CREATE POLICY p ON {t} USING (false)\n"
    "ALTER TABLE {t} ENABLE ROW LEVEL SECURITY",
    "check nobody can pass": "ALTER TABLE {t} ADD CONSTRAINT c CHECK (price IS NULL) NOT VALID",
    "lost NOT NULL": "ALTER TABLE {t} ALTER COLUMN price DROP NOT NULL",
    "lost key": "ALTER TABLE {t} DROP CONSTRAINT stock_prices_pk CASCADE",
    "history without end": "CREATE RULE r AS ON INSERT TO aegis.stock_prices_history"
    " DO INSTEAD NOTHING",
    "dropped history": "DROP TABLE aegis.stock_prices_history CASCADE",
    "history that is not captured": "DROP TRIGGER aegis_history ON {t}",
    "replaced history capture": "CREATE OR REPLACE FUNCTION aegis_guard.capture_history()"
    " RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
    "registry emptied": "DELETE FROM aegis.protected_tables",
    "registry changed": "UPDATE aegis.protected_tables SET history_schema_name = NULL,"
    " history_table_name = NULL",
    "forged ticket": "INSERT INTO aegis_guard.tickets (schema_name, table_name, operation,"
    " row_limit, reason) VALUES ('aegis', 'stock_prices', 'DELETE', 1000, 'x')\nDELETE FROM {t}",
    "ticket issued to oneself": "SELECT aegis_guard._issue_ticket('{t}', 'DELETE', 1000, 'x')\n"
    "DELETE FROM {t}",
    "right to forge tickets": "GRANT INSERT ON aegis_guard.tickets TO PUBLIC",
    "window opened by oneself": "SELECT aegis_guard.open_change('x')\n"
    "ALTER TABLE {t} DROP COLUMN price CASCADE\nSET CONSTRAINTS ALL IMMEDIATE",
    "window for a table": "SELECT aegis_guard.open_change('x')\n"
    "DROP TABLE aegis.stock_prices CASCADE\nSET CONSTRAINTS ALL IMMEDIATE",
    "window, guard taken away and put back": "SELECT aegis_guard.open_change('x')\n"
    "DROP TRIGGER aegis_no_truncate ON {t}\nTRUNCATE {t}\n"
    "CREATE TRIGGER aegis_no_truncate BEFORE TRUNCATE ON {t}"
    " EXECUTE FUNCTION aegis_guard.refuse_removal()\n"
    "ALTER TABLE {t} ENABLE ALWAYS TRIGGER aegis_no_truncate\nSET CONSTRAINTS ALL IMMEDIATE",
    "window, guard renamed and taken away": "SELECT aegis_guard.open_change('x')\n"
    "ALTER TRIGGER aegis_no_truncate ON {t} RENAME TO other\nDROP TRIGGER other ON {t}\n"
    "TRUNCATE {t}",
    "window, guard disabled": "SELECT aegis_guard.open_change('x')\n"
    "ALTER TABLE {t} DISABLE TRIGGER ALL\nTRUNCATE {t}\n"
    "ALTER TABLE {t} ENABLE ALWAYS TRIGGER aegis_no_truncate\nSET CONSTRAINTS ALL IMMEDIATE",
    "window, guard of normal sessions only": "SELECT aegis_guard.open_change('x')\n"
    "CREATE OR REPLACE TRIGGER aegis_no_truncate BEFORE TRUNCATE ON {t}"
    " EXECUTE FUNCTION aegis_guard.refuse_removal()\n"
    "SET LOCAL session_replication_role = replica\nTRUNCATE {t}",
    "window, guard with a WHEN": "SELECT aegis_guard.open_change('x')\n"
    "CREATE OR REPLACE TRIGGER aegis_no_truncate BEFORE TRUNCATE ON {t}"
    " WHEN (false) EXECUTE FUNCTION aegis_guard.refuse_removal()\nTRUNCATE {t}",
    "window, guard replaced and put back": "SELECT aegis_guard.open_change('x')\n"
    "CREATE OR REPLACE FUNCTION aegis_guard.refuse_removal() RETURNS trigger"
    " LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'\nTRUNCATE {t}",
    "window, guard moved and replaced": "SELECT aegis_guard.open_change('x')\n"
    "ALTER FUNCTION aegis_guard.refuse_removal() SET SCHEMA attack\n"
    "CREATE OR REPLACE FUNCTION attack.refuse_removal() RETURNS trigger"
    " LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'\nTRUNCATE {t}",
    "window, code that opens the guard": "SELECT aegis_guard.open_change('x')\n"
    "CREATE OR REPLACE FUNCTION aegis_guard._current_ticket(p_relation regclass, p_operation text)"
    " RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint'\nDELETE FROM {t}",
    "window, table dropped and made again": "SELECT aegis_guard.open_change('x')\n"
    "CREATE TABLE attack.twin (LIKE {t} INCLUDING ALL)\nDROP TABLE {t} CASCADE\n"
    "ALTER TABLE attack.twin SET SCHEMA aegis",
    "window, column dropped and made again": "SELECT aegis_guard.open_change('x')\n"
    "ALTER TABLE {t} DROP COLUMN price CASCADE\nALTER TABLE {t} ADD COLUMN price numeric(15, 2)",
    "window, columns swapped": "SELECT aegis_guard.open_change('x')\n"
    "ALTER TABLE {t} RENAME COLUMN price TO other\nALTER TABLE {t} RENAME COLUMN volume TO price\n"
    "ALTER TABLE {t} RENAME COLUMN other TO volume",
    "window, other values": "SELECT aegis_guard.open_change('x')\n"
    "ALTER TABLE {t} ALTER COLUMN price TYPE numeric(15, 2) USING 1\n"
    "SET CONSTRAINTS ALL IMMEDIATE",
    "window, partition detached and attached": "SELECT aegis_guard.open_change('x')\n"
    "ALTER TABLE aegis.stock_prices DETACH PARTITION {p}\nTRUNCATE {p}",
    "window, table taken out of the registry": "SELECT aegis_guard.open_change('x')\n"
    "SELECT aegis_guard._issue_ticket('aegis.protected_tables', 'DELETE', 1, 'x')\n"
    "DELETE FROM aegis.protected_tables WHERE table_name = 'stock_prices'\n"
    "SET CONSTRAINTS ALL IMMEDIATE",
    "window, baseline resealed": "SELECT aegis_guard.open_change('x')\n"
    "ALTER TABLE {t} ALTER COLUMN price DROP NOT NULL\nSELECT aegis_guard.reseal('x')\n"
    "SET CONSTRAINTS ALL IMMEDIATE",
    "window, lost NOT NULL": "SELECT aegis_guard.open_change('x')\n"
    "ALTER TABLE {t} ALTER COLUMN price DROP NOT NULL\nSET CONSTRAINTS ALL IMMEDIATE",
    "window, request approved by oneself": "SELECT aegis_guard.open_change('x')\n"
    "SET LOCAL aegis.change_request = '1'\nSELECT aegis.request_change('x', '[{\"relation\":"
    ' "aegis.stock_prices", "aspect": "not null price", "was": "yes", "becomes": null}]\')\n'
    "CALL aegis.approve_change(1)",
    "moved guard": "ALTER FUNCTION aegis_guard.refuse_removal() SET SCHEMA attack\n"
    "CREATE OR REPLACE FUNCTION attack.refuse_removal() RETURNS trigger"
    " LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'\nTRUNCATE {t}",
    "baseline resealed": "SELECT aegis_guard.reseal('x')",
    "weaker past the guards, then resealed": "ALTER EVENT TRIGGER aegis_check_change DISABLE\n"
    "ALTER TABLE {t} ALTER COLUMN price DROP NOT NULL\n"
    "ALTER EVENT TRIGGER aegis_check_change ENABLE ALWAYS\nSELECT aegis_guard.reseal('x')",
    "loss past the guards, then resealed": "ALTER EVENT TRIGGER aegis_check_change DISABLE\n"
    "ALTER EVENT TRIGGER aegis_check_rewrite DISABLE\nALTER TABLE {t} DROP COLUMN price CASCADE\n"
    "ALTER EVENT TRIGGER aegis_check_change ENABLE ALWAYS\n"
    "ALTER EVENT TRIGGER aegis_check_rewrite ENABLE ALWAYS\nSELECT aegis_guard.reseal('x')",
    "baseline emptied": "TRUNCATE aegis_guard.baselines",
    "settings as authorisation": "SET LOCAL aegis.ticket = 'on'\n"
    "SET LOCAL aegis.allow_data_loss = 'on'\nDELETE FROM {t}",
    "shadows in pg_temp": "CREATE TEMP TABLE tickets AS SELECT 1 AS ticket_id\n"
    "CREATE FUNCTION pg_temp.count(anyelement) RETURNS bigint LANGUAGE sql AS 'SELECT 0::bigint'\n"
    "CREATE FUNCTION pg_temp.session_user() RETURNS text LANGUAGE sql AS $f$SELECT 'x'$f$\n"
    "SET LOCAL search_path = pg_temp, pg_catalog\nDELETE FROM {t}",
    "filled partition that is a lie": "CREATE TABLE aegis.lie (LIKE aegis.stock_prices"
    " INCLUDING ALL)\nSELECT aegis_guard.fill_partition('aegis.stock_prices', 'aegis.lie',"
    " '1999-01-01', '1999-02-01')",
    "doctored partition": "CREATE FUNCTION attack.f() RETURNS trigger LANGUAGE plpgsql"
    " AS 'BEGIN RETURN NULL; END'\n"
    "CREATE TABLE aegis.doctored (LIKE aegis.stock_prices INCLUDING ALL)\n"
    "CREATE TRIGGER a BEFORE INSERT ON aegis.doctored FOR EACH ROW EXECUTE FUNCTION attack.f()\n"
    "ALTER TABLE aegis.stock_prices ATTACH PARTITION aegis.doctored"
    " FOR VALUES FROM ('2030-01-01') TO ('2030-02-01')",
    "unlogged partition": "CREATE UNLOGGED TABLE aegis.passing PARTITION OF aegis.stock_prices"
    " FOR VALUES FROM ('2030-01-01') TO ('2030-02-01')",
    "moved rows": "UPDATE {t} SET trade_date = '2024-03-01'",
    "ON CONFLICT that overwrites": f"{UPSERT} SET price = 1",
    "cascade of a foreign key": "CREATE TABLE attack.parents AS SELECT DISTINCT stock_code"
    " FROM aegis.stock_prices\nALTER TABLE attack.parents ADD PRIMARY KEY (stock_code)\n"
    "ALTER TABLE {t} ADD CONSTRAINT f FOREIGN KEY (stock_code) REFERENCES attack.parents"
    " ON DELETE CASCADE\nDELETE FROM attack.parents",
    "routine of ingest replaced": "CREATE OR REPLACE FUNCTION aegis.is_trading_day(p_day date)"
    " RETURNS boolean LANGUAGE sql AS 'SELECT false'",
    "view replaced": "ALTER VIEW aegis.stock_prices_daily SET (security_invoker = true)",
    "default privileges": "ALTER DEFAULT PRIVILEGES FOR ROLE aegis_owner"
    " GRANT ALL ON TABLES TO matrix_application",
    "DELETE granted to all": "GRANT DELETE, TRUNCATE ON {t} TO PUBLIC",
    "event triggers disabled": "ALTER EVENT TRIGGER aegis_check_drop DISABLE\n"
    "ALTER EVENT TRIGGER aegis_check_change DISABLE\nALTER TABLE {t} DROP COLUMN price CASCADE",
    "event triggers dropped": "DROP EVENT TRIGGER aegis_check_drop\n"
    "DROP EVENT TRIGGER aegis_check_change\nDROP TABLE {t} CASCADE",
    "event_triggers = off": "SET LOCAL event_triggers = off\nDROP TABLE {t} CASCADE",
    "catalog edited": "SET LOCAL allow_system_table_mods = on\n"
    "UPDATE pg_trigger SET tgenabled = 'D' WHERE tgrelid = '{t}'::regclass\n"
    # Lets the session forget what it knew of the table.
    "UPDATE pg_class SET relhastriggers = TRUE WHERE oid = '{t}'::regclass\nTRUNCATE {t}",
    "catalog edited, guard body": "UPDATE pg_proc SET prosrc = 'BEGIN RETURN OLD; END'"
    " WHERE oid = 'aegis_guard.refuse_removal'::regproc\nTRUNCATE {t}",
}

OWNER_ROWS = """
INSERT INTO aegis.stocks (stock_code, source, source_rank, batch_number, last_updated)
SELECT lpad(g::text, 6, '0'), 'manual', 110, 1, now() FROM generate_series(1, 3) AS g;
INSERT INTO aegis.stock_prices
    (stock_code, trade_date, price, volume, source, source_rank, batch_number, last_updated)
SELECT lpad(g::text, 6, '0'), d, 70000, 1, 'manual', 110, 1, now()
  FROM generate_series(1, 3) AS g,
       unnest(ARRAY['2024-02-05', '2024-02-06', '1999-01-04']::date[]) AS d;
"""
BUCKETS = """
SELECT to_char(trade_date, 'YYYY-MM'), count(*), md5(string_agg(t::text, '|' ORDER BY t::text))
  FROM aegis.stock_prices AS t GROUP BY 1 ORDER BY 1
"""
# What may not be lost: each version, wherever it is kept.
VERSIONS = """
SELECT to_char(trade_date, 'YYYY-MM'),
       ROW(stock_code, trade_date, price, volume, source, batch_number, data_version)::text
  FROM aegis.stock_prices
 UNION
SELECT to_char(trade_date, 'YYYY-MM'),
       ROW(stock_code, trade_date, price, volume, source, batch_number, data_version)::text
  FROM aegis.stock_prices_history
"""
INSERT = """
INSERT INTO aegis.stock_prices
    (stock_code, trade_date, price, volume, source, source_rank, batch_number, last_updated)
VALUES ('000001', '2024-02-20', 7, 1, 'manual', 110, 1, now())
"""


@dataclass(frozen=True)
class Outcome:
    """What became of one attack: ``prevented``, ``harmless``, ``evident`` or ``SILENT``."""

    verdict: str
    detail: str


@pytest.fixture(scope="module")
def arena(new_database: Callable[..., str]) -> Iterator[psycopg.Connection]:
    """A superuser in a database with rows, a role of an application, and a place to attack from."""
    with psycopg.connect(new_database("matrix"), autocommit=True) as connection:
        connection.execute(
            "CREATE ROLE matrix_application; GRANT aegis_app, aegis_ingest TO matrix_application;"
            "CREATE SCHEMA attack; GRANT ALL ON SCHEMA attack TO PUBLIC;"
            "SELECT aegis.ensure_partitions('aegis.stock_prices', '2024-02-01', '2024-02-29')"
        )
        connection.execute(OWNER_ROWS)
        yield connection
        connection.execute("DROP OWNED BY matrix_application; DROP ROLE matrix_application")


def run(
    connection: psycopg.Connection,
    role: str,
    attack: str,
    before: set[tuple[object, ...]],
    known: set[tuple[object, ...]],
) -> Outcome:
    """Attack as ``role``, judge from outside, take everything back."""
    outcome = Outcome("prevented", "")
    try:
        with connection.transaction(force_rollback=True):
            connection.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(role)))
            for statement in attack.split("\n"):
                connection.execute(statement)
            connection.execute("RESET ROLE")
            outcome = judge(connection, before, known)
    except psycopg.Error as error:
        outcome = Outcome("prevented", error.sqlstate or str(error))
    return outcome


def judge(
    connection: psycopg.Connection, before: set[tuple[object, ...]], known: set[tuple[object, ...]]
) -> Outcome:
    """Tell what an attack has achieved, and who would notice."""
    for setting in ("session_replication_role", "event_triggers", "search_path"):
        attempt(connection, f"RESET {setting}")
    after = attempt(connection, VERSIONS)
    damage = []
    if lost := before - set(after or []):
        damage.append("rows of " + ", ".join(sorted({str(row[0]) for row in lost})))
    history = attempt(connection, "SELECT count(*) FROM aegis.stock_prices_history")
    if attempt(connection, INSERT + "RETURNING 1") is None:
        pass  # an insert that fails is loud
    elif attempt(
        connection, "SELECT 1 FROM aegis.stock_prices WHERE trade_date = '2024-02-20'"
    ) != [(1,)]:
        damage.append("inserts")
    updated = attempt(
        connection,
        "UPDATE aegis.stock_prices SET price = 8 WHERE trade_date = '2024-02-20' RETURNING 1",
    )
    if updated and history == attempt(
        connection, "SELECT count(*) FROM aegis.stock_prices_history"
    ):
        damage.append("history")
    for removal in ("DELETE FROM {}", "TRUNCATE {}"):
        for relation in (TABLE, PARTITION):
            if attempt(connection, removal.format(relation)) is not None:
                damage.append(removal.format(relation))
    rows = attempt(connection, "SELECT * FROM aegis.posture()")
    news = [] if rows is None else [row for row in rows if tuple(row[:4]) not in known]
    if rows is None:
        return Outcome("evident", "posture itself is gone: aegis-db verify")
    if not damage and not any(row[0] == "critical" for row in news):
        return Outcome("harmless", "")
    if news:
        return Outcome("evident", f"{news[0][1]}: {news[0][2]}")
    if damage[0].startswith("rows of"):
        return Outcome("evident", f"digest of {damage[0]}")
    return Outcome("SILENT", ", ".join(damage))


def attempt(connection: psycopg.Connection, statement: str) -> list[tuple[object, ...]] | None:
    """Return the rows of a statement, None when it is refused."""
    try:
        with connection.transaction():
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []
    except psycopg.Error:
        return None


def promised(major: int) -> dict[str, dict[str, str]]:
    """What the page says of each attack and attacker, on this version of PostgreSQL."""
    table = PAGE.read_text("utf-8").split("## Every attack")[1].split("\n## ")[0]
    rows = [line.strip("|").split("|") for line in table.splitlines() if line.startswith("|")]
    heads, _, *rows = [[cell.strip() for cell in row] for row in rows]
    assert heads == ["attack", *ATTACKERS]

    def outcome(cell: str) -> str:
        verdict, _, since = cell.partition(" from ")
        return verdict if not since or major >= int(since.removesuffix(" on")) else "prevented"

    return {row[0]: dict(zip(ATTACKERS, map(outcome, row[1:]), strict=True)) for row in rows}


def test_the_page_lists_every_attack() -> None:
    assert list(promised(18)) == list(ATTACKS)


@pytest.mark.parametrize("attacker", ATTACKERS)
def test_no_loss_is_silent(arena: psycopg.Connection, attacker: str) -> None:
    """And each ends as the page says: refused or without effect, or evident."""
    before = set(arena.execute(VERSIONS))
    known = {row[:4] for row in arena.execute("SELECT * FROM aegis.posture()")}
    outcomes = {
        (name, target): run(
            arena,
            ATTACKERS[attacker],
            attack.replace("{t}", target).replace("{p}", PARTITION),
            before,
            known,
        )
        for name, attack in ATTACKS.items()
        for target in ((TABLE, PARTITION) if "{t}" in attack else (TABLE,))
    }
    silent = {key: outcome for key, outcome in outcomes.items() if outcome.verdict == "SILENT"}
    assert silent == {}
    evident = {name for (name, _), each in outcomes.items() if each.verdict == "evident"}
    # Neither in a change window nor as the owner of the data is a loss even possible.
    possible = {name for name in ATTACKS if not name.startswith("window")}
    assert evident <= (possible if attacker == "superuser" else set())
    said = promised(arena.info.server_version // 10000)
    measured = {name: "evident" if name in evident else "prevented" for name in ATTACKS}
    assert {name: verdicts[attacker] for name, verdicts in said.items()} == measured
    assert set(arena.execute(VERSIONS)) == before


def test_killed_rows_show_in_the_digest_of_their_bucket(new_database: Callable[..., str]) -> None:
    """No catalog shows rows that pg_surgery took out of the file; no rollback brings them back."""
    with psycopg.connect(new_database("killed"), autocommit=True) as connection:
        if not connection.execute(
            "SELECT 1 FROM pg_available_extensions WHERE name = 'pg_surgery'"
        ).fetchone():
            pytest.skip("this server lacks pg_surgery")
        connection.execute(
            "SELECT aegis.ensure_partitions('aegis.stock_prices', '2024-02-01', '2024-02-29')"
        )
        connection.execute(OWNER_ROWS)
        before = {row[0]: row[1:] for row in connection.execute(BUCKETS)}
        connection.execute("CREATE EXTENSION pg_surgery")
        # Looked up before: the function wants the page to itself.
        place = connection.execute(f"SELECT ctid::text FROM {PARTITION} LIMIT 1").fetchone()
        connection.execute(f"SELECT heap_force_kill('{PARTITION}', %s::tid[])", ([*place],))
        after = {row[0]: row[1:] for row in connection.execute(BUCKETS)}
        assert [name for name in before if after.get(name) != before[name]] == ["2024-02"]
