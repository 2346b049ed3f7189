"""What is remembered of merged albums: where ids lead, what they were, and what went over."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from service.albums import store
from service.database import Connection, load_statements
from service.errors import FailedPrecondition

_SQL = load_statements(__package__)
_LEADING = _SQL["leading_albums"]
_GIVE_UP = _SQL["give_up_album_places"]
_ADD = _SQL["add_album_merges"]
_MOVE_TRACKS = _SQL["move_tracks"]
_MOVE_FOLDERS = _SQL["move_folders"]
_REMOVE = _SQL["remove_albums"]
_GET = _SQL["get_album_merge"]
_RETURN_TRACKS = _SQL["return_tracks"]
_RETURN_FOLDERS = _SQL["return_folders"]
_MERGED_INTO = _SQL["albums_merged_into"]
_MERGES_OF = _SQL["merges_of_albums"]
_REMEMBER = _SQL["remember_album"]
_FORGET = _SQL["forget_album_merge"]
_LIST = _SQL["list_merged_albums"]


@dataclass(frozen=True, slots=True)
class AlbumMerge:
    """A merge: what an album was merged into and leads to, what it was, and what the survivor got.

    The last two are serialized albums.
    """

    survivor_id: UUID
    leads_to: UUID
    album: bytes
    given: bytes


@dataclass(frozen=True, slots=True)
class Inherited:
    """A merged album as it was, and what its survivor has from it; both serialized."""

    album_id: UUID
    survivor_id: UUID
    album: bytes
    given: bytes


@dataclass(frozen=True, slots=True)
class MergedAlbum:
    """An album that is about to be merged: serialized, with what the survivor gets."""

    id: UUID
    snapshot: bytes
    given: bytes


@dataclass(frozen=True, slots=True)
class ListedAlbumMerge:
    """A merged album as it was, serialized, and what it was merged into."""

    album_id: UUID
    album: bytes
    survivor_id: UUID
    merged_at: datetime


async def leading(connection: Connection, ids: Collection[UUID]) -> dict[UUID, UUID]:
    """Return the albums that ids lead to, by these ids."""
    return dict(await (await connection.execute(_LEADING, {"ids": list(ids)})).fetchall())


async def add(connection: Connection, survivor_id: UUID, merged: Sequence[MergedAlbum]) -> None:
    """Remember albums that become another one, to which their ids lead from now on."""
    parameters = {
        "survivor_id": survivor_id,
        "ids": [of.id for of in merged],
        "albums": [of.snapshot for of in merged],
        "given": [of.given for of in merged],
    }
    await connection.execute(_ADD, parameters)


async def give_up_places(connection: Connection, ids: Iterable[UUID]) -> None:
    """Take from albums that are about to be merged what only one album can have."""
    await connection.execute(_GIVE_UP, {"ids": list(ids)})


async def hand_over(connection: Connection, survivor_id: UUID, ids: Iterable[UUID]) -> list[UUID]:
    """Move tracks and folders of merged albums to the survivor; return the tracks."""
    parameters = {"survivor_id": survivor_id, "ids": list(ids)}
    await connection.execute(_MOVE_FOLDERS, parameters)
    moved = await (await connection.execute(_MOVE_TRACKS, parameters)).fetchall()
    return [row[0] for row in moved]


async def remove(connection: Connection, ids: Iterable[UUID]) -> None:
    """Remove merged albums, which nothing is on any more."""
    await connection.execute(_REMOVE, {"ids": list(ids)})


async def get(connection: Connection, album_id: UUID) -> AlbumMerge:
    """Return the merge of an album.

    Raises `FailedPrecondition` when the album is not merged, `NotFound` when there is none.
    """
    async with connection.cursor(row_factory=class_row(AlbumMerge)) as cursor:
        found = await (await cursor.execute(_GET, {"id": album_id})).fetchone()
    if found is None:
        await store.get(connection, album_id)
        raise FailedPrecondition(f"album {album_id} is not merged")
    return found


async def hand_back(connection: Connection, survivor_id: UUID, album_id: UUID) -> list[UUID]:
    """Move tracks and folders back that the survivor still has; return the tracks."""
    parameters = {"survivor_id": survivor_id, "id": album_id}
    await connection.execute(_RETURN_FOLDERS, parameters)
    returned = await (await connection.execute(_RETURN_TRACKS, parameters)).fetchall()
    return [row[0] for row in returned]


async def merged_into(connection: Connection, survivor_id: UUID) -> list[Inherited]:
    """Return those that were merged into an album and still are, the first one first."""
    async with connection.cursor(row_factory=class_row(Inherited)) as cursor:
        await cursor.execute(_MERGED_INTO, {"id": survivor_id})
        return await cursor.fetchall()


async def merges_of(connection: Connection, ids: Iterable[UUID]) -> list[Inherited]:
    """Return those of these albums that are merged, and what was merged into one of these."""
    async with connection.cursor(row_factory=class_row(Inherited)) as cursor:
        await cursor.execute(_MERGES_OF, {"ids": list(ids)})
        return await cursor.fetchall()


async def remember(connection: Connection, album_id: UUID, album: bytes, given: bytes) -> None:
    """Remember a merged album, and what its survivor has from it, otherwise than before."""
    await connection.execute(_REMEMBER, {"id": album_id, "album": album, "given": given})


async def forget(connection: Connection, album_id: UUID) -> None:
    """Forget the merge of an album that is there again; what became it before leads to it."""
    await connection.execute(_FORGET, {"id": album_id})


async def list_merged(
    connection: Connection, album_id: UUID, after: UUID, limit: int
) -> list[ListedAlbumMerge]:
    """Return up to `limit` albums whose ids lead where this one leads, those after an id.

    Raises `NotFound`.
    """
    parameters = {"id": album_id, "after": after, "limit": limit}
    async with connection.cursor(row_factory=class_row(ListedAlbumMerge)) as cursor:
        listed = await (await cursor.execute(_LIST, parameters)).fetchall()
    if not listed:
        await store.get(connection, album_id)
    return listed
