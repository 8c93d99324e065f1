"""Anchors: the head of the chain of seals, kept where the server cannot reach it.

Verification trusts no routine of the server. It reads the plain columns of the ledger and of the
sealed tables, takes every digest here, and compares the last one with the anchor. A chain that was
rebuilt inside the database, by whomever, ends in another digest.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from aegis_db import object_store
from aegis_db.errors import AegisError
from aegis_db.object_store import Place

FORMAT = "aegis-anchor-1"

_HEAD = """
SELECT s.seal_number, encode(s.digest, 'hex') AS digest, s.sealed_at::text AS sealed_at,
       s.system_identifier, current_database() AS database, clock_timestamp()::text AS exported_at
  FROM aegis.seals AS s
 ORDER BY s.seal_number DESC
 LIMIT 1"""

_SEALS = """
SELECT s.seal_number, s.seal_number::text, encode(s.previous_digest, 'hex'), s.entry_count::text,
       encode(s.entries_digest, 'hex'), s.horizon::text, s.system_identifier::text,
       (extract(EPOCH FROM s.sealed_at) * 1000000)::bigint::text, s.sealed_by,
       encode(s.digest, 'hex')
  FROM aegis.seals AS s
 WHERE s.seal_number <= %s
 ORDER BY s.seal_number"""

_ACTS = """
SELECT e.seal_number, e.ledger_id, l.ledger_id::text, l.kind, l.subject, l.row_count::text,
       encode(l.digest, 'hex'), l.detail::text,
       (extract(EPOCH FROM l.acted_at) * 1000000)::bigint::text, l.acted_by, l.transaction_id::text,
       l.batch_number::text, array_to_string(l.row_hashes, ' ')
  FROM aegis.seal_entries AS e
  LEFT JOIN aegis.ledger AS l ON l.ledger_id = e.ledger_id
 WHERE e.seal_number <= %s
 ORDER BY e.seal_number, e.ledger_id"""

# The last root of each day, unless a later act, sealed or not, has touched the day since.
_ROOTS = """
SELECT DISTINCT ON (l.subject, l.detail ->> 'day')
       l.subject, l.detail ->> 'day' AS day, l.ledger_id, l.row_count,
       encode(l.digest, 'hex') AS digest,
       f.schema_name, f.table_name, f.row_bytes, f.row_bucket, f.key_columns,
       ARRAY(
           SELECT a.archive_name
             FROM aegis.archived_partitions AS a
             JOIN pg_class AS c ON c.relname = a.archive_name
              AND c.relnamespace = 'aegis_archive'::regnamespace
            WHERE (a.schema_name, a.table_name) = (f.schema_name, f.table_name)
              AND (l.detail ->> 'day')::date >= a.lower_bound
              AND (l.detail ->> 'day')::date < a.upper_bound
              AND NOT EXISTS (
                      SELECT FROM unnest(f.column_names) AS o (name)
                       WHERE NOT EXISTS (
                                 SELECT FROM pg_attribute AS t
                                  WHERE t.attrelid = c.oid AND t.attname = o.name
                             )
                  )
       ) AS archives,
       EXISTS (
           SELECT FROM aegis.ledger AS b
            WHERE b.subject = l.subject AND b.kind IN ('block', 'tombstone')
              AND l.detail ->> 'day' BETWEEN b.detail ->> 'from' AND b.detail ->> 'until'
              AND NOT EXISTS (
                      SELECT FROM aegis.seal_entries AS e
                       WHERE e.ledger_id = b.ledger_id AND e.seal_number <= %(seal)s
                  )
       ) AS is_open
  FROM aegis.ledger AS l
  JOIN aegis.seal_entries AS n ON n.ledger_id = l.ledger_id AND n.seal_number <= %(seal)s
  JOIN aegis.seal_formats AS f
    ON format('%%I.%%I', f.schema_name, f.table_name) = l.subject
   AND f.format_version = (l.detail ->> 'format')::integer
 WHERE l.kind = 'day'
 ORDER BY l.subject, l.detail ->> 'day', l.ledger_id DESC"""


@dataclass(frozen=True)
class Finding:
    """One difference: what it is, where, and in words."""

    finding: str
    place: str
    particulars: str


def digest_of(values: tuple[str | None, ...]) -> str:
    """SHA-256 of ``values``, each with its length before it; as aegis_guard._digest_of."""
    state = hashlib.sha256()
    for value in values:
        body = None if value is None else value.encode()
        state.update(b"-," if body is None else b"%d:%b," % (len(body), body))
    return state.hexdigest()


def head(connection: psycopg.Connection[Any]) -> dict[str, Any]:
    """Return the anchor of the chain as it stands; AEP76 when nothing is sealed."""
    with connection.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(_HEAD).fetchone()
    if found is None:
        raise AegisError(
            "AEP76", "there is no seal to anchor", hint="Seal first: CALL aegis.seal_ledger();"
        )
    return {"format": FORMAT, **found}


def text(anchor: dict[str, Any]) -> str:
    """Return ``anchor`` as it is kept."""
    return json.dumps(anchor, indent=1) + "\n"


def key(anchor: dict[str, Any]) -> str:
    """Return the name of ``anchor`` below a folder: cluster, database, seal."""
    return (
        f"{anchor['system_identifier']}/{quote(anchor['database'], safe='')}"
        f"/{anchor['seal_number']:012d}.json"
    )


def read(path: Path) -> dict[str, Any]:
    """Return the anchor that ``path`` holds; AEP77 when it is none."""
    return parsed(path.read_bytes(), str(path))


def parsed(body: bytes, place: str) -> dict[str, Any]:
    """Return the anchor that ``body``, found at ``place``, is; AEP77 when it is none."""
    try:
        anchor = json.loads(body)
        whole = (
            anchor["format"] == FORMAT
            and int(anchor["seal_number"]) > 0
            and len(bytes.fromhex(anchor["digest"])) == 32
        )
    except (ValueError, KeyError, TypeError) as failure:
        raise AegisError("AEP77", f"{place} is no anchor", detail=f"{failure!r}.") from failure
    if not whole:
        raise AegisError("AEP77", f"{place} is no anchor of this format")
    return dict(anchor)


def stored(place: Place) -> tuple[list[dict[str, Any]], list[Finding]]:
    """Return the anchors at ``place`` of an object store, and what was done to them there.

    Only the first version of each counts; one that is locked no longer could have been replaced.
    Raises AEP77 where there is none or something else, AEP79 to AEP81.
    """
    store = object_store.client()
    object_store.check_lock(store, place.bucket)
    objects = object_store.read_all(store, place)
    if not objects:
        raise AegisError("AEP77", f"there is no anchor at {place}")
    findings = []
    for each in objects:
        if each.locked_until is None or each.locked_until < datetime.now(UTC):
            until = f"was until {each.locked_until}" if each.locked_until else "is not at all"
            findings.append(Finding("anchor_unlocked", str(each.place), f"its lock {until}"))
        if each.later_versions:
            findings.append(
                Finding(
                    "anchor_superseded",
                    str(each.place),
                    f"written over or marked as deleted, {each.later_versions} times",
                )
            )
    return [parsed(each.body, str(each.place)) for each in objects], findings


def verify_chain(
    connection: psycopg.Connection[Any], *anchors: dict[str, Any]
) -> Iterator[Finding]:
    """Recompute every seal up to the last anchored one from the acts; compare with each anchor."""
    expected: dict[int, set[str]] = {}
    for anchor in anchors:
        expected.setdefault(int(anchor["seal_number"]), set()).add(anchor["digest"])
    number = max(expected)
    previous, last = "00" * 32, 0
    with (
        connection.cursor("aegis_seals") as seals,
        connection.cursor("aegis_acts") as acts,
    ):
        acts.itersize = 200
        acts.execute(_ACTS, (number,))
        groups = groupby(acts, key=lambda act: act[0])
        group = next(groups, None)
        for seal in seals.execute(_SEALS, (number,)):
            place, body, stored = seal[0], seal[1:-1], seal[-1]
            entries, count = hashlib.sha256(), 0
            while group is not None and group[0] <= place:
                for act in group[1]:
                    if group[0] < place or act[2] is None:
                        yield Finding("act_missing", f"act {act[1]}", "it or its seal is gone")
                        continue
                    entries.update(bytes.fromhex(digest_of(act[2:])))
                    count += 1
                group = next(groups, None)
            if place != last + 1 or body[1] != previous:
                yield Finding("chain_cut", f"seal {place}", f"it does not follow seal {last}")
            if (body[2], body[3]) != (str(count), entries.hexdigest()):
                yield Finding("acts_differ", f"seal {place}", "its acts are not those it sealed")
            if digest_of(body) != stored:
                yield Finding("seal_altered", f"seal {place}", "its digest is another")
            previous, last = digest_of(body), place
            # Two anchors that name different digests for one seal cannot both hold.
            if expected.get(place, {previous}) != {previous}:
                yield Finding(
                    "anchor_differs", f"seal {place}", "the chain is not the one that was anchored"
                )
    if last != number:
        yield Finding("chain_short", f"seal {number}", f"the chain ends at seal {last}")


def verify_days(connection: psycopg.Connection[Any], anchor: dict[str, Any]) -> Iterator[Finding]:
    """Take the roots of all anchored days again, from the rows; skip days that changed since."""
    connection.execute("SET client_encoding = 'UTF8'")  # as the bytes of rows are defined
    with connection.cursor(row_factory=dict_row) as cursor:
        roots = cursor.execute(_ROOTS, {"seal": int(anchor["seal_number"])}).fetchall()
    for root in roots:
        if root["is_open"]:
            continue
        count, digest = _day(connection, root)
        if (count, digest) != (root["row_count"], root["digest"]):
            yield Finding(
                "day_differs",
                f"{root['subject']} {root['day']}",
                f"{root['row_count']} rows were sealed, {count} are there",
            )


def _day(connection: psycopg.Connection[Any], root: dict[str, Any]) -> tuple[int, str]:
    day = date.fromisoformat(root["day"])
    state, count = hashlib.sha256(), 0
    keys = sql.SQL(", ").join(sql.Identifier("t", key) for key in root["key_columns"])
    # Where a day's rows may lie: in the table, or where retention has moved them.
    places = [(root["schema_name"], root["table_name"])]
    places += [("aegis_archive", name) for name in root["archives"]]
    sources = sql.SQL(" UNION ALL ").join(
        sql.SQL(
            "SELECT {bytes} AS bytes, {keys} FROM {table} AS t WHERE {bucket} = %(day)s"
        ).format(
            bytes=sql.SQL(root["row_bytes"]),
            keys=keys,
            table=sql.Identifier(*place),
            bucket=sql.SQL(root["row_bucket"]),
        )
        for place in places
    )
    query = sql.SQL(
        "SELECT hash_array_extended(ARRAY[t.bytes], 0) & 255 AS heap, t.bytes"
        " FROM ({}) AS t ORDER BY heap, {}, t.bytes"
    ).format(sources, keys)
    with connection.transaction(), connection.cursor("aegis_rows", binary=True) as cursor:
        cursor.itersize = 10_000
        for _, rows in groupby(cursor.execute(query, {"day": day}), key=lambda row: row[0]):
            heap = hashlib.sha256()
            for _, row in rows:
                heap.update(row)
                count += 1
            state.update(heap.digest())
    return count, state.hexdigest()
