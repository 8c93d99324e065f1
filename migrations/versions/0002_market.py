"""The market data: calendar, prices, trades and logs."""

from __future__ import annotations

from aegis_db.migrate import apply, restore, revert

revision = "0002_market"
down_revision = "0001_foundation"


def upgrade() -> None:
    """Run the files of this revision."""
    apply(revision)


def downgrade() -> None:
    """Drop what this revision introduced, then re-run the bodies it had replaced."""
    revert(revision)
    restore(revision)
