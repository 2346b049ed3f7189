"""Little waits to be put into the indexes of words."""

from __future__ import annotations

from service.database.migrations import run_sql_file

revision = "0026_pending_words"
down_revision = "0025_divided_names"


def upgrade() -> None:
    run_sql_file("0026_pending_words.up.sql")


def downgrade() -> None:
    run_sql_file("0026_pending_words.down.sql")
