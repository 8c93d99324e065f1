"""No route takes a row out of a protected table, whoever tries: every table, every partition."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
import pytest
from psycopg import sql

DELETES = {
    "delete": "DELETE FROM {relation}",
    "delete nothing": "DELETE FROM {relation} WHERE false",
    "delete only": "DELETE FROM ONLY {relation}",
    "delete using": "DELETE FROM {relation} AS r USING (SELECT 1) AS one",
    "with": "WITH gone AS (DELETE FROM {relation} RETURNING 1) SELECT count(*) FROM gone",
    "merge": "MERGE INTO {relation} AS r USING (SELECT 1) AS one ON true WHEN MATCHED THEN DELETE",
    "copy": "COPY (DELETE FROM {relation} RETURNING 1) TO STDOUT",
    "do": "DO $do$ BEGIN EXECUTE $sql$DELETE FROM {relation}$sql$; END $do$",
    "view": "CREATE VIEW attack.route AS TABLE {relation}; DELETE FROM attack.route",
    "rule": """CREATE TABLE attack.bait (i integer);
               CREATE RULE bite AS ON INSERT TO attack.bait DO ALSO DELETE FROM {relation};
               INSERT INTO attack.bait VALUES (1)""",
    "trigger": """CREATE TABLE attack.bait (i integer);
                  CREATE FUNCTION attack.bite() RETURNS trigger LANGUAGE plpgsql
                  AS $bite$ BEGIN DELETE FROM {relation}; RETURN NULL; END $bite$;
                  CREATE TRIGGER bite AFTER INSERT ON attack.bait EXECUTE FUNCTION attack.bite();
                  INSERT INTO attack.bait VALUES (1)""",
}
TRUNCATES = {
    "truncate": "TRUNCATE {relation}",
    "truncate cascade": "TRUNCATE {relation} CASCADE",
    "truncate two": "CREATE TABLE attack.bait (i integer); TRUNCATE attack.bait, {relation}",
}
# What only the owner can do beforehand; both are undone by the event trigger within the statement.
OWNER_PRELUDES = {
    "all disabled": "ALTER TABLE {relation} DISABLE TRIGGER USER",
    "two disabled": "ALTER TABLE {relation}"
    " DISABLE TRIGGER aegis_no_delete, DISABLE TRIGGER aegis_no_truncate",
}
# Every relation has the same guards, as protection_status says; what needs DDL is tried on these.
SAMPLE = re.compile(r"aegis\.(stock_prices|stocks|user_activity_logs)(_default|_p2024_02)?")
WITHOUT_DDL = ("delete", "delete nothing", "with", "merge", "copy", "truncate", "truncate cascade")
REPLICA = {"as replica": "SET LOCAL session_replication_role = replica"}

ROWS = """
    INSERT INTO aegis.stocks (stock_code, source, source_rank, batch_number, last_updated)
    VALUES ('005930', 'manual', 110, 1, now());
    INSERT INTO aegis.stock_prices
        (stock_code, trade_date, price, volume, source, source_rank, batch_number, last_updated)
    SELECT '005930', d, 70000, 1, 'manual', 110, 1, now()
      FROM unnest(ARRAY[current_date, '1999-01-04'::date, '2024-02-29']) AS d;
    INSERT INTO aegis.daily_market_data (
        stock_code, trade_date, price_basis, open_price, high_price, low_price, close_price, volume,
        source, source_rank, batch_number, last_updated
    )
    SELECT '005930', d, 'raw', 1, 1, 1, 1, 1, 'manual', 110, 1, now()
      FROM unnest(ARRAY[current_date, '1999-01-04'::date, '2024-02-29']) AS d;
    INSERT INTO aegis.stock_transactions (
        stock_code, trade_date, transaction_id, account_id, side, quantity, price, executed_at,
        source, source_rank, batch_number, last_updated
    )
    SELECT '005930', d, 't', 'a', 'buy', 1, 1, d + time '12:00' AT TIME ZONE 'Asia/Seoul',
           'broker', 100, 1, now()
      FROM unnest(ARRAY[current_date, '1999-01-04'::date, '2024-02-29']) AS d;
    INSERT INTO aegis.user_activity_logs (occurred_at, activity)
    SELECT d, 'x' FROM unnest(ARRAY[now(), '1999-01-04+09', '2024-02-29+09']) AS d;
    INSERT INTO aegis.api_request_logs (occurred_at, method, path)
    SELECT d, 'GET', '/' FROM unnest(ARRAY[now(), '1999-01-04+09', '2024-02-29+09']) AS d;
    UPDATE aegis.stock_prices SET price = price + 1;
    UPDATE aegis.daily_market_data SET volume = volume + 1;
"""


@dataclass(frozen=True)
class Attacker:
    """Who attacks, with which first steps, and how PostgreSQL must answer."""

    name: str
    role: str
    preludes: dict[str, str]
    delete_answer: str = "AEP01"
    truncate_answer: str = "AEP02"


ATTACKERS = (
    Attacker("application", "attack_application", {}, "42501", "42501"),
    Attacker("application that was granted everything", "attack_grantee", {}),
    Attacker("owner", "aegis_owner", OWNER_PRELUDES),
    Attacker("superuser", "postgres", OWNER_PRELUDES | REPLICA),
)


@pytest.fixture
def admin(database: str) -> Iterator[psycopg.Connection]:
    """A superuser's connection to a database with rows, new partitions and the attackers' roles."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA attack; GRANT ALL ON SCHEMA attack TO PUBLIC")
        for role in ("attack_application", "attack_grantee"):
            connection.execute(
                f"DROP ROLE IF EXISTS {role}; CREATE ROLE {role}; GRANT aegis_app TO {role}"
            )
        connection.execute("GRANT USAGE ON SCHEMA aegis_guard TO attack_grantee")
        connection.execute("SET ROLE aegis_owner")
        for table in (
            "stock_prices",
            "daily_market_data",
            "stock_transactions",
            "user_activity_logs",
            "api_request_logs",
        ):
            connection.execute(
                f"CREATE TABLE aegis.{table}_p2024_02 PARTITION OF aegis.{table}"
                " FOR VALUES FROM ('2024-02-01 00:00+09') TO ('2024-03-01 00:00+09')"
                if table.endswith("logs")
                else f"CREATE TABLE aegis.{table}_p2024_02 PARTITION OF aegis.{table}"
                " FOR VALUES FROM ('2024-02-01') TO ('2024-03-01')"
            )
        connection.execute("RESET ROLE")
        connection.execute(ROWS)
        tables = connection.execute(
            "SELECT string_agg(c.oid::regclass::text, ', ') FROM pg_class AS c"
            " WHERE c.relnamespace = 'aegis'::regnamespace AND c.relkind IN ('r', 'p')"
            " AND c.relowner = 'aegis_owner'::regrole"
        ).fetchone()
        assert tables is not None
        connection.execute(f"GRANT ALL ON {tables[0]} TO attack_grantee")
        yield connection
        connection.execute("DROP OWNED BY attack_application, attack_grantee")
        connection.execute("DROP ROLE attack_application, attack_grantee")


def roots(connection: psycopg.Connection) -> list[str]:
    """Every protected table."""
    return [
        r[0] for r in connection.execute("SELECT relation FROM aegis.protection_status ORDER BY 1")
    ]


def relations(connection: psycopg.Connection) -> list[str]:
    """Every protected table with its first, its newest and its default partition."""
    return [
        row[0]
        for row in connection.execute(
            """
            SELECT DISTINCT r.relation::text
              FROM aegis.protection_status AS s
             CROSS JOIN LATERAL (
                SELECT s.relation::regclass
                UNION
                SELECT unnest(ARRAY[min(t.relid::text), max(t.relid::text)])::regclass
                  FROM pg_partition_tree(s.relation::regclass) AS t
                 WHERE t.isleaf AND t.parentrelid IS NOT NULL
                UNION
                SELECT t.relid
                  FROM pg_partition_tree(s.relation::regclass) AS t
                  JOIN pg_class AS c ON c.oid = t.relid
                 WHERE c.relname ~ '_(default|p2024_02)$'
             ) AS r (relation)
             WHERE r.relation IS NOT NULL
             ORDER BY 1
            """
        )
    ]


def contents(connection: psycopg.Connection) -> dict[str, tuple[int, str]]:
    """Rows and digest of each protected table."""
    found = {}
    for root in roots(connection):
        row = connection.execute(
            "SELECT count(*), md5(coalesce(string_agg(t::text, chr(10) ORDER BY t::text), ''))"
            f" FROM {root} AS t"
        ).fetchone()
        assert row is not None
        found[root] = (row[0], row[1])
    return found


@pytest.mark.parametrize("attacker", ATTACKERS, ids=lambda attacker: attacker.name)
def test_no_route_removes_a_row(admin: psycopg.Connection, attacker: Attacker) -> None:
    before = contents(admin)
    assert sum(count for count, _ in before.values()) > 20
    targets = relations(admin)
    assert len(targets) > 30

    referenced = {
        row[0]
        for row in admin.execute(
            "SELECT c.confrelid::regclass::text FROM pg_constraint AS c WHERE c.contype = 'f'"
        )
    }
    of_the_guards = {
        row[0]
        for row in admin.execute(
            "SELECT c.oid::regclass::text FROM pg_class AS c"
            " WHERE c.relowner = 'aegis_guard'::regrole"
        )
    }
    # PostgreSQL refuses to truncate what a foreign key refers to, and to follow the key into a
    # table of the guards.
    referred = ("0A000", "42501")
    preludes = {"": "", **attacker.preludes}
    surprises = []
    for relation in targets:
        is_sample = SAMPLE.fullmatch(relation) is not None
        for prelude_name, prelude in preludes.items():
            if prelude.startswith("ALTER") and not is_sample:
                continue
            for routes, expected in (
                (DELETES, attacker.delete_answer),
                (TRUNCATES, attacker.truncate_answer),
            ):
                for route, statement in routes.items():
                    if route not in WITHOUT_DDL and not is_sample:
                        continue
                    if prelude and route not in ("delete", "delete nothing", "with", "truncate"):
                        continue
                    steps = [
                        step.replace("{relation}", relation)
                        for step in (prelude, statement)
                        if step
                    ]
                    answer = expected
                    outcome = attempt(admin, attacker.role, steps)
                    if routes is TRUNCATES and relation in referenced and outcome in referred:
                        continue
                    if relation in of_the_guards and attacker.role != "postgres":
                        answer = "42501"  # PostgreSQL itself refuses what belongs to aegis_guard
                    if outcome != answer:
                        surprises.append((relation, prelude_name, route, outcome))

    assert surprises == []
    assert contents(admin) == before


def attempt(connection: psycopg.Connection, role: str, steps: list[str]) -> str:
    """Run the steps as ``role`` in a transaction, take it back, return the SQLSTATE or ``done``."""
    try:
        with connection.transaction(force_rollback=True):
            connection.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(role)))
            for step in steps:
                if step.startswith("COPY"):
                    with connection.cursor().copy(step) as copy:
                        list(copy)
                else:
                    connection.execute(step)
    except psycopg.Error as error:
        return error.sqlstate or "unknown"
    return "done"


def test_foreign_keys_cascade_into_a_refusal(admin: psycopg.Connection) -> None:
    admin.execute('CREATE TABLE attack.parents (stock_code text COLLATE "C" PRIMARY KEY)')
    admin.execute("INSERT INTO attack.parents VALUES ('005930')")
    before = contents(admin)
    for action in ("ON DELETE CASCADE", "ON DELETE SET NULL"):
        for table in ("stocks", "stock_prices"):
            steps = [
                f"ALTER TABLE aegis.{table} ADD CONSTRAINT attack_fk FOREIGN KEY (stock_code)"
                f" REFERENCES attack.parents {action}",
                "DELETE FROM attack.parents",
            ]
            # That a key is never null PostgreSQL says before any guard.
            assert attempt(admin, "postgres", steps) == (
                "AEP01" if "CASCADE" in action else "23502"
            )
            assert (
                attempt(admin, "postgres", [steps[0], "TRUNCATE attack.parents CASCADE"]) == "AEP02"
            )
    assert contents(admin) == before


def test_an_attempt_leaves_evidence_although_it_is_rolled_back(admin: psycopg.Connection) -> None:
    admin.execute("CREATE EXTENSION pg_walinspect")
    (start,) = admin.execute("SELECT pg_current_wal_insert_lsn()").fetchone() or ("",)
    with pytest.raises(psycopg.DatabaseError) as refused:
        admin.execute("DELETE FROM aegis.stock_prices /* by a curious reader */")
    assert refused.value.sqlstate == "AEP01"
    assert refused.value.diag.schema_name == "aegis"
    assert refused.value.diag.table_name == "stock_prices"
    assert "market data of record" in (refused.value.diag.message_detail or "")
    assert refused.value.diag.message_hint

    admin.execute("SELECT pg_switch_wal()")  # what was written is now complete
    messages = [
        row[0]
        for row in admin.execute(
            "SELECT w.description FROM pg_get_wal_records_info(%s, pg_current_wal_flush_lsn()) AS w"
            " WHERE w.resource_manager = 'LogicalMessage'",
            (start,),
        )
    ]
    payload = bytes.fromhex("".join(messages[0].split("payload")[1].split(":", 1)[1].split()))
    attempt = json.loads(payload)
    assert attempt["sqlstate"] == "AEP01"
    assert attempt["relation"] == "aegis.stock_prices"
    assert attempt["session_user"] == "postgres"
    assert "by a curious reader" in attempt["query"]


def test_two_sessions_may_protect_one_table_at_once(
    admin: psycopg.Connection, database: str
) -> None:
    for number in range(5):
        table = f"attack.orders_{number}"
        admin.execute(
            f"CREATE TABLE {table} (day date) PARTITION BY RANGE (day);"
            f"CREATE TABLE {table}_default PARTITION OF {table} DEFAULT"
        )
        outcomes = together(database, [f"CALL aegis.protect_table('{table}')"] * 2)
        assert outcomes == ["done", "done"]
        row = admin.execute(
            "SELECT is_protected FROM aegis.protection_status WHERE relation = %s", (table,)
        ).fetchone()
        assert row == (True,)


def together(dsn: str, statements: list[str]) -> list[str]:
    """Run each statement in a session of its own, all at once; SQLSTATEs or ``done``."""
    barrier = threading.Barrier(len(statements))
    outcomes: list[str] = []

    def run(statement: str) -> None:
        with psycopg.connect(dsn, autocommit=True) as connection:
            barrier.wait()
            try:
                connection.execute(statement)
                outcomes.append("done")
            except psycopg.Error as error:
                outcomes.append(error.sqlstate or "unknown")

    threads = [threading.Thread(target=run, args=(statement,)) for statement in statements]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(outcomes)


def test_a_ticket_of_one_session_opens_nothing_for_another(
    admin: psycopg.Connection, database: str
) -> None:
    with psycopg.connect(database) as holder:
        holder.execute(
            "SELECT aegis_guard._issue_ticket('aegis.stock_prices', 'DELETE', 3, 'test')"
        )
        assert attempt(admin, "postgres", ["DELETE FROM aegis.stock_prices"]) == "AEP01"
        holder.commit()
        with pytest.raises(psycopg.DatabaseError, match="refused"):
            holder.execute("DELETE FROM aegis.stock_prices")


def test_history_and_guards_cost_little(admin: psycopg.Connection) -> None:
    """An order of magnitude, so that a quadratic guard is noticed; ratios are for the benchmark."""
    admin.execute(
        "INSERT INTO aegis.stock_prices"
        " (stock_code, trade_date, price, volume, source, source_rank, batch_number, last_updated)"
        " SELECT lpad(g::text, 6, '0'), '2024-02-05', 1, 1, 'manual', 110, 1, now()"
        " FROM generate_series(1, 5000) AS g"
    )
    with admin.transaction(force_rollback=True):
        admin.execute(
            "SELECT aegis_guard._issue_ticket('aegis.stock_prices', 'DELETE', 5000, 'test')"
        )
        admin.execute("SET LOCAL statement_timeout = '5s'")
        assert (
            admin.execute("DELETE FROM aegis.stock_prices WHERE trade_date = '2024-02-05'").rowcount
            == 5000
        )
    admin.execute("SET statement_timeout = '2s'")
    admin.execute("UPDATE aegis.stock_prices SET price = 2 WHERE trade_date = '2024-02-05'")
    row = admin.execute(
        "SELECT count(*) FROM aegis.stock_prices_history WHERE trade_date = '2024-02-05'"
    ).fetchone()
    assert row == (5000,)


def test_without_event_trigger_the_status_says_so(admin: psycopg.Connection) -> None:
    """What a role without superuser gets: guards on all there is, and on what AEGIS itself adds."""
    admin.execute("DROP EVENT TRIGGER aegis_arm_partitions")
    admin.execute(
        "CREATE TABLE aegis.stock_prices_p1990_01 PARTITION OF aegis.stock_prices"
        " FOR VALUES FROM ('1990-01-01') TO ('1990-02-01')"
    )
    missing = (
        "SELECT has_event_trigger, is_protected, cardinality(missing)"
        " FROM aegis.protection_status WHERE relation = 'aegis.stock_prices'"
    )
    assert admin.execute(missing).fetchone() == (
        False,
        False,
        7,
    )  # all but the row triggers, which are cloned
    assert (
        attempt(admin, "postgres", ["DELETE FROM aegis.stock_prices_p1990_01 WHERE false"])
        == "done"
    )
    admin.execute("CALL aegis.protect_table('aegis.stock_prices')")
    assert admin.execute(missing).fetchone() == (False, True, 0)
    assert (
        attempt(admin, "postgres", ["DELETE FROM aegis.stock_prices_p1990_01 WHERE false"])
        == "AEP01"
    )


def test_writers_go_on_while_a_partition_is_armed(admin: psycopg.Connection, database: str) -> None:
    """Adding a guarded partition beside sessions that write another one deadlocks nobody."""
    write = "UPDATE aegis.stock_prices SET price = price + 1 WHERE trade_date = '2024-02-29'"
    for number in range(1, 4):
        outcomes = together(
            database,
            [
                f"CREATE TABLE aegis.stock_prices_p1990_0{number} PARTITION OF aegis.stock_prices"
                f" FOR VALUES FROM ('1990-0{number}-01') TO ('1990-0{number + 1}-01')",
                write,
                write,
            ],
        )
        assert outcomes == ["done"] * 3
