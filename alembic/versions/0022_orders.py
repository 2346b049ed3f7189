"""Tracks are listed in the order of their length, their artists and their albums."""

from __future__ import annotations

from service.database.migrations import run_sql_file

revision = "0022_orders"
down_revision = "0021_joined_names"


def upgrade() -> None:
    run_sql_file("0022_orders.up.sql")


def downgrade() -> None:
    run_sql_file("0022_orders.down.sql")
