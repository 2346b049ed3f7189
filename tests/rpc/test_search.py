"""SearchService, as a client sees it: what is found, in which order, and what is refused."""

from __future__ import annotations

import asyncio
import string
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import grpc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fonoteca.v1 import album_pb2, artist_pb2, library_pb2
from fonoteca.v1 import search_pb2 as pb
from fonoteca.v1 import track_pb2 as tracks_pb
from fonoteca.v1.track_pb2 import Track, TrackAlbum
from fonoteca.v1.types_pb2 import ExternalSource, PartialDate
from service.database import Database
from service.search.model import MAX_HITS
from tests.support.errors import raises_status
from tests.support.writing import add_tracks, credited

if TYPE_CHECKING:
    from fonoteca.v1.album_pb2_grpc import AlbumServiceAsyncStub
    from fonoteca.v1.artist_pb2_grpc import ArtistServiceAsyncStub
    from fonoteca.v1.library_pb2_grpc import LibraryServiceAsyncStub
    from fonoteca.v1.search_pb2_grpc import SearchServiceAsyncStub
    from fonoteca.v1.track_pb2_grpc import TrackServiceAsyncStub

INVALID = grpc.StatusCode.INVALID_ARGUMENT

CATALOGUE = (
    Track(title="Hoppípolla", credits=credited("Sigur Rós"), album=TrackAlbum(title="Takk..."),
          genres=["Post-Rock"], popularity=70, release_date=PartialDate(year=2005)),
    Track(title="Sæglópur", credits=credited("Sigur Rós"), album=TrackAlbum(title="Takk..."),
          genres=["Post-Rock"], popularity=40, release_date=PartialDate(year=2005)),
    Track(title="Jóga", credits=credited("Björk"), album=TrackAlbum(title="Homogenic"),
          genres=["Art Pop"], release_date=PartialDate(year=1997)),
    Track(title="Love", credits=credited("Lana Del Rey"), popularity=80),
    Track(title="Love Me Do", credits=credited("The Beatles"), popularity=60),
    Track(title="Crazy in Love", credits=credited("Beyoncé", "JAY-Z"), popularity=50),
    Track(title="Lovely Day", credits=credited("Bill Withers")),
    Track(title="Enter Sandman", credits=credited("Metallica")),
    Track(title="Whatever It Takes", credits=credited("Imagine Dragons")),
    Track(title="Underground", credits=credited("David Bowie")),
    Track(title="Black Bird", credits=credited("The Quarrymen")),
    Track(title="Sweet Child O' Mine", credits=credited("Guns N' Roses")),
    Track(title="Back in Black", credits=credited("AC/DC")),
    Track(title="So What", credits=credited("P!nk")),
    Track(title="!!!", credits=credited("Punctuation")),
    Track(title="上を向いて歩こう", credits=credited("坂本九")),
    Track(title="Группа крови", credits=credited("Кино")),
    Track(title="The The", credits=credited("The Who")),
)  # fmt: skip


# What compares a word with those it may have been meant to be waits for a lock. Its schema is
# searched first.
_MENDING_WAITS = """
CREATE SCHEMA AUTHORIZATION current_user;
CREATE FUNCTION levenshtein_less_equal(text, text, integer) RETURNS integer
LANGUAGE plpgsql
AS 'BEGIN PERFORM pg_advisory_xact_lock_shared(1); RETURN 1; END'
"""


@pytest.fixture
async def catalogue(database: Database) -> None:
    await add_tracks(database, *CATALOGUE)


async def ask(search: SearchServiceAsyncStub, query: str = "", **more: Any) -> list[pb.SearchHit]:
    response = await search.SearchTracks(pb.SearchTracksRequest(query=query, **more))
    return list(response.hits)


async def titles(search: SearchServiceAsyncStub, query: str = "", **more: Any) -> list[str]:
    return [hit.track.title for hit in await ask(search, query, **more)]


def best(hits: Sequence[pb.SearchHit]) -> tuple[str, str]:
    """Return the title of the first hit, and its rung."""
    if not hits:
        return "", ""
    rung = pb.SearchRung.Name(hits[0].rung).removeprefix("SEARCH_RUNG_")
    return hits[0].track.title, rung


@pytest.mark.usefixtures("catalogue")
@pytest.mark.parametrize(
    ("query", "title", "rung"),
    [
        ("Hoppípolla", "Hoppípolla", "EXACT"),
        ("hoppipolla", "Hoppípolla", "EXACT"),
        ("HOPPIPOLLA sigur ros", "Hoppípolla", "EXACT"),
        ("sigur ros hoppipolla", "Hoppípolla", "EXACT"),
        ("Sigur Rós - Hoppípolla", "Hoppípolla", "EXACT"),
        ("hoppipolla ros", "Hoppípolla", "ALL_WORDS"),
        ("takk hoppipolla", "Hoppípolla", "ALL_WORDS"),
        ("post-rock saeglopur", "Sæglópur", "ALL_WORDS"),
        ("homogenic", "Jóga", "ALL_WORDS"),
        ("saegl", "Sæglópur", "PREFIX"),
        ("sigur hopp", "Hoppípolla", "PREFIX"),
        ("hopipolla", "Hoppípolla", "TYPO"),
        ("enter sandmen", "Enter Sandman", "TYPO"),
        ("enter sadnman", "Enter Sandman", "TYPO"),
        ("emter sandman", "Enter Sandman", "TYPO"),
        ("rnter sandman", "Enter Sandman", "TYPO"),
        ("mettalica sandman", "Enter Sandman", "TYPO"),
        ("netallica", "Enter Sandman", "TYPO"),
        ("lvoe me do", "Love Me Do", "TYPO"),
        ("whatever it takse", "Whatever It Takes", "TYPO"),
        ("under ground", "Underground", "EXACT"),
        ("blackbird", "Black Bird", "EXACT"),
        ("lvoe", "Love", "TYPO"),
        ("kove", "Love", "TYPO"),
        ("ojga", "Jóga", "TYPO"),
        ("enter sandman remastered 2011 edition", "Enter Sandman", "FEWER_WORDS"),
        ("jay z crazy in love beyonce", "Crazy in Love", "ALL_WORDS"),
        ("beyonce crazy in love", "Crazy in Love", "ALL_WORDS"),
        ("sweet child of mine", "Sweet Child O' Mine", ""),
        ("sweet child o\u2019 mine guns n roses", "Sweet Child O' Mine", "EXACT"),
        ("AC/DC", "Back in Black", "EXACT"),
        ("ac dc", "Back in Black", "EXACT"),
        ("acdc", "Back in Black", "EXACT"),
        ("acdc back in black", "Back in Black", "EXACT"),
        ("acdv", "Back in Black", "TYPO"),
        ("jayz crazy in love", "Crazy in Love", "ALL_WORDS"),
        ("postrock", "Hoppípolla", "TYPO"),  # genres are not run together
        ("pink so what", "So What", "EXACT"),
        ("!!!", "!!!", "EXACT"),
        ("歩こう", "上を向いて歩こう", "ALL_WORDS"),
        ("группа КРОВИ", "Группа крови", "EXACT"),
        ("the the", "The The", "EXACT"),
        ("xyzzyx", "", ""),
    ],
)
async def test_the_first_hit_is_what_was_meant(
    search: SearchServiceAsyncStub, query: str, title: str, rung: str
) -> None:
    found = best(await ask(search, query))
    assert found[0] == title
    assert rung in ("", found[1])


@pytest.mark.usefixtures("catalogue")
async def test_strict_hits_come_first_then_the_popular_ones(search: SearchServiceAsyncStub) -> None:
    hits = await ask(search, "love")
    assert [hit.track.title for hit in hits] == ["Love", "Love Me Do", "Crazy in Love"]
    assert [hit.rung for hit in hits] == sorted(hit.rung for hit in hits)
    scores = [hit.score for hit in hits]
    assert scores == sorted(scores, reverse=True)
    assert all(0 < score <= 1 for score in scores)


async def test_of_equal_tracks_the_popular_one_comes_first(
    search: SearchServiceAsyncStub, database: Database
) -> None:
    made = [Track(title="Song", popularity=value) for value in (None, 5.0, 95.0, 0.0, 45.0)]
    await add_tracks(database, *made)
    hits = await ask(search, "song")
    assert [hit.track.popularity for hit in hits] == [95, 45, 5, 0, 0]


async def test_words_in_brackets_tell_versions_apart(
    search: SearchServiceAsyncStub, database: Database
) -> None:
    versions = ("Tonight (I'm Loving You)", "Tonight (I'm Leaving You)", "Tonight")
    await add_tracks(
        database, *(Track(title=title, credits=credited("Enrico")) for title in versions)
    )
    for title in versions[:2]:
        query = f"Enrico featuring Nobody Else {title}"
        assert best(await ask(search, query)) == (title, "FEWER_WORDS")


@pytest.mark.usefixtures("catalogue")
@pytest.mark.parametrize(
    ("query", "mode", "expected"),
    [
        ("love", "EXACT", ["Love", "Love Me Do", "Crazy in Love"]),
        ("love", "PREFIX", ["Love", "Love Me Do", "Crazy in Love", "Lovely Day"]),
        ("saegl", "EXACT", []),
        ("saegl", "PREFIX", ["Sæglópur"]),
        ("hopipolla", "PREFIX", []),
        ("hopipolla", "FUZZY", ["Hoppípolla"]),
        ("black", "AUTO", ["Back in Black", "Black Bird"]),
        ("black", "FUZZY", ["Back in Black", "Black Bird"]),
        ("jog", "FUZZY", ["Jóga"]),
        ("enter sandman remastered", "FUZZY", ["Enter Sandman"]),
        ("enter sandman remastered", "PREFIX", []),
    ],
)
async def test_the_mode_says_how_freely_a_query_is_read(
    search: SearchServiceAsyncStub, query: str, mode: str, expected: list[str]
) -> None:
    wanted = pb.SearchMode.Value(f"SEARCH_MODE_{mode}")
    assert sorted(await titles(search, query, mode=wanted)) == sorted(expected)


async def test_fuzzy_finds_near_words_beside_exact_ones(
    search: SearchServiceAsyncStub, database: Database
) -> None:
    await add_tracks(database, Track(title="House"), Track(title="Horse"))
    assert await titles(search, "house") == ["House"]
    assert await titles(search, "house", mode=pb.SEARCH_MODE_FUZZY) == ["House", "Horse"]


@pytest.mark.usefixtures("catalogue")
async def test_hits_below_the_lowest_score_are_left_out(search: SearchServiceAsyncStub) -> None:
    hits = await ask(search, "love")
    for lowest in (hits[0].score, hits[1].score, hits[-1].score, 0.0):
        expected = [hit.track.id for hit in hits if hit.score >= lowest]
        assert [hit.track.id for hit in await ask(search, "love", min_score=lowest)] == expected
    assert await ask(search, "hopipolla", min_score=0.6) == []


@pytest.mark.usefixtures("catalogue")
@pytest.mark.parametrize(
    ("field", "request_"),
    [
        ("mode", pb.SearchTracksRequest(query="love", mode=pb.SearchMode.ValueType(9))),
        ("min_score", pb.SearchTracksRequest(query="love", min_score=-0.1)),
        ("min_score", pb.SearchTracksRequest(query="love", min_score=1.1)),
        ("min_score", pb.SearchTracksRequest(query="love", min_score=float("nan"))),
    ],
)
async def test_what_a_search_cannot_mean_is_refused(
    search: SearchServiceAsyncStub, field: str, request_: pb.SearchTracksRequest
) -> None:
    with raises_status(INVALID, field=field):
        await search.SearchTracks(request_)


@pytest.mark.usefixtures("catalogue")
async def test_filters_narrow_a_search(search: SearchServiceAsyncStub) -> None:
    assert await titles(search, "sigur ros", filter="title:hoppipolla") == ["Hoppípolla"]
    assert await titles(search, "love", filter="artist:beatles") == ["Love Me Do"]
    assert await titles(search, "love", filter="year:1990..1999") == []
    alone = await ask(search, filter="year:2005")
    assert [hit.track.title for hit in alone] == ["Sæglópur", "Hoppípolla"]  # the newest first
    assert {hit.rung for hit in alone} == {pb.SEARCH_RUNG_FILTER}
    with raises_status(INVALID, field="filter"):
        await titles(search, "love", filter="nonsense:1")


async def test_pages_are_complete_and_repeat_nothing(
    search: SearchServiceAsyncStub, database: Database
) -> None:
    made = await add_tracks(
        database,
        *(Track(title=f"Love {number}", popularity=number % 90) for number in range(130)),
        *(Track(title=f"Lovely {number}") for number in range(20)),
    )
    for request, expected in (
        (pb.SearchTracksRequest(query="love"), 130),
        (pb.SearchTracksRequest(query="lov"), 150),
        (pb.SearchTracksRequest(filter="title:love"), 130),
    ):
        whole = pb.SearchTracksRequest(page_size=1_000)
        whole.MergeFrom(request)
        at_once = [hit.track.id for hit in (await search.SearchTracks(whole)).hits]
        assert len(set(at_once)) == expected
        request.page_size = 7
        seen: list[str] = []
        while True:
            page = await search.SearchTracks(request)
            seen += [hit.track.id for hit in page.hits]
            if not page.next_page_token:
                break
            assert len(page.hits) == 7
            request.page_token = page.next_page_token
        assert seen == at_once
    assert len(made) == 150


async def test_of_equal_hits_the_newest_comes_first(
    search: SearchServiceAsyncStub, database: Database
) -> None:
    made = [
        (await add_tracks(database, Track(title="Love"), Track(title="Love Bites")))
        for _ in range(5)
    ]
    named, other = ([track.id for track in of] for of in zip(*made, strict=True))
    for query in ("love", "lvoe", "love zzzz"):
        ids = [hit.track.id for hit in await ask(search, query)]
        assert ids == named[::-1] + other[::-1]


async def test_a_search_with_words_ends_after_its_best_hits(
    search: SearchServiceAsyncStub, database: Database
) -> None:
    made = await add_tracks(database, *(Track(title="Love") for _ in range(300)))
    response = await search.SearchTracks(pb.SearchTracksRequest(query="love", page_size=1_000))
    newest = sorted((track.id for track in made), reverse=True)[:MAX_HITS]
    assert [hit.track.id for hit in response.hits] == newest
    assert not response.next_page_token
    alone = await search.SearchTracks(pb.SearchTracksRequest(filter="title:love", page_size=1_000))
    assert len(alone.hits) == 300


@pytest.mark.usefixtures("catalogue")
async def test_page_tokens_belong_to_their_search(search: SearchServiceAsyncStub) -> None:
    first = await search.SearchTracks(pb.SearchTracksRequest(query="love", page_size=1))
    for request in (
        pb.SearchTracksRequest(query="love", page_token="x"),
        pb.SearchTracksRequest(query="day", page_token=first.next_page_token),
        pb.SearchTracksRequest(query="love", filter="year:1", page_token=first.next_page_token),
    ):
        with raises_status(INVALID, field="page_token"):
            await search.SearchTracks(request)


async def test_libraries_are_searched_apart_or_together(
    search: SearchServiceAsyncStub, database: Database, libraries: LibraryServiceAsyncStub
) -> None:
    other = await libraries.CreateLibrary(
        library_pb2.CreateLibraryRequest(library=library_pb2.Library(name="other"))
    )
    here, there = await add_tracks(
        database, Track(title="Love"), Track(title="Love", library_id=other.id)
    )
    for library_id, expected in (
        ("", {here.id, there.id}),
        (other.id, {there.id}),
        (str(uuid4()), set()),
    ):
        hits = await ask(search, "love", library_id=library_id)
        assert {hit.track.id for hit in hits} == expected


async def test_what_a_write_stored_can_be_found_at_once(
    search: SearchServiceAsyncStub,
    tracks: TrackServiceAsyncStub,
    artists: ArtistServiceAsyncStub,
    albums: AlbumServiceAsyncStub,
) -> None:
    track = await tracks.CreateTrack(
        tracks_pb.CreateTrackRequest(
            track=Track(
                title="Alpha", credits=credited("Prince"), album=TrackAlbum(title="Purple"),
                genres=["Funk"], lyrics="La la la",
            )
        )
    )  # fmt: skip
    [hit] = await ask(search, "alpha prince purple funk")
    assert hit.track.id == track.id
    assert not hit.track.lyrics
    await tracks.UpdateTrack(
        tracks_pb.UpdateTrackRequest(track=Track(id=track.id, title="Omega", genres=["Soul"]))
    )
    assert await titles(search, "omega prince purple soul") == ["Omega"]
    assert best(await ask(search, "alpha"))[1] != "EXACT"
    assert await titles(search, "funk") == []
    artist = artist_pb2.Artist(id=track.credits[0].artist_id, name="Symbol")
    await artists.UpdateArtist(artist_pb2.UpdateArtistRequest(artist=artist))
    album = album_pb2.Album(id=track.album.id, title="Orange")
    await albums.UpdateAlbum(album_pb2.UpdateAlbumRequest(album=album))
    assert best(await ask(search, "omega symbol orange")) == ("Omega", "ALL_WORDS")
    assert best(await ask(search, "omega prince"))[0] == "Omega"  # as credited, and as formerly
    await tracks.DeleteTrack(tracks_pb.DeleteTrackRequest(id=track.id))
    assert await titles(search, "omega") == []
    assert await titles(search, filter="title:omega") == []
    await tracks.UndeleteTrack(tracks_pb.UndeleteTrackRequest(id=track.id))
    assert best(await ask(search, "omega")) == ("Omega", "EXACT")
    requests = [
        tracks_pb.ImportTracksRequest(
            tracks=[Track(title="Imported", sources=[ExternalSource(type="a", id="1")])]
        )
    ]
    await tracks.ImportTracks(iter(requests))
    assert best(await ask(search, "imported")) == ("Imported", "EXACT")


async def test_only_completed_tracks_are_found(
    search: SearchServiceAsyncStub, database: Database
) -> None:
    await add_tracks(database, Track(title="Love", status=tracks_pb.TRACK_STATUS_PENDING))
    assert await titles(search, "love") == []
    assert await titles(search, filter="title:love") == []


@pytest.mark.usefixtures("catalogue")
async def test_each_search_of_a_batch_has_its_own_result(search: SearchServiceAsyncStub) -> None:
    requests = [
        pb.SearchTracksRequest(query="love"),
        pb.SearchTracksRequest(),
        pb.SearchTracksRequest(query="love"),
        pb.SearchTracksRequest(query="x" * 501),
        pb.SearchTracksRequest(filter="nonsense:1"),
        pb.SearchTracksRequest(filter="year:2005", page_size=1),
        pb.SearchTracksRequest(query="enter sadnman", page_size=1),
        pb.SearchTracksRequest(query="a", page_token="x"),
        pb.SearchTracksRequest(query="xyzzyx"),
        pb.SearchTracksRequest(query="love", filter="artist:beatles"),
    ]
    response = await search.BatchSearchTracks(pb.BatchSearchTracksRequest(requests=requests))
    assert len(response.results) == len(requests)
    for index, (request, result) in enumerate(zip(requests, response.results, strict=True)):
        if index in (1, 3, 4, 7):
            assert result.error.code == INVALID.value[0], index
            assert result.error.details
        else:
            assert result.WhichOneof("result") == "response", index
            assert result.response == await search.SearchTracks(request)


@pytest.mark.usefixtures("catalogue")
async def test_a_batch_of_bad_searches_is_answered(search: SearchServiceAsyncStub) -> None:
    requests = [pb.SearchTracksRequest()] * 3
    response = await search.BatchSearchTracks(pb.BatchSearchTracksRequest(requests=requests))
    assert [result.error.code for result in response.results] == [INVALID.value[0]] * 3


@pytest.mark.usefixtures("catalogue")
async def test_a_batch_has_one_to_five_hundred_searches(search: SearchServiceAsyncStub) -> None:
    words = ["love", "sandman", "hopp", "sigur ros", "lvoe"]
    most = [pb.SearchTracksRequest(query=f"{words[n % 5]} {n // 10}") for n in range(500)]
    response = await search.BatchSearchTracks(pb.BatchSearchTracksRequest(requests=most))
    assert len(response.results) == 500
    assert all(result.HasField("response") for result in response.results)
    for requests in ([], [*most, most[0]]):
        with raises_status(INVALID, field="requests"):
            await search.BatchSearchTracks(pb.BatchSearchTracksRequest(requests=requests))


@pytest.mark.usefixtures("catalogue")
async def test_shortly_before_the_deadline_what_was_found_is_the_answer(
    search: SearchServiceAsyncStub, database: Database
) -> None:
    queries = ["sigu", "hoppipolla", "hopipola"]
    requests = [pb.SearchTracksRequest(query=query) for query in queries]
    batch = pb.BatchSearchTracksRequest(requests=requests)
    async with database.transaction() as connection:
        await connection.execute(_MENDING_WAITS)
    async with database.transaction() as blocker:
        await blocker.execute("SELECT pg_advisory_xact_lock(1)")  # nothing can be mended for now
        call = search.BatchSearchTracks(batch, timeout=3)
        singles = await asyncio.gather(
            *(search.SearchTracks(request, timeout=3) for request in requests)
        )
        whole = await call
    for answers in (singles, [result.response for result in whole.results]):
        assert [answer.partial for answer in answers] == [True, False, True]
        assert [len(answer.hits) for answer in answers] == [2, 1, 0]
    whole = await search.BatchSearchTracks(batch, timeout=60)
    assert not any(result.response.partial for result in whole.results)


@pytest.mark.usefixtures("catalogue")
async def test_a_batch_sees_one_snapshot(
    search: SearchServiceAsyncStub, database: Database
) -> None:
    async with database.snapshot() as connection:
        await connection.execute("SELECT FROM track_search")
        await add_tracks(database, Track(title="Sandman"))
        rows = await connection.execute("SELECT count(*) FROM track_search")
        assert await rows.fetchone() == (len(CATALOGUE),)
    requests = [pb.SearchTracksRequest(query="sandman"), pb.SearchTracksRequest(query="Sandman ")]
    response = await search.BatchSearchTracks(pb.BatchSearchTracksRequest(requests=requests))
    one, two = (result.response.hits for result in response.results)
    assert [hit.track.id for hit in one] == [hit.track.id for hit in two]


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (pb.SearchTracksRequest(), "query"),
        (pb.SearchTracksRequest(query=" \t\n\u3000"), "query"),
        (pb.SearchTracksRequest(query=" ", filter=" "), "query"),
        (pb.SearchTracksRequest(query="x" * 501), "query"),
        (pb.SearchTracksRequest(query="a\0b"), "query"),
        (pb.SearchTracksRequest(query="a", library_id="x"), "library_id"),
        (pb.SearchTracksRequest(query="a", page_size=-1), "page_size"),
        (pb.SearchTracksRequest(query="a", page_token="é"), "page_token"),
        (pb.SearchTracksRequest(query="a", filter="(" * 100), "filter"),
        (pb.SearchTracksRequest(query="a", filter="a" * 2_001), "filter"),
    ],
)
async def test_bad_searches_are_refused(
    search: SearchServiceAsyncStub, request_: pb.SearchTracksRequest, field: str
) -> None:
    with raises_status(INVALID, field=field):
        await search.SearchTracks(request_)


@pytest.mark.usefixtures("catalogue")
async def test_any_sign_is_a_search(search: SearchServiceAsyncStub) -> None:
    requests = [pb.SearchTracksRequest(query=sign) for sign in string.punctuation]
    response = await search.BatchSearchTracks(pb.BatchSearchTracksRequest(requests=requests))
    for request, result in zip(requests, response.results, strict=True):
        assert result.HasField("response"), request.query
        assert await ask(search, request.query) == list(result.response.hits)


@pytest.mark.usefixtures("catalogue")
@pytest.mark.parametrize(
    "query",
    [
        "'", "''", "'; DROP TABLE track; --", "love' & !'me", "a:*", "a | b", "<->", "!love",
        "(love", "love)", "\\", "\\'", "%", "_", "100%", "love*", "$1", "%(x)s", "{}", "&", "& &",
        "👩‍👩‍👧‍👦 love", "🎵", "حب", "שלום עולם", "\u202elove", "love\u200d", "\ud7ff\ue000",
        "﷼" * 500, "ﷺ" * 500, "x" * 500, "я" * 500, "a " * 250, "愛" * 500, "𠀀" * 500,
        "ab " * 166, "\u200b", "İ", "ß" * 500, "\u0301", "..", "'" * 500,
    ],
)  # fmt: skip
async def test_odd_text_is_only_text(search: SearchServiceAsyncStub, query: str) -> None:
    await ask(search, query)


async def test_long_words_are_found(search: SearchServiceAsyncStub, database: Database) -> None:
    long, longer = "a" * 300 + "b", "ﷺ" * 490
    await add_tracks(database, Track(title=long), Track(title=longer), Track(title="x" * 400))
    assert await titles(search, long) == [long]
    assert await titles(search, longer) == [longer]
    await ask(search, "a" * 299 + "cb")
    await ask(search, "x" * 399 + "y")
    await ask(search, "x" * 253 + "y")


async def test_invisible_text_finds_nothing(
    search: SearchServiceAsyncStub, database: Database
) -> None:
    await add_tracks(database, Track(title="Love"))
    assert await titles(search, "\u200b") == []
    assert await titles(search, "\u200b", filter="title:love") == ["Love"]


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    query=st.text(max_size=40)
    | st.text("aeloLOVé '\"\\&|!():*<->%_愛か🎵\u0301\u200b", max_size=30)
    | st.lists(st.sampled_from(["love", "lvoe", "sigur", "ros", "-", "&", "the"])).map(" ".join)
)
async def test_any_text_is_answered_or_refused(
    search: SearchServiceAsyncStub, tracks: TrackServiceAsyncStub, query: str
) -> None:
    if not (await tracks.ListTracks(tracks_pb.ListTracksRequest(page_size=1))).tracks:
        await tracks.BatchCreateTracks(tracks_pb.BatchCreateTracksRequest(tracks=CATALOGUE))
    request = pb.SearchTracksRequest(query=query)
    if "\0" in query or not query.strip():
        with raises_status(INVALID, field="query"):
            await search.SearchTracks(request)
    else:
        await search.SearchTracks(request)
