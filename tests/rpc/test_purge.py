"""A purge: what goes, what stays, and what comes meanwhile."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from typer.testing import CliRunner, Result

from fonoteca.v1 import album_pb2, artwork_pb2_grpc, playlist_pb2, track_pb2
from fonoteca.v1 import artwork_pb2 as pb
from fonoteca.v1.types_pb2 import AudioFile
from service.artwork import store as pictures
from service.artwork.model import names_of
from service.artwork.shelf import Shelf, shelf_at
from service.cli import application
from service.database import Connection, Database
from service.purge import store
from service.purge.background import keep_purging
from service.purge.model import Kind, days_ago
from service.purge.purging import Stores, purge, stores_of
from service.settings import Settings
from service.tracks.store import import_lock
from tests.support.buckets import s3_bucket
from tests.support.errors import raises_status
from tests.support.pictures import picture
from tests.support.purging import age, purged, purged_beside
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from fonoteca.v1.album_pb2_grpc import AlbumServiceAsyncStub
    from fonoteca.v1.artwork_pb2_grpc import ArtworkServiceAsyncStub
    from fonoteca.v1.playlist_pb2_grpc import PlaylistServiceAsyncStub
    from fonoteca.v1.track_pb2_grpc import TrackServiceAsyncStub
    from tests.conftest import NewTrack

NOT_FOUND = grpc.StatusCode.NOT_FOUND
CONTENT = "c" * 64
EMBEDDED = pb.ARTWORK_ORIGIN_EMBEDDED


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    """The settings of a server that keeps pictures below a folder of the test."""
    return settings.model_copy(update={"data_dir": tmp_path / "data"})


@pytest.fixture
def stores(settings: Settings) -> Stores:
    return stores_of(settings)


@pytest.fixture
def shelf(stores: Stores) -> Shelf:
    return stores.pictures


@pytest.fixture
def artwork(channel: grpc.aio.Channel) -> ArtworkServiceAsyncStub:
    return artwork_pb2_grpc.ArtworkServiceStub(channel)


async def delete(tracks: TrackServiceAsyncStub, *ids: str) -> None:
    for track_id in ids:
        await tracks.DeleteTrack(track_pb2.DeleteTrackRequest(id=track_id))


async def exists(tracks: TrackServiceAsyncStub, track_id: str) -> bool:
    """Whether a track can be brought back."""
    try:
        await tracks.UndeleteTrack(track_pb2.UndeleteTrackRequest(id=track_id, validate_only=True))
    except grpc.aio.AioRpcError as error:
        return error.code() is not NOT_FOUND
    return True


async def playlist_of(playlists: PlaylistServiceAsyncStub, *track_ids: str) -> str:
    made = await playlists.CreatePlaylist(
        playlist_pb2.CreatePlaylistRequest(playlist=playlist_pb2.Playlist(name="Mine"))
    )
    await playlists.AddPlaylistItems(
        playlist_pb2.AddPlaylistItemsRequest(playlist_id=made.id, track_ids=track_ids)
    )
    return made.id


async def put(artwork: ArtworkServiceAsyncStub, data: bytes) -> str:
    """Send a picture; returns its hash."""
    described = pb.ArtworkDescription(size_bytes=len(data), sha256=hashlib.sha256(data).hexdigest())

    def parts() -> Iterator[pb.PutArtworkRequest]:
        yield pb.PutArtworkRequest(description=described)
        yield pb.PutArtworkRequest(chunk=data)

    return (await artwork.PutArtwork(parts())).hash


async def link(artwork: ArtworkServiceAsyncStub, content: str, *hashes: str) -> None:
    links = [pb.ArtworkLink(hash=each, type="front", origin=EMBEDDED) for each in hashes]
    file = pb.FileArtwork(content_hash=content, links=links)
    await artwork.LinkArtwork(pb.LinkArtworkRequest(files=[file]))


async def test_tracks_go_when_they_were_deleted_long_ago(
    tracks: TrackServiceAsyncStub,
    new_track: NewTrack,
    database: Database,
    connection: Connection,
    stores: Stores,
) -> None:
    live, old, survivor, other, recent = [(await new_track(name)).id for name in "abcde"]
    merging = track_pb2.MergeTracksRequest(survivor_id=survivor, track_ids=[other])
    await tracks.MergeTracks(merging)
    await delete(tracks, old, survivor)
    await age(connection)
    await delete(tracks, recent)
    assert await purged(database, stores, days=101) == {}
    assert await purged(database, stores) == {Kind.TRACKS: 2}
    here = {each: await exists(tracks, each) for each in (live, old, survivor, other, recent)}
    assert here == {live: True, old: False, survivor: False, other: False, recent: True}
    assert await purged(database, stores) == {}


async def test_what_was_merged_into_a_live_track_stays(
    tracks: TrackServiceAsyncStub,
    new_track: NewTrack,
    database: Database,
    connection: Connection,
    stores: Stores,
) -> None:
    survivor, other = [(await new_track(name)).id for name in "ab"]
    await tracks.MergeTracks(track_pb2.MergeTracksRequest(survivor_id=survivor, track_ids=[other]))
    await age(connection)
    assert await purged(database, stores) == {}
    await tracks.UnmergeTracks(track_pb2.UnmergeTracksRequest(track_ids=[other]))


async def test_a_track_stays_as_long_as_a_playlist_has_it(
    tracks: TrackServiceAsyncStub,
    playlists: PlaylistServiceAsyncStub,
    new_track: NewTrack,
    database: Database,
    connection: Connection,
    stores: Stores,
) -> None:
    track = (await new_track()).id
    playlist = await playlist_of(playlists, track)
    await delete(tracks, track)
    await age(connection)
    assert await purged(database, stores) == {}
    await playlists.DeletePlaylist(playlist_pb2.DeletePlaylistRequest(id=playlist))
    assert await purged(database, stores) == {}
    await age(connection)
    assert await purged(database, stores) == {Kind.PLAYLISTS: 1, Kind.TRACKS: 1}
    with raises_status(NOT_FOUND):
        await playlists.UndeletePlaylist(playlist_pb2.UndeletePlaylistRequest(id=playlist))


async def test_a_track_that_somebody_holds_stays(
    tracks: TrackServiceAsyncStub,
    new_track: NewTrack,
    database: Database,
    connection: Connection,
    stores: Stores,
) -> None:
    track = (await new_track()).id
    await delete(tracks, track)
    await age(connection)
    async with database.transaction() as holder:
        await holder.execute("SELECT FROM track FOR UPDATE")
        assert await purged_beside(database, stores) == {}
    assert await purged(database, stores) == {Kind.TRACKS: 1}


async def test_pictures_go_when_nothing_has_them(
    tracks: TrackServiceAsyncStub,
    artwork: ArtworkServiceAsyncStub,
    albums: AlbumServiceAsyncStub,
    new_track: NewTrack,
    database: Database,
    connection: Connection,
    stores: Stores,
    shelf: Shelf,
) -> None:
    data = [picture(70 + number, 70) for number in range(5)]
    live, deleted, cover, former, fresh = [await put(artwork, each) for each in data]
    track = await new_track(
        files=[AudioFile(uri="file:///a", content_hash=CONTENT)], album={"title": "Album"}
    )
    other = await new_track(files=[AudioFile(uri="file:///b", content_hash="d" * 64)])
    await link(artwork, CONTENT, live)
    await link(artwork, "d" * 64, deleted)
    await link(artwork, "e" * 64, former)
    covered = album_pb2.Album(
        id=track.album.id, covers=[album_pb2.AlbumCover(uri=shelf.uri(cover), type="front")]
    )
    await albums.UpdateAlbum(album_pb2.UpdateAlbumRequest(album=covered))
    smaller = pb.GetArtworkRequest(hash=former, size_px=64)
    assert [part async for part in artwork.GetArtwork(smaller)]
    assert sum(map(shelf.holds, names_of(former))) == 2
    await delete(tracks, other.id)
    await age(connection)
    await connection.execute("UPDATE track SET deleted_at = now() WHERE deleted_at IS NOT NULL")
    await link(artwork, "f" * 64, fresh)

    assert await purged(database, stores) == {Kind.LINKS: 1, Kind.PICTURES: 1}
    assert not any(map(shelf.holds, names_of(former)))
    assert all(map(shelf.holds, (live, deleted, cover, fresh)))
    assert await put(artwork, data[3]) == former
    assert shelf.holds(former)

    await age(connection)
    assert await purged(database, stores) == {
        Kind.TRACKS: 1, Kind.LINKS: 1, Kind.PICTURES: 2
    }  # fmt: skip
    assert await purged(database, stores) == {}
    await age(connection)
    assert await purged(database, stores) == {Kind.LINKS: 1, Kind.PICTURES: 1}
    assert [shelf.holds(each) for each in (live, cover)] == [True, True]


async def test_a_picture_that_is_being_linked_stays(
    artwork: ArtworkServiceAsyncStub,
    database: Database,
    connection: Connection,
    stores: Stores,
    shelf: Shelf,
) -> None:
    kept = await put(artwork, picture(70, 70))
    await age(connection)
    async with database.transaction() as linking:
        await linking.execute(
            "INSERT INTO file_artwork (content_hash, position, hash, type, origin)"
            f" VALUES ('{CONTENT}', 0, '{kept}', 'front', 'EMBEDDED')".encode()
        )
        assert await purged_beside(database, stores) == {}
    assert shelf.holds(kept)


async def test_pictures_and_their_links_stay_during_an_import(
    artwork: ArtworkServiceAsyncStub, database: Database, connection: Connection, stores: Stores
) -> None:
    await link(artwork, CONTENT, await put(artwork, picture(70, 70)))
    await age(connection)
    async with database.transaction() as importing:
        await import_lock(importing)
        assert await purged_beside(database, stores) == {}
    assert await purged(database, stores) == {Kind.LINKS: 1, Kind.PICTURES: 1}


async def test_a_picture_that_comes_while_it_is_purged_is_sent_again(
    artwork: ArtworkServiceAsyncStub, database: Database, connection: Connection, shelf: Shelf
) -> None:
    data = picture(70, 70)
    kept = await put(artwork, data)
    await age(connection)
    async with database.transaction() as purging:
        assert await store.remove(purging, Kind.PICTURES, days_ago(90), [kept])
    async with database.transaction() as purging:
        await pictures.lock(purging, kept)
        again = asyncio.create_task(put(artwork, data))

        async def waits() -> bool:
            rows = await connection.execute(
                "SELECT FROM pg_stat_activity WHERE datname = current_database()"
                " AND wait_event_type = 'Lock'"
            )
            return bool(await rows.fetchone() is not None)

        await eventually(waits)
        shelf.drop(kept)
    with raises_status(grpc.StatusCode.UNAVAILABLE):
        await again
    assert await put(artwork, data) == kept
    assert shelf.holds(kept)


async def test_the_bytes_of_a_picture_that_came_again_stay(
    artwork: ArtworkServiceAsyncStub,
    database: Database,
    connection: Connection,
    stores: Stores,
    shelf: Shelf,
) -> None:
    kept = await put(artwork, picture(70, 70))
    await age(connection)

    async def gone() -> list[tuple[Kind, int]]:
        return [each async for each in purge(database, stores, days_ago(90)) if each[1]]

    async def is_gone() -> bool:
        return not await pictures.find(connection, [kept])

    async with database.transaction() as adding:
        await pictures.lock(adding, kept)
        purging = asyncio.create_task(gone())
        await eventually(is_gone)
        assert shelf.holds(kept)
        await pictures.add(
            adding, kept, mime_type="image/png", width_px=70, height_px=70, size_bytes=1
        )
    assert await purging == [(Kind.PICTURES, 1)]
    assert shelf.holds(kept)


async def test_pictures_of_albums_stay_also_when_these_are_merged(
    artwork: ArtworkServiceAsyncStub,
    albums: AlbumServiceAsyncStub,
    new_track: NewTrack,
    database: Database,
    connection: Connection,
    stores: Stores,
    shelf: Shelf,
) -> None:
    kept = await put(artwork, picture(70, 70))
    survivor, merged = [(await new_track(name, album={"title": name})).album.id for name in "ab"]
    cover = album_pb2.AlbumCover(uri=shelf.uri(kept), type="front")
    covered = album_pb2.Album(id=merged, covers=[cover])
    await albums.UpdateAlbum(album_pb2.UpdateAlbumRequest(album=covered))
    await age(connection)

    async def stays() -> bool:
        async with database.transaction() as purging:
            late = await store.remove(purging, Kind.PICTURES, days_ago(90), [kept])
        return await purged(database, stores) == {} and not late and shelf.holds(kept)

    assert await stays()
    merging = album_pb2.MergeAlbumsRequest(survivor_id=survivor, album_ids=[merged])
    await albums.MergeAlbums(merging)
    bare = album_pb2.UpdateAlbumRequest(
        album=album_pb2.Album(id=survivor), update_mask=FieldMask(paths=["covers"])
    )
    await albums.UpdateAlbum(bare)
    assert await stays()
    await albums.UnmergeAlbums(album_pb2.UnmergeAlbumsRequest(album_ids=[merged]))
    assert await stays()


def test_pictures_in_a_bucket_are_dropped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with s3_bucket(monkeypatch, "purged-pictures") as url:
        shelf = shelf_at(url)
        arrived = tmp_path / "x"
        arrived.write_bytes(b"x")
        shelf.keep(arrived, "abc")
        shelf.drop("abc")
        shelf.drop("abc")
        assert not shelf.holds("abc")


async def test_a_server_purges_by_itself(
    tracks: TrackServiceAsyncStub,
    new_track: NewTrack,
    database: Database,
    connection: Connection,
    stores: Stores,
) -> None:
    track = (await new_track()).id
    await delete(tracks, track)
    await age(connection)

    async def is_gone() -> bool:
        return not await exists(tracks, track)

    task = asyncio.create_task(keep_purging(database, stores, 90, 0.01))
    try:
        await eventually(is_gone)
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_the_command_counts_asks_and_purges(
    tracks: TrackServiceAsyncStub,
    new_track: NewTrack,
    connection: Connection,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DATABASE_URL", str(settings.database_url))
    monkeypatch.setenv("FONOTECA_DATA_DIR", str(settings.data_dir))

    async def run(*arguments: str, answer: str = "") -> Result:
        words = ["purge", "--older-than", "90", *arguments]
        app = application(["purge"])
        return await asyncio.to_thread(CliRunner().invoke, app, words, input=answer)

    track = (await new_track()).id
    await delete(tracks, track)
    await age(connection)
    expected = dict.fromkeys(Kind, 0) | {"tracks": 1}
    planned = await run("--dry-run", "--json")
    assert (planned.exit_code, json.loads(planned.stdout)) == (0, expected)
    refused = await run(answer="n\n")
    assert (refused.exit_code, "1 track, 0 albums" in refused.stderr) == (
        1,
        True,
    )
    assert await exists(tracks, track)
    done = await run("--yes", "--json")
    assert (done.exit_code, json.loads(done.stdout)) == (0, expected)
    assert not await exists(tracks, track)
    nothing = await run()
    assert (nothing.exit_code, "0 tracks" in nothing.stderr) == (0, True)
    assert "noted" not in nothing.stderr
    lost = (await new_track(artist="Gone")).id
    await delete(tracks, lost)
    await connection.execute("DELETE FROM track")
    noting = await run("--yes")
    assert (noting.exit_code, "1 noted that nothing refers to" in noting.stderr) == (0, True)
