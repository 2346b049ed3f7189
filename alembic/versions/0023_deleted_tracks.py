"""Deleted tracks are listed by themselves."""

from __future__ import annotations

from service.database.migrations import run_sql_file

revision = "0023_deleted_tracks"
down_revision = "0022_orders"


def upgrade() -> None:
    run_sql_file("0023_deleted_tracks.up.sql")


def downgrade() -> None:
    run_sql_file("0023_deleted_tracks.down.sql")
