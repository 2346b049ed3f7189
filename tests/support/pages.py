"""What statements look at: the pages that they touch, whatever the machine does besides.

Whatever a call reads is recorded, then run again under EXPLAIN: with a plan that is made for the
values and, as the driver prepares what repeats, with one for any values.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, Self
from unittest.mock import patch

import psycopg
from psycopg import sql

from service.database import Connection, Database
from service.settings import Settings

Statement = tuple[str, Mapping[str, Any]]
"""A text and its parameters."""

_MOST_PAGES: Final = 3_000
"""What one statement may touch."""

_MOST_GROWTH: Final = 1.25
_SLACK_PAGES: Final = 100
"""Trees of indexes gain a level, and lists of a posting tree some pages."""

_PARAMETER: Final = re.compile(r"%\((\w+)\)s|%%")
_NUMBER: Final = re.compile(r"\$(\d+)")


def one_connection(database_url: str) -> Settings:
    """Return the settings of a server with one connection, which is the one that is recorded."""
    return Settings(
        database_url=database_url,
        listen="127.0.0.1:0",
        pool_min_size=1,
        pool_max_size=1,
        upkeep_interval=0,
        drain_delay=0,
    )


def is_bounded(small: int, large: int, *, steps: int = 1) -> bool:
    """Whether a statement touches few pages, and as many in a catalogue four times as large.

    One that takes several steps has as much slack for each.
    """
    return large <= min(_MOST_PAGES, small * _MOST_GROWTH + steps * _SLACK_PAGES)


class _Recorder(psycopg.AsyncCursor[Any]):
    """Keeps what reads."""

    recorded: Final[list[Statement]] = []

    async def execute(self, query: Any, params: Any = None, **options: Any) -> Self:
        match query:
            case sql.Composable():
                text = query.as_string(self)
            case bytes():
                text = query.decode()
            case _:
                text = str(query)
        if text.lstrip(" \n(").startswith(("SELECT", "WITH", "--")):
            self.recorded.append((text, params or {}))
        return await super().execute(query, params, **options)


async def _execute_numbered(
    cursor: psycopg.AsyncRawCursor[Any], query: bytes, params: Sequence[Any], **options: Any
) -> psycopg.AsyncCursor[Any]:
    """Keep what reads by numbered parameters, whose cursors are made by hand."""
    text = _NUMBER.sub(r"%(p\1)s", query.decode())
    values = {f"p{number}": value for number, value in enumerate(params, 1)}
    _Recorder.recorded.append((text, values))
    return await psycopg.AsyncCursor.execute(cursor, query, params, **options)


@asynccontextmanager
async def recorded(database: Database) -> AsyncIterator[Sequence[Statement]]:
    """Yield what is read within the block, by a server with `one_connection`."""
    async with database.read() as connection:
        connection.cursor_factory = _Recorder
    _Recorder.recorded.clear()
    with patch.object(psycopg.AsyncRawCursor, "execute", _execute_numbered):
        yield _Recorder.recorded


async def pages_of(connection: Connection, statements: Sequence[Statement]) -> int:
    """Return the pages that the largest of some statements touches, by its worse plan."""
    return max(
        [
            await touched(connection, text, values, mode)
            for text, values in statements
            for mode in ("force_custom_plan", "force_generic_plan")
        ]
    )


async def touched(
    connection: Connection, text: str, values: Mapping[str, Any], plan_mode: str = "auto"
) -> int:
    """Return the pages that a statement touches, in memory or not."""
    names: dict[str, int] = {}

    def numbered(found: re.Match[str]) -> str:
        name = found.group(1)
        return f"${names.setdefault(name, len(names) + 1)}" if name else "%"

    prepared = _PARAMETER.sub(numbered, text)
    literals = sql.SQL(", ").join(sql.Literal(values[name]) for name in names)
    arguments = sql.SQL("({})").format(literals) if names else sql.SQL("")
    async with connection.transaction(force_rollback=True):
        await connection.execute("SELECT set_config('plan_cache_mode', %s, true)", (plan_mode,))
        await connection.execute(sql.SQL("PREPARE measured AS " + prepared))
        explained = await connection.execute(
            sql.SQL("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE measured{}").format(arguments)
        )
        row = await explained.fetchone()
        await connection.execute("DEALLOCATE measured")
    assert row
    plan = row[0][0]["Plan"]
    return int(plan["Shared Hit Blocks"]) + int(plan["Shared Read Blocks"])
