"""Names are judged by their letters, however people divide them into words."""

from __future__ import annotations

from service.database.migrations import run_sql_file

revision = "0025_divided_names"
down_revision = "0024_unreferenced"


def upgrade() -> None:
    run_sql_file("0025_divided_names.up.sql")


def downgrade() -> None:
    run_sql_file("0025_divided_names.down.sql")
