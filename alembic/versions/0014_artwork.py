"""Pictures by their content with the files that they go with, and the albums of folders."""

from __future__ import annotations

from service.database.migrations import run_sql_file

revision = "0014_artwork"
down_revision = "0013_provenance"


def upgrade() -> None:
    run_sql_file("0014_artwork.up.sql")


def downgrade() -> None:
    run_sql_file("0014_artwork.down.sql")
