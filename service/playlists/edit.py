"""Changes of the items of a playlist: hold the playlist, look, then write only the own items.

Whoever changes items holds the row of the playlist, so what was looked at is still true when it is
written, and the version says whether somebody else was faster.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from service.database import Connection
from service.errors import AlreadyExists, FailedPrecondition, NotFound, VersionMismatch
from service.playlists import store
from service.playlists.model import MAX_ITEMS, Addition, Block, LockedPlaylist, Move, Removal
from service.playlists.ranks import NoRoomError
from service.tracks import store as tracks


async def add(connection: Connection, addition: Addition) -> Block:
    """Add tracks as a block of new items.

    Raises `NotFound`, `VersionMismatch`, `AlreadyExists` for a track that may be there only once,
    and `FailedPrecondition` when the playlist would be too long.
    """
    playlist = await _begin(connection, addition)
    _require_space(playlist, len(addition.track_ids))
    track_ids = await tracks.hold(connection, addition.track_ids)
    missing = await store.first_missing_track(connection, playlist.library_id, track_ids)
    if missing:
        raise NotFound("track", missing)
    if playlist.unique_tracks:
        await _require_new(connection, playlist.id, track_ids)
    ranks = await _make_room(connection, playlist.id, addition.before, len(track_ids))
    position = await _position(connection, playlist, addition.before, ranks[0])
    version = await store.new_version(connection, playlist.id, len(track_ids))
    items = await store.add_items(connection, playlist.id, track_ids, ranks, addition.added_by)
    return Block(items, position, version)


async def move(connection: Connection, change: Move) -> Block:
    """Put items next to each other at one place; nothing happens when they are there already.

    Raises `NotFound` and `VersionMismatch`.
    """
    playlist = await _begin(connection, change)
    ids = change.item_ids
    items = await store.get_items(connection, playlist.id, ids)
    gap = await store.gap(connection, playlist.id, change.before, ids)
    if gap.holds([item.rank for item in items]):
        position = await store.count_below(connection, playlist.id, items[0].rank)
        return Block(items, position, playlist.version)
    ranks = await _make_room(connection, playlist.id, change.before, len(ids), ids)
    items = await store.set_ranks(connection, ids, ranks)
    position = await store.count_below(connection, playlist.id, ranks[0])
    return Block(items, position, await store.new_version(connection, playlist.id, 0))


async def remove(connection: Connection, removal: Removal) -> int:
    """Remove items; returns the new version. Raises `NotFound` and `VersionMismatch`."""
    playlist = await _begin(connection, removal)
    await store.remove_items(connection, playlist.id, removal.item_ids)
    return await store.new_version(connection, playlist.id, -len(removal.item_ids))


async def require_unique(connection: Connection, playlist_id: UUID) -> None:
    """Raise `FailedPrecondition` when a track is in the playlist more than once."""
    repeated = await store.repeated_track(connection, playlist_id)
    if repeated:
        raise FailedPrecondition(
            f"track {repeated} is in the playlist more than once", {"track_id": str(repeated)}
        )


async def _begin(connection: Connection, change: Addition | Move | Removal) -> LockedPlaylist:
    """Hold the playlist; refuse a change that was meant for another version of it."""
    playlist = await store.lock_live(connection, change.playlist_id)
    if change.expected_version not in (None, playlist.version):
        raise VersionMismatch(playlist.version)
    return playlist


def _require_space(playlist: LockedPlaylist, count: int) -> None:
    if playlist.item_count + count > MAX_ITEMS:
        raise FailedPrecondition(
            f"a playlist holds at most {MAX_ITEMS} items, and this one has {playlist.item_count}",
            {"limit": str(MAX_ITEMS), "item_count": str(playlist.item_count)},
        )


async def _require_new(
    connection: Connection, playlist_id: UUID, track_ids: Sequence[UUID]
) -> None:
    """Raise `AlreadyExists` for a track that the playlist would have twice."""
    seen: set[UUID] = set()
    for track_id in track_ids:
        if track_id in seen:
            raise AlreadyExists("track", track_id, f"track {track_id} is named twice")
        seen.add(track_id)
    present = await store.first_present_track(connection, playlist_id, track_ids)
    if present:
        raise AlreadyExists("track", present, f"track {present} is in the playlist already")


async def _make_room(
    connection: Connection,
    playlist_id: UUID,
    before: UUID | None,
    count: int,
    moving: Sequence[UUID] = (),
) -> list[int]:
    """Return ranks for `count` items before an item, or at the end."""
    try:
        return (await store.gap(connection, playlist_id, before, moving)).spread(count)
    except NoRoomError:
        await store.renumber(connection, playlist_id)
        return (await store.gap(connection, playlist_id, before, moving)).spread(count)


async def _position(
    connection: Connection, playlist: LockedPlaylist, before: UUID | None, rank: int
) -> int:
    """Return the position of what is added; the end is known without counting."""
    if before is None:
        return playlist.item_count
    return await store.count_below(connection, playlist.id, rank)
