"""Playlists and their items in PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, LiteralString, TypeVar
from uuid import UUID

from psycopg import errors as pg
from psycopg.rows import class_row
from uuid_utils.compat import uuid7

from service.database import Connection, load_statements
from service.errors import NotFound
from service.playlists.model import (
    MAX_ITEMS,
    Item,
    ListedItem,
    LockedPlaylist,
    Playlist,
    PlaylistDraft,
)
from service.playlists.ranks import STEP, Gap

_SQL = load_statements(__package__)
_CREATE = _SQL["create_playlist"]
_GET = _SQL["get_playlist"]
_GET_MANY = _SQL["get_playlists"]
_LIST = _SQL["list_playlists"]
_LOCK = _SQL["lock_playlist"]
_UPDATE = _SQL["update_playlist"]
_SET_DELETED = _SQL["set_deleted"]
_NEW_VERSION = _SQL["new_version"]
_FIRST_MISSING_TRACK = _SQL["first_missing_track"]
_FIRST_PRESENT_TRACK = _SQL["first_present_track"]
_REPEATED_TRACK = _SQL["repeated_track"]
_GAP_BEFORE_ITEM = _SQL["gap_before_item"]
_GAP_AT_END = _SQL["gap_at_end"]
_COUNT_BELOW = _SQL["count_items_below"]
_ADD_ITEMS = _SQL["add_items"]
_GET_ITEMS = _SQL["get_items"]
_LIST_ITEMS = _SQL["list_items"]
_SET_RANKS = _SQL["set_ranks"]
_RENUMBER = _SQL["renumber_items"]
_REMOVE_ITEMS = _SQL["remove_items"]
_LOCK_OF_TRACKS = _SQL["lock_playlists_of_tracks"]
_LOCK_OF_MERGE = _SQL["lock_playlists_of_merge"]
_REPLACE_TRACKS = _SQL["replace_tracks"]
_RETURN_TRACK = _SQL["return_track"]

_ABOVE_ALL: Final = UUID(int=2**128 - 1)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Filter:
    """Which playlists a list shows; None is any."""

    library_id: UUID | None
    owner: str | None
    tag: str | None
    with_deleted: bool


@dataclass(frozen=True, slots=True)
class ItemPage:
    """Some items, and the version of the list that they belong to."""

    items: list[ListedItem]
    version: int


async def create(connection: Connection, draft: PlaylistDraft) -> UUID:
    """Store a new playlist; returns its id. Raises `NotFound` when there is no such library."""
    playlist_id = uuid7()
    try:
        await connection.execute(_CREATE, {"id": playlist_id, **asdict(draft)})
    except pg.ForeignKeyViolation as error:
        raise NotFound("library", draft.library_id) from error
    return playlist_id


async def get(connection: Connection, playlist_id: UUID) -> Playlist:
    """Return a playlist, deleted or not. Raises `NotFound`."""
    async with connection.cursor(row_factory=class_row(Playlist)) as cursor:
        playlist = await (await cursor.execute(_GET, {"id": playlist_id})).fetchone()
    if playlist is None:
        raise NotFound("playlist", playlist_id)
    return playlist


async def find_many(connection: Connection, ids: Sequence[UUID]) -> list[Playlist]:
    """Return the live playlists among these, in the order of the ids."""
    if not ids:
        return []
    async with connection.cursor(row_factory=class_row(Playlist)) as cursor:
        await cursor.execute(_GET_MANY, {"ids": list(ids)})
        return await cursor.fetchall()


async def list_before(
    connection: Connection, wanted: Filter, before: UUID | None, limit: int
) -> list[Playlist]:
    """Return up to `limit` playlists, the newest first, those with an id smaller than `before`."""
    parameters = {**asdict(wanted), "before": before or _ABOVE_ALL, "limit": limit}
    async with connection.cursor(row_factory=class_row(Playlist)) as cursor:
        # The values decide which index is right, so the plan is made for them each time.
        await cursor.execute(_LIST, parameters, prepare=False)
        return await cursor.fetchall()


async def lock(connection: Connection, playlist_id: UUID) -> LockedPlaylist:
    """Keep others from changing a playlist, deleted or not, until the transaction ends."""
    async with connection.cursor(row_factory=class_row(LockedPlaylist)) as cursor:
        locked = await (await cursor.execute(_LOCK, {"id": playlist_id})).fetchone()
    if locked is None:
        raise NotFound("playlist", playlist_id)
    return locked


async def lock_live(connection: Connection, playlist_id: UUID) -> LockedPlaylist:
    """Keep others from changing a playlist. Raises `NotFound` when it is deleted."""
    locked = await lock(connection, playlist_id)
    if locked.is_deleted:
        raise NotFound("playlist", playlist_id)
    return locked


async def update(connection: Connection, playlist_id: UUID, draft: PlaylistDraft) -> None:
    """Change a playlist that is locked, but for its library and its owner."""
    await connection.execute(_UPDATE, {"id": playlist_id, **asdict(draft)})


async def set_deleted(connection: Connection, playlist_id: UUID, *, deleted: bool) -> None:
    """Mark a playlist that is locked as deleted, or as live again."""
    await connection.execute(_SET_DELETED, {"id": playlist_id, "deleted": deleted})


async def new_version(connection: Connection, playlist_id: UUID, added: int) -> int:
    """Count a change after which a locked playlist has `added` more items; returns the version."""
    version = await _scalar(connection, _NEW_VERSION, {"id": playlist_id, "added": added}, int)
    if version is None:
        raise NotFound("playlist", playlist_id)
    return version


async def first_missing_track(
    connection: Connection, library_id: UUID, track_ids: Sequence[UUID]
) -> UUID | None:
    """Return the first of some tracks that is not a live one of the library."""
    parameters = {"library_id": library_id, "track_ids": list(track_ids)}
    return await _scalar(connection, _FIRST_MISSING_TRACK, parameters, UUID)


async def first_present_track(
    connection: Connection, playlist_id: UUID, track_ids: Sequence[UUID]
) -> UUID | None:
    """Return the first of some tracks that the playlist has already."""
    parameters = {"playlist_id": playlist_id, "track_ids": list(track_ids)}
    return await _scalar(connection, _FIRST_PRESENT_TRACK, parameters, UUID)


async def repeated_track(connection: Connection, playlist_id: UUID) -> UUID | None:
    """Return a track that the playlist has more than once."""
    return await _scalar(connection, _REPEATED_TRACK, {"playlist_id": playlist_id}, UUID)


async def gap(
    connection: Connection, playlist_id: UUID, before: UUID | None, moving: Sequence[UUID] = ()
) -> Gap:
    """Return the place before an item, or at the end, as if the `moving` items were not there.

    Raises `NotFound` when the playlist does not have the item.
    """
    statement = _GAP_BEFORE_ITEM if before else _GAP_AT_END
    parameters = {"playlist_id": playlist_id, "before": before, "moving": list(moving)}
    async with connection.cursor(row_factory=class_row(Gap)) as cursor:
        found = await (await cursor.execute(statement, parameters)).fetchone()
    if found is None:
        raise NotFound("playlist_item", before)
    return found


async def count_below(connection: Connection, playlist_id: UUID, rank: int) -> int:
    """Return the position of the item that has `rank`."""
    parameters = {"playlist_id": playlist_id, "rank": rank}
    return await _scalar(connection, _COUNT_BELOW, parameters, int) or 0


async def add_items(
    connection: Connection,
    playlist_id: UUID,
    track_ids: Sequence[UUID],
    ranks: Sequence[int],
    added_by: str,
) -> list[Item]:
    """Store an item for each track; returns them in order."""
    parameters = {
        "playlist_id": playlist_id,
        "ids": [uuid7() for _ in track_ids],
        "ranks": list(ranks),
        "track_ids": list(track_ids),
        "added_by": added_by,
    }
    return sorted(await _items(connection, _ADD_ITEMS, parameters), key=_rank)


async def get_items(
    connection: Connection, playlist_id: UUID, item_ids: Sequence[UUID]
) -> list[Item]:
    """Return items in the order of their ids. Raises `NotFound` for the first that is missing."""
    parameters = {"playlist_id": playlist_id, "ids": list(item_ids)}
    found = {item.id: item for item in await _items(connection, _GET_ITEMS, parameters)}
    _require_all(item_ids, found)
    return [found[item_id] for item_id in item_ids]


async def list_items(connection: Connection, playlist_id: UUID, after: int, limit: int) -> ItemPage:
    """Return up to `limit` items in order, those after the rank `after`. Raises `NotFound`."""
    parameters = {"playlist_id": playlist_id, "after": after, "limit": limit}
    rows = await (await connection.execute(_LIST_ITEMS, parameters)).fetchall()
    if not rows:
        raise NotFound("playlist", playlist_id)
    version: int = rows[0][0]
    return ItemPage([ListedItem(*row[1:]) for row in rows if row[1] is not None], version)


async def set_ranks(
    connection: Connection, item_ids: Sequence[UUID], ranks: Sequence[int]
) -> list[Item]:
    """Give items new places; returns them in their new order."""
    parameters = {"ids": list(item_ids), "ranks": list(ranks)}
    return sorted(await _items(connection, _SET_RANKS, parameters), key=_rank)


async def renumber(connection: Connection, playlist_id: UUID) -> None:
    """Make room between all items of a playlist, in the same order."""
    await connection.execute(_RENUMBER, {"playlist_id": playlist_id, "step": STEP})


async def remove_items(connection: Connection, playlist_id: UUID, item_ids: Sequence[UUID]) -> None:
    """Remove items. Raises `NotFound` for the first that is missing."""
    parameters = {"playlist_id": playlist_id, "ids": list(item_ids)}
    rows = await (await connection.execute(_REMOVE_ITEMS, parameters)).fetchall()
    _require_all(item_ids, {row[0]: None for row in rows})


async def hold_lists_of_tracks(connection: Connection, track_ids: Sequence[UUID]) -> None:
    """Keep others from changing the playlists that have some tracks."""
    await connection.execute(_LOCK_OF_TRACKS, {"ids": list(track_ids)})


async def hold_lists_of_merge(connection: Connection, track_id: UUID) -> None:
    """Keep others from changing the playlists of which the merge of a track changed items."""
    await connection.execute(_LOCK_OF_MERGE, {"track_id": track_id})


async def replace_tracks(
    connection: Connection, survivor_id: UUID, track_ids: Sequence[UUID]
) -> tuple[int, int]:
    """Let the items of merged tracks lead to the survivor; return how many do, and were dropped."""
    await hold_lists_of_tracks(connection, track_ids)
    parameters = {"survivor_id": survivor_id, "ids": list(track_ids)}
    [(moved, dropped)] = await (await connection.execute(_REPLACE_TRACKS, parameters)).fetchall()
    return moved, dropped


async def return_track(connection: Connection, survivor_id: UUID, track_id: UUID) -> None:
    """Let the items that a merge moved lead to the merged track again."""
    parameters = {
        "survivor_id": survivor_id,
        "track_id": track_id,
        "step": STEP,
        "max_items": MAX_ITEMS,
    }
    await connection.execute(_RETURN_TRACK, parameters)


def _require_all(item_ids: Sequence[UUID], found: Mapping[UUID, object]) -> None:
    for item_id in item_ids:
        if item_id not in found:
            raise NotFound("playlist_item", item_id)


def _rank(item: Item) -> int:
    return item.rank


async def _items(
    connection: Connection, statement: LiteralString, parameters: Mapping[str, Any]
) -> list[Item]:
    async with connection.cursor(row_factory=class_row(Item)) as cursor:
        await cursor.execute(statement, parameters)
        return await cursor.fetchall()


async def _scalar(
    connection: Connection,
    statement: LiteralString,
    parameters: Mapping[str, Any],
    kind: type[T],
) -> T | None:
    """Return the first column of the first row, a value of type `kind`."""
    row = await (await connection.execute(statement, parameters)).fetchone()
    if row is None:
        return None
    value: T = row[0]
    return value
