"""Tracks, with all that belongs to one: genres, files, sources, attributes, processing."""

from __future__ import annotations

from service.database.migrations import run_sql_file

revision = "0004_tracks"
down_revision = "0003_artists_and_albums"


def upgrade() -> None:
    run_sql_file("0004_tracks.up.sql")


def downgrade() -> None:
    run_sql_file("0004_tracks.down.sql")
