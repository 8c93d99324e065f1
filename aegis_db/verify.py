"""The database against the package: where it is, and where it differs.

A live routine or view is compared with its file by the server itself: the CREATE statement of the
file runs once more under ``pg_temp``, in a transaction that is rolled back, and both descriptions
(``pg_get_functiondef``, ``pg_get_viewdef``) have to agree. That takes no lock on anything live and
no right but TEMPORARY and those of aegis_auditor. Tables, triggers and constraints are the business
of the guards; to compare every object, ``differences`` takes a second database, freshly upgraded.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow, dict_row, scalar_row

from aegis_db.errors import AegisError
from aegis_db.manifest import Tree

Connection = psycopg.Connection[TupleRow]

SCHEMAS = ["aegis", "aegis_guard", "aegis_archive"]
CHECKS = ("package", "revision", "deployments", "objects", "guards", "owners", "privileges")
EVENT_TRIGGERS = (
    "aegis_arm_partitions",
    "aegis_check_change",
    "aegis_check_command",
    "aegis_check_drop",
    "aegis_check_rewrite",
)
CREATE = re.compile(
    r"^CREATE OR REPLACE (?:FUNCTION|PROCEDURE|VIEW)\s+(?P<schema>\w+)\.(?P<name>\w+)"
    r"(?P<rest>.*?;)\s*(?=^(?:ALTER|COMMENT|CREATE|DO|GRANT|REVOKE)\b|\Z)",
    re.MULTILINE | re.DOTALL,
)
# A view made of a text that others share. Its file asks the live function for that text; the
# comparison asks that of the function's file.
GENERATED = re.compile(
    r"^DO \$do\$\s+BEGIN\s+EXECUTE 'CREATE OR REPLACE VIEW (?P<schema>\w+)\.(?P<name>\w+) AS '"
    r" \|\| .*?^\$do\$;",
    re.MULTILINE | re.DOTALL,
)
TEMPORARY = re.compile(r"\bpg_temp(_\d+)?\.")
SNAPSHOT = (Path(__file__).parent / "snapshot.sql").read_text("utf-8")


@dataclass(frozen=True)
class Drift:
    """One difference; ``check`` is one of CHECKS, or ``snapshot``."""

    check: str
    object: str
    expected: str
    found: str

    def __str__(self) -> str:
        """Return the difference as one line."""
        return f"{self.check}: {self.object}: expected {self.expected}, found {self.found}"


def verify(connection: Connection, tree: Tree | None = None) -> list[Drift]:
    """Return how the database differs from ``tree``, by default this package.

    Needs the rights of aegis_auditor and TEMPORARY on the database. Raises AegisError (AEK34 when
    AEGIS is not installed there, 42501 without these rights) and psycopg.Error.
    """
    try:
        return list(_drifts(connection, tree or Tree()))
    except psycopg.errors.InsufficientPrivilege as error:
        raise AegisError(
            "42501",
            error.diag.message_primary or str(error),
            hint="Verify as a member of aegis_auditor who may make temporary objects in this "
            "database, or as a superuser.",
        ) from error
    finally:
        connection.rollback()


def differences(connection: Connection, clean: Connection) -> list[Drift]:
    """Return how the objects of a database differ from those of a ``clean`` one at its revision.

    Partitions are left out, since each database has its own. Both servers should be of one major
    version: descriptions of the same object differ between versions.
    """
    found, expected = snapshot(connection), snapshot(clean)
    return [
        Drift(
            "snapshot", name, *_excerpts(expected.get(name, "nothing"), found.get(name, "nothing"))
        )
        for name in sorted(expected.keys() | found.keys())
        if expected.get(name) != found.get(name)
    ]


def snapshot(connection: Connection) -> dict[str, str]:
    """Return every object of the AEGIS schemas with its description, owner, rights and comment."""
    connection.execute("SET LOCAL search_path = pg_catalog, pg_temp")
    rows = connection.execute(SNAPSHOT, {"schemas": SCHEMAS}).fetchall()
    connection.rollback()
    return dict(rows)


def current_revision(connection: Connection) -> str | None:
    """Return the revision of the database; None when AEGIS is not there."""
    if not _exists(connection, "aegis.alembic_version"):
        return None
    with connection.cursor(row_factory=scalar_row) as cursor:
        revision = cursor.execute("SELECT version_num FROM aegis.alembic_version").fetchone()
        return None if revision is None else str(revision)


def status(connection: Connection, tree: Tree | None = None) -> dict[str, Any]:
    """Return where the database is: revision, head, pending revisions, deployment, layers.

    ``deployed_at`` is a datetime or None; ``layers`` has for each layer of protection whether it is
    ``active`` and a ``detail`` in words.
    """
    known = (tree or Tree()).revisions()
    revision = current_revision(connection)
    deployed = None
    if _exists(connection, "aegis.deployments"):
        with connection.cursor(row_factory=dict_row) as cursor:
            deployed = cursor.execute(
                "SELECT deployed_at, deployed_by FROM aegis.deployments"
                " ORDER BY deployment_id DESC LIMIT 1"
            ).fetchone()
    return {
        "database": connection.info.dbname,
        "server_version": connection.info.parameter_status("server_version"),
        "revision": revision,
        "head": known[-1] if known else None,
        "pending": [each for each in known if revision is None or each > revision],
        "deployed_at": deployed and deployed["deployed_at"],
        "deployed_by": deployed and deployed["deployed_by"],
        "layers": dict(_layers(connection)),
    }


def posture(connection: Connection) -> list[dict[str, str]]:
    """Return the defects that ``aegis.posture()`` finds, the worst first.

    Needs the rights of aegis_auditor or aegis_operator. Raises AegisError (AEK34 when AEGIS is not
    installed there) and psycopg.Error.
    """
    if current_revision(connection) is None:
        raise AegisError(
            "AEK34",
            f"AEGIS is not installed in database {connection.info.dbname}",
            hint="Install it: aegis-db upgrade",
        )
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(
            "SELECT p.severity, p.layer, p.object, p.fault, p.remedy FROM aegis.posture() AS p"
            " ORDER BY array_position(ARRAY['critical', 'warning', 'notice'], p.severity),"
            " p.layer, p.object, p.fault"
        ).fetchall()


def junit(drifts: Sequence[Drift]) -> str:
    """Return the outcome as JUnit XML: one test case per check, one failure per difference."""
    count = Counter(drift.check for drift in drifts)
    names = [*CHECKS, *(check for check in count if check not in CHECKS)]
    suite = ET.Element(
        "testsuite", name="aegis-db verify", tests=str(len(names)), failures=str(len(count))
    )
    for name in names:
        case = ET.SubElement(suite, "testcase", classname="aegis-db.verify", name=name)
        if count[name]:
            failure = ET.SubElement(case, "failure", message=f"{count[name]} differences")
            failure.text = "\n".join(str(drift) for drift in drifts if drift.check == name)
    return ET.tostring(suite, encoding="unicode", xml_declaration=True)


def as_rows(drifts: Sequence[Drift]) -> list[dict[str, str]]:
    """Return the differences as dictionaries, for JSON."""
    return [asdict(drift) for drift in drifts]


def _drifts(connection: Connection, tree: Tree) -> Iterator[Drift]:
    revision, head = current_revision(connection), tree.revisions()[-1]
    if revision is None:
        raise AegisError(
            "AEK34",
            f"AEGIS is not installed in database {connection.info.dbname}",
            hint="Install it: aegis-db upgrade",
        )
    yield from _package(tree)
    if revision != head:
        yield Drift("revision", "aegis.alembic_version", head, revision)
    if revision in tree.revisions():
        yield from _deployments(connection, tree, revision)
        yield from _objects(connection, tree, revision)
        yield from _indexes(connection)
        yield from _guards(connection)
        yield from _owners(connection)
        yield from _privileges(connection)


def _package(tree: Tree) -> Iterator[Drift]:
    for fault in tree.faults():
        yield Drift(
            "package", fault.message.split()[0], "the content that is pinned", fault.message
        )


def _deployments(connection: Connection, tree: Tree, revision: str) -> Iterator[Drift]:
    """Compare what the log says was applied, and not taken back since, with the manifests."""
    expected = {
        (each, pin.path): pin.sha256
        for each in tree.revisions()
        if each <= revision
        for pin in tree.applied(each)
    }
    rows = connection.execute(
        """
        SELECT d.revision, d.path, d.sha256
          FROM aegis.deployments AS d
         WHERE d.direction = 'up'
           AND NOT EXISTS (
               SELECT FROM aegis.deployments AS l
                WHERE l.revision = d.revision
                  AND l.direction = 'down'
                  AND l.deployment_id > d.deployment_id)
         ORDER BY d.deployment_id
        """
    )
    found = {(each, path): sha256 for each, path, sha256 in rows}
    for key in sorted(expected.keys() | found.keys()):
        if expected.get(key) != found.get(key):
            yield Drift(
                "deployments",
                f"{key[1]} of {key[0]}",
                expected.get(key, "nothing"),
                found.get(key, "nothing"),
            )


def _objects(connection: Connection, tree: Tree, revision: str) -> Iterator[Drift]:
    """Compare routines and views with what their files make of them."""
    later = [each for each in tree.revisions() if each > revision]
    pins = tree.latest(before=later[0] if later else None).values()
    statements = [
        match
        for owner, pin in pins
        for pattern in (CREATE, GENERATED)
        for match in pattern.finditer(tree.read(owner, pin))
    ]
    connection.execute("SET LOCAL search_path = pg_catalog, pg_temp")
    connection.execute("SET LOCAL check_function_bodies = off")
    connection.execute("SET LOCAL client_min_messages = warning")
    for schema in SCHEMAS:
        with connection.transaction(force_rollback=True):
            for match in statements:
                if match["schema"] == schema:
                    text = match[0].replace(
                        f"{schema}.{match['name']}", f"pg_temp.{match['name']}", 1
                    )
                    if match.re is GENERATED:
                        text = text.replace(f"|| {schema}.", "|| pg_temp.")
                    _execute(connection, text)
            expected = {
                name: TEMPORARY.sub(f"{schema}.", description, count=1)
                for name, description in _described(connection, "pg_temp", schema).items()
            }
        found = _described(connection, schema, schema)
        for name in sorted(expected.keys() | found.keys()):
            if name not in found:
                yield Drift("objects", name, "the object of its file", "nothing")
            elif name not in expected:
                yield Drift("objects", name, "nothing", "an object of no file")
            elif expected[name] != found[name]:
                yield Drift("objects", name, *_excerpts(expected[name], found[name]))


def _execute(connection: Connection, text: str) -> None:
    """Run ``text`` verbatim."""
    connection.execute(text.encode())


def _described(connection: Connection, schema: str, name: str) -> dict[str, str]:
    """Return the server's own description of the routines and views of a schema."""
    rows = connection.execute(
        """
        SELECT format('%%s.%%s(%%s)', %(name)s::text, p.proname,
                      pg_get_function_identity_arguments(p.oid)),
               pg_get_functiondef(p.oid)
          FROM pg_proc AS p
         WHERE p.pronamespace = CASE %(schema)s WHEN 'pg_temp' THEN pg_my_temp_schema()
                                 ELSE to_regnamespace(%(schema)s)::oid END
           AND p.prokind IN ('f', 'p', 'w')
         UNION ALL
        SELECT format('%%s.%%s', %(name)s::text, c.relname),
               concat_ws(' ', c.reloptions::text,
                         (SELECT string_agg(a.attname, ', ' ORDER BY a.attnum)
                            FROM pg_attribute AS a
                           WHERE a.attrelid = c.oid AND a.attnum > 0),
                         pg_get_viewdef(c.oid))
          FROM pg_class AS c
         WHERE c.relnamespace = CASE %(schema)s WHEN 'pg_temp' THEN pg_my_temp_schema()
                                 ELSE to_regnamespace(%(schema)s)::oid END
           AND c.relkind = 'v'
        """,
        {"schema": schema, "name": name},
    )
    return dict(rows.fetchall())


def _indexes(connection: Connection) -> Iterator[Drift]:
    """Look for indexes that a killed CREATE INDEX CONCURRENTLY has left behind."""
    for (name,) in connection.execute(
        """
        SELECT i.indexrelid::regclass::text
          FROM pg_index AS i
          JOIN pg_class AS c ON c.oid = i.indrelid
          JOIN pg_namespace AS n ON n.oid = c.relnamespace
         WHERE n.nspname = ANY (%(schemas)s)
           AND NOT (i.indisvalid AND i.indisready)
         ORDER BY 1
        """,
        {"schemas": SCHEMAS},
    ):
        yield Drift("objects", name, "a valid index", "an invalid one")


def _excerpts(expected: str, found: str) -> tuple[str, str]:
    """Return both texts on one line each, cut to where they begin to differ."""
    texts = [" ".join(text.split()) for text in (expected, found)]
    common = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(*texts, strict=False)))
    start = max(common - 20, 0)
    left, right = (
        ("..." if start else "") + text[start : start + 80] + ("..." if text[start + 80 :] else "")
        for text in texts
    )
    return left, right


def _guards(connection: Connection) -> Iterator[Drift]:
    """Look for guards that are missing or not in force, event triggers among them.

    Where no superuser installed AEGIS, it has no event triggers to miss.
    """
    if not _exists(connection, "aegis.protection_status"):
        return
    for relation, missing in connection.execute(
        "SELECT s.relation, array_to_string(s.missing, ', ') FROM aegis.protection_status AS s"
        " WHERE NOT s.is_protected ORDER BY s.relation"
    ):
        yield Drift("guards", relation, "all guards in force", f"missing: {missing}")
    for name, state in connection.execute(
        """
        SELECT n.name, coalesce(e.evtenabled::text, 'nothing')
          FROM (SELECT d.deployed_by
                  FROM aegis.deployments AS d
                 WHERE d.path = 'sql/preservation/triggers/event_triggers.sql'
                   AND d.direction = 'up'
                 ORDER BY d.deployment_id DESC
                 LIMIT 1) AS d
          JOIN pg_roles AS r ON r.rolname = d.deployed_by AND r.rolsuper
         CROSS JOIN unnest(%(names)s::text[]) AS n (name)
          LEFT JOIN pg_event_trigger AS e ON e.evtname = n.name
         WHERE e.evtenabled IS DISTINCT FROM 'A'
         ORDER BY n.name
        """,
        {"names": list(EVENT_TRIGGERS)},
    ):
        yield Drift("guards", f"event trigger {name}", "A (always)", state)


def _owners(connection: Connection) -> Iterator[Drift]:
    for name, owner in connection.execute(
        """
        SELECT o.name, pg_get_userbyid(o.owner)
          FROM (SELECT 'schema ' || n.nspname, n.nspowner
                  FROM pg_namespace AS n
                 WHERE n.nspname = ANY (%(schemas)s)
                 UNION ALL
                SELECT c.oid::regclass::text, c.relowner
                  FROM pg_class AS c
                  JOIN pg_namespace AS n ON n.oid = c.relnamespace
                 WHERE n.nspname = ANY (%(schemas)s) AND c.relkind NOT IN ('i', 'I', 'S')
                 UNION ALL
                SELECT p.oid::regprocedure::text, p.proowner
                  FROM pg_proc AS p
                  JOIN pg_namespace AS n ON n.oid = p.pronamespace
                 WHERE n.nspname = ANY (%(schemas)s)
                 UNION ALL
                SELECT 'type ' || t.oid::regtype::text, t.typowner
                  FROM pg_type AS t
                  JOIN pg_namespace AS n ON n.oid = t.typnamespace
                 WHERE n.nspname = ANY (%(schemas)s) AND t.typrelid = 0 AND t.typelem = 0
               ) AS o (name, owner)
         WHERE pg_get_userbyid(o.owner) NOT IN ('aegis_owner', 'aegis_guard')
         ORDER BY o.name
        """,
        {"schemas": SCHEMAS},
    ):
        yield Drift("owners", name, "owner aegis_owner or aegis_guard", f"owner {owner}")


def _privileges(connection: Connection) -> Iterator[Drift]:
    """Nothing is granted to PUBLIC, and no right but SELECT on a table to roles of others."""
    for name, grantee, privilege in connection.execute(
        """
        SELECT o.name,
               CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(a.grantee)::text END,
               a.privilege_type
          FROM (SELECT 'schema ' || n.nspname, n.nspowner, n.nspacl, TRUE
                  FROM pg_namespace AS n
                 WHERE n.nspname = ANY (%(schemas)s)
                 UNION ALL
                SELECT c.oid::regclass::text, c.relowner, c.relacl, FALSE
                  FROM pg_class AS c
                  JOIN pg_namespace AS n ON n.oid = c.relnamespace
                 WHERE n.nspname = ANY (%(schemas)s)
                 UNION ALL
                SELECT format('%%s.%%I', c.oid::regclass, t.attname), c.relowner,
                       t.attacl, FALSE
                  FROM pg_attribute AS t
                  JOIN pg_class AS c ON c.oid = t.attrelid
                  JOIN pg_namespace AS n ON n.oid = c.relnamespace
                 WHERE n.nspname = ANY (%(schemas)s)
                 UNION ALL
                SELECT p.oid::regprocedure::text, p.proowner,
                       coalesce(p.proacl, acldefault('f', p.proowner)), TRUE
                  FROM pg_proc AS p
                  JOIN pg_namespace AS n ON n.oid = p.pronamespace
                 WHERE n.nspname = ANY (%(schemas)s)
               ) AS o (name, owner, acl, is_callable)
         CROSS JOIN aclexplode(o.acl) AS a
         WHERE a.grantee = 0
            OR NOT o.is_callable
               AND a.privilege_type <> 'SELECT'
               AND a.grantee <> o.owner
               AND pg_get_userbyid(a.grantee) !~ '^aegis_'
         ORDER BY o.name, 2, 3
        """,
        {"schemas": SCHEMAS},
    ):
        yield Drift("privileges", name, f"no {privilege} for {grantee}", "granted")


def _layers(connection: Connection) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the layers of protection: name, and whether and how it works here."""
    roles, triggers = connection.execute(
        """
        SELECT (SELECT count(*) FROM pg_roles
                 WHERE rolname IN ('aegis_owner', 'aegis_guard', 'aegis_app', 'aegis_ingest',
                                   'aegis_operator', 'aegis_approver',
                                   'aegis_privacy_officer', 'aegis_auditor', 'aegis_reader')),
               (SELECT array_agg(evtname::text ORDER BY evtname) FROM pg_event_trigger
                 WHERE evtname ^@ 'aegis_' AND evtenabled = 'A')
        """
    ).fetchone() or (0, None)
    yield "roles", {"active": roles == 9, "detail": f"{roles} of 9 group roles"}
    yield (
        "event triggers",
        {
            "active": triggers is not None,
            "detail": ", ".join(triggers)
            if triggers
            else "none: a superuser has to run sql/preservation/triggers/event_triggers.sql",
        },
    )
    for layer, view, column in (
        ("guards", "aegis.protection_status", "is_protected"),
        ("partitions", "aegis.partition_health", "is_healthy"),
    ):
        if _exists(connection, view):
            good, total = connection.execute(
                sql.SQL("SELECT count(*) FILTER (WHERE v.{}), count(*) FROM {} AS v").format(
                    sql.Identifier(column), sql.Identifier(*view.split("."))
                )
            ).fetchone() or (0, 0)
            yield layer, {"active": good == total, "detail": f"{good} of {total} tables"}
        else:
            yield layer, {"active": False, "detail": "not installed"}


def _exists(connection: Connection, relation: str) -> bool:
    row = connection.execute("SELECT to_regclass(%s) IS NOT NULL", (relation,)).fetchone()
    return row is not None and bool(row[0])
