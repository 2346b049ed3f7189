"""Statistics of PostgreSQL's planner that follow growth, at once.

PostgreSQL renews them by itself, but a minute or more after a table has grown. Until then it keeps
to plans that were made when there was next to nothing, and searches take a hundred times as long,
just when somebody has imported his catalogue and tries it out.
"""

from __future__ import annotations

from typing import Final

from psycopg import sql

from service.database import Database, load_statements

_SQL = load_statements(__package__)
_OUTGROWN = _SQL["outgrown_tables"]
# A table that another one is looking at is left to it.
_ANALYZE: Final = sql.SQL("ANALYZE (SKIP_LOCKED) {}")


async def refresh(database: Database) -> list[str]:
    """Have PostgreSQL look at the tables that have grown to several times their size.

    Returns their names. A large one takes about a second, in which who reads and writes does not
    wait; each is done for itself, so that none has to be done again when the next one fails.
    """
    async with database.read() as connection:
        rows = await (await connection.execute(_OUTGROWN)).fetchall()
        tables = [name for (name,) in rows]
        for name in tables:
            await connection.execute(_ANALYZE.format(sql.Identifier(name)))
        return tables
