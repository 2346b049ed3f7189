"""What search reads: one narrow row for each live, completed track."""

from __future__ import annotations

from service.database.migrations import run_sql_file

revision = "0005_search"
down_revision = "0004_tracks"


def upgrade() -> None:
    run_sql_file("0005_search.up.sql")


def downgrade() -> None:
    run_sql_file("0005_search.down.sql")
