"""What goes since nothing refers to it any more: albums, artists, pictures and sent files."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from fonoteca.v1 import album_pb2, artist_pb2, ingest_pb2, ingest_pb2_grpc, track_pb2
from fonoteca.v1.types_pb2 import CREDIT_ROLE_PRIMARY
from service.albums import merge_records
from service.albums import store as album_store
from service.albums.model import AlbumCover
from service.artwork import store as pictures
from service.database import Connection, Database
from service.media import store as media
from service.purge import store
from service.purge.model import Kind, days_ago
from service.purge.purging import Stores, rehearse, stores_of
from service.settings import Settings
from service.tracks.store import import_lock, try_import_lock
from tests.support.audio import wav
from tests.support.errors import raises_status
from tests.support.purging import age, purged, purged_beside
from tests.support.waiting import eventually, is_waiting
from tests.support.writing import credited

if TYPE_CHECKING:
    from fonoteca.v1.album_pb2_grpc import AlbumServiceAsyncStub
    from fonoteca.v1.artist_pb2_grpc import ArtistServiceAsyncStub
    from fonoteca.v1.ingest_pb2_grpc import IngestServiceAsyncStub
    from fonoteca.v1.track_pb2_grpc import TrackServiceAsyncStub
    from tests.conftest import NewTrack

HASH = "a" * 64


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    """The settings of a server that keeps bytes below a folder of the test."""
    return settings.model_copy(update={"data_dir": tmp_path / "data"})


@pytest.fixture
def stores(settings: Settings) -> Stores:
    return stores_of(settings)


@pytest.fixture
def ingest(channel: grpc.aio.Channel) -> IngestServiceAsyncStub:
    return ingest_pb2_grpc.IngestServiceStub(channel)


async def on(new_track: NewTrack, artist: str, album: str) -> track_pb2.Track:
    return await new_track(artist=artist, album=track_pb2.TrackAlbum(title=album))


async def go(tracks: TrackServiceAsyncStub, connection: Connection, *gone: track_pb2.Track) -> None:
    """Let tracks have been deleted and purged."""
    for track in gone:
        await tracks.DeleteTrack(track_pb2.DeleteTrackRequest(id=track.id))
    await connection.execute("DELETE FROM track WHERE deleted_at IS NOT NULL")


async def names(artists: ArtistServiceAsyncStub) -> list[str]:
    return [of.name for of in (await artists.ListArtists(artist_pb2.ListArtistsRequest())).artists]


async def titles(albums: AlbumServiceAsyncStub) -> list[str]:
    return [of.title for of in (await albums.ListAlbums(album_pb2.ListAlbumsRequest())).albums]


async def add_picture(connection: Connection) -> None:
    await pictures.add(
        connection, HASH, mime_type="image/png", width_px=7, height_px=7, size_bytes=1
    )


async def cover(albums: AlbumServiceAsyncStub, album_id: str, *hashes: str) -> album_pb2.Album:
    """Give an album these covers and no others."""
    covers = [album_pb2.AlbumCover(uri=f"https://pictures.example/{each}") for each in hashes]
    return await albums.UpdateAlbum(
        album_pb2.UpdateAlbumRequest(
            album=album_pb2.Album(id=album_id, covers=covers),
            update_mask=FieldMask(paths=["covers"]),
        )
    )


async def test_albums_and_artists_go_a_time_after_their_last_track(
    albums: AlbumServiceAsyncStub,
    artists: ArtistServiceAsyncStub,
    tracks: TrackServiceAsyncStub,
    new_track: NewTrack,
    database: Database,
    connection: Connection,
    stores: Stores,
) -> None:
    gone = await on(new_track, "Gone", "Out")
    await on(new_track, "Stays", "In")
    await tracks.DeleteTrack(track_pb2.DeleteTrackRequest(id=gone.id))
    await age(connection)
    assert await purged(database, stores) == {Kind.TRACKS: 1}  # the first to find the others so
    assert await names(artists) == ["Gone", "Stays"]
    await age(connection)
    assert await purged(database, stores, days=101) == {}
    assert await purged(database, stores) == {Kind.ALBUMS: 1, Kind.ARTISTS: 1}
    assert (await names(artists), await titles(albums)) == (["Stays"], ["In"])
    assert await purged(database, stores) == {}
    again = await on(new_track, "Gone", "Out")
    assert again.album.id != gone.album.id


async def test_what_has_a_track_again_begins_anew(
    artists: ArtistServiceAsyncStub,
    tracks: TrackServiceAsyncStub,
    new_track: NewTrack,
    database: Database,
    connection: Connection,
    stores: Stores,
) -> None:
    await go(tracks, connection, await on(new_track, "Back", "Again"))
    await age(connection)
    back = await on(new_track, "Back", "Again")
    assert await purged(database, stores) == {}
    await go(tracks, connection, back)
    assert await purged(database, stores) == {}
    assert await names(artists) == ["Back"]


async def test_what_somebody_has_worked_on_or_may_bring_back_stays(
    albums: AlbumServiceAsyncStub,
    artists: ArtistServiceAsyncStub,
    tracks: TrackServiceAsyncStub,
    new_track: NewTrack,
    database: Database,
    connection: Connection,
    stores: Stores,
) -> None:
    edited = await on(new_track, "Edited", "Edited")
    artist = artist_pb2.Artist(id=edited.credits[0].artist_id, country="FI")
    await artists.UpdateArtist(artist_pb2.UpdateArtistRequest(artist=artist))
    album = album_pb2.Album(id=edited.album.id, label="Epic")
    await albums.UpdateAlbum(album_pb2.UpdateAlbumRequest(album=album))
    one, two = await on(new_track, "Survivor", "X"), await on(new_track, "Merged", "Y")
    ids = [of.credits[0].artist_id for of in (one, two)]
    merging = artist_pb2.MergeArtistsRequest(survivor_id=ids[0], artist_ids=ids[1:])
    await artists.MergeArtists(merging)
    four, five = await on(new_track, "Four", "Kept"), await on(new_track, "Five", "Away")
    await albums.MergeAlbums(
        album_pb2.MergeAlbumsRequest(survivor_id=four.album.id, album_ids=[five.album.id])
    )
    await go(tracks, connection, edited, one, two, four, five)
    await age(connection)
    await age(connection)
    # X, that of the survivor, is as it came; Y has had another credit since its artist was merged.
    assert await purged(database, stores) == {Kind.ALBUMS: 1}
    assert await titles(albums) == ["Edited", "Kept", "Y"]
    assert await names(artists) == ["Edited", "Five", "Four", "Survivor"]
    await albums.UnmergeAlbums(album_pb2.UnmergeAlbumsRequest(album_ids=[five.album.id]))
    await artists.UnmergeArtists(artist_pb2.UnmergeArtistsRequest(artist_ids=ids[1:]))


async def test_an_artist_in_several_credits_goes_with_all_of_them(
    artists: ArtistServiceAsyncStub,
    tracks: TrackServiceAsyncStub,
    database: Database,
    connection: Connection,
    stores: Stores,
) -> None:
    made = [
        await tracks.CreateTrack(
            track_pb2.CreateTrackRequest(
                track=track_pb2.Track(title="A song", credits=credited(*of))
            )
        )
        for of in (["Gone"], ["Gone", "Stays"], ["Stays"])
    ]
    await go(tracks, connection, *made[:2])
    await age(connection)
    assert await purged(database, stores) == {Kind.ARTISTS: 1}
    assert await names(artists) == ["Stays"]


async def test_an_artist_that_gets_a_track_meanwhile_is_there(
    artists: ArtistServiceAsyncStub,
    tracks: TrackServiceAsyncStub,
    new_track: NewTrack,
    database: Database,
    connection: Connection,
    stores: Stores,
) -> None:
    former = await on(new_track, "Back", "Again")
    await go(tracks, connection, former)
    await age(connection)
    async with database.transaction() as purging:
        for kind, key in (
            (Kind.ALBUMS, former.album.id),
            (Kind.ARTISTS, former.credits[0].artist_id),
        ):
            assert await store.remove(purging, kind, days_ago(90), [key]) == [key]
        writing = asyncio.create_task(on(new_track, "Back", "Again"))
        await eventually(lambda: is_waiting(connection))
    back = await writing
    assert back.album.id != former.album.id
    assert back.credits[0].artist_id != former.credits[0].artist_id
    assert await names(artists) == ["Back"]


async def test_what_is_being_credited_stays_and_so_does_all_during_an_import(
    artists: ArtistServiceAsyncStub,
    tracks: TrackServiceAsyncStub,
    new_track: NewTrack,
    database: Database,
    connection: Connection,
    stores: Stores,
) -> None:
    await go(tracks, connection, await on(new_track, "Gone", "Out"))
    await age(connection)
    async with database.transaction() as writer:
        await writer.execute("SELECT FROM artist FOR KEY SHARE")
        await writer.execute("SELECT FROM album FOR KEY SHARE")
        assert await purged_beside(database, stores) == {}
    async with database.transaction() as importing:
        await import_lock(importing)
        assert await purged_beside(database, stores) == {}
    assert await names(artists) == ["Gone"]
    assert await purged(database, stores) == {Kind.ALBUMS: 1, Kind.ARTISTS: 1}


async def test_a_rehearsal_keeps_nobody_waiting(
    artists: ArtistServiceAsyncStub,
    tracks: TrackServiceAsyncStub,
    new_track: NewTrack,
    database: Database,
    connection: Connection,
    stores: Stores,
) -> None:
    former, deleted = [await on(new_track, name, name) for name in ("Gone", "Deleted")]
    await go(tracks, connection, former)
    await tracks.DeleteTrack(track_pb2.DeleteTrackRequest(id=deleted.id))
    await age(connection)
    async with database.transaction() as other:
        # All but pictures is looked at by now.
        await other.execute("LOCK TABLE artwork IN ACCESS EXCLUSIVE MODE")
        rehearsing = asyncio.create_task(rehearse(database, stores, days_ago(90)))
        await eventually(lambda: is_waiting(connection))
        assert await try_import_lock(other)
        await tracks.UndeleteTrack(track_pb2.UndeleteTrackRequest(id=deleted.id))
        again = await on(new_track, "Gone", "Gone")
        assert not rehearsing.done()
    await rehearsing
    assert again.credits[0].artist_id == former.credits[0].artist_id
    assert again.album.id == former.album.id


async def merged_giving(
    new_track: NewTrack, albums: AlbumServiceAsyncStub, connection: Connection, artist_id: str
) -> UUID:
    """Merge an album that has given a credit with an artist that its own does not name."""
    survivor, merged = [(await on(new_track, name, name)).album.id for name in ("One", "Two")]
    await albums.MergeAlbums(album_pb2.MergeAlbumsRequest(survivor_id=survivor, album_ids=[merged]))
    found = await merge_records.get(connection, UUID(merged))
    given = album_pb2.Album.FromString(found.given)
    given.credits.add(artist_id=artist_id, name="Given", role=CREDIT_ROLE_PRIMARY)
    await merge_records.remember(connection, UUID(merged), found.album, given.SerializeToString())
    return UUID(merged)


async def test_an_artist_in_what_a_merged_album_gave_stays(
    albums: AlbumServiceAsyncStub,
    artists: ArtistServiceAsyncStub,
    tracks: TrackServiceAsyncStub,
    new_track: NewTrack,
    database: Database,
    connection: Connection,
    stores: Stores,
) -> None:
    named = await on(new_track, "Given", "Lost")
    merged = await merged_giving(new_track, albums, connection, named.credits[0].artist_id)
    await go(tracks, connection, named)
    await age(connection)
    assert await purged(database, stores) == {Kind.ALBUMS: 1}
    assert "Given" in await names(artists)
    await albums.UnmergeAlbums(album_pb2.UnmergeAlbumsRequest(album_ids=[str(merged)]))


async def test_an_album_whose_artist_is_gone_for_good_cannot_come_back(
    albums: AlbumServiceAsyncStub, new_track: NewTrack, connection: Connection
) -> None:
    merged = await merged_giving(new_track, albums, connection, str(uuid4()))
    with raises_status(grpc.StatusCode.FAILED_PRECONDITION):
        await albums.UnmergeAlbums(album_pb2.UnmergeAlbumsRequest(album_ids=[str(merged)]))


async def test_the_time_of_a_picture_counts_from_its_last_cover(
    albums: AlbumServiceAsyncStub,
    new_track: NewTrack,
    database: Database,
    connection: Connection,
    stores: Stores,
) -> None:
    album_id = (await on(new_track, "Band", "Album")).album.id
    await add_picture(connection)
    await cover(albums, album_id, HASH)
    await age(connection)
    await cover(albums, album_id)
    assert await purged(database, stores) == {}
    await cover(albums, album_id, HASH)
    await age(connection)
    await cover(albums, album_id)
    assert await purged(database, stores) == {}
    await age(connection)
    assert await purged(database, stores) == {Kind.PICTURES: 1}


async def test_a_cover_and_a_purge_of_its_picture_take_turns(
    albums: AlbumServiceAsyncStub,
    new_track: NewTrack,
    database: Database,
    connection: Connection,
    stores: Stores,
) -> None:
    album_id = (await on(new_track, "Band", "Album")).album.id
    await add_picture(connection)
    await age(connection)
    async with database.transaction() as changing:
        album = await album_store.lock(changing, UUID(album_id))
        covers = (AlbumCover(f"https://pictures.example/{HASH}", "front", None, None, ""),)
        draft = replace(album.draft, covers=covers)
        await album_store.update(changing, album.id, draft, album.credit)
        assert await purged_beside(database, stores) == {}
    assert await purged(database, stores) == {}
    await cover(albums, album_id)
    await age(connection)
    async with database.transaction() as purging:
        assert await store.remove(purging, Kind.PICTURES, days_ago(90), [HASH]) == [HASH]
        late = asyncio.create_task(cover(albums, album_id, HASH))
        await eventually(lambda: is_waiting(connection))
    assert len((await late).covers) == 1  # an address like any other, of no picture that is kept


def messages(content: bytes) -> Iterator[ingest_pb2.IngestFileRequest]:
    yield ingest_pb2.IngestFileRequest(
        description=ingest_pb2.IngestFileDescription(
            file_name="a.wav",
            size_bytes=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
        )
    )
    yield ingest_pb2.IngestFileRequest(chunk=content)


def age_file(stores: Stores, name: str) -> None:
    """Let a file that was sent have come a hundred days ago."""
    came = days_ago(100).timestamp()
    os.utime(stores.sent_files.place_of(name), (came, came))


async def test_sent_files_go_a_time_after_their_track(
    ingest: IngestServiceAsyncStub,
    tracks: TrackServiceAsyncStub,
    database: Database,
    connection: Connection,
    stores: Stores,
) -> None:
    contents = [wav(seconds=seconds) for seconds in (0.1, 0.2)]
    gone, stays = [hashlib.sha256(content).hexdigest() for content in contents]
    [lost, _] = [(await ingest.IngestFile(messages(content))).track for content in contents]
    for name in (gone, stays):
        age_file(stores, name)
    await tracks.DeleteTrack(track_pb2.DeleteTrackRequest(id=lost.id))
    assert await purged(database, stores) == {}
    await age(connection)
    assert await purged(database, stores) == {Kind.TRACKS: 1}
    assert await purged(database, stores) == {}
    await age(connection)
    async with database.transaction() as sending:
        await media.lock_sent_file(sending, gone)
        assert await purged_beside(database, stores) == {}
    assert await purged(database, stores) == {Kind.SENT_FILES: 1}
    assert set(stores.sent_files.names()) == {stays}
    assert (await ingest.IngestFile(messages(contents[0]))).created
    assert set(stores.sent_files.names()) == {gone, stays}


async def test_a_sent_file_that_somebody_has_removed_is_forgotten(
    database: Database, connection: Connection, stores: Stores
) -> None:
    address = stores.sent_files.address_of(HASH)
    await store.note_sent_files(connection, [address])
    await age(connection)
    assert await store.due(connection, Kind.SENT_FILES, days_ago(90), "", 10) == [address]
    assert await purged(database, stores) == {}
    assert await store.due(connection, Kind.SENT_FILES, days_ago(0), "", 10) == []


async def test_a_file_that_is_purged_while_it_comes_is_sent_again(
    ingest: IngestServiceAsyncStub, connection: Connection, database: Database, stores: Stores
) -> None:
    content = wav()
    name = hashlib.sha256(content).hexdigest()
    async with database.transaction() as purging:
        assert await store.hold_sent_file(purging, stores.sent_files.address_of(name))
        sending = ingest.IngestFile(messages(content))
        await eventually(lambda: is_waiting(connection))
        stores.sent_files.drop(name)
    with raises_status(grpc.StatusCode.UNAVAILABLE):
        await sending
    assert (await ingest.IngestFile(messages(content))).created
