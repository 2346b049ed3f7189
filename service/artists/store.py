"""Artists in PostgreSQL, each with its aliases, links and sources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg import errors as pg
from psycopg.rows import class_row, dict_row

from service.artists.model import Artist, ArtistAlias, ArtistDraft, Link
from service.database import Connection, load_statements
from service.database.columns import columns
from service.database.errors import constraint_of
from service.errors import AlreadyExists, NotFound
from service.sources import Source

_SQL = load_statements(__package__)
_GET = _SQL["get_artists"]
_LOCK = _SQL["lock_artist"]
_LIST = _SQL["list_artists"]
_LIST_BY_PREFIX = _SQL["list_artists_by_prefix"]
_FIND_BY_SOURCE = _SQL["find_artist_by_source"]
_UPDATE = _SQL["update_artist"]
_CLEAR_ALIASES = _SQL["clear_aliases"]
_ADD_ALIASES = _SQL["add_aliases"]
_CLEAR_LINKS = _SQL["clear_links"]
_ADD_LINKS = _SQL["add_links"]
_CLEAR_SOURCES = _SQL["clear_artist_sources"]
_ADD_SOURCES = _SQL["add_artist_sources"]
_LIST_TRACKS = _SQL["list_artist_tracks"]
_ADD = _SQL["add_artist"]

_COLUMNS: Final = ("name", "sort_name", "disambiguation", "country", "mbid")
"""The parts of a draft that are columns of the artist itself."""

NamePosition = tuple[str, str]
"""A place in the list of artists: folded name and disambiguation."""

START: Final[NamePosition] = ("", "")

ReleasePosition = tuple[str, UUID]
"""A place among the tracks of an artist: release date, empty when it is not known, and id."""

NEWEST: Final[ReleasePosition] = ("~", UUID(int=0))
"""The place before the newest track: "~" follows every date."""


@dataclass(frozen=True, slots=True)
class TrackOfArtist:
    """A stored track, and its place among the tracks of an artist."""

    document: bytes
    released: str
    id: UUID


async def get(connection: Connection, artist_id: UUID) -> Artist:
    """Return the artist that an id leads to. Raises `NotFound`."""
    artists = await find_many(connection, [artist_id])
    if not artists:
        raise NotFound("artist", artist_id)
    return artists[0]


async def lock(connection: Connection, artist_id: UUID) -> Artist:
    """Return the artist that an id leads to; keep others from changing or crediting it meanwhile.

    Raises `NotFound`.
    """
    while await (await connection.execute(_LOCK, {"id": artist_id})).fetchone() is None:
        await get(connection, artist_id)  # there is none, or it was merged while it was waited for
    return await get(connection, artist_id)


async def list_from(
    connection: Connection, start: NamePosition, limit: int, *, prefix: str = ""
) -> list[Artist]:
    """Return up to `limit` artists by folded name, the first of them at a position or after it.

    `prefix` chooses those of whom a name or alias begins with it, however it is spelled.
    """
    statement = _LIST_BY_PREFIX if prefix else _LIST
    key, disambiguation = start
    parameters = {
        "from_key": key,
        "from_disambiguation": disambiguation,
        "limit": limit,
        "prefix": prefix,
    }
    # How much of the catalogue a prefix chooses decides the plan, so each is planned for itself.
    rows = await (await connection.execute(statement, parameters, prepare=False)).fetchall()
    return await find_many(connection, [row[0] for row in rows])


async def list_by_source(
    connection: Connection, source: Source, *, prefix: str = ""
) -> list[Artist]:
    """Return the artist that has this place in another system, if a name of it has the prefix."""
    parameters = {"type": source.type, "external_id": source.id, "prefix": prefix}
    rows = await (await connection.execute(_FIND_BY_SOURCE, parameters)).fetchall()
    return await find_many(connection, [row[0] for row in rows])


async def reinstate(
    connection: Connection, artist_id: UUID, draft: ArtistDraft, revision: int, created_at: datetime
) -> Artist:
    """Store an artist again that was merged, as its next revision.

    Raises `AlreadyExists` when another one has what must be unique, as `update` does.
    """
    parameters = {
        "id": artist_id,
        "name": draft.name,
        "disambiguation": draft.disambiguation,
        "revision": revision,
        "created_at": created_at,
    }
    try:
        await connection.execute(_ADD, parameters)
    except pg.UniqueViolation as error:
        raise _taken(draft, constraint_of(error)) from error
    return await update(connection, artist_id, draft)


async def update(connection: Connection, artist_id: UUID, draft: ArtistDraft) -> Artist:
    """Change an artist that is locked.

    Raises `AlreadyExists` when another artist has the name and disambiguation, the MusicBrainz id
    or one of the sources.
    """
    try:
        await connection.execute(
            _UPDATE, {"id": artist_id, **{name: getattr(draft, name) for name in _COLUMNS}}
        )
    except pg.UniqueViolation as error:
        raise _taken(draft, constraint_of(error)) from error
    of_artist = {"artist_id": artist_id}
    for clear in (_CLEAR_ALIASES, _CLEAR_LINKS, _CLEAR_SOURCES):
        await connection.execute(clear, of_artist)
    aliases = columns(draft.aliases, "name", "locale", "type", "is_primary")
    await connection.execute(_ADD_ALIASES, of_artist | aliases)
    await connection.execute(_ADD_LINKS, of_artist | columns(draft.links, "type", "uri"))
    await _add_sources(connection, artist_id, draft.sources)
    return await get(connection, artist_id)


async def list_tracks(
    connection: Connection,
    artist_id: UUID,
    library_id: UUID | None,
    before: ReleasePosition,
    limit: int,
) -> list[TrackOfArtist]:
    """Return up to `limit` live tracks that credit an artist, newest first, those after a position.

    Raises `NotFound` when there is no such artist.
    """
    released, track_id = before
    parameters = {
        "artist_id": artist_id,
        "library_id": library_id,
        "before_date": released,
        "before_id": track_id,
        "limit": limit,
    }
    async with connection.cursor(binary=True, row_factory=class_row(TrackOfArtist)) as cursor:
        await cursor.execute(_LIST_TRACKS, parameters)
        tracks = await cursor.fetchall()
    if not tracks:
        await get(connection, artist_id)
    return tracks


async def find_many(connection: Connection, ids: Sequence[UUID]) -> list[Artist]:
    """Return the artists that ids lead to, as far as there are any, in the order of the ids."""
    if not ids:
        return []
    # In binary form the fields of the records in an array arrive with their types.
    async with connection.cursor(binary=True, row_factory=dict_row) as cursor:
        await cursor.execute(_GET, {"ids": ids})
        return [_artist(row) for row in await cursor.fetchall()]


def _artist(row: Mapping[str, Any]) -> Artist:
    return Artist(
        id=row["id"],
        draft=ArtistDraft(
            **{name: row[name] for name in _COLUMNS},
            aliases=tuple(ArtistAlias(*alias) for alias in row["aliases"]),
            links=tuple(Link(*link) for link in row["links"]),
            sources=tuple(Source(*source) for source in row["sources"]),
        ),
        name_key=row["name_key"],
        revision=row["revision"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


async def _add_sources(connection: Connection, artist_id: UUID, sources: Sequence[Source]) -> None:
    parameters = columns(sources, "type", "id", "uri", "unavailable", "synced_at")
    rows = await connection.execute(_ADD_SOURCES, {"artist_id": artist_id, **parameters})
    added = set(await rows.fetchall())
    for source in sources:
        if (source.type, source.id) not in added:
            name = f"{source.type}:{source.id}"
            raise AlreadyExists("artist", name, f"another artist has the source {name}")


def _taken(draft: ArtistDraft, constraint: str) -> AlreadyExists:
    if constraint == "artist_mbid_key":
        message = f"another artist has the MusicBrainz id {draft.mbid}"
        return AlreadyExists("artist", draft.mbid, message)
    return AlreadyExists(
        "artist",
        draft.name,
        f"another artist is called {draft.name}: set a `disambiguation` that tells them apart",
    )
