"""The schema that the migrations lead to, as text: to be read in a review, and compared by a test.

`make schema` writes `schema.sql` anew.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Final

from service.database import migrations
from service.database.embedded import Software
from tests.support.postgres import Cluster, embedded

SNAPSHOT: Final = Path(__file__).with_name("schema.sql")

_NOISE: Final = re.compile(
    r"^(?:--.*|SET .*|SELECT pg_catalog\.set_config.*|\\(?:un)?restrict .*)\n", re.MULTILINE
)
"""Comments, versions, session settings and random tokens, which say nothing of the schema."""


def dump(url: str) -> str:
    """Return the schema of a database in a form that only depends on the schema."""
    program = Software.installed().program("pg_dump")
    done = subprocess.run(
        [program, "--schema-only", "--no-owner", "--no-privileges", f"--dbname={url}"],
        check=True,
        capture_output=True,
        text=True,
    )
    return re.sub(r"\n{3,}", "\n\n", _NOISE.sub("", done.stdout)).strip() + "\n"


def main() -> None:
    """Write the snapshot from a database that is migrated from nothing."""
    with embedded() as conninfo:
        cluster = Cluster(conninfo)
        with cluster.empty() as url:
            migrations.upgrade(url)
            SNAPSHOT.write_text(dump(url), encoding="utf-8")
        cluster.close()


if __name__ == "__main__":
    main()
