"""A user's own models learn soft delete; no session of theirs takes a row away."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import URL, Engine, ForeignKey, create_engine, delete, func, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship

from aegis_db.soft_delete import HardDeleteError, SoftDeleteError, SoftDeleteMixin, soft_deletes


class Base(DeclarativeBase):
    pass


class Order(SoftDeleteMixin, Base):
    __tablename__ = "orders"
    order_id: Mapped[int] = mapped_column(primary_key=True)
    note: Mapped[str] = mapped_column(default="")
    lines: Mapped[list[Line]] = relationship(back_populates="order", cascade="all, delete-orphan")


class Line(SoftDeleteMixin, Base):
    __tablename__ = "order_lines"
    line_id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.order_id"))
    order: Mapped[Order] = relationship(back_populates="lines")


class Draft(Base):
    __tablename__ = "drafts"
    draft_id: Mapped[int] = mapped_column(primary_key=True)


def url(dsn: str) -> URL:
    given = conninfo_to_dict(dsn)
    return URL.create(
        "postgresql+psycopg",
        username=str(given["user"]),
        database=str(given["dbname"]),
        query={name: str(given[name]) for name in ("host", "port") if name in given},
    )


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    """The models' tables, prepared and protected, with two orders of two lines each."""
    engine = create_engine(url(database))
    Base.metadata.create_all(engine)
    with psycopg.connect(database, autocommit=True) as connection:
        for table in ("orders", "order_lines"):
            connection.execute(f"CALL aegis.add_soft_delete('{table}')")
            connection.execute(f"CALL aegis.protect_table('{table}', 'orders of record')")
    with Session(engine) as session, session.begin():
        for number in (1, 2):
            session.add(Order(order_id=number, lines=[Line(), Line()]))
    yield engine
    engine.dispose()


def acts(engine: Engine) -> list[tuple]:
    with engine.connect() as connection:
        return [
            tuple(row)
            for row in connection.exec_driver_sql(
                "SELECT kind, subject, row_count, detail ->> 'reason' FROM aegis.ledger"
                " WHERE subject LIKE 'public.%%' AND kind IN ('soft_delete', 'restore')"
                " ORDER BY ledger_id"
            )
        ]


def test_the_table_is_what_aegis_expects(engine: Engine) -> None:
    """add_soft_delete found nothing to add but its trigger: each check is there once."""
    with engine.connect() as connection:
        checks = connection.exec_driver_sql(
            "SELECT conname FROM pg_constraint WHERE conrelid = 'orders'::regclass"
            " AND contype = 'c' ORDER BY 1"
        ).scalars()
        assert list(checks) == ["orders_delete_reason_ck", "orders_deleted_by_ck"]


def test_an_object_is_deleted_and_restored(engine: Engine) -> None:
    with Session(engine) as session:
        order = session.get_one(Order, 1)
        assert order.is_active
        assert order.soft_delete("kim", "entered twice")
        assert not order.is_active, "before the flush already"
        session.commit()
        assert not order.is_active
        assert order.deleted_by == "kim"
        assert order.delete_reason == "entered twice"
        assert order.deleted_at is not None
        assert datetime.now(UTC) - order.deleted_at < timedelta(minutes=1)
        stored = session.scalar(select(Order._is_active).where(Order.order_id == 1))
        assert stored is False, "the database says the same"

        assert not order.soft_delete("lee", "again"), "who was first stays"
        assert order.deleted_by == "kim"
        assert session.scalars(Order.active_objects()).all() == [session.get_one(Order, 2)]
        assert session.scalars(select(Order).filter_by(is_active=False)).all() == [order]
        assert session.scalars(select(Order).where(~Order.is_active)).all() == [order]

        assert order.restore()
        assert not order.restore()
        session.commit()
        assert len(session.scalars(Order.active_objects()).all()) == 2
    assert acts(engine) == [
        ("soft_delete", "public.orders", 1, "entered twice"),
        ("restore", "public.orders", 1, None),
    ]


@pytest.mark.parametrize(("user_id", "reason"), [("", "x"), ("kim", " "), ("kim", None), (7, "x")])
def test_who_and_why_are_needed(engine: Engine, user_id: str, reason: str) -> None:
    with Session(engine) as session:
        order = session.get_one(Order, 1)
        with pytest.raises(SoftDeleteError) as refused:
            order.soft_delete(user_id, reason)
        assert refused.value.sqlstate == "AEP44"
        with pytest.raises(SoftDeleteError), soft_deletes(session, user_id, reason):
            pass
        assert order.is_active


def test_a_session_deletes_nothing(engine: Engine) -> None:
    """By object, by cascade, as an orphan, in bulk, by the table, through the old query."""
    with Session(engine) as session:
        order = session.get_one(Order, 1)
        session.delete(order)
        with pytest.raises(HardDeleteError) as refused:
            session.flush()
        assert refused.value.sqlstate == "AEP49"
        assert "Order" in refused.value.message
        session.rollback()

        for context in (nullcontext(), soft_deletes(session, "kim", "closed")):
            order.lines.pop()
            with context, pytest.raises(HardDeleteError, match="Line"):
                session.commit()
            session.rollback()

        for statement in (
            delete(Order),
            delete(Order).where(Order.order_id == 1),
            delete(Order.__table__),
        ):
            with pytest.raises(HardDeleteError):
                session.execute(statement)
        with pytest.raises(HardDeleteError):
            session.query(Line).delete()
        with pytest.raises(DBAPIError, match="is refused"):
            session.connection().execute(delete(Order.__table__))
        session.rollback()
        assert session.scalar(select(func.count()).select_from(Line)) == 4
        assert session.scalar(select(func.count()).select_from(Order)) == 2

        session.add(Draft())
        session.flush()
        session.execute(delete(Draft))  # other models are none of our business


def test_a_delete_becomes_a_soft_delete(engine: Engine) -> None:
    with Session(engine) as session:
        order = session.get_one(Order, 1)
        with soft_deletes(session, "kim", "closed"):
            session.delete(order)
            session.commit()
        assert not order.is_active
        assert [line.is_active for line in order.lines] == [False, False], "the cascade too"
        assert session.get_one(Order, 2).is_active

        session.delete(session.get_one(Order, 2))
        with pytest.raises(HardDeleteError):
            session.flush()
    assert sorted(acts(engine)) == [
        ("soft_delete", "public.order_lines", 1, "closed"),  # a statement for each object
        ("soft_delete", "public.order_lines", 1, "closed"),
        ("soft_delete", "public.orders", 1, "closed"),
    ]


def test_half_a_deletion_is_refused_by_the_database(engine: Engine) -> None:
    with Session(engine) as session, pytest.raises(DBAPIError, match="orders_deleted_by_ck"):
        session.execute(update(Order).values(deleted_at=func.now(), delete_reason="x"))


def test_async_sessions_do_the_same(engine: Engine) -> None:
    pytest.importorskip("greenlet", reason="asyncio needs sqlalchemy[asyncio]")

    async def run() -> None:
        asynchronous = create_async_engine(engine.url)
        try:
            async with AsyncSession(asynchronous) as session:
                order = await session.get_one(Order, 1)
                order.soft_delete("kim", "entered twice")
                await session.flush()
                assert not order.is_active
                assert order.deleted_by == "kim"
                await session.commit()
                active = (await session.scalars(Order.active_objects())).all()
                assert [found.order_id for found in active] == [2]

                await session.delete(active[0])
                with pytest.raises(HardDeleteError):
                    await session.flush()
                await session.rollback()
                with pytest.raises(HardDeleteError):
                    await session.execute(delete(Order))
                with soft_deletes(session, "lee", "closed"):
                    await session.delete(await session.get_one(Order, 2))
                    await session.commit()
                assert (await session.scalars(Order.active_objects())).all() == []
        finally:
            await asynchronous.dispose()

    asyncio.run(run())
    assert [act[2:] for act in acts(engine) if act[1] == "public.orders"] == [
        (1, "entered twice"),
        (1, "closed"),
    ]
