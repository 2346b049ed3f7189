"""Names joined by signs are found as one word, too."""

from __future__ import annotations

from service.database.migrations import run_sql_file

revision = "0019_joined_fold"
down_revision = "0018_name_upkeep"


def upgrade() -> None:
    run_sql_file("0019_joined_fold.up.sql")


def downgrade() -> None:
    run_sql_file("0019_joined_fold.down.sql")
