"""Libraries: the boundary of ownership. And what the service keeps for itself."""

from __future__ import annotations

from service.database.migrations import run_sql_file

revision = "0002_libraries"
down_revision = "0001_fold"


def upgrade() -> None:
    run_sql_file("0002_libraries.up.sql")


def downgrade() -> None:
    run_sql_file("0002_libraries.down.sql")
