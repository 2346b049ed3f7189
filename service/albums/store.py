"""Albums in PostgreSQL, each with its credit, covers and sources."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg import errors as pg
from psycopg.rows import class_row, dict_row

from service.albums.model import Album, AlbumCover, AlbumDraft
from service.artists.model import Credit, CreditedName
from service.database import Connection, load_statements
from service.database.columns import columns
from service.errors import AlreadyExists, NotFound
from service.sources import Source

_SQL = load_statements(__package__)
_GET = _SQL["get_albums"]
_LOCK_TRACKS = _SQL["lock_album_tracks"]
_LOCK = _SQL["lock_albums"]
_LIST = _SQL["list_albums"]
_LIST_OF_ARTIST = _SQL["list_albums_of_artist"]
_FIND_BY_SOURCE = _SQL["find_album_by_source"]
_UPDATE = _SQL["update_album"]
_HOLD_COVERS = _SQL["hold_covers"]
_CLEAR_COVERS = _SQL["clear_covers"]
_ADD_COVERS = _SQL["add_covers"]
_CLEAR_SOURCES = _SQL["clear_album_sources"]
_ADD_SOURCES = _SQL["add_album_sources"]
_LIST_TRACKS = _SQL["list_album_tracks"]
_ADD = _SQL["add_album"]
_LOCK_OF_CREDITS = _SQL["lock_albums_of_credits"]
_LOCK_CREDITED = _SQL["lock_credited_albums"]
_SET_CREDITS = _SQL["set_album_credits"]

_COLUMNS: Final = (
    "title",
    "type",
    "release_date",
    "total_tracks",
    "mbid",
    "barcode",
    "label",
    "catalog_number",
)
"""The parts of a draft that are columns of the album itself."""

TitlePosition = tuple[str, UUID]
"""A place in the list of albums: folded title and id."""

START: Final[TitlePosition] = ("", UUID(int=0))

TrackPosition = tuple[int, int, str, UUID]
"""A place on an album: disc, number of the track, folded title and id."""

FIRST: Final[TrackPosition] = (0, 0, "", UUID(int=0))
"""The place before the first track."""


@dataclass(frozen=True, slots=True)
class TrackOfAlbum:
    """A stored track, and its place on the album."""

    document: bytes
    disc: int
    number: int
    title_key: str
    id: UUID


async def get(connection: Connection, album_id: UUID) -> Album:
    """Return the album that an id leads to. Raises `NotFound`."""
    albums = await find_many(connection, [album_id])
    if not albums:
        raise NotFound("album", album_id)
    return albums[0]


async def lock(connection: Connection, album_id: UUID) -> Album:
    """Return the album that an id leads to; keep others from changing, joining or leaving it.

    Raises `NotFound`.
    """
    await hold_tracks(connection, [album_id])
    while not await lock_many(connection, [album_id]):
        await get(connection, album_id)  # there is none, or it was merged while it was waited for
    return await get(connection, album_id)


async def hold_tracks(connection: Connection, ids: Sequence[UUID]) -> None:
    """Keep the tracks of albums from being changed: to be done before the albums are locked."""
    await connection.execute(_LOCK_TRACKS, {"ids": list(ids)})


async def lock_many(connection: Connection, ids: Sequence[UUID]) -> list[Album]:
    """Return the albums that ids lead to, each once; keep others from changing or joining them."""
    rows = await (await connection.execute(_LOCK, {"ids": list(ids)})).fetchall()
    return await find_many(connection, [row[0] for row in rows])


async def lock_of_credits(connection: Connection, credit_ids: Iterable[UUID]) -> dict[UUID, UUID]:
    """Return the albums that have one of these credits, held against changes, with the credits."""
    parameters = {"ids": list(credit_ids)}
    return dict(await (await connection.execute(_LOCK_OF_CREDITS, parameters)).fetchall())


async def lock_credited(connection: Connection, ids: Iterable[UUID]) -> dict[UUID, UUID]:
    """Return those of these albums that have a credit, held against changes, with the credits."""
    parameters = {"ids": list(ids)}
    return dict(await (await connection.execute(_LOCK_CREDITED, parameters)).fetchall())


async def set_credits(connection: Connection, credits: Mapping[UUID, Credit]) -> None:
    """Give locked albums other credits; their tracks are not yet told."""
    parameters = {
        "ids": list(credits),
        "credit_ids": [credit.id for credit in credits.values()],
    }
    await connection.execute(_SET_CREDITS, parameters)


async def list_from(
    connection: Connection,
    start: TitlePosition,
    limit: int,
    *,
    artist_id: UUID | None = None,
    prefix: str = "",
) -> list[Album]:
    """Return up to `limit` albums by folded title, the first of them at a position or after it.

    `prefix` chooses those whose title begins with it, however it is spelled.
    """
    key, album_id = start
    parameters = {
        "artist_id": artist_id,
        "prefix": prefix,
        "from_key": key,
        "from_id": album_id,
        "limit": limit,
    }
    statement = _LIST_OF_ARTIST if artist_id else _LIST
    # How much of the catalogue a prefix chooses decides the plan, so each is planned for itself.
    rows = await (await connection.execute(statement, parameters, prepare=False)).fetchall()
    return await find_many(connection, [row[0] for row in rows])


async def list_by_source(
    connection: Connection, source: Source, *, artist_id: UUID | None = None, prefix: str = ""
) -> list[Album]:
    """Return the album that has this place in another system, if the other conditions hold too."""
    parameters = {
        "type": source.type,
        "external_id": source.id,
        "artist_id": artist_id,
        "prefix": prefix,
    }
    rows = await (await connection.execute(_FIND_BY_SOURCE, parameters)).fetchall()
    return await find_many(connection, [row[0] for row in rows])


async def reinstate(
    connection: Connection,
    album_id: UUID,
    draft: AlbumDraft,
    credit: Credit | None,
    revision: int,
    created_at: datetime,
) -> Album:
    """Store an album again that is remembered as merged, as its next revision.

    Raises `AlreadyExists` when another one has what must be unique, as `update` does.
    """
    parameters = {
        "id": album_id,
        "title": draft.title,
        "revision": revision,
        "created_at": created_at,
    }
    await connection.execute(_ADD, parameters)
    return await update(connection, album_id, draft, credit)


async def update(
    connection: Connection, album_id: UUID, draft: AlbumDraft, credit: Credit | None
) -> Album:
    """Change an album that is locked; `credit` is the stored one of the draft's names.

    Raises `AlreadyExists` when another album has the MusicBrainz id or one of the sources.
    """
    values = {name: getattr(draft, name) for name in _COLUMNS}
    credit_id = credit.id if credit else None
    try:
        await connection.execute(_UPDATE, {"id": album_id, "credit_id": credit_id, **values})
    except pg.UniqueViolation as error:
        message = f"another album has the MusicBrainz id {draft.mbid}"
        raise AlreadyExists("album", draft.mbid, message) from error
    of_album = {"album_id": album_id}
    await connection.execute(_CLEAR_COVERS, of_album)
    await connection.execute(_CLEAR_SOURCES, of_album)
    covers = columns(draft.covers, "uri", "type", "width_px", "height_px", "mime_type")
    # A purge that holds one of the pictures is waited for; one that comes later sees the cover.
    await connection.execute(_HOLD_COVERS, {"uri": covers["uri"]})
    await connection.execute(_ADD_COVERS, of_album | covers)
    await _add_sources(connection, album_id, draft.sources)
    return await get(connection, album_id)


async def list_tracks(
    connection: Connection,
    album_id: UUID,
    library_id: UUID | None,
    after: TrackPosition,
    limit: int,
) -> list[TrackOfAlbum]:
    """Return up to `limit` live tracks of an album in their order on it, those after a position.

    Raises `NotFound` when there is no such album.
    """
    disc, number, key, track_id = after
    parameters = {
        "album_id": album_id,
        "library_id": library_id,
        "after_disc": disc,
        "after_number": number,
        "after_key": key,
        "after_id": track_id,
        "limit": limit,
    }
    async with connection.cursor(binary=True, row_factory=class_row(TrackOfAlbum)) as cursor:
        await cursor.execute(_LIST_TRACKS, parameters)
        tracks = await cursor.fetchall()
    if not tracks:
        await get(connection, album_id)
    return tracks


async def find_many(connection: Connection, ids: Sequence[UUID]) -> list[Album]:
    """Return the albums that ids lead to, as far as there are any, in the order of the ids."""
    if not ids:
        return []
    # In binary form the fields of the records in an array arrive with their types.
    async with connection.cursor(binary=True, row_factory=dict_row) as cursor:
        await cursor.execute(_GET, {"ids": ids})
        return [_album(row) for row in await cursor.fetchall()]


def _album(row: Mapping[str, Any]) -> Album:
    names = tuple(CreditedName(*name) for name in row["credits"])
    return Album(
        id=row["id"],
        draft=AlbumDraft(
            **{name: row[name] for name in _COLUMNS},
            credits=names,
            covers=tuple(AlbumCover(*cover) for cover in row["covers"]),
            sources=tuple(Source(*source) for source in row["sources"]),
        ),
        credit=Credit(row["credit_id"], names) if names else None,
        title_key=row["title_key"],
        revision=row["revision"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


async def _add_sources(connection: Connection, album_id: UUID, sources: Sequence[Source]) -> None:
    parameters = columns(sources, "type", "id", "uri", "unavailable", "synced_at")
    rows = await connection.execute(_ADD_SOURCES, {"album_id": album_id, **parameters})
    added = set(await rows.fetchall())
    for source in sources:
        if (source.type, source.id) not in added:
            name = f"{source.type}:{source.id}"
            raise AlreadyExists("album", name, f"another album has the source {name}")
