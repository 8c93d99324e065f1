"""What may be believed: the daily quality report."""

from __future__ import annotations

from aegis_db.migrate import apply, restore, revert

revision = "0006_validation"
down_revision = "0005_upsert"


def upgrade() -> None:
    """Run the files of this revision."""
    apply(revision)


def downgrade() -> None:
    """Drop what this revision introduced, then re-run the bodies it had replaced."""
    revert(revision)
    restore(revision)
