"""Roles, schemas, and what AEGIS knows about itself."""

from __future__ import annotations

from aegis_db.migrate import apply, restore, revert

revision = "0001_foundation"
down_revision = None


def upgrade() -> None:
    """Run the files of this revision."""
    apply(revision)


def downgrade() -> None:
    """Drop what this revision introduced, then re-run the bodies it had replaced."""
    revert(revision)
    restore(revision)
