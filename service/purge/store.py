"""What can be purged in PostgreSQL, a batch at a time.

Each batch is held before it is looked at again and dropped, so that what is brought back or linked
meanwhile stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, LiteralString

from service.database import Connection, load_statements
from service.purge.model import Batch

_SQL = load_statements(__package__)
_DELETED_PLAYLISTS = _SQL["deleted_playlists"]
_PURGE_PLAYLISTS = _SQL["purge_playlists"]
_DELETED_TRACKS = _SQL["deleted_tracks"]
_PURGE_TRACKS = _SQL["purge_tracks"]
_FORMER_LINKS = _SQL["former_links"]
_PURGE_LINKS = _SQL["purge_links"]
_UNLINKED_PICTURES = _SQL["unlinked_pictures"]
_HOLD_PICTURE = _SQL["hold_picture"]
_PURGE_PICTURE = _SQL["purge_picture"]

FIRST_ID = "00000000-0000-0000-0000-000000000000"


async def purge_playlists(
    connection: Connection, before: datetime, after: str, limit: int
) -> Batch:
    """Drop playlists that were deleted before an instant, from an id on."""
    ids = await _column(connection, _DELETED_PLAYLISTS, _place(before, after, limit))
    await connection.execute(_PURGE_PLAYLISTS, {"ids": ids})
    return Batch(_last(ids), len(ids))


async def purge_tracks(connection: Connection, before: datetime, after: str, limit: int) -> Batch:
    """Drop tracks that were deleted before an instant, from an id on; not those in a playlist."""
    ids = await _column(connection, _DELETED_TRACKS, _place(before, after, limit))
    [gone] = await _column(connection, _PURGE_TRACKS, {"ids": ids})
    return Batch(_last(ids), gone)


async def purge_links(connection: Connection, before: datetime, after: str, limit: int) -> Batch:
    """Drop links of pictures to contents that no file has, from a content on."""
    contents = await _column(connection, _FORMER_LINKS, _place(before, after, limit))
    [gone] = await _column(connection, _PURGE_LINKS, {"contents": contents, "before": before})
    return Batch(_last(contents), gone)


async def unlinked_pictures(
    connection: Connection, before: datetime, after: str, limit: int
) -> list[str]:
    """Return pictures that nothing has, from a hash on."""
    return await _column(connection, _UNLINKED_PICTURES, _place(before, after, limit))


async def purge_picture(connection: Connection, picture_hash: str) -> bool:
    """Drop a picture, but not its bytes, unless something has it by now; return whether it went."""
    wanted = {"hash": picture_hash}
    if not await _column(connection, _HOLD_PICTURE, wanted):
        return False
    return bool(await _column(connection, _PURGE_PICTURE, wanted))


def _place(before: datetime, after: str, limit: int) -> dict[str, object]:
    return {"before": before, "after": after, "limit": limit}


def _last(keys: list[Any]) -> str | None:
    return str(keys[-1]) if keys else None


async def _column(
    connection: Connection, statement: LiteralString, parameters: Mapping[str, object]
) -> list[Any]:
    return [row[0] for row in await (await connection.execute(statement, parameters)).fetchall()]
