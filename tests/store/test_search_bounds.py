"""No step of a search looks at more rows in a larger catalogue, not even for the worst words.

Whatever a search sends is recorded, then run again under EXPLAIN: the pages that a statement
touches tell what it looks at, whatever the machine does besides. The plan is made for the values
and, as the driver prepares what repeats, for any values.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final, Self
from uuid import UUID

import psycopg
import pytest
from psycopg import sql

from fonoteca.v1.search_pb2 import SearchTracksRequest
from service.artists.credits import resolve_credits
from service.artists.model import CreditedName
from service.database import Connection, Database
from service.search.index import index_tracks
from service.settings import Settings
from tests.support.catalogue import DEFAULT_LIBRARY

if TYPE_CHECKING:
    from fonoteca.v1.search_pb2_grpc import SearchServiceAsyncStub

_SMALL: Final = 8_000
_LARGE: Final = 4 * _SMALL
_MOST_PAGES: Final = 3_000
"""What one statement may touch."""

_MOST_GROWTH: Final = 1.25
_SLACK_PAGES: Final = 100
"""Trees of indexes gain a level, and lists of a posting tree some pages."""

_SEARCHES: Final = (
    *("love", "love the night", "the band", "love the band", "night love the band"),
    *("lov", "love the nig", "the b"),
    *("lvoe", "love teh nigth", "lovethenight", "the bnad"),
    *("shine all", "shine all night the band 7"),
    *("love zyxwvu", "love the night official video", "zyxwvu"),
)
"""Words that most tracks have: alone, together, unfinished, misspelt, sung, beside one that
none has."""

# The same few words are in most titles, and every second track is by the same artist.
_TRACKS: Final = """
INSERT INTO track (id, library_id, title, lyrics, credit_id, popularity, status, document, revision)
SELECT
    gen_random_uuid(),
    %(library_id)s,
    CASE WHEN n %% 3 = 0 THEN 'Love' ELSE 'Love the Night ' || md5((n %% 2000)::text) END,
    'Shine all night ' || n %% 50,
    (%(credit_ids)s::uuid[])[1 + n %% 2],
    n * 7919 %% 10000 / 100.0,
    'COMPLETED',
    '',
    1
FROM generate_series(%(first)s::integer, %(last)s::integer) AS n
RETURNING id
"""
_EVERY_MATCH: Final = """
SELECT s.track_id FROM track_search AS s WHERE s.words @@ 'love'
ORDER BY ts_rank(s.words, 'love') DESC LIMIT 50
"""
_PARAMETER: Final = re.compile(r"%\((\w+)\)s|%%")


_Statement = tuple[str, Mapping[str, Any]]
"""A text and its parameters."""


class _Recorder(psycopg.AsyncCursor[Any]):
    """Keeps what reads."""

    recorded: Final[list[_Statement]] = []

    async def execute(self, query: Any, params: Any = None, **options: Any) -> Self:
        text = query.as_string(self) if isinstance(query, sql.Composable) else str(query)
        if text.lstrip(" \n").startswith(("SELECT", "WITH", "--")):
            self.recorded.append((text, params or {}))
        return await super().execute(query, params, **options)


@pytest.fixture
def settings(database_url: str) -> Settings:
    """One connection, which is the one that is listened to, and nobody else who uses it."""
    return Settings(
        database_url=database_url,
        listen="127.0.0.1:0",
        pool_min_size=1,
        pool_max_size=1,
        upkeep_interval=0,
        drain_delay=0,
    )


async def test_a_search_touches_no_more_of_a_larger_catalogue(
    connection: Connection, database: Database, search: SearchServiceAsyncStub
) -> None:
    credit_ids = await _credits(connection)
    await _grow(connection, credit_ids, 0, _SMALL)
    small = {query: await _pages(connection, database, search, query) for query in _SEARCHES}
    small_scan = await _touched(connection, _EVERY_MATCH, {}, "auto")
    await _grow(connection, credit_ids, _SMALL, _LARGE)
    large = {query: await _pages(connection, database, search, query) for query in _SEARCHES}
    # What ranks every match does not pass.
    large_scan = await _touched(connection, _EVERY_MATCH, {}, "auto")
    assert large_scan > small_scan * _MOST_GROWTH + _SLACK_PAGES
    for query in _SEARCHES:
        assert small[query]
        assert large[query] <= _MOST_PAGES, query
        assert large[query] <= small[query] * _MOST_GROWTH + _SLACK_PAGES, query


async def _credits(connection: Connection) -> list[UUID]:
    names = ("The Band", "Nobody")
    credits = [(CreditedName(None, name, "", "PRIMARY"),) for name in names]
    found = await resolve_credits(connection, credits)
    return [credit.id for credit in found if credit]


async def _grow(connection: Connection, credit_ids: list[UUID], first: int, last: int) -> None:
    """Add tracks that can be found, and let the database know them as well as it ever does."""
    values = {
        "library_id": DEFAULT_LIBRARY,
        "credit_ids": credit_ids,
        "first": first,
        "last": last - 1,
    }
    rows = await (await connection.execute(_TRACKS, values)).fetchall()
    await index_tracks(connection, [row[0] for row in rows])
    await connection.execute("VACUUM (ANALYZE)")


async def _pages(
    connection: Connection, database: Database, search: SearchServiceAsyncStub, query: str
) -> int:
    """Return the pages that the largest statement of a search touches, by its worse plan."""
    async with _recorded(database) as statements:
        await search.SearchTracks(SearchTracksRequest(query=query))
    return max(
        [
            await _touched(connection, text, values, mode)
            for text, values in statements
            for mode in ("force_custom_plan", "force_generic_plan")
        ]
    )


@asynccontextmanager
async def _recorded(database: Database) -> AsyncIterator[Sequence[_Statement]]:
    """Yield what is read within the block."""
    async with database.read() as connection:
        connection.cursor_factory = _Recorder
    _Recorder.recorded.clear()
    yield _Recorder.recorded


async def _touched(
    connection: Connection, text: str, values: Mapping[str, Any], plan_mode: str
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
        await connection.execute(sql.SQL("PREPARE searched AS " + prepared))
        explained = await connection.execute(
            sql.SQL("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE searched{}").format(arguments)
        )
        row = await explained.fetchone()
        await connection.execute("DEALLOCATE searched")
    assert row
    plan = row[0][0]["Plan"]
    return int(plan["Shared Hit Blocks"]) + int(plan["Shared Read Blocks"])
