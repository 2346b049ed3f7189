"""Typos by deletions, finer tiers, and what ranking compares."""

from __future__ import annotations

from service.database.migrations import run_sql_file

revision = "0008_typos"
down_revision = "0007_filters"


def upgrade() -> None:
    run_sql_file("0008_typos.up.sql")


def downgrade() -> None:
    run_sql_file("0008_typos.down.sql")
