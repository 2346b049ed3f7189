"""Words that punctuation joins are found as one, and how common a word is stands beside it."""

from __future__ import annotations

from service.database.migrations import run_sql_file

revision = "0019_word_shares"
down_revision = "0018_name_upkeep"


def upgrade() -> None:
    run_sql_file("0019_word_shares.up.sql")


def downgrade() -> None:
    run_sql_file("0019_word_shares.down.sql")
