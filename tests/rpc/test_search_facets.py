"""Totals and facets of SearchTracks: what is counted, and how far."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import grpc
import pytest

from fonoteca.v1 import search_pb2 as pb
from fonoteca.v1.search_pb2 import SearchFacetField
from fonoteca.v1.track_pb2 import Track, TrackAlbum
from fonoteca.v1.types_pb2 import AudioFeatures, AudioFile, Mode, PartialDate
from service.database import Database
from service.search.index import index_tracks
from tests.support.errors import raises_status
from tests.support.tracks import insert_tracks
from tests.support.writing import add_tracks, credited

if TYPE_CHECKING:
    from fonoteca.v1.search_pb2_grpc import SearchServiceAsyncStub

INVALID = grpc.StatusCode.INVALID_ARGUMENT
FIELDS = [field for field in SearchFacetField.values() if field]


def track(
    title: str,
    *artists: str,
    genres: str = "",
    year: int = 0,
    album: str = "",
    key: int | None = None,
    mode: str = "MAJOR",
    formats: str = "",
) -> Track:
    """Return a track; genres and formats are separated by commas."""
    made = Track(title=title, credits=credited(*artists), genres=filter(None, genres.split(",")))
    if year:
        made.release_date.CopyFrom(PartialDate(year=year))
    if album:
        made.album.CopyFrom(TrackAlbum(title=album))
    if key is not None:
        made.features.CopyFrom(AudioFeatures(key=key, mode=Mode.Value(f"MODE_{mode}")))
    for number, format_ in enumerate(filter(None, formats.split(","))):
        made.files.append(AudioFile(uri=f"file:///{title}{number}.{format_}", format=format_))
    return made


CATALOGUE = (
    track("Love One", "Ann", genres="Rock", year=1991, album="First", key=9, mode="MINOR"),
    track("Love Two", "Ann", "Bob", genres="Rock,Live", year=1999, formats="flac,mp3"),
    track("Love Three", "Bob", genres='R&B "Soul"', year=2001, album="Last", key=0),
    track("Love Four", "Bob", "Bob", genres="Rock", year=2001, formats="mp3,mp3"),
    track("Love Five", genres="Live"),
    track("Lovely Six", "Ann", genres="Jazz", year=1985),
    track("Hate", "Ann", genres="Rock", year=1991, key=9, mode="MINOR"),
)  # fmt: skip


@pytest.fixture
async def catalogue(database: Database) -> None:
    await add_tracks(database, *CATALOGUE)


async def ask(search: SearchServiceAsyncStub, query: str, **more: Any) -> pb.SearchTracksResponse:
    return await search.SearchTracks(pb.SearchTracksRequest(query=query, **more))


def told(response: pb.SearchTracksResponse) -> dict[str, dict[str, int]]:
    """Return the counts by field and value."""
    return {
        SearchFacetField.Name(facet.field).removeprefix("SEARCH_FACET_FIELD_"): {
            value.value: value.count for value in facet.values
        }
        for facet in response.facets
    }


@pytest.mark.usefixtures("catalogue")
async def test_counts_all_matches_by_what_was_asked(search: SearchServiceAsyncStub) -> None:
    response = await ask(search, "love", facets=FIELDS, page_size=1)
    assert told(response) == {
        "GENRE": {"Rock": 3, "Live": 2, 'R&B "Soul"': 1},
        "ARTIST": {"Bob": 3, "Ann": 2},
        "ALBUM": {"First": 1, "Last": 1},
        "YEAR": {"2001": 2, "1991": 1, "1999": 1},
        "DECADE": {"1990": 2, "2000": 2},
        "FORMAT": {"mp3": 2, "flac": 1},
        "KEY": {"8A": 1, "8B": 1},
    }
    assert [facet.field for facet in response.facets] == FIELDS
    assert all(facet.exact for facet in response.facets)
    assert (response.total_size, response.total_size_exact) == (5, True)
    counts = [value.count for facet in response.facets for value in facet.values]
    assert all(counts)
    few = await ask(search, "love", facets=FIELDS[::-1], facet_size=1)
    assert [len(facet.values) for facet in few.facets] == [1] * len(FIELDS)
    assert [facet.field for facet in few.facets] == FIELDS[::-1]


@pytest.mark.usefixtures("catalogue")
@pytest.mark.parametrize(
    ("query", "more"),
    [
        ("love", {"mode": pb.SEARCH_MODE_EXACT}),
        ("lov", {"mode": pb.SEARCH_MODE_PREFIX}),
        ("love", {"mode": pb.SEARCH_MODE_PREFIX}),
        ("lvoe", {"mode": pb.SEARCH_MODE_FUZZY}),
        ("", {"filter": "title:love"}),
        ("", {"filter": "-genre:live"}),
        ("love", {"filter": "-year:1991", "mode": pb.SEARCH_MODE_EXACT}),
    ],
)
async def test_each_value_counts_what_its_filter_selects(
    search: SearchServiceAsyncStub, query: str, more: dict[str, Any]
) -> None:
    response = await ask(search, query, facets=FIELDS, **more)
    assert response.total_size == len(response.hits)
    values = [value for facet in response.facets for value in facet.values]
    narrowed = [
        pb.SearchTracksRequest(
            query=query,
            filter=f"{more.get('filter', '')} {value.filter}",
            mode=more.get("mode", pb.SEARCH_MODE_AUTO),
        )
        for value in values
    ]
    batch = await search.BatchSearchTracks(pb.BatchSearchTracksRequest(requests=narrowed))
    counts = [len(result.response.hits) for result in batch.results]
    assert counts == [value.count for value in values]
    assert any(counts)


@pytest.mark.usefixtures("catalogue")
@pytest.mark.parametrize(
    ("wanted", "genres"),
    [
        ("genre:live", {"Rock": 3, "Live": 2, 'R&B "Soul"': 1}),
        ("genre:(live OR jazz)", {"Rock": 3, "Live": 2, 'R&B "Soul"': 1}),
        ("genre:jazz", {"Rock": 3, "Live": 2, 'R&B "Soul"': 1}),
        ("genre:live year:1999", {"Rock": 1, "Live": 1}),
        ("genre:live artist:ann", {"Rock": 2, "Live": 1}),
        ("-genre:live", {"Rock": 2, 'R&B "Soul"': 1}),
        ("genre:rock -genre:live", {"Rock": 2, 'R&B "Soul"': 1}),
        ("genre:live OR year:2001", {"Live": 2, "Rock": 2, 'R&B "Soul"': 1}),
    ],
)
async def test_the_filter_on_its_own_field_does_not_narrow_a_facet(
    search: SearchServiceAsyncStub, wanted: str, genres: dict[str, int]
) -> None:
    facets = [pb.SEARCH_FACET_FIELD_GENRE, pb.SEARCH_FACET_FIELD_ARTIST]
    exact = pb.SEARCH_MODE_EXACT
    response = await ask(search, "love", filter=wanted, facets=facets, mode=exact)
    assert told(response)["GENRE"] == genres
    assert response.total_size == len(response.hits)


@pytest.mark.usefixtures("catalogue")
async def test_every_search_of_a_batch_has_its_own_counts(search: SearchServiceAsyncStub) -> None:
    requests = [
        pb.SearchTracksRequest(query="love", facets=FIELDS),
        pb.SearchTracksRequest(query="hate", facets=FIELDS[:1], facet_size=1),
        pb.SearchTracksRequest(query="love", facets=FIELDS[:2], filter="genre:rock"),
        pb.SearchTracksRequest(query="love"),
        pb.SearchTracksRequest(query="xyzzyx", facets=FIELDS),
        pb.SearchTracksRequest(query="\u200b", facets=FIELDS),
        pb.SearchTracksRequest(filter="genre:rock", facets=FIELDS),
        pb.SearchTracksRequest(query="love", facets=FIELDS[:1] * 2),
    ]
    whole = await search.BatchSearchTracks(pb.BatchSearchTracksRequest(requests=requests))
    assert whole.results[-1].error.code == INVALID.value[0]
    for request, result in zip(requests[:-1], whole.results[:-1], strict=True):
        assert result.response == await search.SearchTracks(request)
    for nothing in whole.results[4:6]:
        assert told(nothing.response) == {name[19:]: {} for name in SearchFacetField.keys()[1:]}
        assert nothing.response.total_size == 0
        assert nothing.response.total_size_exact


@pytest.mark.usefixtures("catalogue")
async def test_totals_are_exact_when_all_matches_were_seen_or_counted(
    search: SearchServiceAsyncStub,
) -> None:
    for request, size in (({"query": "love"}, 5), ({"query": "", "filter": "title:love"}, 5)):
        at_once = await ask(search, **request)
        assert (at_once.total_size, at_once.total_size_exact) == (size, True)
        page = await ask(search, page_size=2, **request)
        assert 2 <= page.total_size <= size
        assert not page.total_size_exact
        counted = await ask(search, page_size=2, count_total=True, **request)
        assert (counted.total_size, counted.total_size_exact) == (size, True)
        token = counted.next_page_token
        after = await ask(search, page_size=2, count_total=True, page_token=token, **request)
        assert (after.total_size, after.total_size_exact) == (size, True)


async def test_counting_ends_after_ten_thousand(
    search: SearchServiceAsyncStub, database: Database
) -> None:
    async with database.transaction() as connection:
        await index_tracks(connection, await insert_tracks(connection, 10_005))
        await connection.execute("UPDATE track SET release_date = '1999'")
    facets = [pb.SEARCH_FACET_FIELD_YEAR, pb.SEARCH_FACET_FIELD_GENRE]
    for request in ({"query": "track"}, {"query": "", "filter": "year:1999"}):
        response = await ask(search, facets=facets, **request)
        assert (response.total_size, response.total_size_exact) == (10_000, False)
        assert told(response) == {"YEAR": {"1999": 10_000}, "GENRE": {}}
        assert not any(facet.exact for facet in response.facets)


@pytest.mark.usefixtures("catalogue")
async def test_counts_that_time_does_not_allow_are_left_out(
    search: SearchServiceAsyncStub, database: Database
) -> None:
    request = pb.SearchTracksRequest(query="love", facets=FIELDS[:1])
    batch = pb.BatchSearchTracksRequest(requests=[request])
    async with database.transaction() as blocker:
        await blocker.execute("LOCK TABLE track_genre")
        call = search.BatchSearchTracks(batch, timeout=3)
        alone = await search.SearchTracks(request, timeout=3)
        [together] = (await call).results
    for response in (alone, together.response):
        assert response.partial
        assert len(response.hits) == 5
        assert not response.facets


@pytest.mark.usefixtures("catalogue")
@pytest.mark.parametrize(
    ("field", "more"),
    [
        ("facets[0]", {"facets": [0]}),
        ("facets[1]", {"facets": [1, 99]}),
        ("facets[1]", {"facets": [1, 1]}),
        ("facet_size", {"facets": [1], "facet_size": -1}),
    ],
)
async def test_what_cannot_be_counted_is_refused(
    search: SearchServiceAsyncStub, field: str, more: dict[str, Any]
) -> None:
    with raises_status(INVALID, field=field):
        await ask(search, "love", **more)
