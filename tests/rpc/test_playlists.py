"""PlaylistService, as a client sees it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from grpc import StatusCode
from grpc.aio import AioRpcError

from fonoteca.v1 import library_pb2, track_pb2
from fonoteca.v1 import playlist_pb2 as pb
from service.database import Connection
from service.libraries.model import DEFAULT_LIBRARY_ID
from tests.support.errors import raises_status
from tests.support.tracks import insert_tracks

if TYPE_CHECKING:
    from fonoteca.v1.library_pb2_grpc import LibraryServiceAsyncStub
    from fonoteca.v1.playlist_pb2_grpc import PlaylistServiceAsyncStub
    from fonoteca.v1.track_pb2_grpc import TrackServiceAsyncStub
    from tests.conftest import NewTrack

UNKNOWN = "01920000-0000-7000-8000-000000000000"


async def create(playlists: PlaylistServiceAsyncStub, name: str, **fields: Any) -> pb.Playlist:
    playlist = pb.Playlist(name=name, **fields)
    return await playlists.CreatePlaylist(pb.CreatePlaylistRequest(playlist=playlist))


async def get(playlists: PlaylistServiceAsyncStub, playlist_id: str) -> pb.Playlist:
    return await playlists.GetPlaylist(pb.GetPlaylistRequest(id=playlist_id))


async def add(
    playlists: PlaylistServiceAsyncStub,
    playlist: pb.Playlist,
    track_ids: Sequence[UUID | str],
    before: str = "",
) -> list[str]:
    """Add tracks; returns the ids of the new items."""
    response = await playlists.AddPlaylistItems(
        pb.AddPlaylistItemsRequest(
            playlist_id=playlist.id, track_ids=map(str, track_ids), before_item_id=before
        )
    )
    return [item.id for item in response.items]


async def listed(
    playlists: PlaylistServiceAsyncStub, playlist: pb.Playlist, page_size: int = 1_000
) -> list[pb.PlaylistItem]:
    """Return all items, read in pages."""
    request = pb.ListPlaylistItemsRequest(playlist_id=playlist.id, page_size=page_size)
    items: list[pb.PlaylistItem] = []
    while True:
        response = await playlists.ListPlaylistItems(request)
        items += response.items
        if not response.next_page_token:
            return items
        request.page_token = response.next_page_token


async def ids(playlists: PlaylistServiceAsyncStub, playlist: pb.Playlist) -> list[str]:
    return [item.id for item in await listed(playlists, playlist)]


# Playlists


async def test_a_playlist_is_read_as_it_was_created(playlists: PlaylistServiceAsyncStub) -> None:
    created = await create(
        playlists,
        "Öresund",
        description="a bridge",
        owner="ann",
        public=True,
        collaborative=True,
        unique_tracks=True,
        tags=["b", "a"],
    )
    assert created.library_id == str(DEFAULT_LIBRARY_ID)
    assert (created.name, created.description, created.owner) == ("Öresund", "a bridge", "ann")
    assert created.public
    assert created.collaborative
    assert created.unique_tracks
    assert list(created.tags) == ["b", "a"]
    assert (created.item_count, created.version, created.etag) == (0, 0, '"1"')
    assert created.duration == Duration()
    assert created.create_time == created.update_time
    assert not created.HasField("delete_time")
    assert await get(playlists, created.id) == created


async def test_a_playlist_needs_a_library_that_exists(playlists: PlaylistServiceAsyncStub) -> None:
    with raises_status(StatusCode.NOT_FOUND, metadata={"kind": "library", "id": UNKNOWN}):
        await create(playlists, "one", library_id=UNKNOWN)


@pytest.mark.parametrize(
    ("playlist", "field"),
    [
        (pb.Playlist(), "playlist.name"),
        (pb.Playlist(name="x" * 501), "playlist.name"),
        (pb.Playlist(name="x\0"), "playlist.name"),
        (pb.Playlist(name="x", description="x" * 10_001), "playlist.description"),
        (pb.Playlist(name="x", owner="x" * 201), "playlist.owner"),
        (pb.Playlist(name="x", library_id="default"), "playlist.library_id"),
        (pb.Playlist(name="x", tags=["a", ""]), "playlist.tags[1]"),
        (pb.Playlist(name="x", tags=["x" * 101]), "playlist.tags[0]"),
        (pb.Playlist(name="x", tags=["a", "b", "a"]), "playlist.tags"),
        (pb.Playlist(name="x", tags=map(str, range(101))), "playlist.tags"),
    ],
)
async def test_bad_values_are_named(
    playlists: PlaylistServiceAsyncStub, playlist: pb.Playlist, field: str
) -> None:
    with raises_status(StatusCode.INVALID_ARGUMENT, field=field):
        await playlists.CreatePlaylist(pb.CreatePlaylistRequest(playlist=playlist))


async def test_playlists_are_listed_newest_first(playlists: PlaylistServiceAsyncStub) -> None:
    for name in "abcde":
        await create(playlists, name)
    request, pages = pb.ListPlaylistsRequest(page_size=2), []
    while True:
        response = await playlists.ListPlaylists(request)
        pages.append([playlist.name for playlist in response.playlists])
        if not response.next_page_token:
            break
        request.page_token = response.next_page_token
    assert pages == [["e", "d"], ["c", "b"], ["a"]]
    for forged in (request.page_token[:-1], request.page_token + "AAAA", "x"):
        with raises_status(StatusCode.INVALID_ARGUMENT, field="page_token"):
            await playlists.ListPlaylists(pb.ListPlaylistsRequest(page_token=forged))
    with raises_status(StatusCode.INVALID_ARGUMENT, field="page_token"):
        await playlists.ListPlaylists(
            pb.ListPlaylistsRequest(page_token=request.page_token, owner="ann")
        )
    with raises_status(StatusCode.INVALID_ARGUMENT, field="page_size"):
        await playlists.ListPlaylists(pb.ListPlaylistsRequest(page_size=-1))


async def test_lists_are_filtered(
    playlists: PlaylistServiceAsyncStub, libraries: LibraryServiceAsyncStub
) -> None:
    library = await libraries.CreateLibrary(
        library_pb2.CreateLibraryRequest(library=library_pb2.Library(name="other"))
    )
    await create(playlists, "plain")
    await create(playlists, "ann's", owner="ann", tags=["jazz", "night"])
    await create(playlists, "bob's", owner="bob", tags=["jazz"])
    await create(playlists, "other's", library_id=library.id, owner="ann")
    gone = await create(playlists, "gone", owner="ann", tags=["jazz"])
    await playlists.DeletePlaylist(pb.DeletePlaylistRequest(id=gone.id))

    async def names(**filters: Any) -> list[str]:
        response = await playlists.ListPlaylists(pb.ListPlaylistsRequest(**filters))
        return [playlist.name for playlist in response.playlists]

    assert await names() == ["other's", "bob's", "ann's", "plain"]
    assert await names(library_id=library.id) == ["other's"]
    assert await names(owner="ann") == ["other's", "ann's"]
    assert await names(tag="jazz") == ["bob's", "ann's"]
    assert await names(tag="jazz", owner="ann", library_id=str(DEFAULT_LIBRARY_ID)) == ["ann's"]
    assert await names(tag="Jazz") == []
    assert await names(owner="ann", show_deleted=True) == ["gone", "other's", "ann's"]
    with raises_status(StatusCode.INVALID_ARGUMENT, field="library_id"):
        await names(library_id="default")


async def test_an_update_changes_what_the_mask_names(playlists: PlaylistServiceAsyncStub) -> None:
    before = await create(playlists, "before", description="old", tags=["a"], owner="ann")
    after = await playlists.UpdatePlaylist(
        pb.UpdatePlaylistRequest(
            playlist=pb.Playlist(id=before.id, name="after", tags=["b", "c"], item_count=9),
            update_mask=FieldMask(paths=["description", "tags", "item_count"]),
        )
    )
    assert (after.name, after.description, list(after.tags)) == ("before", "", ["b", "c"])
    assert (after.item_count, after.version, after.etag) == (0, 0, '"2"')
    renamed = await playlists.UpdatePlaylist(
        pb.UpdatePlaylistRequest(playlist=pb.Playlist(id=before.id, name="after", public=True))
    )
    assert (renamed.name, renamed.public, list(renamed.tags)) == ("after", True, ["b", "c"])
    cleared = await playlists.UpdatePlaylist(
        pb.UpdatePlaylistRequest(
            playlist=pb.Playlist(id=before.id, name="after"), update_mask=FieldMask(paths=["*"])
        )
    )
    assert (cleared.public, list(cleared.tags), cleared.owner) == (False, [], "ann")
    with raises_status(StatusCode.INVALID_ARGUMENT, field="update_mask"):
        await playlists.UpdatePlaylist(
            pb.UpdatePlaylistRequest(
                playlist=pb.Playlist(id=before.id), update_mask=FieldMask(paths=["items"])
            )
        )


async def test_library_and_owner_stay(playlists: PlaylistServiceAsyncStub) -> None:
    playlist = await create(playlists, "one", owner="ann")
    for field, changed in (
        ("owner", pb.Playlist(id=playlist.id, owner="bob")),
        ("library_id", pb.Playlist(id=playlist.id, library_id=UNKNOWN)),
    ):
        with raises_status(StatusCode.INVALID_ARGUMENT, field=f"playlist.{field}"):
            await playlists.UpdatePlaylist(pb.UpdatePlaylistRequest(playlist=changed))
    assert (await get(playlists, playlist.id)) == playlist
    same = await playlists.UpdatePlaylist(pb.UpdatePlaylistRequest(playlist=playlist))
    assert (same.owner, same.library_id) == (playlist.owner, playlist.library_id)


async def test_a_stale_etag_is_refused(playlists: PlaylistServiceAsyncStub) -> None:
    old = await create(playlists, "one")
    new = await playlists.UpdatePlaylist(pb.UpdatePlaylistRequest(playlist=old))
    stale = {"current_etag": new.etag}
    with raises_status(StatusCode.ABORTED, reason="ETAG_MISMATCH", metadata=stale):
        await playlists.UpdatePlaylist(pb.UpdatePlaylistRequest(playlist=old))
    with raises_status(StatusCode.ABORTED, reason="ETAG_MISMATCH", metadata=stale):
        await playlists.DeletePlaylist(pb.DeletePlaylistRequest(id=old.id, etag=old.etag))
    deleted = await playlists.DeletePlaylist(pb.DeletePlaylistRequest(id=old.id, etag=new.etag))
    stale = {"current_etag": deleted.etag}
    with raises_status(StatusCode.ABORTED, reason="ETAG_MISMATCH", metadata=stale):
        await playlists.UndeletePlaylist(pb.UndeletePlaylistRequest(id=old.id, etag=new.etag))


async def test_a_deleted_playlist_comes_back_with_its_items(
    playlists: PlaylistServiceAsyncStub, connection: Connection
) -> None:
    tracks = await insert_tracks(connection, 3)
    playlist = await create(playlists, "one")
    items = await add(playlists, playlist, tracks)
    deleted = await playlists.DeletePlaylist(pb.DeletePlaylistRequest(id=playlist.id))
    assert deleted.HasField("delete_time")
    assert await get(playlists, playlist.id) == deleted
    assert not (await playlists.ListPlaylists(pb.ListPlaylistsRequest())).playlists
    gone = raises_status(StatusCode.NOT_FOUND, metadata={"kind": "playlist", "id": playlist.id})
    with gone:
        await playlists.DeletePlaylist(pb.DeletePlaylistRequest(id=playlist.id))
    for call in (
        playlists.UpdatePlaylist(pb.UpdatePlaylistRequest(playlist=playlist)),
        add(playlists, playlist, tracks),
        listed(playlists, playlist),
    ):
        with raises_status(StatusCode.NOT_FOUND):
            await call
    restored = await playlists.UndeletePlaylist(pb.UndeletePlaylistRequest(id=playlist.id))
    assert not restored.HasField("delete_time")
    assert await ids(playlists, playlist) == items
    with raises_status(StatusCode.ALREADY_EXISTS):
        await playlists.UndeletePlaylist(pb.UndeletePlaylistRequest(id=playlist.id))


async def test_a_playlist_that_does_not_exist(playlists: PlaylistServiceAsyncStub) -> None:
    playlist = pb.Playlist(id=UNKNOWN)
    for call in (
        get(playlists, UNKNOWN),
        playlists.UpdatePlaylist(pb.UpdatePlaylistRequest(playlist=playlist)),
        playlists.DeletePlaylist(pb.DeletePlaylistRequest(id=UNKNOWN)),
        playlists.UndeletePlaylist(pb.UndeletePlaylistRequest(id=UNKNOWN)),
        add(playlists, playlist, [uuid4()]),
        listed(playlists, playlist),
        playlists.MovePlaylistItems(
            pb.MovePlaylistItemsRequest(playlist_id=UNKNOWN, item_ids=[UNKNOWN])
        ),
        playlists.RemovePlaylistItems(
            pb.RemovePlaylistItemsRequest(playlist_id=UNKNOWN, item_ids=[UNKNOWN])
        ),
    ):
        with raises_status(StatusCode.NOT_FOUND, metadata={"kind": "playlist", "id": UNKNOWN}):
            await call


# Items


async def test_items_are_listed_in_pages(
    playlists: PlaylistServiceAsyncStub, connection: Connection
) -> None:
    tracks = await insert_tracks(connection, 7)
    playlist = await create(playlists, "one")
    response = await playlists.AddPlaylistItems(
        pb.AddPlaylistItemsRequest(
            playlist_id=playlist.id, track_ids=map(str, tracks), added_by="ann"
        )
    )
    assert response.version == 1
    assert not any(item.HasField("track") for item in response.items)
    for page_size in (1, 2, 3, 7, 8):
        items = await listed(playlists, playlist, page_size)
        assert [item.position for item in items] == list(range(7))
        assert [item.track_id for item in items] == [str(track_id) for track_id in tracks]
        assert [item.track.title for item in items] == [f"Track {n}" for n in range(7)]
        assert {(item.added_by, item.track.lyrics) for item in items} == {("ann", "")}
        for item in items:
            item.ClearField("track")
        assert items == list(response.items)
    changed = await get(playlists, playlist.id)
    assert (changed.item_count, changed.version, changed.etag) == (7, 1, playlist.etag)
    assert changed.duration == Duration(seconds=7 * 60)
    assert changed.update_time == response.items[0].add_time


async def test_an_empty_playlist_has_an_empty_page(playlists: PlaylistServiceAsyncStub) -> None:
    playlist = await create(playlists, "one")
    page = await playlists.ListPlaylistItems(pb.ListPlaylistItemsRequest(playlist_id=playlist.id))
    assert page == pb.ListPlaylistItemsResponse()


async def test_a_page_token_holds_one_version(
    playlists: PlaylistServiceAsyncStub, connection: Connection
) -> None:
    tracks = await insert_tracks(connection, 3)
    playlist, other = await create(playlists, "one"), await create(playlists, "other")
    for target in (playlist, other):
        await add(playlists, target, tracks)
    request = pb.ListPlaylistItemsRequest(playlist_id=playlist.id, page_size=1)
    page = await playlists.ListPlaylistItems(request)
    request.page_token = page.next_page_token
    assert (await playlists.ListPlaylistItems(request)).items[0].position == 1
    await add(playlists, playlist, tracks)
    stale = raises_status(
        StatusCode.ABORTED, reason="VERSION_MISMATCH", metadata={"current_version": "2"}
    )
    with stale:
        await playlists.ListPlaylistItems(request)
    request.playlist_id = other.id
    with raises_status(StatusCode.INVALID_ARGUMENT, field="page_token"):
        await playlists.ListPlaylistItems(request)
    with raises_status(StatusCode.INVALID_ARGUMENT, field="page_size"):
        await listed(playlists, playlist, page_size=-1)


async def test_tracks_are_put_where_they_are_wanted(
    playlists: PlaylistServiceAsyncStub, connection: Connection
) -> None:
    tracks = await insert_tracks(connection, 2)
    playlist = await create(playlists, "one")
    last = await add(playlists, playlist, tracks)
    first = await add(playlists, playlist, [*tracks, *tracks], before=last[0])
    response = await playlists.AddPlaylistItems(
        pb.AddPlaylistItemsRequest(
            playlist_id=playlist.id, track_ids=[str(tracks[0])], before_item_id=last[1]
        )
    )
    (middle,) = response.items
    assert (middle.position, response.version) == (5, 3)
    assert await ids(playlists, playlist) == [*first, last[0], middle.id, last[1]]


async def test_only_live_tracks_of_the_library_are_added(
    playlists: PlaylistServiceAsyncStub,
    libraries: LibraryServiceAsyncStub,
    tracks: TrackServiceAsyncStub,
    new_track: NewTrack,
) -> None:
    library = await libraries.CreateLibrary(
        library_pb2.CreateLibraryRequest(library=library_pb2.Library(name="other"))
    )
    live, deleted = await new_track(), await new_track()
    await tracks.DeleteTrack(track_pb2.DeleteTrackRequest(id=deleted.id))
    foreign = await new_track(library_id=library.id)
    playlist = await create(playlists, "one")
    for bad in (deleted.id, foreign.id, UNKNOWN):
        with raises_status(StatusCode.NOT_FOUND, metadata={"kind": "track", "id": bad}):
            await add(playlists, playlist, [live.id, bad, uuid4()])
    assert (await get(playlists, playlist.id)).version == 0


async def test_items_of_a_deleted_track_stay(
    playlists: PlaylistServiceAsyncStub, tracks: TrackServiceAsyncStub, new_track: NewTrack
) -> None:
    one = await new_track("One", duration=Duration(seconds=90), lyrics="La la la")
    two = await new_track("Two", duration=Duration(seconds=60))
    playlist = await create(playlists, "one")
    items = await add(playlists, playlist, [one.id, two.id, one.id])
    assert (await get(playlists, playlist.id)).duration == Duration(seconds=240)
    await tracks.DeleteTrack(track_pb2.DeleteTrackRequest(id=one.id))
    listed_items = await listed(playlists, playlist)
    assert [item.id for item in listed_items] == items
    assert [item.track_id for item in listed_items] == [one.id, two.id, one.id]
    assert [item.HasField("track") for item in listed_items] == [False, True, False]
    assert listed_items[1].track == two
    changed = await get(playlists, playlist.id)
    assert (changed.item_count, changed.duration) == (3, Duration(seconds=60))
    await tracks.UndeleteTrack(track_pb2.UndeleteTrackRequest(id=one.id))
    restored = (await listed(playlists, playlist))[0].track
    assert (restored.title, restored.lyrics) == ("One", "")


async def test_unique_tracks_are_there_once(
    playlists: PlaylistServiceAsyncStub, connection: Connection
) -> None:
    one, two, three = await insert_tracks(connection, 3)
    playlist = await create(playlists, "one", unique_tracks=True)
    await add(playlists, playlist, [one])
    for twice, wanted in ((one, [two, one]), (two, [three, two, two])):
        present = {"kind": "track", "id": str(twice)}
        with raises_status(StatusCode.ALREADY_EXISTS, metadata=present):
            await add(playlists, playlist, wanted)
    await add(playlists, playlist, [two, three])
    assert (await get(playlists, playlist.id)).item_count == 3


async def test_a_playlist_with_repetitions_cannot_become_unique(
    playlists: PlaylistServiceAsyncStub, connection: Connection
) -> None:
    one, two = await insert_tracks(connection, 2)
    playlist = await create(playlists, "one")
    items = await add(playlists, playlist, [one, two, one])
    update = pb.UpdatePlaylistRequest(playlist=pb.Playlist(id=playlist.id, unique_tracks=True))
    with raises_status(StatusCode.FAILED_PRECONDITION, metadata={"track_id": str(one)}):
        await playlists.UpdatePlaylist(update)
    await playlists.RemovePlaylistItems(
        pb.RemovePlaylistItemsRequest(playlist_id=playlist.id, item_ids=items[:1])
    )
    assert (await playlists.UpdatePlaylist(update)).unique_tracks


async def test_items_move_and_keep_their_ids(
    playlists: PlaylistServiceAsyncStub, connection: Connection
) -> None:
    (track_id,) = await insert_tracks(connection, 1)
    playlist = await create(playlists, "one")
    a, b, c, d, e = await add(playlists, playlist, [track_id] * 5)
    response = await playlists.MovePlaylistItems(
        pb.MovePlaylistItemsRequest(playlist_id=playlist.id, item_ids=[d, a], before_item_id=c)
    )
    assert [(item.id, item.position) for item in response.items] == [(d, 1), (a, 2)]
    assert response.version == 2
    assert await ids(playlists, playlist) == [b, d, a, c, e]
    response = await playlists.MovePlaylistItems(
        pb.MovePlaylistItemsRequest(playlist_id=playlist.id, item_ids=[d])
    )
    assert [(item.id, item.position) for item in response.items] == [(d, 4)]
    assert await ids(playlists, playlist) == [b, a, c, e, d]


async def test_a_move_to_the_same_place_changes_nothing(
    playlists: PlaylistServiceAsyncStub, connection: Connection
) -> None:
    (track_id,) = await insert_tracks(connection, 1)
    playlist = await create(playlists, "one")
    a, b, c, d = await add(playlists, playlist, [track_id] * 4)
    before = await get(playlists, playlist.id)
    for moved, place, position in (([b, c], d, 1), ([a], b, 0), ([c, d], "", 2), ([d], "", 3)):
        response = await playlists.MovePlaylistItems(
            pb.MovePlaylistItemsRequest(
                playlist_id=playlist.id, item_ids=moved, before_item_id=place
            )
        )
        assert response.version == 1
        assert [item.id for item in response.items] == moved
        assert response.items[0].position == position
    assert await get(playlists, playlist.id) == before


async def test_items_are_removed_all_or_none(
    playlists: PlaylistServiceAsyncStub, connection: Connection
) -> None:
    (track_id,) = await insert_tracks(connection, 1)
    playlist, other = await create(playlists, "one"), await create(playlists, "other")
    a, b, c, d = await add(playlists, playlist, [track_id] * 4)
    (foreign,) = await add(playlists, other, [track_id])
    for bad in (foreign, UNKNOWN):
        missing = {"kind": "playlist_item", "id": bad}
        with raises_status(StatusCode.NOT_FOUND, metadata=missing):
            await playlists.RemovePlaylistItems(
                pb.RemovePlaylistItemsRequest(playlist_id=playlist.id, item_ids=[a, bad])
            )
        with raises_status(StatusCode.NOT_FOUND, metadata=missing):
            await playlists.MovePlaylistItems(
                pb.MovePlaylistItemsRequest(playlist_id=playlist.id, item_ids=[a, bad])
            )
        with raises_status(StatusCode.NOT_FOUND, metadata=missing):
            await playlists.MovePlaylistItems(
                pb.MovePlaylistItemsRequest(
                    playlist_id=playlist.id, item_ids=[a], before_item_id=bad
                )
            )
        with raises_status(StatusCode.NOT_FOUND, metadata=missing):
            await add(playlists, playlist, [track_id], before=bad)
    response = await playlists.RemovePlaylistItems(
        pb.RemovePlaylistItemsRequest(playlist_id=playlist.id, item_ids=[c, a])
    )
    assert response.version == 2
    assert await ids(playlists, playlist) == [b, d]
    assert (await get(playlists, playlist.id)).item_count == 2


async def test_a_change_for_another_version_is_refused(
    playlists: PlaylistServiceAsyncStub, connection: Connection
) -> None:
    (track_id,) = await insert_tracks(connection, 1)
    playlist = await create(playlists, "one")
    a, b = await add(playlists, playlist, [track_id] * 2)
    for version in (0, 2):
        for call in (
            playlists.AddPlaylistItems(
                pb.AddPlaylistItemsRequest(
                    playlist_id=playlist.id, track_ids=[str(track_id)], expected_version=version
                )
            ),
            playlists.MovePlaylistItems(
                pb.MovePlaylistItemsRequest(
                    playlist_id=playlist.id, item_ids=[a], expected_version=version
                )
            ),
            playlists.RemovePlaylistItems(
                pb.RemovePlaylistItemsRequest(
                    playlist_id=playlist.id, item_ids=[a], expected_version=version
                )
            ),
        ):
            current = {"current_version": "1"}
            with raises_status(StatusCode.ABORTED, reason="VERSION_MISMATCH", metadata=current):
                await call
    response = await playlists.MovePlaylistItems(
        pb.MovePlaylistItemsRequest(playlist_id=playlist.id, item_ids=[a], expected_version=1)
    )
    assert response.version == 2
    assert await ids(playlists, playlist) == [b, a]


ITEM = "01920000-0000-7000-8000-000000000001"
OTHER_ITEM = "01920000-0000-7000-8000-000000000002"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"playlist_id": "x"}, "playlist_id"),
        ({"item_ids": []}, "item_ids"),
        ({"item_ids": [UNKNOWN] * 1_001}, "item_ids"),
        ({"item_ids": [ITEM, "x"]}, "item_ids[1]"),
        ({"item_ids": [ITEM, OTHER_ITEM, ITEM]}, "item_ids"),
        ({"before_item_id": "x"}, "before_item_id"),
        ({"before_item_id": ITEM}, "before_item_id"),
        ({"expected_version": -1}, "expected_version"),
        ({"request_id": "x"}, "request_id"),
    ],
)
async def test_bad_edits_are_named(
    playlists: PlaylistServiceAsyncStub, fields: dict[str, Any], field: str
) -> None:
    whole: dict[str, Any] = {"playlist_id": UNKNOWN, "item_ids": [ITEM], **fields}
    with raises_status(StatusCode.INVALID_ARGUMENT, field=field):
        await playlists.MovePlaylistItems(pb.MovePlaylistItemsRequest(**whole))
    if "before_item_id" not in fields:
        with raises_status(StatusCode.INVALID_ARGUMENT, field=field):
            await playlists.RemovePlaylistItems(pb.RemovePlaylistItemsRequest(**whole))


async def test_bad_additions_are_named(playlists: PlaylistServiceAsyncStub) -> None:
    with raises_status(StatusCode.INVALID_ARGUMENT) as failure:
        await playlists.AddPlaylistItems(
            pb.AddPlaylistItemsRequest(
                playlist_id="x", track_ids=[UNKNOWN, "y"], before_item_id="z", added_by="\0"
            )
        )
    assert failure.fields == ["playlist_id", "track_ids[1]", "before_item_id", "added_by"]
    for count in (0, 1_001):
        with raises_status(StatusCode.INVALID_ARGUMENT, field="track_ids"):
            await playlists.AddPlaylistItems(
                pb.AddPlaylistItemsRequest(playlist_id=UNKNOWN, track_ids=[UNKNOWN] * count)
            )


# Repetition and races


async def test_repeated_requests_are_done_once(
    playlists: PlaylistServiceAsyncStub, connection: Connection
) -> None:
    (track_id,) = await insert_tracks(connection, 1)
    creation = pb.CreatePlaylistRequest(playlist=pb.Playlist(name="one"), request_id=str(uuid4()))
    playlist = await playlists.CreatePlaylist(creation)
    assert await playlists.CreatePlaylist(creation) == playlist
    addition = pb.AddPlaylistItemsRequest(
        playlist_id=playlist.id,
        track_ids=[str(track_id)] * 3,
        expected_version=0,
        request_id=str(uuid4()),
    )
    added = await playlists.AddPlaylistItems(addition)
    assert await playlists.AddPlaylistItems(addition) == added
    a, b, c = (item.id for item in added.items)
    move = pb.MovePlaylistItemsRequest(
        playlist_id=playlist.id, item_ids=[a], request_id=str(uuid4())
    )
    assert await playlists.MovePlaylistItems(move) == await playlists.MovePlaylistItems(move)
    removal = pb.RemovePlaylistItemsRequest(
        playlist_id=playlist.id, item_ids=[b], request_id=str(uuid4())
    )
    removed = await playlists.RemovePlaylistItems(removal)
    assert await playlists.RemovePlaylistItems(removal) == removed
    assert await ids(playlists, playlist) == [c, a]
    removal.item_ids[:] = [c]
    with raises_status(StatusCode.INVALID_ARGUMENT, field="request_id"):
        await playlists.RemovePlaylistItems(removal)
    deletion = pb.DeletePlaylistRequest(id=playlist.id, request_id=str(uuid4()))
    deleted = await playlists.DeletePlaylist(deletion)
    assert await playlists.DeletePlaylist(deletion) == deleted
    undeletion = pb.UndeletePlaylistRequest(id=playlist.id, request_id=str(uuid4()))
    restored = await playlists.UndeletePlaylist(undeletion)
    assert await playlists.UndeletePlaylist(undeletion) == restored


async def test_a_repeated_request_that_is_still_in_flight_is_done_once(
    playlists: PlaylistServiceAsyncStub, connection: Connection
) -> None:
    tracks = await insert_tracks(connection, 2)
    playlist = await create(playlists, "one")
    request = pb.AddPlaylistItemsRequest(
        playlist_id=playlist.id, track_ids=map(str, tracks), request_id=str(uuid4())
    )
    answers = await asyncio.gather(*(playlists.AddPlaylistItems(request) for _ in range(5)))
    assert all(answer == answers[0] for answer in answers)
    assert len(await ids(playlists, playlist)) == 2


async def test_of_two_writers_with_one_version_one_wins(
    playlists: PlaylistServiceAsyncStub, connection: Connection
) -> None:
    (track_id,) = await insert_tracks(connection, 1)
    playlist = await create(playlists, "one")
    request = pb.AddPlaylistItemsRequest(
        playlist_id=playlist.id, track_ids=[str(track_id)], expected_version=0
    )
    ends = await asyncio.gather(
        *(playlists.AddPlaylistItems(request) for _ in range(8)), return_exceptions=True
    )
    failures = [end for end in ends if isinstance(end, AioRpcError)]
    assert len(failures) == 7
    assert {failure.code() for failure in failures} == {StatusCode.ABORTED}
    assert len(await ids(playlists, playlist)) == 1
