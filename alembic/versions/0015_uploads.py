"""Files that wait to be read by a server."""

from __future__ import annotations

from service.database.migrations import run_sql_file

revision = "0015_uploads"
down_revision = "0014_artwork"


def upgrade() -> None:
    run_sql_file("0015_uploads.up.sql")


def downgrade() -> None:
    run_sql_file("0015_uploads.down.sql")
