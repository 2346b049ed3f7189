"""ListTracks: every order, page after page, against a plain sort."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from psycopg import sql

from fonoteca.v1 import library_pb2
from fonoteca.v1 import track_pb2 as pb
from fonoteca.v1.types_pb2 import CreditedName, PartialDate
from service.database import Connection
from service.libraries.model import DEFAULT_LIBRARY_ID
from service.query import parse
from service.tracks.listing import Deleted, order_of, page_statement
from tests.support.errors import raises_status
from tests.support.samples import create, create_all
from tests.support.writing import credited

if TYPE_CHECKING:
    from fonoteca.v1.library_pb2_grpc import LibraryServiceAsyncStub
    from fonoteca.v1.track_pb2_grpc import TrackServiceAsyncStub

INVALID = grpc.StatusCode.INVALID_ARGUMENT
DEFAULT = str(DEFAULT_LIBRARY_ID)

KEYS: dict[str, Callable[[pb.Track], Any]] = {
    "create_time": lambda _: 0,
    "title": lambda track: track.title.lower(),
    "release_date": lambda track: (
        f"{track.release_date.year:04}" if track.HasField("release_date") else ""
    ),
    "popularity": lambda track: track.popularity if track.HasField("popularity") else -1,
    "duration": lambda track: track.duration.ToMilliseconds() if track.HasField("duration") else -1,
    "artist": lambda track: (
        [name.name.lower() for name in track.credits],
        track.title.lower() if track.credits else "",
    ),
    "album": lambda track: (
        (track.album.title.lower(), track.album.id, track.disc_number, track.track_number)
        if track.HasField("album")
        else ()
    ),
}
ALBUMS = (
    pb.TrackAlbum(title="Songs", credits=credited("Zoe")),
    pb.TrackAlbum(title="songs", credits=credited("Ann")),
    pb.TrackAlbum(title="Another", credits=credited("Ann")),
)


def make(count: int, seed: int) -> list[pb.Track]:
    """Make tracks of which many have the same values, and some have none."""
    dice = random.Random(seed)
    return [
        pb.Track(
            title=dice.choice(["Song", "song", "Another", "Zebra", "zoo"]),
            popularity=dice.choice([None, 0.0, 33.3, 0.1 + 0.2, 100.0]),
            release_date=dice.choice([None, PartialDate(year=999), PartialDate(year=1999)]),
            duration=dice.choice([None, Duration(), Duration(seconds=99), Duration(nanos=1000000)]),
            credits=credited(*dice.choice([(), ("Zoe",), ("ann", "Bob"), ("Ann",)])),
            album=dice.choice([None, *ALBUMS]),
            disc_number=dice.choice([0, 1, 2]),
            track_number=dice.choice([0, 2, 10]),
            lyrics="La la la",
        )
        for _ in range(count)
    ]


async def walk(tracks: TrackServiceAsyncStub, request: pb.ListTracksRequest) -> list[pb.Track]:
    """Return the tracks of all pages."""
    seen: list[pb.Track] = []
    while True:
        response = await tracks.ListTracks(request)
        seen += response.tracks
        if not response.next_page_token:
            return seen
        assert len(response.tracks) == (request.page_size or 50)
        request.page_token = response.next_page_token


async def titles(tracks: TrackServiceAsyncStub, **arguments: Any) -> list[str]:
    return [track.title for track in await walk(tracks, pb.ListTracksRequest(**arguments))]


async def test_pages_are_a_plain_sort_cut_into_pieces(
    tracks: TrackServiceAsyncStub, libraries: LibraryServiceAsyncStub
) -> None:
    other = await libraries.CreateLibrary(
        library_pb2.CreateLibraryRequest(library=library_pb2.Library(name="other"))
    )
    stored = []
    for seed, library_id in enumerate(("", other.id, "")):
        made = make(400, seed)
        for track in made:
            track.library_id = library_id
        stored += await create_all(tracks, *made)
    for track in stored:
        track.ClearField("lyrics")
    for library_id in ("", DEFAULT, other.id):
        wanted = [track for track in stored if library_id in ("", track.library_id)]
        for name, key in KEYS.items():
            ascending = sorted(wanted, key=lambda track: (key(track), track.id))
            for order_by, expected in ((name, ascending), (f"{name} desc", ascending[::-1])):
                request = pb.ListTracksRequest(
                    library_id=library_id, order_by=order_by, page_size=170
                )
                assert await walk(tracks, request) == expected, (library_id, order_by)
    assert await walk(tracks, pb.ListTracksRequest()) == stored


async def test_tracks_that_come_and_go_do_not_move_others(tracks: TrackServiceAsyncStub) -> None:
    a, b, c, d = await create_all(tracks, *(pb.Track(title=title) for title in "bdfh"))
    first = await tracks.ListTracks(pb.ListTracksRequest(order_by="title", page_size=2))
    assert [track.id for track in first.tracks] == [a.id, b.id]
    await tracks.DeleteTrack(pb.DeleteTrackRequest(id=a.id))
    await tracks.DeleteTrack(pb.DeleteTrackRequest(id=b.id))
    await create_all(tracks, pb.Track(title="a"), pb.Track(title="e"))
    assert await titles(
        tracks, order_by="title", page_size=2, page_token=first.next_page_token
    ) == ["e", c.title, d.title]


async def test_deleted_tracks_are_listed_on_demand(tracks: TrackServiceAsyncStub) -> None:
    a, b = await create_all(tracks, pb.Track(title="a"), pb.Track(title="b"))
    gone = await tracks.DeleteTrack(pb.DeleteTrackRequest(id=a.id))
    assert await walk(tracks, pb.ListTracksRequest()) == [b]
    assert await walk(tracks, pb.ListTracksRequest(show_deleted=True)) == [gone, b]
    assert await walk(tracks, pb.ListTracksRequest(only_deleted=True)) == [gone]
    both = pb.ListTracksRequest(show_deleted=True, only_deleted=True)
    assert await walk(tracks, both) == [gone]


async def test_deleted_tracks_alone_come_in_every_order_and_never_merged(
    tracks: TrackServiceAsyncStub,
) -> None:
    made = await create_all(tracks, *make(20, 1), pb.Track(title="dog"), pb.Track(title="dog"))
    survivor, merged = made[-2:]
    gone = [await tracks.DeleteTrack(pb.DeleteTrackRequest(id=of.id)) for of in made[:12:2]]
    await tracks.MergeTracks(pb.MergeTracksRequest(survivor_id=survivor.id, track_ids=[merged.id]))
    for track in gone:
        track.ClearField("lyrics")
    for name, key in KEYS.items():
        expected = sorted(gone, key=lambda track: (key(track), track.id))
        request = pb.ListTracksRequest(order_by=name, page_size=4, only_deleted=True)
        assert await walk(tracks, request) == expected, name
    wanted = pb.ListTracksRequest(only_deleted=True, filter="title:song")
    assert {of.id for of in await walk(tracks, wanted)} == {
        of.id for of in gone if of.title.lower() == "song"
    }


async def test_deleted_tracks_are_found_by_an_index_among_many_live_ones(
    tracks: TrackServiceAsyncStub, connection: Connection
) -> None:
    made = await create_all(tracks, *(pb.Track(title="a") for _ in range(600)))
    await tracks.DeleteTrack(pb.DeleteTrackRequest(id=made[300].id))
    await connection.execute("ANALYZE track")
    for order_by in ("create_time", "create_time desc", "title"):
        order = order_of(order_by)
        [stretch] = order.following(None)
        statement, values = page_statement(
            DEFAULT_LIBRARY_ID,
            parse(""),
            stretch,
            None,
            descending=order.descending,
            deleted=Deleted.ONLY,
        )
        explained = sql.SQL("EXPLAIN {}").format(statement)
        rows = await connection.execute(explained, {**values, "limit": 50}, prepare=False)
        plan = "\n".join(row[0] for row in await rows.fetchall())
        assert "track_deleted_idx" in plan, plan


async def test_lyrics_are_listed_with_the_full_view(tracks: TrackServiceAsyncStub) -> None:
    track = await create(tracks, lyrics="La la la")
    [full] = await walk(tracks, pb.ListTracksRequest(view=pb.TRACK_VIEW_FULL))
    assert full == track
    for view in (pb.TRACK_VIEW_UNSPECIFIED, pb.TRACK_VIEW_BASIC):
        [basic] = await walk(tracks, pb.ListTracksRequest(view=view))
        assert not basic.lyrics


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("status:pending", ["waits"]),
        ("artist:bjork", ["jóga", "army"]),
        ('album:"homogenic"', ["jóga"]),
        ("genre:art-pop", ["jóga"]),
        ("year:1990..1996", ["army"]),
        ("artist:bjork -year:1997", ["army"]),
        ("  ", ["jóga", "army", "waits"]),
        ("artist_id:{artist_id}", ["jóga", "army"]),
        ("album_id:{album_id}", ["jóga"]),
    ],
)
async def test_filters_select_tracks(
    tracks: TrackServiceAsyncStub, wanted: str, expected: list[str]
) -> None:
    bjork = [CreditedName(name="Björk")]
    joga, *_ = await create_all(
        tracks,
        pb.Track(
            title="jóga", credits=bjork, album=pb.TrackAlbum(title="Homogenic"),
            release_date=PartialDate(year=1997), genres=["Art Pop"],
        ),
        pb.Track(title="army", credits=bjork, release_date=PartialDate(year=1995, month=4)),
        pb.Track(title="waits", status=pb.TRACK_STATUS_PENDING),
    )  # fmt: skip
    filter_ = wanted.format(artist_id=joga.credits[0].artist_id, album_id=joga.album.id)
    assert await titles(tracks, filter=filter_, page_size=1) == expected


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (pb.ListTracksRequest(page_size=-1), "page_size"),
        (pb.ListTracksRequest(page_size=-(2**31)), "page_size"),
        (pb.ListTracksRequest(order_by="id"), "order_by"),
        (pb.ListTracksRequest(order_by="year"), "order_by"),
        (pb.ListTracksRequest(order_by="title downwards"), "order_by"),
        (pb.ListTracksRequest(order_by="desc"), "order_by"),
        (pb.ListTracksRequest(filter="artist:("), "filter"),
        (pb.ListTracksRequest(filter="nonsense:1"), "filter"),
        (pb.ListTracksRequest(filter="a" * 2_001), "filter"),
        (pb.ListTracksRequest(filter="a\0"), "filter"),
        (pb.ListTracksRequest(library_id="x"), "library_id"),
        (pb.ListTracksRequest(page_token="x"), "page_token"),
        (pb.ListTracksRequest(view=pb.TrackView.ValueType(9)), "view"),
    ],
)
async def test_bad_requests_are_refused(
    tracks: TrackServiceAsyncStub, request_: pb.ListTracksRequest, field: str
) -> None:
    with raises_status(INVALID, field=field):
        await tracks.ListTracks(request_)


async def test_a_page_has_fifty_tracks_at_first_and_a_thousand_at_most(
    tracks: TrackServiceAsyncStub,
) -> None:
    await create_all(tracks, *(pb.Track(title="a") for _ in range(1_000)))
    await create(tracks)
    assert len((await tracks.ListTracks(pb.ListTracksRequest())).tracks) == 50
    largest = await tracks.ListTracks(pb.ListTracksRequest(page_size=2**31 - 1))
    assert len(largest.tracks) == 1_000


async def test_page_tokens_belong_to_their_request(tracks: TrackServiceAsyncStub) -> None:
    await create_all(tracks, *(pb.Track(title="a") for _ in range(3)))
    token = (await tracks.ListTracks(pb.ListTracksRequest(page_size=1))).next_page_token
    middle = len(token) // 2
    forged = token[:middle] + ("A" if token[middle] != "A" else "B") + token[middle + 1 :]
    for request in (
        pb.ListTracksRequest(page_token=forged),
        pb.ListTracksRequest(page_token=token, order_by="title"),
        pb.ListTracksRequest(page_token=token, filter="a"),
        pb.ListTracksRequest(page_token=token, library_id=DEFAULT),
        pb.ListTracksRequest(page_token=token, show_deleted=True),
        pb.ListTracksRequest(page_token=token, only_deleted=True),
    ):
        with raises_status(INVALID, field="page_token"):
            await tracks.ListTracks(request)
    assert len(await walk(tracks, pb.ListTracksRequest(page_token=token, page_size=10))) == 2
