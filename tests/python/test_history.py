"""As of any moment the database says what it said then: compared with a notebook kept beside it."""

from __future__ import annotations

import json
from datetime import date

import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

CODES = ["000660", "005930", "0115H0"]
DAYS = [date(2024, 2, 29), date(2024, 3, 4), date(1999, 1, 4)]
KEYS = [(code, day) for code in CODES for day in DAYS]

UPSERT = """
INSERT INTO aegis.stock_prices AS p
    (stock_code, trade_date, price, volume, source, source_rank, batch_number, last_updated)
SELECT k.code, k.day, %(price)s, 1, 'manual', 110, 1, now()
  FROM unnest(%(codes)s::text[], %(days)s::date[]) AS k (code, day)
ON CONFLICT (stock_code, trade_date) DO UPDATE
   SET price = EXCLUDED.price, data_version = p.data_version + 1
"""
CHANGE = {
    "delete": "SELECT row_key, verdict FROM aegis.soft_delete('aegis.stock_prices', %s, 'test')",
    "restore": "SELECT row_key, verdict FROM aegis.restore_deleted('aegis.stock_prices', %s, 'x')",
}
steps = st.lists(
    st.tuples(
        st.sampled_from(["upsert", "upsert", "delete", "restore"]),
        st.lists(st.sampled_from(KEYS), min_size=1, max_size=5, unique=True),
        st.integers(1, 9),
    ),
    min_size=1,
    max_size=10,
)
ranges = st.tuples(st.sampled_from([*DAYS, None]), st.sampled_from([*DAYS, None])).filter(
    lambda r: None in r or r[0] <= r[1]
)

State = dict[tuple[str, date], tuple[int, int, bool]]


def key(code: str, day: date) -> dict[str, str]:
    return {"stock_code": code, "trade_date": day.isoformat()}


def oracle(state: State, step: tuple) -> tuple[State, dict]:
    """What a step makes of the notebook, and the verdicts it must give: price, version, active."""
    kind, keys, price = step
    after, verdicts = dict(state), {}
    for k in keys:
        was = state.get(k)
        if kind == "upsert":
            after[k] = (price, was[1] + 1, was[2]) if was else (price, 1, True)
        elif was is None:
            verdicts[k] = "not_found"
        elif was[2] == (kind == "delete"):
            after[k] = (was[0], was[1] + 1, kind == "restore")
            verdicts[k] = "deleted" if kind == "delete" else "restored"
        else:
            verdicts[k] = "already_deleted" if kind == "delete" else "already_active"
    return after, verdicts


def perform(connection: psycopg.Connection, step: tuple) -> dict:
    kind, keys, price = step
    if kind == "upsert":
        codes, days = [k[0] for k in keys], [k[1] for k in keys]
        connection.execute(UPSERT, {"price": price, "codes": codes, "days": days})
        return {}
    rows = connection.execute(CHANGE[kind], (json.dumps([key(*k) for k in keys]),))
    return {
        (row["stock_code"], date.fromisoformat(row["trade_date"])): verdict for row, verdict in rows
    }


@given(steps, ranges)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_moment_is_as_the_notebook_has_it(database: str, done: list, days: tuple) -> None:
    first, last = days
    with psycopg.connect(database) as connection:
        state: State = {}
        notebook = []
        for step in done:
            state, verdicts = oracle(state, step)
            assert perform(connection, step) == verdicts
            (moment,) = connection.execute("SELECT clock_timestamp()").fetchone() or (None,)
            notebook.append((moment, state))

        for moment, then in notebook:
            expected = {k: v for k, v in then.items() if (first or k[1]) <= k[1] <= (last or k[1])}
            rows = connection.execute(
                "SELECT r ->> 'stock_code', (r ->> 'trade_date')::date, (r ->> 'price')::numeric,"
                "       (r ->> 'data_version')::integer, (r ->> 'is_active')::boolean"
                "  FROM aegis.rows_as_of('aegis.stock_prices', %s, %s, %s) AS r",
                (moment, first, last),
            ).fetchall()
            assert len(rows) == len(expected), "no row comes twice"
            assert {row[:2]: row[2:] for row in rows} == expected
            typed = connection.execute(
                "SELECT stock_code, trade_date, price, data_version, is_active, updated_count"
                "  FROM aegis.stock_prices_as_of(%s, %s, %s)",
                (moment, first or date.min, last or date.max),
            ).fetchall()
            assert {row[:2]: row[2:5] for row in typed} == expected
            assert all(row[5] == row[3] - 1 for row in typed)

        for k, (_, version, _) in state.items():
            versions = connection.execute(
                "SELECT data_version, (row_data ->> 'price')::numeric,"
                "       (row_data ->> 'is_active')::boolean, valid_from, valid_to"
                "  FROM aegis.row_history('aegis.stock_prices', %s)",
                (json.dumps(key(*k)),),
            ).fetchall()
            assert [row[0] for row in versions] == list(range(version, 0, -1))
            for moment, then in notebook:
                holding = [
                    (price, number, active)
                    for number, price, active, start, end in versions
                    if start <= moment and (end is None or moment < end)
                ]
                assert holding == ([then[k]] if k in then else [])
        connection.rollback()


def test_an_open_transaction_counts_once_it_has_committed(database: str) -> None:
    """Written before the moment, committed after it: a read is final when the writer has ended."""
    read = "SELECT count(*) FROM aegis.rows_as_of('aegis.stock_prices', %s)"
    write = {"price": 1, "codes": ["005930"], "days": [date(2024, 2, 29)]}
    with psycopg.connect(database) as writer, psycopg.connect(database, autocommit=True) as reader:
        writer.execute(UPSERT, write)
        (moment,) = reader.execute("SELECT clock_timestamp()").fetchone() or (None,)
        assert reader.execute(read, (moment,)).fetchone() == (0,)
        with reader.transaction():
            reader.execute("SET LOCAL lock_timeout = '100ms'")
            try:
                reader.execute("LOCK TABLE aegis.stock_prices IN SHARE MODE")
            except psycopg.errors.LockNotAvailable:
                waited = True
                raise psycopg.Rollback from None
        assert waited, "whoever locks the table first waits for the writer"
        writer.commit()
        assert reader.execute(read, (moment,)).fetchone() == (1,)
