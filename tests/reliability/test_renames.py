"""Tracks that are written while their artist or album is renamed have the new name in the end."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from fonoteca.v1.track_pb2 import Track, TrackAlbum
from service.albums import change as album_change
from service.albums import store as albums
from service.artists import change as artist_change
from service.artists import store as artists
from service.database import Connection, Database
from service.tracks import store as tracks
from service.tracks import write
from tests.support.waiting import eventually, is_waiting
from tests.support.writing import add_tracks, credited, found, write_tracks

if TYPE_CHECKING:
    from fonoteca.v1.search_pb2_grpc import SearchServiceAsyncStub

SONG = Track(title="Song", credits=credited("Prince"), album=TrackAlbum(title="Album"))


@pytest.mark.parametrize(
    "credit", [["Prince"], ["Sheila E.", "Prince"]], ids=["a known credit", "a new credit"]
)
async def test_a_track_is_found_by_the_new_name_of_its_artist(
    database: Database, connection: Connection, search: SearchServiceAsyncStub, credit: list[str]
) -> None:
    [before] = await add_tracks(database, SONG)
    async with database.transaction() as renaming:
        artist = await artists.lock(renaming, UUID(before.credits[0].artist_id))
        await artist_change.change(renaming, artist, replace(artist.draft, name="Symbol"))
        adding = asyncio.create_task(
            add_tracks(database, Track(title="B", credits=credited(*credit)))
        )
        await eventually(lambda: is_waiting(connection))
    [added] = await adding
    assert await found(search, "symbol") == {before.id, added.id}


async def test_a_track_shows_the_new_title_of_its_album(
    database: Database, connection: Connection, search: SearchServiceAsyncStub
) -> None:
    [before] = await add_tracks(database, SONG)
    async with database.transaction() as renaming:
        album = await albums.lock(renaming, UUID(before.album.id))
        await album_change.change(renaming, album, replace(album.draft, title="Opus"))
        adding = asyncio.create_task(add_tracks(database, SONG))
        await eventually(lambda: is_waiting(connection))
    [added] = await adding
    assert added.album.title == "Opus"
    assert await found(search, "opus") == {before.id, added.id}


async def test_a_rename_waits_for_tracks_that_are_being_written(
    database: Database, connection: Connection, search: SearchServiceAsyncStub
) -> None:
    [before] = await add_tracks(database, SONG)

    async def rename(connection: Connection) -> None:
        artist = await artists.lock(connection, UUID(before.credits[0].artist_id))
        await artist_change.change(connection, artist, replace(artist.draft, name="Symbol"))

    async with database.transaction() as writing:
        [added] = await write_tracks(writing, SONG)
        renaming = asyncio.create_task(database.write(rename))
        await eventually(lambda: is_waiting(connection))
    await renaming
    assert await found(search, "symbol") == {before.id, added.id}


async def test_changes_of_an_album_and_of_its_tracks_do_not_wait_in_a_circle(
    database: Database, connection: Connection
) -> None:
    [track] = await add_tracks(database, SONG)

    async def rename(connection: Connection) -> None:
        album = await albums.lock(connection, UUID(track.album.id))
        await album_change.change(connection, album, replace(album.draft, title="Opus"))

    async with database.transaction() as changing:
        await changing.execute("SET LOCAL lock_timeout = '1ms'")
        await tracks.lock_one(changing, UUID(track.id))
        renaming = asyncio.create_task(database.write(rename))
        await eventually(lambda: is_waiting(connection))
        changed = Track(id=track.id, comment="live")
        await write.update(changing, changed, FieldMask(paths=["comment"]))
    await renaming
    after = Track.FromString(await tracks.get(connection, UUID(track.id)))
    assert (after.comment, after.album.title) == ("live", "Opus")
