"""Purges keep the artists of what merged albums have given."""

from __future__ import annotations

from service.database.migrations import run_sql_file

revision = "0027_given_artists"
down_revision = "0026_pending_words"


def upgrade() -> None:
    run_sql_file("0027_given_artists.up.sql")


def downgrade() -> None:
    run_sql_file("0027_given_artists.down.sql")
