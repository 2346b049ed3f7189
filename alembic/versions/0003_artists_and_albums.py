"""Artists, the credits that name them, albums and genres. All libraries share them."""

from __future__ import annotations

from service.database.migrations import run_sql_file

revision = "0003_artists_and_albums"
down_revision = "0002_libraries"


def upgrade() -> None:
    run_sql_file("0003_artists_and_albums.up.sql")


def downgrade() -> None:
    run_sql_file("0003_artists_and_albums.down.sql")
