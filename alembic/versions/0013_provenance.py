"""Who says what a track is, field by field: origins, changes, locks and conflicts."""

from __future__ import annotations

from service.database.migrations import run_sql_file

revision = "0013_provenance"
down_revision = "0012_merges"


def upgrade() -> None:
    run_sql_file("0013_provenance.up.sql")


def downgrade() -> None:
    run_sql_file("0013_provenance.down.sql")
