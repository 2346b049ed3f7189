"""A change of an album reaches its tracks and search before it is answered."""

from __future__ import annotations

from service.albums import store
from service.albums.model import Album, AlbumDraft
from service.artists.credits import resolve_credits
from service.database import Connection
from service.search.index import reindex_album
from service.tracks.document import refresh_album


async def change(connection: Connection, current: Album, wanted: AlbumDraft) -> Album:
    """Give an album that is locked its new values.

    Raises `AlreadyExists` when another album has what must be unique, and `NotFound` when its
    credit names an artist that does not exist.
    """
    [credit] = await resolve_credits(connection, [wanted.credits])
    album = await store.update(connection, current.id, wanted, credit)
    if album.shown_on_tracks != current.shown_on_tracks:
        await refresh_album(connection, album.id)
        await reindex_album(connection, album.id)
    return album
