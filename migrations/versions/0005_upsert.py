"""One way in: batches, verdicts, dead letters."""

from __future__ import annotations

from aegis_db.migrate import apply, restore, revert

revision = "0005_upsert"
down_revision = "0004_preservation"


def upgrade() -> None:
    """Run the files of this revision."""
    apply(revision)


def downgrade() -> None:
    """Drop what this revision introduced, then re-run the bodies it had replaced."""
    revert(revision)
    restore(revision)
