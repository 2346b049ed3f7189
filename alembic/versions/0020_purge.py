"""When pictures were linked, so that links of files that never came can be purged."""

from __future__ import annotations

from service.database.migrations import run_sql_file

revision = "0020_purge"
down_revision = "0019_word_shares"


def upgrade() -> None:
    run_sql_file("0020_purge.up.sql")


def downgrade() -> None:
    run_sql_file("0020_purge.down.sql")
