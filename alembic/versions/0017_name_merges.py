"""Artists and albums that were merged, and where their old ids lead."""

from __future__ import annotations

from service.database.migrations import run_sql_file

revision = "0017_name_merges"
down_revision = "0016_lyrics"


def upgrade() -> None:
    run_sql_file("0017_name_merges.up.sql")


def downgrade() -> None:
    run_sql_file("0017_name_merges.down.sql")
