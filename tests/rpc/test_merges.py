"""Merged tracks: what the survivor gets, where old ids lead, and how it is all taken back."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from grpc import StatusCode
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from fonoteca.v1 import (
    album_pb2,
    artist_pb2,
    artwork_pb2,
    artwork_pb2_grpc,
    library_pb2,
    playlist_pb2,
    provenance_pb2,
    types_pb2,
)
from fonoteca.v1 import track_pb2 as pb
from service.database import Connection
from tests.support.documents import documents_agree
from tests.support.errors import raises_status
from tests.support.writing import credited, found

if TYPE_CHECKING:
    from fonoteca.v1.album_pb2_grpc import AlbumServiceAsyncStub
    from fonoteca.v1.artist_pb2_grpc import ArtistServiceAsyncStub
    from fonoteca.v1.artwork_pb2_grpc import ArtworkServiceAsyncStub
    from fonoteca.v1.library_pb2_grpc import LibraryServiceAsyncStub
    from fonoteca.v1.playlist_pb2_grpc import PlaylistServiceAsyncStub
    from fonoteca.v1.provenance_pb2_grpc import ProvenanceServiceAsyncStub
    from fonoteca.v1.search_pb2_grpc import SearchServiceAsyncStub
    from fonoteca.v1.track_pb2_grpc import TrackServiceAsyncStub
    from tests.conftest import NewTrack

_ON_LOW = pb.TrackAlbum(title="Low")
UNKNOWN = "01920000-0000-7000-8000-000000000000"


async def merge(
    tracks: TrackServiceAsyncStub, survivor: pb.Track, *merged: pb.Track, **fields: Any
) -> pb.MergeTracksResponse:
    ids = [track.id for track in merged]
    request = pb.MergeTracksRequest(survivor_id=survivor.id, track_ids=ids, **fields)
    return await tracks.MergeTracks(request)


async def unmerge(
    tracks: TrackServiceAsyncStub, *merged: pb.Track, **fields: Any
) -> pb.UnmergeTracksResponse:
    ids = [track.id for track in merged]
    return await tracks.UnmergeTracks(pb.UnmergeTracksRequest(track_ids=ids, **fields))


async def get(tracks: TrackServiceAsyncStub, track_id: str) -> pb.Track:
    return await tracks.GetTrack(pb.GetTrackRequest(id=track_id))


def told(track: pb.Track) -> pb.Track:
    """Return a track without what every change changes."""
    rest = pb.Track()
    rest.CopyFrom(track)
    rest.ClearField("etag")
    rest.ClearField("update_time")
    return rest


def file(name: str, **fields: Any) -> types_pb2.AudioFile:
    return types_pb2.AudioFile(uri=f"file:///music/{name}", **fields)


def source(name: str) -> types_pb2.ExternalSource:
    return types_pb2.ExternalSource(type="discogs", id=name)


def fact(key: str, text: str) -> types_pb2.Attribute:
    return types_pb2.Attribute(key=key, text=text)


def _mask(field: str) -> FieldMask:
    return FieldMask(paths=[field])


class Lists:
    """Playlists, as a test needs them."""

    def __init__(self, playlists: PlaylistServiceAsyncStub) -> None:
        self._playlists = playlists

    async def new(self, *tracks: pb.Track, unique: bool = False) -> str:
        created = await self._playlists.CreatePlaylist(
            playlist_pb2.CreatePlaylistRequest(
                playlist=playlist_pb2.Playlist(name="a list", unique_tracks=unique)
            )
        )
        if tracks:
            await self.add(created.id, *tracks)
        return created.id

    async def add(self, playlist_id: str, *tracks: pb.Track) -> None:
        ids = [track.id for track in tracks]
        await self._playlists.AddPlaylistItems(
            playlist_pb2.AddPlaylistItemsRequest(playlist_id=playlist_id, track_ids=ids)
        )

    async def items(self, playlist_id: str) -> list[tuple[str, str]]:
        """Return the ids of items and tracks; the list counts as many."""
        response = await self._playlists.ListPlaylistItems(
            playlist_pb2.ListPlaylistItemsRequest(playlist_id=playlist_id, page_size=1_000)
        )
        listed = await self._playlists.GetPlaylist(playlist_pb2.GetPlaylistRequest(id=playlist_id))
        assert listed.item_count == len(response.items)
        return [(item.id, item.track_id) for item in response.items]

    async def tracks(self, playlist_id: str) -> list[str]:
        return [track_id for _, track_id in await self.items(playlist_id)]


@pytest.fixture
def lists(playlists: PlaylistServiceAsyncStub) -> Lists:
    return Lists(playlists)


async def test_a_survivor_gets_files_sources_and_what_it_does_not_know(
    tracks: TrackServiceAsyncStub, new_track: NewTrack, connection: Connection
) -> None:
    survivor = await new_track(
        "Heroes", artist="David Bowie", genres=["Rock"], isrc="GBAYE7700257",
        attributes=[fact("mood", "calm")], files=[file("a.mp3")], sources=[source("1")],
    )  # fmt: skip
    composer = types_pb2.CreditedName(name="Brian Eno", role=types_pb2.CREDIT_ROLE_COMPOSER)
    guest = types_pb2.CreditedName(name="A Guest", role=types_pb2.CREDIT_ROLE_FEATURED)
    wanted = pb.Track(
        title="Heroes (Remastered)", genres=["rock", "Art Rock"], isrc="GBAYE7700999",
        credits=[*credited("David Bowie"), guest, composer],
        duration=Duration(seconds=371), album=pb.TrackAlbum(title="Heroes"), track_number=3,
        attributes=[fact("mood", "wild"), fact("place", "Berlin")],
        files=[file("b.flac"), file("c.mp3")], sources=[source("2")], lyrics="I, I will be king",
    )  # fmt: skip
    other = await tracks.CreateTrack(pb.CreateTrackRequest(track=wanted))
    response = await merge(tracks, survivor, other)
    merged = response.track
    assert merged == await get(tracks, survivor.id)
    assert [one.uri for one in merged.files] == [one.uri for one in (*survivor.files, *other.files)]
    assert [one.id for one in merged.files] == [one.id for one in (*survivor.files, *other.files)]
    assert list(merged.sources) == [*survivor.sources, *other.sources]
    assert (merged.title, merged.artist, merged.isrc) == ("Heroes", "David Bowie", "GBAYE7700257")
    assert [name.name for name in merged.credits] == ["David Bowie", "Brian Eno"]
    assert list(merged.genres) == ["Rock", "Art Rock"]
    assert [one.text for one in merged.attributes] == ["calm", "Berlin"]
    assert merged.album == other.album
    assert (merged.track_number, merged.lyrics) == (3, other.lyrics)
    assert merged.duration == other.duration
    await documents_agree(connection)


async def test_a_position_on_another_album_is_not_taken(
    tracks: TrackServiceAsyncStub, new_track: NewTrack
) -> None:
    survivor = await new_track(album=pb.TrackAlbum(title="One"))
    other = await new_track(album=pb.TrackAlbum(title="Another"), track_number=3)
    assert (await merge(tracks, survivor, other)).track.track_number == 0


async def test_what_was_given_is_known_again_when_its_names_were_merged(
    tracks: TrackServiceAsyncStub,
    artists: ArtistServiceAsyncStub,
    albums: AlbumServiceAsyncStub,
    new_track: NewTrack,
) -> None:
    survivor, elsewhere = await new_track("One"), await new_track(artist="Eno", album=_ON_LOW)
    composer = types_pb2.CreditedName(name="Brian Eno", role=types_pb2.CREDIT_ROLE_COMPOSER)
    wanted = pb.Track(title="Other", credits=[composer], album=pb.TrackAlbum(title="Low (Deluxe)"))
    other = await tracks.CreateTrack(pb.CreateTrackRequest(track=wanted))
    await merge(tracks, survivor, other)
    eno, low = elsewhere.credits[0].artist_id, elsewhere.album.id
    await artists.MergeArtists(
        artist_pb2.MergeArtistsRequest(survivor_id=eno, artist_ids=[other.credits[0].artist_id])
    )
    await albums.MergeAlbums(
        album_pb2.MergeAlbumsRequest(survivor_id=low, album_ids=[other.album.id])
    )
    response = await unmerge(tracks, other)
    assert told(response.survivors[0]) == told(survivor)
    [back] = response.tracks
    assert [(of.artist_id, of.name) for of in back.credits] == [(eno, "Brian Eno")]
    assert back.album.id == low


async def test_an_old_id_leads_to_the_survivor_everywhere(
    tracks: TrackServiceAsyncStub, new_track: NewTrack, lists: Lists
) -> None:
    survivor, other = await new_track("One"), await new_track("Other")
    await merge(tracks, survivor, other)
    assert (await get(tracks, other.id)).id == survivor.id
    both = await tracks.BatchGetTracks(pb.BatchGetTracksRequest(ids=[other.id, survivor.id]))
    assert [track.id for track in both.tracks] == [survivor.id, survivor.id]
    changed = await tracks.UpdateTrack(
        pb.UpdateTrackRequest(track=pb.Track(id=other.id, comment="two of them"))
    )
    assert (changed.id, changed.comment) == (survivor.id, "two of them")
    assert await get(tracks, survivor.id) == changed
    playlist = await lists.new(other)
    assert await lists.tracks(playlist) == [survivor.id]
    deleted = await tracks.DeleteTrack(pb.DeleteTrackRequest(id=other.id))
    assert deleted.id == survivor.id
    with raises_status(StatusCode.NOT_FOUND):
        await tracks.DeleteTrack(pb.DeleteTrackRequest(id=other.id))
    assert (await get(tracks, other.id)).HasField("delete_time")
    back = await tracks.UndeleteTrack(pb.UndeleteTrackRequest(id=other.id))
    assert back.id == survivor.id


async def test_an_old_id_leads_to_provenance_and_pictures(
    tracks: TrackServiceAsyncStub,
    provenance: ProvenanceServiceAsyncStub,
    channel: grpc.aio.Channel,
    new_track: NewTrack,
) -> None:
    survivor, other = await new_track("One"), await new_track("Other", label="A label")
    locked = await provenance.LockTrackFields(
        provenance_pb2.LockTrackFieldsRequest(id=survivor.id, fields=_mask("comment"))
    )
    await merge(tracks, survivor, other)
    request = provenance_pb2.GetTrackProvenanceRequest(id=other.id)
    known = await provenance.GetTrackProvenance(request)
    assert known.track_id == locked.track_id
    [label] = [field for field in known.fields if field.field == "label"]
    assert label.source.name == "merge"
    changed = await provenance.UnlockTrackFields(
        provenance_pb2.UnlockTrackFieldsRequest(id=other.id, fields=_mask("comment"))
    )
    assert changed.track_id == survivor.id
    reverted = await provenance.RevertTrackField(
        provenance_pb2.RevertTrackFieldRequest(id=other.id, field="label")
    )
    assert (reverted.id, reverted.label) == (survivor.id, "")
    listed = await provenance.ListTrackConflicts(
        provenance_pb2.ListTrackConflictsRequest(track_id=other.id, show_dismissed=True)
    )
    assert {conflict.track_id for conflict in listed.conflicts} == {survivor.id}
    artwork: ArtworkServiceAsyncStub = artwork_pb2_grpc.ArtworkServiceStub(channel)
    pictures = await artwork.ListArtwork(artwork_pb2.ListArtworkRequest(track_id=other.id))
    assert len(pictures.artwork) == 0


async def test_a_locked_field_takes_nothing(
    tracks: TrackServiceAsyncStub, provenance: ProvenanceServiceAsyncStub, new_track: NewTrack
) -> None:
    survivor, other = await new_track("One"), await new_track("Other", label="A label")
    await provenance.LockTrackFields(
        provenance_pb2.LockTrackFieldsRequest(id=survivor.id, fields=_mask("label"))
    )
    assert (await merge(tracks, survivor, other)).track.label == ""
    back = await unmerge(tracks, other)
    assert [told(track) for track in (*back.survivors, *back.tracks)] == [
        told(survivor), told(other)
    ]  # fmt: skip


async def test_ids_lead_to_the_end_of_a_chain(
    tracks: TrackServiceAsyncStub, new_track: NewTrack
) -> None:
    one, two, three = [await new_track(name) for name in ("One", "Two", "Three")]
    await merge(tracks, two, one)
    await merge(tracks, three, two)
    assert [(await get(tracks, track.id)).id for track in (one, two)] == [three.id, three.id]
    listed = await tracks.ListMergedTracks(pb.ListMergedTracksRequest(id=one.id, page_size=1))
    assert [(of.track.id, of.survivor_id) for of in listed.tracks] == [(one.id, two.id)]
    listed = await tracks.ListMergedTracks(
        pb.ListMergedTracksRequest(id=one.id, page_token=listed.next_page_token)
    )
    assert [(of.track.id, of.survivor_id) for of in listed.tracks] == [(two.id, three.id)]
    with raises_status(StatusCode.FAILED_PRECONDITION, metadata={"track_id": two.id}):
        await unmerge(tracks, one)
    await unmerge(tracks, two)
    assert [(await get(tracks, track.id)).id for track in (one, two)] == [two.id, two.id]
    await unmerge(tracks, one)
    assert (await get(tracks, one.id)).title == "One"


async def test_search_and_lists_follow_at_once(
    tracks: TrackServiceAsyncStub, search: SearchServiceAsyncStub, new_track: NewTrack
) -> None:
    survivor, other = await new_track("Zebra", artist="A"), await new_track("Yak", artist="B")
    await merge(tracks, survivor, other)
    assert await found(search, "yak") == set()
    assert await found(search, "zebra") == {survivor.id}
    for request in (pb.ListTracksRequest(), pb.ListTracksRequest(show_deleted=True)):
        assert [of.id for of in (await tracks.ListTracks(request)).tracks] == [survivor.id]
    await unmerge(tracks, other)
    assert await found(search, "yak") == {other.id}


async def test_playlists_keep_their_items(
    tracks: TrackServiceAsyncStub, new_track: NewTrack, lists: Lists
) -> None:
    one, two, three = [await new_track(name) for name in ("One", "Two", "Three")]
    several = await lists.new(two, one, two, three)
    unique = await lists.new(three, two, one)
    before = [await lists.items(each) for each in (several, unique)]
    alone = await lists.new(two, three, unique=True)
    apart = await lists.items(alone)
    response = await merge(tracks, one, two, three)
    assert (response.moved_items, response.dropped_items) == (6, 1)
    assert await lists.tracks(several) == [one.id] * 4
    assert await lists.tracks(alone) == [one.id]
    await unmerge(tracks, two, three)
    assert [await lists.items(each) for each in (several, unique)] == before
    assert await lists.items(alone) == apart


async def test_what_was_changed_since_is_kept(
    tracks: TrackServiceAsyncStub, new_track: NewTrack, connection: Connection
) -> None:
    survivor = await new_track("One", files=[file("a.mp3")])
    other = await new_track(
        "Other", label="A label", comment="nice", files=[file("b.mp3")], sources=[source("2")]
    )
    merged = (await merge(tracks, survivor, other)).track
    moved = [*merged.files]
    moved[1].size_bytes = 4711
    await tracks.UpdateTrack(
        pb.UpdateTrackRequest(track=pb.Track(id=other.id, label="Mine", files=moved))
    )
    response = await unmerge(tracks, other)
    [kept] = response.survivors
    assert (kept.label, kept.comment) == ("Mine", "")
    assert [of.id for of in kept.files] == [of.id for of in survivor.files]
    [again] = response.tracks
    assert (again.label, again.comment) == ("A label", "nice")
    assert [(of.id, of.size_bytes) for of in again.files] == [(other.files[0].id, 4711)]
    assert list(again.sources) == list(other.sources)
    await documents_agree(connection)


async def test_a_trial_changes_nothing(tracks: TrackServiceAsyncStub, new_track: NewTrack) -> None:
    survivor, other = await new_track("One"), await new_track("Other", label="A label")
    tried = await merge(tracks, survivor, other, validate_only=True)
    assert tried.track.label == "A label"
    assert await get(tracks, survivor.id) == survivor
    assert await get(tracks, other.id) == other
    done = await merge(tracks, survivor, other)
    undone = await unmerge(tracks, other, validate_only=True)
    assert told(undone.survivors[0]) == told(survivor)
    assert await get(tracks, other.id) == done.track


async def test_a_request_is_answered_once(
    tracks: TrackServiceAsyncStub, new_track: NewTrack
) -> None:
    survivor, other = await new_track("One"), await new_track("Other")
    request_id = str(uuid4())
    first = await merge(tracks, survivor, other, request_id=request_id)
    assert await merge(tracks, survivor, other, request_id=request_id) == first
    request_id = str(uuid4())
    back = await unmerge(tracks, other, request_id=request_id)
    assert await unmerge(tracks, other, request_id=request_id) == back


async def test_etags_are_compared(tracks: TrackServiceAsyncStub, new_track: NewTrack) -> None:
    survivor, other = await new_track("One"), await new_track("Other")
    for track in (survivor, other):
        with raises_status(StatusCode.ABORTED, reason="ETAG_MISMATCH"):
            await merge(tracks, survivor, other, etags={track.id: '"7"'})
    etags = {survivor.id: survivor.etag, other.id: other.etag}
    merged = (await merge(tracks, survivor, other, etags=etags)).track
    with raises_status(StatusCode.ABORTED, reason="ETAG_MISMATCH"):
        await unmerge(tracks, other, etags={other.id: survivor.etag})
    await unmerge(tracks, other, etags={other.id: merged.etag})


async def test_what_cannot_be_merged_is_refused(
    tracks: TrackServiceAsyncStub, libraries: LibraryServiceAsyncStub, new_track: NewTrack
) -> None:
    one, two = await new_track("One"), await new_track("Two")
    with raises_status(StatusCode.NOT_FOUND, metadata={"kind": "track", "id": UNKNOWN}):
        await merge(tracks, one, pb.Track(id=UNKNOWN))
    with raises_status(StatusCode.NOT_FOUND, metadata={"kind": "track", "id": UNKNOWN}):
        await unmerge(tracks, pb.Track(id=UNKNOWN))
    with raises_status(StatusCode.FAILED_PRECONDITION):
        await unmerge(tracks, two)
    library = await libraries.CreateLibrary(
        library_pb2.CreateLibraryRequest(library=library_pb2.Library(name="else"))
    )
    foreign = await new_track("Three", library_id=library.id)
    with raises_status(StatusCode.FAILED_PRECONDITION):
        await merge(tracks, one, foreign)
    full = await new_track("Full", sources=[source(f"f{number}") for number in range(100)])
    more = await new_track("More", sources=[source("g")])
    with raises_status(StatusCode.FAILED_PRECONDITION, metadata={"field": "sources"}):
        await merge(tracks, full, more)
    await merge(tracks, one, two)
    with raises_status(StatusCode.FAILED_PRECONDITION):
        await merge(tracks, one, two)
    await tracks.DeleteTrack(pb.DeleteTrackRequest(id=one.id))
    with raises_status(StatusCode.FAILED_PRECONDITION):
        await unmerge(tracks, two)
    with raises_status(StatusCode.FAILED_PRECONDITION):
        await merge(tracks, more, one)
    with raises_status(StatusCode.FAILED_PRECONDITION) as failure:
        await tracks.UpdateTrack(pb.UpdateTrackRequest(track=pb.Track(id=two.id, title="Two")))
    assert two.id in failure.message


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (pb.MergeTracksRequest(track_ids=[UNKNOWN]), "survivor_id"),
        (pb.MergeTracksRequest(survivor_id=UNKNOWN), "track_ids"),
        (pb.MergeTracksRequest(survivor_id=UNKNOWN, track_ids=["x"]), "track_ids[0]"),
        (pb.MergeTracksRequest(survivor_id=UNKNOWN, track_ids=[UNKNOWN]), "track_ids"),
        (pb.MergeTracksRequest(survivor_id=UNKNOWN, track_ids=[str(uuid4())] * 2), "track_ids"),
        (
            pb.MergeTracksRequest(
                survivor_id=UNKNOWN, track_ids=[str(uuid4()) for _ in range(101)]
            ),
            "track_ids",
        ),
        (
            pb.MergeTracksRequest(
                survivor_id=UNKNOWN, track_ids=[str(uuid4())], etags={str(uuid4()): '"1"'}
            ),
            "etags",
        ),
        (
            pb.MergeTracksRequest(
                survivor_id=UNKNOWN, track_ids=[str(uuid4())], validate_only=True, request_id="x"
            ),
            "request_id",
        ),
    ],
)
async def test_bad_merges_are_named(
    tracks: TrackServiceAsyncStub, request_: pb.MergeTracksRequest, field: str
) -> None:
    with raises_status(StatusCode.INVALID_ARGUMENT, field=field):
        await tracks.MergeTracks(request_)


async def test_bad_requests_about_merges_are_named(tracks: TrackServiceAsyncStub) -> None:
    with raises_status(StatusCode.INVALID_ARGUMENT, field="track_ids"):
        await tracks.UnmergeTracks(pb.UnmergeTracksRequest())
    with raises_status(StatusCode.INVALID_ARGUMENT, field="etags"):
        await tracks.UnmergeTracks(pb.UnmergeTracksRequest(track_ids=[UNKNOWN], etags={"x": ""}))
    with raises_status(StatusCode.INVALID_ARGUMENT, field="id"):
        await tracks.ListMergedTracks(pb.ListMergedTracksRequest())
    with raises_status(StatusCode.NOT_FOUND):
        await tracks.ListMergedTracks(pb.ListMergedTracksRequest(id=UNKNOWN))


async def test_an_import_finds_the_survivor(
    tracks: TrackServiceAsyncStub, new_track: NewTrack
) -> None:
    async def imported(title: str) -> pb.ImportTracksResponse:
        track = pb.Track(title=title, sources=[source("2")])
        return await tracks.ImportTracks(iter([pb.ImportTracksRequest(tracks=[track])]))

    await imported("Other")
    [other] = (await tracks.ListTracks(pb.ListTracksRequest())).tracks
    survivor = await new_track("One")
    await merge(tracks, survivor, other)
    assert (await imported("Other")).unchanged == 1
    assert (await imported("New")).updated == 1
    assert (await get(tracks, survivor.id)).title == "New"
    await unmerge(tracks, other)
    assert (await imported("New")).unchanged == 1
    assert (await get(tracks, other.id)).title == "Other"


async def test_merges_and_additions_at_once_leave_nothing_behind(
    tracks: TrackServiceAsyncStub, new_track: NewTrack, lists: Lists
) -> None:
    one, two, three = [await new_track(name) for name in ("One", "Two", "Three")]
    playlist = await lists.new(one, two, three)
    await asyncio.gather(
        merge(tracks, one, three),
        merge(tracks, two, one),
        *(lists.add(playlist, track) for track in (one, two, three) * 3),
    )
    [left] = (await tracks.ListTracks(pb.ListTracksRequest())).tracks
    assert await lists.tracks(playlist) == [left.id] * 12


async def test_files_are_those_of_their_tracks_again(
    tracks: TrackServiceAsyncStub, new_track: NewTrack, connection: Connection
) -> None:
    one = await new_track("One", files=[file("one")])
    two = await new_track("Two", files=[file("two")])
    bare = await new_track("Bare")
    await merge(tracks, bare, one, two)
    await unmerge(tracks, one, two)
    for before in (one, two, bare):
        assert list((await get(tracks, before.id)).files) == list(before.files)
    await documents_agree(connection)


_ARTISTS = ("Ann", "Bob", "Ann Bob")
_GENRES = ("Rock", "Jazz", "Folk")
_ROLES = (
    types_pb2.CREDIT_ROLE_PRIMARY,
    types_pb2.CREDIT_ROLE_FEATURED,
    types_pb2.CREDIT_ROLE_COMPOSER,
)


@st.composite
def small_tracks(draw: st.DrawFn) -> pb.Track:
    """Return a track that has some of everything."""
    several = draw(st.lists(st.sampled_from(_ARTISTS), max_size=2, unique=True))
    track = pb.Track(
        title=draw(st.sampled_from(["One", "Two", "Three"])),
        credits=[
            types_pb2.CreditedName(name=name, role=draw(st.sampled_from(_ROLES)))
            for name in several
        ],
        genres=draw(st.lists(st.sampled_from(_GENRES), max_size=2, unique=True)),
        track_number=draw(st.integers(0, 2)),
        label=draw(st.sampled_from(["", "A label", "Another"])),
        attributes=draw(
            st.lists(st.builds(fact, st.sampled_from("ab"), st.sampled_from("xy")), max_size=2)
        ),
        files=[file(str(uuid4())) for _ in range(draw(st.integers(0, 2)))],
        sources=[source(str(uuid4())) for _ in range(draw(st.integers(0, 2)))],
    )
    if draw(st.booleans()):
        track.album.title = draw(st.sampled_from(["First", "Second"]))
    if draw(st.booleans()):
        track.duration.seconds = draw(st.integers(1, 2))
    return track


@settings(
    max_examples=12,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    wanted=st.lists(small_tracks(), min_size=3, max_size=4),
    order=st.lists(st.integers(0, 2), max_size=5),
    one_by_one=st.booleans(),
    unique=st.booleans(),
    backwards=st.booleans(),
)
async def test_a_merge_that_is_taken_back_never_was(
    tracks: TrackServiceAsyncStub,
    search: SearchServiceAsyncStub,
    lists: Lists,
    connection: Connection,
    wanted: list[pb.Track],
    order: list[int],
    one_by_one: bool,
    unique: bool,
    backwards: bool,
) -> None:
    before = [await tracks.CreateTrack(pb.CreateTrackRequest(track=track)) for track in wanted]
    chosen = [before[number] for number in (dict.fromkeys(order) if unique else order)]
    playlist = await lists.new(*chosen, unique=unique)
    items = await lists.items(playlist)
    words = [{track.id for track in before} & await found(search, of.title) for of in before]
    survivor, *others = before
    if one_by_one:
        for other in others:
            await merge(tracks, survivor, other)
    else:
        await merge(tracks, survivor, *others)
    merged = {track_id for _, track_id in await lists.items(playlist)}
    assert merged <= {survivor.id}
    await unmerge(tracks, *(reversed(others) if backwards else others))
    assert [told(await get(tracks, track.id)) for track in before] == list(map(told, before))
    assert await lists.items(playlist) == items
    again = [{track.id for track in before} & await found(search, of.title) for of in before]
    assert again == words
    await documents_agree(connection)
