"""Purges remember since when nothing refers to what they find."""

from __future__ import annotations

from service.database.migrations import run_sql_file

revision = "0024_unreferenced"
down_revision = "0023_deleted_tracks"


def upgrade() -> None:
    run_sql_file("0024_unreferenced.up.sql")


def downgrade() -> None:
    run_sql_file("0024_unreferenced.down.sql")
