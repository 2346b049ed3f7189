"""Upkeep of search: how far it has come, and the version of the fold."""

from __future__ import annotations

from service.database.migrations import run_sql_file

revision = "0010_upkeep"
down_revision = "0009_names"


def upgrade() -> None:
    run_sql_file("0010_upkeep.up.sql")


def downgrade() -> None:
    run_sql_file("0010_upkeep.down.sql")
