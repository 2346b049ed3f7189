"""Names to suggest are found by words that punctuation joins, as tracks are."""

from __future__ import annotations

from service.database.migrations import run_sql_file

revision = "0021_joined_names"
down_revision = "0020_purge"


def upgrade() -> None:
    run_sql_file("0021_joined_names.up.sql")


def downgrade() -> None:
    run_sql_file("0021_joined_names.down.sql")
