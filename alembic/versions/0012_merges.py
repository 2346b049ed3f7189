"""Merged tracks, and where their ids lead."""

from __future__ import annotations

from service.database.migrations import run_sql_file

revision = "0012_merges"
down_revision = "0011_identity"


def upgrade() -> None:
    run_sql_file("0012_merges.up.sql")


def downgrade() -> None:
    run_sql_file("0012_merges.down.sql")
