"""There is always a partition for now."""

from __future__ import annotations

from aegis_db.migrate import apply, restore, revert

revision = "0003_partition"
down_revision = "0002_market"


def upgrade() -> None:
    """Run the files of this revision."""
    apply(revision)


def downgrade() -> None:
    """Drop what this revision introduced, then re-run the bodies it had replaced."""
    revert(revision)
    restore(revision)
