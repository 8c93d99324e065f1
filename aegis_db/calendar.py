"""The trading calendar of KRX: from exchange_calendars into the database, and back to people.

What a day is, and which overrides stand, the database decides; this module only carries days.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Literal
from zoneinfo import ZoneInfo

from psycopg.rows import class_row

from aegis_db.errors import AegisError

if TYPE_CHECKING:
    import psycopg

VENUE = "XKRX"
KST = ZoneInfo("Asia/Seoul")
FIRST_DAY = date(2000, 1, 1)
OPENING = time(9)

DayKind = Literal[
    "regular", "late_open", "late_session", "special", "weekend", "holiday", "closure"
]


@dataclass(frozen=True)
class SourceDay:
    """One day of a source, field by field as ``aegis.trading_day_input``."""

    trade_date: date
    is_open: bool
    opens_at: datetime | None
    closes_at: datetime | None
    day_kind: DayKind


@dataclass(frozen=True)
class TradingDay:
    """One day as the database knows it; times in KST, null on closed days."""

    trade_date: date
    is_open: bool
    opens_at: datetime | None
    closes_at: datetime | None
    day_kind: DayKind
    calendar_source: str
    note: str | None


@dataclass(frozen=True)
class Refill:
    """What a refill did, in days; ``kept`` are overrides that it left alone."""

    inserted: int
    updated: int
    unchanged: int
    kept: int


def _library() -> Any:
    """Return exchange_calendars, or say which extra brings it."""
    try:
        import exchange_calendars  # noqa: PLC0415 - an extra, and slow to import
    except ImportError as missing:
        raise AegisError(
            "AEK45",
            "exchange_calendars is not installed",
            detail="The trading calendar in the database stays as it is.",
            hint="Install the extra: pip install 'aegis-db[calendar]'.",
        ) from missing
    return exchange_calendars


def source_name() -> str:
    """Return the name and version of the library, as rows name their source. Raises AEK45."""
    return f"exchange_calendars {_library().__version__}"


def source_days(first: date, last: date) -> Iterator[SourceDay]:
    """Yield every day from ``first`` to ``last`` (KST, both included) as exchange_calendars has it.

    Raises AEK45 without the library and AEK46 beyond what it knows.
    """
    library = _library()
    # The library moves the hours of special days that are no session onto its last session,
    # so it is asked for more days than are used.
    spare = timedelta(days=31)
    try:
        calendar = library.get_calendar(VENUE, start=first - spare, end=last + spare)
    except ValueError as unknown:
        raise AegisError(
            "AEK46",
            f"exchange_calendars does not know all days from {first} to {last}",
            detail=" ".join(str(unknown).split()),
            hint="Choose another range with --from and --to.",
        ) from unknown

    hours = {
        session.date(): (
            row.open.to_pydatetime().astimezone(KST),
            row.close.to_pydatetime().astimezone(KST),
        )
        for session, row in calendar.schedule.iterrows()
    }
    day = first
    while day <= last:
        if day in hours:
            opens_at, closes_at = hours[day]
            closing = [
                at for since, at in calendar.close_times if since is None or since.date() <= day
            ][-1]
            yield SourceDay(day, True, opens_at, closes_at, _kind(opens_at, closes_at, closing))
        else:
            yield SourceDay(day, False, None, None, "weekend" if day.weekday() > 4 else "holiday")
        day += timedelta(days=1)


def _kind(opens_at: datetime, closes_at: datetime, closing: time) -> DayKind:
    """Name the hours of a session against 09:00 and the closing time of its years."""
    opens, closes = opens_at.time(), closes_at.time()
    if opens == OPENING and closes == closing:
        return "regular"
    if opens > OPENING and closes == closing:
        return "late_open"
    if opens > OPENING and closes > closing:
        return "late_session"
    return "special"


def refill(connection: psycopg.Connection[Any], days: Sequence[SourceDay], source: str) -> Refill:
    """Hand ``days`` to ``aegis.refill_trading_calendar``; the caller commits.

    Raises psycopg.DatabaseError with AEK43 or AEK44.
    """
    with connection.cursor(row_factory=class_row(Refill)) as cursor:
        cursor.execute(
            """
            SELECT r.inserted, r.updated, r.unchanged, r.kept
              FROM aegis.refill_trading_calendar(
                       ARRAY(SELECT ROW(d.*)::aegis.trading_day_input
                               FROM unnest(%s::date[], %s::boolean[], %s::timestamptz[],
                                           %s::timestamptz[], %s::text[]) AS d),
                       %s) AS r
            """,
            (
                [d.trade_date for d in days],
                [d.is_open for d in days],
                [d.opens_at for d in days],
                [d.closes_at for d in days],
                [d.day_kind for d in days],
                source,
            ),
        )
        return cursor.fetchone() or Refill(0, 0, 0, 0)


def known_days(connection: psycopg.Connection[Any], first: date, last: date) -> list[TradingDay]:
    """Return the days from ``first`` to ``last`` (KST, both included) that the database knows."""
    with connection.cursor(row_factory=class_row(TradingDay)) as cursor:
        cursor.execute(
            """
            SELECT c.trade_date, c.is_open, c.opens_at, c.closes_at, c.day_kind,
                   c.calendar_source, c.note
              FROM aegis.trading_calendar AS c
             WHERE c.venue = %s
               AND c.trade_date BETWEEN %s AND %s
             ORDER BY c.trade_date
            """,
            (VENUE, first, last),
        )
        return [
            TradingDay(
                d.trade_date,
                d.is_open,
                d.opens_at and d.opens_at.astimezone(KST),
                d.closes_at and d.closes_at.astimezone(KST),
                d.day_kind,
                d.calendar_source,
                d.note,
            )
            for d in cursor
        ]
