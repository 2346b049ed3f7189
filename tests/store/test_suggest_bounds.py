"""No suggestion looks at more names in a larger catalogue, however common what was typed is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from fonoteca.v1.search_pb2 import SuggestRequest
from service.database import Connection, Database
from service.settings import Settings
from tests.support.crowd import LARGE, SMALL, crowd, crowd_of_artists
from tests.support.pages import is_bounded, one_connection, pages_of, recorded, touched

if TYPE_CHECKING:
    from fonoteca.v1.search_pb2_grpc import SearchServiceAsyncStub

_TYPED: Final = (
    *("l", "lo", "lov", "love", "love t", "love the", "love the b", "love the ban"),
    *("the b", "the n", "ban", "nig", "the band 7", "the 7", "night band", "lvoe", "teh nigth"),
)
"""Beginnings, words and typos that most names have."""

_STEPS: Final = 2
"""What is popular, and the rest."""

_EVERY_NAME: Final = """
SELECT s.subject FROM name_search AS s WHERE s.words @@ 'love' ORDER BY s.popularity DESC LIMIT 50
"""


@pytest.fixture
def settings(database_url: str) -> Settings:
    return one_connection(database_url)


async def test_a_suggestion_touches_no_more_of_a_larger_catalogue(
    connection: Connection, database: Database, search: SearchServiceAsyncStub
) -> None:
    await crowd(connection, 0, SMALL)
    await crowd_of_artists(connection, 0, SMALL)
    small = {typed: await _pages(connection, database, search, typed) for typed in _TYPED}
    small_scan = await touched(connection, _EVERY_NAME, {})
    await crowd(connection, SMALL, LARGE)
    await crowd_of_artists(connection, SMALL, LARGE)
    large = {typed: await _pages(connection, database, search, typed) for typed in _TYPED}
    # What ranks every name does not pass.
    assert not is_bounded(small_scan, await touched(connection, _EVERY_NAME, {}))
    for typed in _TYPED:
        assert small[typed]
        assert is_bounded(small[typed], large[typed], steps=_STEPS), (
            typed,
            small[typed],
            large[typed],
        )


async def _pages(
    connection: Connection, database: Database, search: SearchServiceAsyncStub, typed: str
) -> int:
    """Return the pages that the largest statement of a suggestion touches."""
    async with recorded(database) as statements:
        await search.Suggest(SuggestRequest(query=typed))
    return await pages_of(connection, statements)
