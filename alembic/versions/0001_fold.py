"""How names are compared: one fold, in the database, for index, query and import alike."""

from __future__ import annotations

from service.database.migrations import run_sql_file

revision = "0001_fold"
down_revision = None


def upgrade() -> None:
    run_sql_file("0001_fold.up.sql")


def downgrade() -> None:
    run_sql_file("0001_fold.down.sql")
