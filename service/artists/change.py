"""A change of an artist reaches search before it is answered."""

from __future__ import annotations

from service.artists import store
from service.artists.model import MAX_ALIASES, Artist, ArtistDraft
from service.database import Connection
from service.errors import invalid
from service.search.index import reindex_artist


async def change(connection: Connection, current: Artist, wanted: ArtistDraft) -> Artist:
    """Give an artist that is locked its new values; its former name stays as an alias.

    Raises `AlreadyExists` when another artist has what must be unique, and `InvalidInput` when the
    former name finds no room.
    """
    draft = wanted.renamed_from(current.draft.name)
    if len(draft.aliases) > MAX_ALIASES:
        raise invalid(
            "artist.aliases",
            f"must have at most {MAX_ALIASES - 1} entries, for the former name becomes one too",
        )
    artist = await store.update(connection, current.id, draft)
    if draft.names != current.draft.names:
        await reindex_artist(connection, current.id)
    return artist
