"""No step of a search looks at more rows in a larger catalogue, not even for the worst words."""

from __future__ import annotations

from dataclasses import replace
from hashlib import md5
from typing import TYPE_CHECKING, Final
from unittest.mock import ANY

import pytest

from fonoteca.v1.search_pb2 import SearchTracksRequest
from service.database import Connection, Database
from service.query import parse
from service.search.candidates import Lookup, Scope, find, find_all
from service.search.model import MAX_HITS
from service.search.patterns import Vocabulary, all_words
from service.search.vocabulary import Lexicon
from service.settings import Settings
from tests.support.catalogue import DEFAULT_LIBRARY
from tests.support.crowd import LARGE, SMALL, crowd
from tests.support.pages import is_bounded, one_connection, pages_of, recorded, touched

if TYPE_CHECKING:
    from fonoteca.v1.search_pb2_grpc import SearchServiceAsyncStub

_SELDOM: Final = md5(b"1").hexdigest()
"""A word that one of some thousand tracks has."""

_SEARCHES: Final = (
    *("love", "love the night", "the band", "love the band", "night love the band"),
    *("lov", "love the nig", "the b"),
    *("lvoe", "love teh nigth", "lovethenight", "the bnad"),
    *("shine all", "shine all night the band 7"),
    *("love zyxwvu", "love the night official video", "zyxwvu"),
    *(f"{_SELDOM} love the night", f"{_SELDOM} lov", f"{_SELDOM} lvoe"),
)
"""Words that most tracks have: alone, together, unfinished, misspelt, sung, beside one that
none or hardly any has."""

_FILTER: Final = "popularity:..20"
"""It lets a fifth of all tracks through, which are not those that words find first."""

_MOST_TESTED: Final = 10_000
"""5,000 that have the name, and as many that have the words."""

_PAGES_OF_A_TEST: Final = 4
_EVERY_TEST: Final = """
SELECT count(*) FROM track_search AS s
WHERE s.words @@ 'love'
    AND (SELECT t.popularity <= 20 FROM track AS t WHERE t.id = s.track_id OFFSET 0)
"""

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
    # What is tested by a broad filter ends as well, however many tracks the words find.
    most = _PAGES_OF_A_TEST * _MOST_TESTED
    assert await touched(connection, _EVERY_TEST, {}) > 2 * most
    for query in ("love", "lov", "love the night"):
        assert await _pages(connection, database, search, query, _FILTER) < most, query


async def test_what_few_of_many_tracks_pass_is_found_in_full(connection: Connection) -> None:
    await crowd(connection, 0, SMALL)
    marked = await connection.execute(
        "UPDATE track SET explicit = true WHERE popularity < 0.03 RETURNING id"
    )
    ids = {row[0] for row in await marked.fetchall()}
    lexicon = Lexicon(connection)
    await lexicon.read(["love"], ["love"])
    lookup = Lookup(0, "love", 0, all_words(["love"], lexicon.known))
    for library_id in (None, DEFAULT_LIBRARY):
        broad = Scope(library_id, parse("explicit:yes"), is_narrow=False)
        _, found = await find_all(connection, broad, [lookup], 50)
        assert [candidate.is_beyond for candidate in found] == [True]
        for in_doubt in (replace(broad, is_in_doubt=True), replace(broad, is_narrow=None)):
            settled, found = await find_all(connection, in_doubt, [lookup], 50)
            assert settled.is_narrow
            assert {candidate.track_id for candidate in found} == ids != set()
            assert not any(candidate.is_beyond for candidate in found)
    nobody = Scope(None, parse("explicit:no"), is_narrow=False, is_in_doubt=True)
    assert await find_all(connection, nobody, [lookup], 50) == (ANY, [])


async def test_a_wrong_guess_at_how_many_tracks_have_words_changes_nothing(
    connection: Connection,
) -> None:
    await crowd(connection, 0, SMALL)
    for text in ("love", "love nobody", "love the night", _SELDOM):
        pattern = all_words(text.split(), Vocabulary())
        for names in ([], [text]):
            of_many, of_few = [
                await find(
                    connection,
                    Scope(None, parse("")),
                    [Lookup(0, text, 0, replace(pattern, is_rare=is_rare), names)],
                    MAX_HITS,
                )
                for is_rare in (False, True)
            ]
            assert of_few == of_many != [], text


async def _pages(
    connection: Connection,
    database: Database,
    search: SearchServiceAsyncStub,
    query: str,
    filter_: str = "",
) -> int:
    """Return the pages that the largest statement of a search touches."""
    async with recorded(database) as statements:
        await search.SearchTracks(SearchTracksRequest(query=query, filter=filter_))
    return await pages_of(connection, statements)
