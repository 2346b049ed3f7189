"""Pictures in PostgreSQL: what they are, and which files have them. Their bytes are elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, LiteralString
from uuid import UUID

from psycopg import errors as pg
from psycopg.rows import class_row

from service.artwork.model import MAX_LISTED, FileLinks, Picture, ShownPicture
from service.database import Connection, load_statements
from service.errors import NotFound

_SQL = load_statements(__package__)
_FIND = _SQL["find_artwork"]
_LOCK = _SQL["lock_artwork"]
_ADD = _SQL["add_artwork"]
_LOCK_LINKS = _SQL["lock_links"]
_CLEAR_LINKS = _SQL["clear_links"]
_ADD_LINKS = _SQL["add_links"]
_COPY_LINKS = _SQL["copy_links"]
_FIND_ALBUM = _SQL["find_album"]
_FIND_TRACK = _SQL["find_track"]
_LIST_OF_ALBUM = _SQL["list_album_artwork"]
_LIST_OF_TRACK = _SQL["list_track_artwork"]


async def find(connection: Connection, hashes: Sequence[str]) -> dict[str, Picture]:
    """Return those of the pictures that are known, by their hashes."""
    async with connection.cursor(row_factory=class_row(Picture)) as cursor:
        await cursor.execute(_FIND, {"hashes": list(hashes)})
        return {picture.hash: picture for picture in await cursor.fetchall()}


async def get(connection: Connection, picture_hash: str) -> Picture:
    """Return a picture. Raises `NotFound`."""
    found = await find(connection, [picture_hash])
    if picture_hash not in found:
        raise NotFound("artwork", picture_hash)
    return found[picture_hash]


async def lock(connection: Connection, picture_hash: str) -> None:
    """Keep others from adding a picture, or from dropping its bytes, until the transaction ends."""
    await connection.execute(_LOCK, {"hash": picture_hash})


async def add(
    connection: Connection,
    picture_hash: str,
    *,
    mime_type: str,
    width_px: int,
    height_px: int,
    size_bytes: int,
) -> Picture:
    """Add a picture unless it is there; return it."""
    values = {
        "hash": picture_hash,
        "mime_type": mime_type,
        "width_px": width_px,
        "height_px": height_px,
        "size_bytes": size_bytes,
    }
    await lock(connection, picture_hash)
    await connection.execute(_ADD, values)
    return await get(connection, picture_hash)


async def link(connection: Connection, files: Sequence[FileLinks]) -> None:
    """Replace the pictures of files. Raises `NotFound` when a picture is not known."""
    wanted = {link.hash for file in files for link in file.links}
    if unknown := wanted - (await find(connection, sorted(wanted))).keys():
        raise NotFound("artwork", min(unknown))
    contents = {"content_hashes": [file.content_hash for file in files]}
    await connection.execute(_LOCK_LINKS, contents)
    await connection.execute(_CLEAR_LINKS, contents)
    rows = [
        (file.content_hash, position, link.hash, link.type, link.origin)
        for file in files
        for position, link in enumerate(file.links)
    ]
    names = ("content_hashes", "positions", "hashes", "types", "origins")
    columns = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in names]
    try:
        await connection.execute(_ADD_LINKS, dict(zip(names, columns, strict=True)))
    except pg.ForeignKeyViolation as error:
        raise NotFound("artwork", "among those to be linked") from error


async def carry_over(connection: Connection, former_hash: str, content_hash: str) -> None:
    """Give the pictures of a file to what it has become by a change that left them alone."""
    parameters = {"former_hash": former_hash, "content_hash": content_hash}
    await connection.execute(_COPY_LINKS, parameters)


async def of_album(connection: Connection, album_id: UUID) -> list[ShownPicture]:
    """Return the pictures of an album, best first. Raises `NotFound`."""
    found = await _list(connection, _LIST_OF_ALBUM, {"album_id": album_id})
    if not found:
        cursor = await connection.execute(_FIND_ALBUM, {"album_id": album_id})
        if await cursor.fetchone() is None:
            raise NotFound("album", album_id)
    return found


async def of_track(connection: Connection, track_id: UUID) -> list[ShownPicture]:
    """Return the pictures of a live track, then those of its album. Raises `NotFound`."""
    cursor = await connection.execute(_FIND_TRACK, {"track_id": track_id})
    row = await cursor.fetchone()
    if row is None:
        raise NotFound("track", track_id)
    leading_id, album_id = row
    found = await _list(connection, _LIST_OF_TRACK, {"track_id": leading_id})
    if album_id:
        found += await _list(connection, _LIST_OF_ALBUM, {"album_id": album_id})
    # Most tracks have the picture of their album.
    return list(dict.fromkeys(found))[:MAX_LISTED]


async def _list(
    connection: Connection, statement: LiteralString, parameters: dict[str, Any]
) -> list[ShownPicture]:
    cursor = await connection.execute(statement, {**parameters, "limit": MAX_LISTED})
    return [ShownPicture(Picture(*row[:-1]), row[-1]) for row in await cursor.fetchall()]
