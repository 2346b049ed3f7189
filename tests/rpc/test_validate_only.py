"""Changes that are only tried out: answered as if they were done, and nothing is stored."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import grpc
import pytest
from google.protobuf.message import Message
from psycopg import sql

from fonoteca.v1 import album_pb2, artist_pb2, file_pb2, library_pb2, playlist_pb2
from fonoteca.v1.types_pb2 import AudioFile
from service.database import Connection
from tests.support.errors import raises_status
from tests.support.samples import UNKNOWN

if TYPE_CHECKING:
    from fonoteca.v1.album_pb2_grpc import AlbumServiceAsyncStub
    from fonoteca.v1.artist_pb2_grpc import ArtistServiceAsyncStub
    from fonoteca.v1.file_pb2_grpc import FileServiceAsyncStub
    from fonoteca.v1.library_pb2_grpc import LibraryServiceAsyncStub
    from fonoteca.v1.playlist_pb2_grpc import PlaylistServiceAsyncStub
    from tests.conftest import NewTrack

_TABLES: Final = (
    "library", "artist", "artist_alias", "album", "track", "track_search", "name_search",
    "audio_file", "playlist", "playlist_item", "request",
)  # fmt: skip
_MADE_ANEW: Final = ("id", "etag", "create_time", "update_time", "delete_time", "add_time")
"""What no two changes have in common."""

Ask = Callable[[bool], Awaitable[Message]]
"""Asks for a change, really or not."""


async def contents(connection: Connection) -> list[str]:
    """Return all that is stored, as one text a table."""
    statement = "SELECT coalesce(string_agg(t::text, E'\\n' ORDER BY t::text), '') FROM {} AS t"
    stored = []
    for name in _TABLES:
        query = sql.SQL(statement).format(sql.Identifier(name))
        row = await (await connection.execute(query)).fetchone()
        assert row
        stored.append(str(row[0]))
    return stored


def without_what_is_new(message: Message) -> Message:
    """Return a message without ids, versions and times, at any depth."""
    for field, value in message.ListFields():
        if field.name in _MADE_ANEW:
            message.ClearField(field.name)
        elif field.message_type and field.is_repeated:
            for each in value:
                without_what_is_new(each)
        elif field.message_type:
            without_what_is_new(value)
    return message


async def rehearsed(connection: Connection, ask: Ask) -> Message:
    """Try a change out, then make it, and return the answer to the first one."""
    before = await contents(connection)
    planned = await ask(True)
    assert await contents(connection) == before
    done = await ask(False)
    assert await contents(connection) != before
    assert without_what_is_new(planned) == without_what_is_new(done)
    return planned


async def test_libraries(libraries: LibraryServiceAsyncStub, connection: Connection) -> None:
    kept = library_pb2.Library(name="kept")
    stored = await libraries.CreateLibrary(library_pb2.CreateLibraryRequest(library=kept))
    changed = library_pb2.Library(id=stored.id, name="renamed")
    asked: list[Ask] = [
        lambda only: libraries.CreateLibrary(
            library_pb2.CreateLibraryRequest(
                library=library_pb2.Library(name="new"), validate_only=only
            )
        ),
        lambda only: libraries.UpdateLibrary(
            library_pb2.UpdateLibraryRequest(library=changed, validate_only=only)
        ),
        lambda only: libraries.DeleteLibrary(
            library_pb2.DeleteLibraryRequest(id=stored.id, validate_only=only)
        ),
    ]
    for ask in asked:
        await rehearsed(connection, ask)


async def test_artists_and_albums(
    artists: ArtistServiceAsyncStub,
    albums: AlbumServiceAsyncStub,
    new_track: NewTrack,
    connection: Connection,
) -> None:
    track = await new_track(artist="Queen", album={"title": "Jazz"})
    artist = artist_pb2.Artist(id=track.credits[0].artist_id, name="The Queen")
    album = album_pb2.Album(id=track.album.id, title="More Jazz")
    await rehearsed(
        connection,
        lambda only: artists.UpdateArtist(
            artist_pb2.UpdateArtistRequest(artist=artist, validate_only=only)
        ),
    )
    await rehearsed(
        connection,
        lambda only: albums.UpdateAlbum(
            album_pb2.UpdateAlbumRequest(album=album, validate_only=only)
        ),
    )


async def test_playlists(playlists: PlaylistServiceAsyncStub, connection: Connection) -> None:
    stored = await playlists.CreatePlaylist(
        playlist_pb2.CreatePlaylistRequest(playlist=playlist_pb2.Playlist(name="kept"))
    )
    changed = playlist_pb2.Playlist(id=stored.id, name="renamed")
    asked: list[Ask] = [
        lambda only: playlists.CreatePlaylist(
            playlist_pb2.CreatePlaylistRequest(
                playlist=playlist_pb2.Playlist(name="new"), validate_only=only
            )
        ),
        lambda only: playlists.UpdatePlaylist(
            playlist_pb2.UpdatePlaylistRequest(playlist=changed, validate_only=only)
        ),
        lambda only: playlists.DeletePlaylist(
            playlist_pb2.DeletePlaylistRequest(id=stored.id, validate_only=only)
        ),
        lambda only: playlists.UndeletePlaylist(
            playlist_pb2.UndeletePlaylistRequest(id=stored.id, validate_only=only)
        ),
    ]
    for ask in asked:
        await rehearsed(connection, ask)


async def test_items_of_playlists(
    playlists: PlaylistServiceAsyncStub, new_track: NewTrack, connection: Connection
) -> None:
    playlist = await playlists.CreatePlaylist(
        playlist_pb2.CreatePlaylistRequest(playlist=playlist_pb2.Playlist(name="mine"))
    )
    ids = [(await new_track(title)).id for title in ("One", "Two")]
    planned: Any = await rehearsed(
        connection,
        lambda only: playlists.AddPlaylistItems(
            playlist_pb2.AddPlaylistItemsRequest(
                playlist_id=playlist.id, track_ids=ids, validate_only=only
            )
        ),
    )
    assert [item.track_id for item in planned.items] == ids
    listed = playlist_pb2.ListPlaylistItemsRequest(playlist_id=playlist.id)
    first, second = (item.id for item in (await playlists.ListPlaylistItems(listed)).items)
    await rehearsed(
        connection,
        lambda only: playlists.MovePlaylistItems(
            playlist_pb2.MovePlaylistItemsRequest(
                playlist_id=playlist.id, item_ids=[second], before_item_id=first, validate_only=only
            )
        ),
    )
    await rehearsed(
        connection,
        lambda only: playlists.RemovePlaylistItems(
            playlist_pb2.RemovePlaylistItemsRequest(
                playlist_id=playlist.id, item_ids=[first], validate_only=only
            )
        ),
    )


async def test_files(
    files: FileServiceAsyncStub, new_track: NewTrack, connection: Connection
) -> None:
    track = await new_track(files=[AudioFile(uri="file:///music/a.flac")])
    file_id = track.files[0].id
    await files.MarkFilesMissing(file_pb2.MarkFilesMissingRequest(ids=[file_id]))
    await rehearsed(
        connection,
        lambda only: files.RelinkFile(
            file_pb2.RelinkFileRequest(id=file_id, uri="file:///music/b.flac", validate_only=only)
        ),
    )


@pytest.mark.parametrize("request_id", [str(uuid4()), ""], ids=["repeatable", "once"])
async def test_what_is_refused_is_refused_before(
    libraries: LibraryServiceAsyncStub, request_id: str
) -> None:
    taken = library_pb2.CreateLibraryRequest(
        library=library_pb2.Library(name="default"), request_id=request_id, validate_only=True
    )
    with raises_status(grpc.StatusCode.ALREADY_EXISTS):
        await libraries.CreateLibrary(taken)
    unknown = library_pb2.DeleteLibraryRequest(
        id=UNKNOWN, request_id=request_id, validate_only=True
    )
    with raises_status(grpc.StatusCode.NOT_FOUND):
        await libraries.DeleteLibrary(unknown)


async def test_a_rehearsal_does_not_use_its_request_id_up(
    libraries: LibraryServiceAsyncStub,
) -> None:
    request = library_pb2.CreateLibraryRequest(
        library=library_pb2.Library(name="new"), request_id=str(uuid4()), validate_only=True
    )
    await libraries.CreateLibrary(request)
    request.validate_only = False
    created = await libraries.CreateLibrary(request)
    assert (await libraries.CreateLibrary(request)).id == created.id
    bad = library_pb2.CreateLibraryRequest(
        library=library_pb2.Library(name="new"), request_id="1", validate_only=True
    )
    with raises_status(grpc.StatusCode.INVALID_ARGUMENT, field="request_id"):
        await libraries.CreateLibrary(bad)
