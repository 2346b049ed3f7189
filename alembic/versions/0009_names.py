"""Names of artists, albums, playlists and genres are found as they are typed."""

from __future__ import annotations

from service.database.migrations import run_sql_file

revision = "0009_names"
down_revision = "0008_typos"


def upgrade() -> None:
    run_sql_file("0009_names.up.sql")


def downgrade() -> None:
    run_sql_file("0009_names.down.sql")
