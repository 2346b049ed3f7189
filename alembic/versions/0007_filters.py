"""What filters ask of the database: functions for their words, and two indexes."""

from __future__ import annotations

from service.database.migrations import run_sql_file

revision = "0007_filters"
down_revision = "0006_playlists"


def upgrade() -> None:
    run_sql_file("0007_filters.up.sql")


def downgrade() -> None:
    run_sql_file("0007_filters.down.sql")
