"""Where matching finds candidates: by identifier, by title, by artist, by words."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final, LiteralString
from uuid import UUID

from psycopg.rows import class_row

from service.database import Connection, load_statements
from service.database.columns import columns
from service.matching.model import Item, Reason

_SQL = load_statements(__package__)
_IDENTIFIED = _SQL["identified_tracks"]
_BY_NAMES = _SQL["tracks_by_names"]
_BY_TITLE = _SQL["tracks_by_title"]
_BY_ARTIST = _SQL["tracks_by_artist"]
_BY_WORDS = _SQL["tracks_by_words"]
_DESCRIBE = _SQL["describe_candidates"]

_IDENTIFIERS: Final = {1: Reason.SAME_SOURCE, 2: Reason.SAME_MBID, 3: Reason.SAME_ISRC}

Found = tuple[int, UUID]
"""The number of an item in its batch, and a track that may be it."""


@dataclass(frozen=True, slots=True)
class NameLookup:
    """Folded names to look up for an item of the batch."""

    ordinal: int
    title: str
    artist: str
    duration_ms: int | None = None


@dataclass(frozen=True, slots=True)
class WordLookup:
    """A tsquery to run for an item of the batch; `text` is what the tracks are compared with."""

    ordinal: int
    text: str
    words: str


@dataclass(frozen=True, slots=True)
class Described:
    """What a candidate is compared by: the title as written, all else folded."""

    track_id: UUID
    title: str
    title_key: str
    artist_key: str
    names: list[str]
    album_key: str
    duration_ms: int | None
    popularity: float


async def identified(
    connection: Connection, library_id: UUID | None, items: Sequence[tuple[int, Item]]
) -> list[tuple[int, Reason, UUID]]:
    """Return the tracks that have an identifier of an item, the strongest identifier first."""
    if not items:
        return []
    rows = await connection.execute(
        _IDENTIFIED,
        {
            "library_id": library_id,
            "ordinal": [ordinal for ordinal, _ in items],
            "type": [item.source.type if item.source else None for _, item in items],
            "id": [item.source.id if item.source else None for _, item in items],
            "mbid": [item.mbid for _, item in items],
            "isrc": [item.isrc or None for _, item in items],
        },
    )
    return [(ordinal, _IDENTIFIERS[kind], key) for ordinal, kind, key in await rows.fetchall()]


async def by_names(
    connection: Connection, library_id: UUID | None, lookups: Sequence[NameLookup]
) -> list[Found]:
    """Return tracks of exactly these titles and artists: up to 20 each."""
    arrays = columns(lookups, "ordinal", "title", "artist")
    return await _find(connection, _BY_NAMES, library_id, arrays)


async def by_title(
    connection: Connection, library_id: UUID | None, lookups: Sequence[NameLookup]
) -> list[Found]:
    """Return tracks of these titles: up to 20 each, those whose artists are most alike."""
    arrays = columns(lookups, "ordinal", "title", "artist", "duration_ms")
    return await _find(connection, _BY_TITLE, library_id, arrays)


async def by_artist(
    connection: Connection, library_id: UUID | None, lookups: Sequence[NameLookup]
) -> list[Found]:
    """Return tracks of these artists: up to 5 each, those whose titles are most alike."""
    arrays = columns(lookups, "ordinal", "title", "artist")
    return await _find(connection, _BY_ARTIST, library_id, arrays)


async def by_words(
    connection: Connection, library_id: UUID | None, lookups: Sequence[WordLookup]
) -> list[Found]:
    """Return tracks with these words: up to 12 each, those whose names are most alike."""
    arrays = columns(lookups, "ordinal", "text", "words")
    return await _find(connection, _BY_WORDS, library_id, arrays)


async def describe(connection: Connection, ids: Collection[UUID]) -> list[Described]:
    """Return what these tracks are compared by; those that are gone are left out."""
    if not ids:
        return []
    async with connection.cursor(row_factory=class_row(Described)) as cursor:
        await cursor.execute(_DESCRIBE, {"ids": list(ids)})
        return await cursor.fetchall()


async def _find(
    connection: Connection,
    statement: LiteralString,
    library_id: UUID | None,
    arrays: dict[str, list[object]],
) -> list[Found]:
    if not arrays["ordinal"]:
        return []
    rows = await connection.execute(statement, {**arrays, "library_id": library_id})
    return [(ordinal, track_id) for ordinal, track_id in await rows.fetchall()]
