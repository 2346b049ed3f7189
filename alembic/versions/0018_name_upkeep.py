"""Upkeep of the names to suggest, of which the shorter come first of equally popular ones."""

from __future__ import annotations

from service.database.migrations import run_sql_file

revision = "0018_name_upkeep"
down_revision = "0017_name_merges"


def upgrade() -> None:
    run_sql_file("0018_name_upkeep.up.sql")


def downgrade() -> None:
    run_sql_file("0018_name_upkeep.down.sql")
