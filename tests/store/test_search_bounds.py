"""No step of a search looks at more rows in a larger catalogue, not even for the worst words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from fonoteca.v1.search_pb2 import SearchTracksRequest
from service.database import Connection, Database
from service.settings import Settings
from tests.support.crowd import LARGE, SMALL, crowd
from tests.support.pages import is_bounded, one_connection, pages_of, recorded, touched

if TYPE_CHECKING:
    from fonoteca.v1.search_pb2_grpc import SearchServiceAsyncStub

_SEARCHES: Final = (
    *("love", "love the night", "the band", "love the band", "night love the band"),
    *("lov", "love the nig", "the b"),
    *("lvoe", "love teh nigth", "lovethenight", "the bnad"),
    *("shine all", "shine all night the band 7"),
    *("love zyxwvu", "love the night official video", "zyxwvu"),
)
"""Words that most tracks have: alone, together, unfinished, misspelt, sung, beside one that
none has."""

_EVERY_MATCH: Final = """
SELECT s.track_id FROM track_search AS s WHERE s.words @@ 'love'
ORDER BY ts_rank(s.words, 'love') DESC LIMIT 50
"""


@pytest.fixture
def settings(database_url: str) -> Settings:
    return one_connection(database_url)


async def test_a_search_touches_no_more_of_a_larger_catalogue(
    connection: Connection, database: Database, search: SearchServiceAsyncStub
) -> None:
    await crowd(connection, 0, SMALL)
    small = {query: await _pages(connection, database, search, query) for query in _SEARCHES}
    small_scan = await touched(connection, _EVERY_MATCH, {})
    await crowd(connection, SMALL, LARGE)
    large = {query: await _pages(connection, database, search, query) for query in _SEARCHES}
    # What ranks every match does not pass.
    large_scan = await touched(connection, _EVERY_MATCH, {})
    assert not is_bounded(small_scan, large_scan)
    for query in _SEARCHES:
        assert small[query]
        assert is_bounded(small[query], large[query]), query


async def _pages(
    connection: Connection, database: Database, search: SearchServiceAsyncStub, query: str
) -> int:
    """Return the pages that the largest statement of a search touches."""
    async with recorded(database) as statements:
        await search.SearchTracks(SearchTracksRequest(query=query))
    return await pages_of(connection, statements)
