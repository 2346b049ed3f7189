"""Files that are missing keep their rows, and scans say what they saw."""

from __future__ import annotations

from service.database.migrations import run_sql_file

revision = "0011_identity"
down_revision = "0010_upkeep"


def upgrade() -> None:
    run_sql_file("0011_identity.up.sql")


def downgrade() -> None:
    run_sql_file("0011_identity.down.sql")
