"""Explanations: why a track is a hit, and why another one is not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from fonoteca.v1 import library_pb2, track_pb2
from fonoteca.v1 import search_pb2 as pb
from fonoteca.v1.artist_pb2 import Artist, ArtistAlias, UpdateArtistRequest
from fonoteca.v1.track_pb2 import Track, TrackAlbum
from service.database import Database
from service.search.alignment import WordReading
from service.search.explain import Outcome
from service.search.model import MAX_HITS, Parts
from tests.support.errors import raises_status
from tests.support.writing import add_tracks, credited

if TYPE_CHECKING:
    from fonoteca.v1.artist_pb2_grpc import ArtistServiceAsyncStub
    from fonoteca.v1.library_pb2_grpc import LibraryServiceAsyncStub
    from fonoteca.v1.search_pb2_grpc import SearchServiceAsyncStub
    from fonoteca.v1.track_pb2_grpc import TrackServiceAsyncStub

CATALOGUE = (
    Track(title="Bohemian Rhapsody", credits=credited("Queen"), popularity=80, genres=["Rock"],
          album=TrackAlbum(title="A Night at the Opera")),
    Track(title="Hoppípolla", credits=credited("Sigur Rós"), album=TrackAlbum(title="Takk..."),
          genres=["Post-Rock"]),
    Track(title="Basket Case", credits=credited("Green Day"), popularity=60),
    Track(title="Blackberry Way", credits=credited("The Move")),
    Track(title="Love of My Life", credits=credited("Queen"), genres=["Rock"]),
    Track(title="Czardas", credits=credited("Rachmaninoff")),
)  # fmt: skip


@pytest.fixture
async def catalogue(database: Database) -> dict[str, str]:
    """The ids of the tracks by their titles."""
    return {track.title: track.id for track in await add_tracks(database, *CATALOGUE)}


async def ask(search: SearchServiceAsyncStub, query: str, **more: Any) -> pb.SearchTracksResponse:
    return await search.SearchTracks(pb.SearchTracksRequest(query=query, **more))


async def verdict(
    search: SearchServiceAsyncStub, track_id: str, query: str = "", **more: Any
) -> pb.SearchVerdict:
    response = await ask(search, query, explain_track_ids=[track_id], **more)
    [told] = response.verdicts
    assert told.track_id == track_id
    return told


def outcome(told: pb.SearchVerdict) -> str:
    return pb.SearchOutcome.Name(told.outcome).removeprefix("SEARCH_OUTCOME_")


def words(explanation: pb.SearchExplanation) -> dict[str, list[str]]:
    """Return what matched, by field: "typed > found READING"; the same word once."""
    prefix = "SEARCH_WORD_READING_"
    return {
        field.field: [
            f"{word.typed} > {word.found} "
            + pb.SearchWordReading.Name(word.reading).removeprefix(prefix)
            for word in field.words
        ]
        for field in explanation.fields
    }


def relevance(explanation: pb.SearchExplanation) -> float:
    return sum(part.weight * part.value for part in explanation.parts)


def test_enums_are_those_of_the_contract() -> None:
    for outcome in Outcome:
        assert pb.SearchOutcome.Value(f"SEARCH_OUTCOME_{outcome.name}") == outcome.value
    for reading in WordReading:
        name = f"SEARCH_WORD_READING_{reading.name}"
        assert pb.SearchWordReading.Value(name) == reading.value
    for number, part in enumerate(fields(Parts), start=1):
        name = f"SEARCH_SCORE_PART_KIND_{part.name.upper()}"
        assert pb.SearchScorePartKind.Value(name) == number


@pytest.mark.usefixtures("catalogue")
@pytest.mark.parametrize(
    ("query", "expected", "missing"),
    [
        ("QUEEN bohemian",
         {"title": ["bohemian > bohemian AS_TYPED"], "artist": ["queen > queen AS_TYPED"]}, []),
        ("bohemian opera",
         {"title": ["bohemian > bohemian AS_TYPED"], "album.title": ["opera > opera AS_TYPED"]},
         []),
        ("rock hoppipolla",
         {"title": ["hoppipolla > hoppipolla AS_TYPED"], "genres": ["rock > rock AS_TYPED"]}, []),
        ("queen bohem",
         {"title": ["bohem > bohemian BEGINNING"], "artist": ["queen > queen AS_TYPED"]}, []),
        ("bohemain rapsody",
         {"title": ["bohemain > bohemian MENDED", "rapsody > rhapsody MENDED"]}, []),
        ("greenday basket",
         {"title": ["basket > basket AS_TYPED"],
          "artist": ["greenday > green SPLIT", "greenday > day SPLIT"]}, []),
        ("black berry way",
         {"title": ["black berry > blackberry JOINED", "way > way AS_TYPED"]}, []),
        ("bohemian zyxwvu",
         {"title": ["bohemian > bohemian AS_TYPED"]}, ["zyxwvu"]),
        ("the official bohemian rhapsody video",
         {"title": ["bohemian > bohemian AS_TYPED", "rhapsody > rhapsody AS_TYPED"],
          "album.title": ["the > the AS_TYPED"]}, ["official", "video"]),
        ("rachmanigoffsky", {"artist": ["rachmanigoffsky > rachmaninoff LOOKALIKE"]}, []),
    ],
)  # fmt: skip
async def test_each_word_is_told_with_what_it_matched(
    search: SearchServiceAsyncStub,
    query: str,
    expected: dict[str, list[str]],
    missing: list[str],
) -> None:
    [hit, *_] = (await ask(search, query, explain=True)).hits
    assert words(hit.explanation) == expected
    assert list(hit.explanation.missing_words) == missing


@pytest.mark.usefixtures("catalogue")
@pytest.mark.parametrize(
    "query", ["queen", "bohem", "bohemain rapsody", "greenday", "opera queen", "queen zyxwvu rock"]
)
async def test_the_parts_add_up_to_the_score(search: SearchServiceAsyncStub, query: str) -> None:
    response = await ask(search, query, explain=True)
    assert response.hits
    for hit in response.hits:
        told = hit.explanation
        assert (told.rung, told.score) == (hit.rung, hit.score)
        assert relevance(told) == pytest.approx(told.relevance)
        assert (6 - told.rung + told.relevance) / 6 == pytest.approx(told.score)
        assert sum(part.weight for part in told.parts) == pytest.approx(1)
        assert all(0 <= part.value <= 1 for part in told.parts)
        values = {part.kind: part.value for part in told.parts}
        counted = sum(field.counted for field in told.fields)
        share = min(1, counted / told.words_asked)
        assert values[pb.SEARCH_SCORE_PART_KIND_WORDS] == pytest.approx(share)


async def test_an_alias_is_the_artist(
    search: SearchServiceAsyncStub, artists: ArtistServiceAsyncStub, database: Database
) -> None:
    [kiss] = await add_tracks(database, Track(title="Kiss", credits=credited("Prince")))
    artist = Artist(id=kiss.credits[0].artist_id, aliases=[ArtistAlias(name="The Artist")])
    await artists.UpdateArtist(
        UpdateArtistRequest(artist=artist, update_mask=FieldMask(paths=["aliases"]))
    )
    [hit] = (await ask(search, "artist kiss", explain=True)).hits
    assert words(hit.explanation)["artist"] == ["artist > artist AS_TYPED"]


async def test_nothing_is_explained_unless_asked(
    search: SearchServiceAsyncStub, catalogue: dict[str, str]
) -> None:
    plain = await ask(search, "queen")
    assert not any(hit.HasField("explanation") for hit in plain.hits)
    assert not plain.verdicts
    explained = await ask(
        search, "queen", explain=True, explain_track_ids=[catalogue["Basket Case"]]
    )
    for hit in explained.hits:
        hit.ClearField("explanation")
    assert explained.hits == plain.hits


async def test_tells_what_became_of_a_track(
    search: SearchServiceAsyncStub, catalogue: dict[str, str]
) -> None:
    bohemian, love, basket = (
        catalogue[of] for of in ("Bohemian Rhapsody", "Love of My Life", "Basket Case")
    )
    found = await verdict(search, love, "queen", page_size=1)
    assert (outcome(found), found.rank) == ("HIT", 2)
    assert words(found.explanation) == {"artist": ["queen > queen AS_TYPED"]}
    assert relevance(found.explanation) == pytest.approx(found.explanation.relevance)

    lacking = await verdict(search, basket, "bohemian basket rhapsody", mode=pb.SEARCH_MODE_EXACT)
    assert (outcome(lacking), lacking.rank) == ("WORDS_MISSING", 0)
    assert words(lacking.explanation) == {"title": ["basket > basket AS_TYPED"]}
    assert list(lacking.explanation.missing_words) == ["bohemian", "rhapsody"]
    assert not lacking.explanation.rung
    assert not lacking.explanation.parts

    weak = await verdict(search, bohemian, "bohemain", min_score=0.9, mode=pb.SEARCH_MODE_FUZZY)
    assert outcome(weak) == "BELOW_MIN_SCORE"
    assert weak.explanation.rung == pb.SEARCH_RUNG_TYPO

    strict = await verdict(search, bohemian, "bohemain", mode=pb.SEARCH_MODE_EXACT)
    assert outcome(strict) == "STEP_NOT_TAKEN"
    assert strict.explanation.rung == pb.SEARCH_RUNG_TYPO
    assert words(strict.explanation) == {"title": ["bohemain > bohemian MENDED"]}


async def test_a_step_that_was_not_needed_is_told(
    search: SearchServiceAsyncStub, database: Database
) -> None:
    [lover, *_] = await add_tracks(database, *(Track(title=of) for of in ("Lover", "Love")))
    told = await verdict(search, lover.id, "love")
    assert outcome(told) == "STEP_NOT_TAKEN"
    assert told.explanation.rung == pb.SEARCH_RUNG_PREFIX
    assert words(told.explanation) == {"title": ["love > lover BEGINNING"]}


async def test_a_name_that_is_divided_otherwise_is_a_hit(
    search: SearchServiceAsyncStub, database: Database
) -> None:
    others = (Track(title=f"Hiphop {number}") for number in range(4))
    [divided, *_] = await add_tracks(database, Track(title="Hip Hop"), *others)
    told = await verdict(search, divided.id, "hiphop")
    assert (outcome(told), told.rank) == ("HIT", 1)
    assert told.explanation.rung == pb.SEARCH_RUNG_EXACT
    assert words(told.explanation) == {"title": ["hiphop > hip SPLIT", "hiphop > hop SPLIT"]}
    assert not told.explanation.missing_words


async def test_a_track_that_lacks_a_word_lacks_it_even_if_a_step_could_do_without(
    search: SearchServiceAsyncStub, database: Database
) -> None:
    made = await add_tracks(database, Track(title="Blue Moon"), Track(title="Blue Sky"))
    told = await verdict(search, made[0].id, "blue sky")
    assert outcome(told) == "WORDS_MISSING"
    assert told.explanation.rung == pb.SEARCH_RUNG_FEWER_WORDS
    assert list(told.explanation.missing_words) == ["sky"]


async def test_each_term_of_a_filter_is_tested_alone(
    search: SearchServiceAsyncStub, catalogue: dict[str, str]
) -> None:
    text = "genre:rock  -artist:queen (year:1975 OR missing:isrc) AND popularity:..50 opera"
    told = await verdict(search, catalogue["Bohemian Rhapsody"], "bohemian", filter=text)
    assert outcome(told) == "FILTERED_OUT"
    terms = {term.text: term.column for term in told.failed_terms}
    assert terms == {"-artist:queen": 13, "popularity:..50": 59}
    assert told.explanation.rung == pb.SEARCH_RUNG_ALL_WORDS

    both = "year:1975 OR artist:bowie"
    told = await verdict(search, catalogue["Bohemian Rhapsody"], filter=both)
    assert [(term.column, term.text) for term in told.failed_terms] == [(1, both)]


async def test_a_search_without_words_is_explained_too(
    search: SearchServiceAsyncStub, catalogue: dict[str, str]
) -> None:
    bohemian, basket = catalogue["Bohemian Rhapsody"], catalogue["Basket Case"]
    response = await ask(
        search, "", filter="genre:rock", explain=True, explain_track_ids=[basket, bohemian]
    )
    assert {hit.explanation.rung for hit in response.hits} == {pb.SEARCH_RUNG_FILTER}
    assert not any(hit.explanation.parts for hit in response.hits)
    assert [outcome(told) for told in response.verdicts] == ["FILTERED_OUT", "HIT"]
    assert outcome(await verdict(search, bohemian, "\u200b")) == "WORDS_MISSING"


async def test_in_the_order_of_a_field_every_match_is_a_hit(
    search: SearchServiceAsyncStub, catalogue: dict[str, str]
) -> None:
    told = await verdict(
        search, catalogue["Love of My Life"], "queen", order_by="title", page_size=1
    )
    assert (outcome(told), told.rank) == ("HIT", 0)


async def test_tracks_that_cannot_be_found_are_told_apart(
    search: SearchServiceAsyncStub,
    tracks: TrackServiceAsyncStub,
    libraries: LibraryServiceAsyncStub,
    catalogue: dict[str, str],
) -> None:
    other = await libraries.CreateLibrary(
        library_pb2.CreateLibraryRequest(library=library_pb2.Library(name="other"))
    )
    pending = await tracks.CreateTrack(
        track_pb2.CreateTrackRequest(
            track=Track(title="Queen", status=track_pb2.TRACK_STATUS_PENDING)
        )
    )
    deleted = catalogue["Love of My Life"]
    await tracks.DeleteTrack(track_pb2.DeleteTrackRequest(id=deleted))
    absent, elsewhere = str(uuid4()), catalogue["Bohemian Rhapsody"]
    asked = [pending.id, absent, deleted, elsewhere]
    response = await ask(search, "queen", library_id=other.id, explain_track_ids=asked)
    assert [told.track_id for told in response.verdicts] == asked
    assert [outcome(told) for told in response.verdicts] == [
        "NOT_COMPLETED", "NO_SUCH_TRACK", "DELETED", "OTHER_LIBRARY",
    ]  # fmt: skip
    explained = [told.HasField("explanation") for told in response.verdicts]
    assert explained == [False, False, False, True]


async def test_a_match_beyond_the_best_is_told(
    search: SearchServiceAsyncStub, database: Database
) -> None:
    made = [Track(title="Love", popularity=index % 100) for index in range(MAX_HITS + 1)]
    stored = await add_tracks(database, *made)
    asked = [track.id for track in stored]
    outcomes = []
    for first in range(0, len(asked), 20):
        response = await ask(search, "love", explain_track_ids=asked[first : first + 20])
        outcomes += [(outcome(told), told.rank) for told in response.verdicts]
    beyond = [index for index, (of, _) in enumerate(outcomes) if of == "BEYOND_LIMIT"]
    assert len(beyond) == 1
    assert stored[beyond[0]].popularity == 0
    assert sorted(rank for _, rank in outcomes) == list(range(MAX_HITS + 1))


async def test_each_search_of_a_batch_is_explained_as_if_alone(
    search: SearchServiceAsyncStub, catalogue: dict[str, str]
) -> None:
    ids = [catalogue["Bohemian Rhapsody"], catalogue["Basket Case"]]
    requests: Sequence[pb.SearchTracksRequest] = [
        pb.SearchTracksRequest(query="queen", explain=True),
        pb.SearchTracksRequest(query="bohemain", explain_track_ids=ids),
        pb.SearchTracksRequest(query="bohemain", filter="genre:rock", explain_track_ids=ids),
        pb.SearchTracksRequest(query="greenday"),
        pb.SearchTracksRequest(query="queen", explain_track_ids=["x"]),
    ]
    whole = await search.BatchSearchTracks(pb.BatchSearchTracksRequest(requests=requests))
    for request, result in zip(requests[:4], whole.results, strict=False):
        assert result.response == await search.SearchTracks(request)
    assert whole.results[4].error.code == grpc.StatusCode.INVALID_ARGUMENT.value[0]


@pytest.mark.parametrize(
    ("ids", "field"),
    [
        (["x"], "explain_track_ids[0]"),
        ([str(uuid4()) for _ in range(21)], "explain_track_ids"),
        (["01920000-0000-7000-8000-000000000000"] * 2, "explain_track_ids[1]"),
    ],
)
async def test_bad_ids_are_refused(
    search: SearchServiceAsyncStub, ids: list[str], field: str
) -> None:
    with raises_status(grpc.StatusCode.INVALID_ARGUMENT, field=field):
        await ask(search, "queen", explain_track_ids=ids)


async def test_what_is_sung_is_told(
    search: SearchServiceAsyncStub, catalogue: dict[str, str], database: Database
) -> None:
    lyrics = "Mama, just killed a man"
    [track] = await add_tracks(
        database, Track(title="Rhapsody", credits=credited("Queen"), lyrics=lyrics)
    )
    response = await ask(search, "queen mama killed", explain=True)
    told = response.hits[0].explanation
    assert response.hits[0].track.id == track.id
    assert told.rung == pb.SEARCH_RUNG_ALL_WORDS
    assert words(told) == {
        "artist": ["queen > queen AS_TYPED"],
        "lyrics": ["mama > mama AS_TYPED", "killed > killed AS_TYPED"],
    }
    assert [(of.field, of.counted) for of in told.fields] == [("artist", 1), ("lyrics", 2)]
    assert not told.missing_words
    assert relevance(told) == pytest.approx(told.relevance)
    missed = await verdict(search, track.id, "mama kill")
    assert (outcome(missed), list(missed.explanation.missing_words)) == ("WORDS_MISSING", ["kill"])
    assert words(missed.explanation) == {"lyrics": ["mama > mama AS_TYPED"]}
    named = await ask(search, "love of my life", explain=True)
    assert "lyrics" not in words(named.hits[0].explanation)
    assert catalogue["Love of My Life"] == named.hits[0].track.id
