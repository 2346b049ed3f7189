"""The words of lyrics, and the newest of equal hits first."""

from __future__ import annotations

from service.database.migrations import run_sql_file

revision = "0016_lyrics"
down_revision = "0015_uploads"


def upgrade() -> None:
    run_sql_file("0016_lyrics.up.sql")


def downgrade() -> None:
    run_sql_file("0016_lyrics.down.sql")
