"""Playlists and their items."""

from __future__ import annotations

from service.database.migrations import run_sql_file

revision = "0006_playlists"
down_revision = "0005_search"


def upgrade() -> None:
    run_sql_file("0006_playlists.up.sql")


def downgrade() -> None:
    run_sql_file("0006_playlists.down.sql")
