"""Soft delete for your own SQLAlchemy 2 models: nothing is taken away, sessions included.

    class Order(SoftDeleteMixin, Base):
        __tablename__ = "orders"
        order_id: Mapped[int] = mapped_column(primary_key=True)

    order.soft_delete("kim", "entered twice")
    session.scalars(Order.active_objects())

``CALL aegis.add_soft_delete('public.orders')`` then records each soft delete in the ledger, and
``CALL aegis.protect_table('public.orders')`` refuses DELETE from whoever does not come this way.
AEGIS has no models of its own tables: those are written by its routines alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakSet

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    Computed,
    Connection,
    DateTime,
    FromClause,
    Select,
    Table,
    Text,
    event,
    select,
)
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import (
    Mapped,
    Mapper,
    ORMExecuteState,
    Session,
    UOWTransaction,
    mapped_column,
)

from aegis_db.errors import AegisError

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

_INFO = "aegis_soft_deletes"
_TABLES: WeakSet[FromClause] = WeakSet()


class SoftDeleteError(AegisError):
    """A soft delete that lacks who or why (AEP44)."""


class HardDeleteError(AegisError):
    """A session was about to DELETE rows of a model with soft delete (AEP49)."""


class _Deletion(NamedTuple):
    """Who deletes, and why."""

    user_id: str
    reason: str


class SoftDeleteMixin:
    """Columns and methods of soft delete; state is consistent by construction.

    ``is_active`` follows from ``deleted_at``, here and in the database, where checks keep the three
    other columns together.
    """

    deleted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    deleted_by: Mapped[str | None] = mapped_column(Text)
    delete_reason: Mapped[str | None] = mapped_column(Text)
    _is_active: Mapped[bool] = mapped_column(
        "is_active", Computed("deleted_at IS NULL", persisted=True), deferred=True
    )

    @hybrid_property
    def is_active(self) -> bool:
        """Whether the object is in use; also before the session is flushed."""
        return self.deleted_at is None

    @is_active.inplace.expression
    @classmethod
    def _is_active_expression(cls) -> ColumnElement[bool]:
        return cls.deleted_at.is_(None)

    def soft_delete(self, user_id: str, reason: str) -> bool:
        """Take the object out of use; the next flush writes it.

        Returns False, and changes nothing, when it was deleted before. Raises SoftDeleteError.
        """
        by = _deletion(user_id, reason)
        if not self.is_active:
            return False
        self.deleted_at = datetime.now(UTC)
        self.deleted_by = by.user_id
        self.delete_reason = by.reason
        return True

    def restore(self) -> bool:
        """Take the object back into use; returns False when it was not deleted."""
        if self.is_active:
            return False
        self.deleted_at = self.deleted_by = self.delete_reason = None
        return True

    @classmethod
    def active_objects(cls) -> Select[Any]:
        """Return the SELECT of all objects in use, to be executed or narrowed further."""
        return select(cls).where(cls.deleted_at.is_(None))


@contextmanager
def soft_deletes(session: Session | AsyncSession, user_id: str, reason: str) -> Iterator[None]:
    """Let ``session.delete`` soft-delete, cascades included, until the block ends.

    Flush or commit within the block. Outside of one ``session.delete`` raises HardDeleteError when
    the session is flushed. Raises SoftDeleteError.
    """
    info = session.info
    before = info.get(_INFO)
    info[_INFO] = _deletion(user_id, reason)
    try:
        yield
    finally:
        if before is None:
            del info[_INFO]
        else:
            info[_INFO] = before


def _deletion(user_id: str, reason: str) -> _Deletion:
    """Return both, refusing blanks; AEP44."""
    for value, what in ((user_id, "a user"), (reason, "a reason")):
        if not isinstance(value, str) or not value.strip():
            raise SoftDeleteError(
                "AEP44", f"a soft delete needs {what}", hint="Pass user_id and reason, not blank."
            )
    return _Deletion(user_id, reason)


def _hard_delete(name: str, hint: str) -> HardDeleteError:
    return HardDeleteError(
        "AEP49",
        f"rows of {name} are not to be deleted",
        detail="The model has soft delete; nothing was sent to the database.",
        hint=hint,
    )


@event.listens_for(SoftDeleteMixin, "after_mapper_constructed", propagate=True)
def _add_checks(mapper: Mapper[Any], class_: type) -> None:  # noqa: ARG001
    """Give the table of a model the checks that keep a deletion whole."""
    table = mapper.local_table
    _TABLES.add(table)
    if not isinstance(table, Table) or "deleted_at" not in table.columns:
        return
    present = {str(constraint.name) for constraint in table.constraints}
    for column in ("deleted_by", "delete_reason"):
        name = f"{table.name}_{column}_ck"
        if name not in present:
            table.append_constraint(
                CheckConstraint(f"(deleted_at IS NULL) = ({column} IS NULL)", name=name)
            )


@event.listens_for(Session, "before_flush")
def _delete_softly(session: Session, context: UOWTransaction, instances: object) -> None:  # noqa: ARG001
    """Turn what the session would DELETE into soft deletes, or refuse."""
    for instance in list(session.deleted):
        if not isinstance(instance, SoftDeleteMixin):
            continue
        by: _Deletion | None = session.info.get(_INFO)
        if by is None:
            raise _hard_delete(
                type(instance).__name__,
                "Call its soft_delete(user_id, reason), or delete within soft_deletes(...).",
            )
        session.add(instance)
        instance.soft_delete(by.user_id, by.reason)


@event.listens_for(SoftDeleteMixin, "before_delete", propagate=True)
def _refuse_delete(mapper: Mapper[Any], connection: Connection, target: object) -> None:  # noqa: ARG001
    """Refuse what reaches the flush another way: an object that lost its parent."""
    raise _hard_delete(
        type(target).__name__,
        "Call its soft_delete(user_id, reason) and leave it with its parent.",
    )


@event.listens_for(Session, "do_orm_execute")
def _refuse_bulk_delete(state: ORMExecuteState) -> None:
    """Refuse DELETE statements given to a session, of models and of their tables."""
    if not state.is_delete:
        return
    table = getattr(state.statement, "table", None)
    mapper = state.bind_mapper
    if table in _TABLES or (mapper is not None and issubclass(mapper.class_, SoftDeleteMixin)):
        raise _hard_delete(
            mapper.class_.__name__ if mapper is not None else str(table),
            "Send update(...) with deleted_at, deleted_by and delete_reason, or call soft_delete "
            "of each object.",
        )
