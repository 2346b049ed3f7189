"""MatchTracks, as a client sees it: which track a description means, how surely, and why."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fonoteca.v1 import artist_pb2, library_pb2
from fonoteca.v1 import search_pb2 as pb
from fonoteca.v1 import track_pb2 as tracks_pb
from fonoteca.v1.track_pb2 import Track, TrackAlbum
from fonoteca.v1.types_pb2 import CreditedName, ExternalSource
from service.database import Database
from service.matching.stream import MatchStream
from tests.support.errors import raises_status
from tests.support.waiting import eventually
from tests.support.writing import add_tracks, credited

if TYPE_CHECKING:
    from fonoteca.v1.artist_pb2_grpc import ArtistServiceAsyncStub
    from fonoteca.v1.library_pb2_grpc import LibraryServiceAsyncStub
    from fonoteca.v1.search_pb2_grpc import SearchServiceAsyncStub
    from fonoteca.v1.track_pb2_grpc import TrackServiceAsyncStub

INVALID = grpc.StatusCode.INVALID_ARGUMENT
MBID = "01920000-0000-4000-8000-0000000000aa"


def seconds(count: int) -> Duration:
    return Duration(seconds=count)


def by(*names: str) -> list[CreditedName]:
    return [CreditedName(name=name) for name in names]


CATALOGUE = (
    Track(title="Paper Lanterns", credits=by("The Quiet Hours"), duration=seconds(200),
          album=TrackAlbum(title="Night Letters"), isrc="QZABC2400001",
          sources=[ExternalSource(type="spotify", id="paper-lanterns")]),
    Track(title="Paper Lanterns - Live in Oslo", credits=by("The Quiet Hours"),
          duration=seconds(260)),
    Track(title="Paper Lanterns (Kettle Remix)", credits=by("The Quiet Hours", "Kettle"),
          duration=seconds(310)),
    Track(title="Salt & Stone (feat. Mira Voss)", credits=credited("Kettle", "Mira Voss"),
          duration=seconds(180), mbid=MBID),
    Track(title="Ærinde", credits=by("Sólrún"), duration=seconds(240)),
    Track(title="Blackbird Road", credits=by("Simon & Alder"), duration=seconds(150)),
    Track(title="Suite No. 1 - I. Prelude", credits=by("Orsolya Kun"), duration=seconds(150)),
    Track(title="Suite No. 1 - II. Courante", credits=by("Orsolya Kun"), duration=seconds(150)),
    Track(title="Episode 7", credits=by("Harbour Tales"), duration=seconds(900)),
    Track(title="Home", credits=by("Ann Field"), duration=seconds(100)),
    Track(title="Home", credits=by("Ben Marsh"), duration=seconds(200)),
    Track(title="Home", credits=by("Cleo Hill"), duration=seconds(300)),
    Track(title="(If I Could) Sail Away", credits=by("Ann Field"), duration=seconds(222)),
)  # fmt: skip


@pytest.fixture
async def catalogue(database: Database) -> list[Track]:
    return await add_tracks(database, *CATALOGUE)


def item(title: str = "", artist: str = "", length: int = 0, **more: Any) -> pb.MatchItem:
    """Describe a recording; `length` in seconds."""
    artists = [artist] if artist else []
    duration = seconds(length) if length else None
    return pb.MatchItem(title=title, artists=artists, duration=duration, **more)


async def stream(requests: Iterable[pb.MatchTracksRequest]) -> AsyncIterator[pb.MatchTracksRequest]:
    for request in requests:
        yield request


async def ask(
    search: SearchServiceAsyncStub, *requests: pb.MatchTracksRequest
) -> list[pb.MatchResult]:
    call = search.MatchTracks(stream(requests))
    return [result async for response in call for result in response.results]


async def match(
    search: SearchServiceAsyncStub, *items: pb.MatchItem, **options: Any
) -> list[pb.MatchResult]:
    wanted = pb.MatchTracksRequest(options=pb.MatchOptions(**options), items=items)
    return await ask(search, wanted)


def reasons(candidate: pb.MatchCandidate) -> set[str]:
    return {pb.MatchReason.Name(of).removeprefix("MATCH_REASON_") for of in candidate.reasons}


@pytest.mark.usefixtures("catalogue")
@pytest.mark.parametrize(
    ("wanted", "title", "least", "most", "why"),
    [
        (item("Paper Lanterns", "The Quiet Hours", 200), "Paper Lanterns", 0.95, 1,
         {"SAME_TITLE", "SAME_ARTISTS", "SAME_LENGTH"}),
        (item("PAPER LANTERNS", "quiet hours"), "Paper Lanterns", 0.9, 1, {"SAME_ARTISTS"}),
        (item("Paper Lanterns", "The Quiet Hours", album="Night Letters"), "Paper Lanterns",
         0.9, 1, {"SAME_ALBUM"}),
        (item("Paper Lanterns", "The Quiet Hours", album="Best Of"), "Paper Lanterns",
         0.9, 1, {"OTHER_ALBUM"}),
        (item("Paper Lanterns (Remastered 2011)", "The Quiet Hours", 201), "Paper Lanterns",
         0.9, 1, {"SAME_CORE_TITLE"}),
        (item("Paper Lanterns 2011 remaster", "The Quiet Hours", 201), "Paper Lanterns",
         0.9, 1, {"SAME_CORE_TITLE"}),
        (item("Paper Lanterns", "The Quiet Hours", 207), "Paper Lanterns", 0.9, 1, {"SAME_TITLE"}),
        (item("Paper Lanterns (Live in Oslo)", "The Quiet Hours"), "Paper Lanterns - Live in Oslo",
         0.9, 1, {"SAME_TITLE"}),
        (item("Paper Lanterns - Acoustic", "The Quiet Hours"), "Paper Lanterns", 0.4, 0.7,
         {"OTHER_VERSION"}),
        (item("Salt and Stone", "Kettle & Mira Voss", 180), "Salt & Stone (feat. Mira Voss)",
         0.9, 1, {"SAME_CORE_TITLE", "SAME_ARTISTS"}),
        (item("Salt & Stone", "Mira Voss feat. Kettle"), "Salt & Stone (feat. Mira Voss)",
         0.9, 1, {"SAME_ARTISTS"}),
        (item("Salt & Stone", "Kettle"), "Salt & Stone (feat. Mira Voss)", 0.85, 1,
         {"SOME_ARTISTS"}),
        (item("Aerinde", "Solrun"), "Ærinde", 0.9, 1, {"SAME_TITLE", "SAME_ARTISTS"}),
        (item("Paper Lantrens", "The Quiet Hours", 200), "Paper Lanterns", 0.8, 1,
         {"SIMILAR_TITLE"}),
        (item("Paper Lanterns", "The Quite Hours", 200), "Paper Lanterns", 0.8, 1,
         {"SIMILAR_ARTIST"}),
        (item("Blackbrid Road", "Simon & Aldre"), "Blackbird Road", 0.5, 0.95, {"SIMILAR_TITLE"}),
        (item("Black Bird Road", "Simon and Alder"), "Blackbird Road", 0.9, 1, {"SAME_ARTISTS"}),
        (item("The Quiet Hours", "Paper Lanterns", 200), "Paper Lanterns", 0.85, 0.97, {"SWAPPED"}),
        (item("Simon & Alder - Blackbird Road"), "Blackbird Road", 0.85, 0.97, {"SWAPPED"}),
        (item("Suite No. 1 - II. Courante", "Orsolya Kun"), "Suite No. 1 - II. Courante",
         0.9, 1, {"SAME_TITLE"}),
        (item("Home", length=200), "Home", 0.85, 0.95, {"NO_ARTIST", "SAME_LENGTH"}),
        (item("Sail Away", "Ann Field", 222), "(If I Could) Sail Away", 0.7, 0.9, set()),
        (item(isrc="qz-abc-24-00001"), "Paper Lanterns", 0.95, 1, {"SAME_ISRC"}),
        (item("Lanterns of Paper", "Quiet Hours", isrc="QZABC2400001"), "Paper Lanterns",
         0.95, 1, {"SAME_ISRC"}),
        (item("Something Else", "Nobody", isrc="QZABC2400001"), "Paper Lanterns", 0.5, 0.7,
         {"SAME_ISRC", "OTHER_TITLE", "OTHER_ARTIST"}),
        (item(mbid=MBID), "Salt & Stone (feat. Mira Voss)", 0.95, 1, {"SAME_MBID"}),
        (item(source=ExternalSource(type="spotify", id="paper-lanterns")), "Paper Lanterns",
         1, 1, {"SAME_SOURCE"}),
    ],
    ids=lambda value: "" if not isinstance(value, pb.MatchItem) else value.title or "by id",
)  # fmt: skip
async def test_finds(
    search: SearchServiceAsyncStub,
    wanted: pb.MatchItem,
    title: str,
    least: float,
    most: float,
    why: set[str],
) -> None:
    [result] = await match(search, wanted, min_confidence=0.3)
    assert result.best.track.title == title
    assert least <= result.best.confidence <= most, result.best
    assert why <= reasons(result.best)


@pytest.mark.usefixtures("catalogue")
@pytest.mark.parametrize(
    "wanted",
    [
        item("Winter Fires", "The Quiet Hours"),
        item("Paper Lanterns", "Orsolya Kun"),
        item("Paper Moon", "The Quiet Hours", 200),
        item("Suite No. 1 - III. Gigue", "Orsolya Kun", 150),
        item("Episode 8", "Harbour Tales", 900),
        item("Home"),
        item("\u200b", "The Quiet Hours"),
        item("!!!"),
        item(isrc="QZABC2499999"),
        item(mbid=str(uuid4())),
        item(source=ExternalSource(type="deezer", id="paper-lanterns")),
    ],
    ids=lambda wanted: wanted.title or "by id",
)
async def test_does_not_claim_another_recording(
    search: SearchServiceAsyncStub, wanted: pb.MatchItem
) -> None:
    [result] = await match(search, wanted)
    assert not result.HasField("best")
    assert not result.runners_up
    assert not result.HasField("error")


@pytest.mark.usefixtures("catalogue")
async def test_prefers_the_version_that_was_described(search: SearchServiceAsyncStub) -> None:
    titles = ["Paper Lanterns", "Paper Lanterns (Live)", "Paper Lanterns - Kettle Remix"]
    results = await match(search, *(item(title, "The Quiet Hours") for title in titles))
    assert [result.best.track.title for result in results] == [
        "Paper Lanterns",
        "Paper Lanterns - Live in Oslo",
        "Paper Lanterns (Kettle Remix)",
    ]


@pytest.mark.usefixtures("catalogue")
async def test_lists_runners_up_the_best_first(search: SearchServiceAsyncStub) -> None:
    wanted = item("Paper Lanterns", "The Quiet Hours", 200)
    [result] = await match(search, wanted, max_runners_up=10, min_confidence=0.1)
    others = [candidate.track.title for candidate in result.runners_up]
    assert sorted(others) == ["Paper Lanterns (Kettle Remix)", "Paper Lanterns - Live in Oslo"]
    confidences = [result.best.confidence, *(other.confidence for other in result.runners_up)]
    assert confidences == sorted(confidences, reverse=True)
    assert "OTHER_VERSION" in reasons(result.runners_up[0])
    [fewer] = await match(search, wanted, max_runners_up=1, min_confidence=0.1)
    assert len(fewer.runners_up) == 1
    [none] = await match(search, wanted)
    assert not none.runners_up


@pytest.mark.usefixtures("catalogue")
async def test_says_that_a_title_alone_is_ambiguous(search: SearchServiceAsyncStub) -> None:
    [result] = await match(search, item("Home"), min_confidence=0, max_runners_up=10)
    assert {"NO_ARTIST", "AMBIGUOUS"} <= reasons(result.best)
    assert result.best.confidence < 0.34
    assert [other.track.title for other in result.runners_up] == ["Home", "Home"]


async def test_answers_in_order_with_index_and_ref(
    search: SearchServiceAsyncStub, catalogue: list[Track]
) -> None:
    wanted = [
        item(track.title, track.credits[0].name, track.duration.seconds, ref=f"line {number}")
        for number, track in enumerate(catalogue * 60)
    ]
    messages = [pb.MatchTracksRequest(items=wanted[start : start + 130]) for start in
                range(0, len(wanted), 130)]  # fmt: skip
    results = await ask(search, *messages)
    assert [result.index for result in results] == list(range(len(wanted)))
    assert [result.ref for result in results] == [of.ref for of in wanted]
    assert [result.best.track.id for result in results] == [of.id for of in catalogue * 60]


@pytest.mark.usefixtures("catalogue")
async def test_answers_while_the_client_goes_on(search: SearchServiceAsyncStub) -> None:
    call = search.MatchTracks()
    for number in range(3):
        await call.write(pb.MatchTracksRequest(items=[item("Ærinde", "Sólrún")]))
        response = await call.read()
        assert isinstance(response, pb.MatchTracksResponse)
        assert [result.index for result in response.results] == [number]
    await call.done_writing()
    assert await call.read() is grpc.aio.EOF


@pytest.mark.usefixtures("catalogue")
async def test_a_bad_item_has_an_error_of_its_own(search: SearchServiceAsyncStub) -> None:
    bad = {
        "title": [item(), item(" "), item("x" * 1_001), item("a\0b")],
        "artists[0]": [item("Home", "x" * 501), pb.MatchItem(title="Home", artists=["\t"])],
        "artists": [pb.MatchItem(title="Home", artists=["a"] * 21)],
        "album": [item("Home", album="x" * 1_001)],
        "duration": [pb.MatchItem(title="Home", duration=Duration(seconds=-1))],
        "isrc": [item("Home", isrc="not an ISRC")],
        "mbid": [item("Home", mbid="not a UUID")],
        "source.id": [item("Home", source=ExternalSource(type="spotify"))],
        "source.type": [item("Home", source=ExternalSource(type="NO!", id="1"))],
        "ref": [item("Home", ref="x" * 201)],
    }
    wanted = [of for items in bad.values() for of in items]
    results = await match(search, *wanted, item("Ærinde", "Sólrún", ref="good"))
    assert [result.index for result in results] == list(range(len(wanted) + 1))
    fields = [field for field, items in bad.items() for _ in items]
    for result, field in zip(results[:-1], fields, strict=True):
        assert result.error.code == INVALID.value[0]
        assert result.error.message.startswith(f"{field}:"), result.error.message
        assert not result.HasField("best")
    assert results[-1].best.track.title == "Ærinde"
    assert results[-1].ref == "good"


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"library_id": "mine"}, "options.library_id"),
        ({"max_runners_up": 11}, "options.max_runners_up"),
        ({"max_runners_up": -1}, "options.max_runners_up"),
        ({"min_confidence": 1.1}, "options.min_confidence"),
        ({"min_confidence": float("nan")}, "options.min_confidence"),
    ],
)
async def test_refuses_bad_options(
    search: SearchServiceAsyncStub, options: dict[str, Any], field: str
) -> None:
    with raises_status(INVALID, field=field):
        await match(search, item("Home"), **options)


@pytest.mark.usefixtures("catalogue")
async def test_refuses_a_bad_message_behind_the_results_so_far(
    search: SearchServiceAsyncStub,
) -> None:
    good = pb.MatchTracksRequest(items=[item("Ærinde", "Sólrún")])
    for bad, field in (
        (pb.MatchTracksRequest(options=pb.MatchOptions()), "options"),
        (pb.MatchTracksRequest(items=[item("Home")] * 501), "items"),
    ):
        call = search.MatchTracks(stream([good, bad]))
        response = await call.read()
        assert isinstance(response, pb.MatchTracksResponse)
        assert response.results[0].best.track.title == "Ærinde"
        with raises_status(INVALID, field=field):
            await call.read()


async def test_an_empty_stream_has_no_results(search: SearchServiceAsyncStub) -> None:
    assert await ask(search) == []
    assert await ask(search, pb.MatchTracksRequest()) == []


async def test_matches_within_one_library(
    search: SearchServiceAsyncStub, libraries: LibraryServiceAsyncStub, catalogue: list[Track]
) -> None:
    library = await libraries.CreateLibrary(
        library_pb2.CreateLibraryRequest(library=library_pb2.Library(name="other"))
    )
    wanted = [item("Ærinde", "Sólrún"), item("Paper Lantrens", "Quiet Hours"), item(mbid=MBID)]
    results = await match(search, *wanted, library_id=library.id)
    assert not any(result.HasField("best") for result in results)
    results = await match(search, *wanted, library_id=catalogue[0].library_id)
    assert all(result.HasField("best") for result in results)


async def test_sees_writes_at_once(
    search: SearchServiceAsyncStub, tracks: TrackServiceAsyncStub, catalogue: list[Track]
) -> None:
    wanted = item("Ærinde", "Sólrún", 240)
    await tracks.DeleteTrack(tracks_pb.DeleteTrackRequest(id=catalogue[4].id))
    [result] = await match(search, wanted)
    assert not result.HasField("best")
    await tracks.UndeleteTrack(tracks_pb.UndeleteTrackRequest(id=catalogue[4].id))
    [result] = await match(search, wanted)
    assert result.best.track.id == catalogue[4].id


async def test_an_alias_is_a_name(
    search: SearchServiceAsyncStub, artists: ArtistServiceAsyncStub, catalogue: list[Track]
) -> None:
    artist_id = catalogue[4].credits[0].artist_id
    artist = await artists.GetArtist(artist_pb2.GetArtistRequest(id=artist_id))
    artist.aliases.add(name="Sunrun")
    await artists.UpdateArtist(artist_pb2.UpdateArtistRequest(artist=artist))
    [result] = await match(search, item("Ærinde", "Sunrun"))
    assert result.best.track.id == catalogue[4].id
    assert result.best.confidence > 0.9


async def test_reads_no_further_ahead_than_it_answers(database: Database) -> None:
    sent = 0

    async def endless() -> AsyncIterator[pb.MatchTracksRequest]:
        nonlocal sent
        while True:
            sent += 100
            yield pb.MatchTracksRequest(items=[item("Ærinde", "Sólrún")] * 100)

    answered = 0
    responses = MatchStream(database, endless()).responses()
    async for response in responses:
        answered += len(response.results)
        assert sent - answered <= 2_000
        if answered > 5_000:
            break
    await responses.aclose()
    assert database.statistics()["pool_available"] == database.statistics()["pool_size"]


@pytest.mark.usefixtures("catalogue")
async def test_a_client_that_goes_away_leaves_nothing_behind(
    search: SearchServiceAsyncStub, database: Database
) -> None:
    call = search.MatchTracks()
    await call.write(pb.MatchTracksRequest(items=[item("Ærinde", "Sólrún")] * 500))
    await call.read()
    call.cancel()

    def all_back() -> bool:
        of = database.statistics()
        return of["pool_available"] == of["pool_size"]

    await eventually(all_back)


@pytest.mark.usefixtures("catalogue")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(
        st.builds(
            pb.MatchItem,
            title=st.text(max_size=40),
            artists=st.lists(st.text(max_size=20), max_size=3),
            album=st.text(max_size=20),
        ),
        min_size=1,
        max_size=20,
    )
)
async def test_any_text_is_answered(
    search: SearchServiceAsyncStub, wanted: list[pb.MatchItem]
) -> None:
    results = await match(search, *wanted, min_confidence=0)
    for result, of in zip(results, wanted, strict=True):
        assert result.error.code in (0, INVALID.value[0]), of
        assert 0 <= result.best.confidence <= 1
