"""The statement ranks as the model says: what it counts, and what it makes of that."""

from __future__ import annotations

from collections import Counter
from itertools import product

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from fonoteca.v1.track_pb2 import Track, TrackAlbum
from service.database import Connection, Database
from service.query import parse
from service.search import store
from service.search.candidates import Scope
from service.search.ladder import climb
from service.search.model import MAX_HITS, Entry, Found, Mode, Rung, Words
from service.search.vocabulary import Lexicon
from tests.support.writing import add_tracks, credited

WORDS = ("love", "lover", "blue", "moon", "night", "queen")
TITLES = ("Love", "Blue Moon", "Night Love", "Moon, Moon", "Lóve!", "Lover of the Night")
ARTISTS = ("Queen", "Blue", "Queen of Love", "Moon Night")
ALBUMS = ("", "Love", "Blue Night")


@pytest.fixture
async def catalogue(database: Database) -> None:
    made = product(TITLES, ARTISTS, ALBUMS)
    await add_tracks(
        database,
        *(
            Track(
                title=title,
                credits=credited(artist),
                album=TrackAlbum(title=album) if album else None,
                genres=[WORDS[index % len(WORDS)]],
                lyrics="zyx, moon, zyx" if index % 5 == 0 else "",
                popularity=index * 37 % 101 if index % 3 else None,
            )
            for index, (title, artist, album) in enumerate(made)
        ),
    )


async def find(connection: Connection, query: str) -> tuple[Words, Found]:
    """Return a query as it is compared, and what is found, also by steps that are not needed."""
    lexicon = Lexicon(connection)
    [folded] = await lexicon.read([query], [query])
    words = Words(folded.text, folded.core, folded.typed, Mode.FUZZY)
    [found] = await climb(lexicon, Scope(None, parse("")), [words], MAX_HITS)
    return words, found


@pytest.mark.usefixtures("catalogue")
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    query=st.lists(st.sampled_from([*WORDS, "loev", "nigh", "bluemoon", "zyx"]), min_size=1,
                   max_size=3)
)  # fmt: skip
@example(query=["Lóve!"])
@example(query=["love", "queen"])
@example(query=["queen", "zyx", "lover"])
async def test_relevance_is_the_sum_of_its_parts(connection: Connection, query: list[str]) -> None:
    words, found = await find(connection, " ".join(query))
    entries = await store.entries(connection, {hit.track_id for hit in found.hits})
    for hit in found.hits:
        assert hit.match
        assert hit.relevance == pytest.approx(hit.match.parts.relevance)
        assert all(0 <= value <= 1 for value in (hit.match.words, hit.match.fields))
        is_divided_alike = entries[hit.track_id].words.keys() >= set(words.words)
        if hit.rung <= Rung.ALL_WORDS and is_divided_alike:
            assert hit.match.counts == counted(words, entries[hit.track_id])


def counted(query: Words, entry: Entry) -> tuple[int, ...]:
    """Count the words of a query in the first of the fields that has them."""
    fields = Counter(min(entry.words[word]) for word in query.words)
    return tuple(fields[weight] for weight in "ABCDE")


@pytest.mark.parametrize("query", ["hiphop", "hifi", "acdc"])
async def test_a_word_that_is_run_together_counts_once(
    database: Database, connection: Connection, query: str
) -> None:
    await add_tracks(
        database,
        Track(title="Hip-Hop (Hiphop Mix)", credits=credited("AC/DC")),
        Track(title="AC/DC", credits=credited("AC/DC"), album=TrackAlbum(title="ACDC")),
        Track(title="Hi-Fi", credits=credited("HIFI"), album=TrackAlbum(title="Hifi")),
    )
    _, found = await find(connection, query)
    matches = [hit.match for hit in found.hits if hit.rung <= Rung.ALL_WORDS]
    assert matches
    assert all(match and sum(match.counts) == 1 for match in matches)
