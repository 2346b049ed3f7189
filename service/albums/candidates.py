"""Albums that may be one, and what is known of them, from PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final
from uuid import UUID

from psycopg.rows import class_row

from service.albums.alike import (
    AlbumTitle,
    connected,
    other_editions,
    same_titles,
    similar_pairs,
    without_edition,
)
from service.database import Connection, load_statements
from service.duplicates.model import LAST_ID, Group, Page, Position, page_of
from service.duplicates.walk import Shared
from service.search.store import fold

_SQL = load_statements(__package__)
_WALK_ARTISTS = _SQL["walk_album_artists"]
_BY_ARTIST = _SQL["albums_by_artist"]
_DESCRIBE = _SQL["describe_duplicate_albums"]

# Index: album_barcode_idx.
SAME_BARCODE: Final = Shared(
    table="album",
    key="ltrim(r.barcode, '0') COLLATE \"C\"",
    condition="r.barcode <> ''",
    members=(
        "SELECT a.id FROM album AS a WHERE a.barcode <> '' "
        'AND ltrim(a.barcode, \'0\') COLLATE "C" = k.key COLLATE "C"'
    ),
)

_WALK: Final = 5_000

Grouping = Callable[[Sequence[AlbumTitle]], Iterable[tuple[UUID, ...]]]

_GROUPINGS: Final[Mapping[str, Grouping]] = {
    "SAME_NAME": same_titles,
    "OTHER_EDITION": other_editions,
    "SIMILAR": similar_pairs,
}


@dataclass(frozen=True, slots=True)
class _Row:
    artist_id: UUID
    id: UUID
    title: str
    title_key: str
    year: int | None


@dataclass(frozen=True, slots=True)
class Described:
    """An album as it is compared: its title, first artist, year, and what its tracks are called."""

    id: UUID
    title: str
    title_key: str
    barcode: str
    year: int | None
    artist_id: UUID | None
    titles: list[str]


async def of_artists(connection: Connection, tier: str, after: Position | None, size: int) -> Page:
    """Return up to `size` groups of albums of one artist, those after a position.

    Goes through the artists for some 5,000 names in credits.
    """
    # The artist of the position may have more groups, so the walk begins before it.
    first = UUID(int=max(UUID(after[0]).int - (after[1] != LAST_ID), 0)) if after else UUID(int=0)
    walked = await connection.execute(_WALK_ARTISTS, {"after": first, "walk": _WALK})
    row = await walked.fetchone()
    parameters = {"after": first, "last": row[0] if row else LAST_ID}
    async with connection.cursor(row_factory=class_row(_Row)) as cursor:
        await cursor.execute(_BY_ARTIST, parameters, prepare=False)
        rows = await cursor.fetchall()
    titles = await _titles(connection, rows)
    blocks = {
        artist_id: list(_GROUPINGS[tier]([titles[row.id] for row in of]))
        for artist_id, of in groupby(rows, lambda row: row.artist_id)
    }
    if tier == "SIMILAR":
        blocks = await _sharing_tracks(connection, blocks)
    groups = (Group(str(artist_id), ids) for artist_id, of in blocks.items() for ids in of)
    return page_of(groups, after, str(row[0]) if row else None, size)


async def _titles(connection: Connection, rows: Sequence[_Row]) -> dict[UUID, AlbumTitle]:
    """Return albums as they are compared."""
    cores = {row.title: without_edition(row.title) for row in rows}
    texts = list({core for title, core in cores.items() if core != title})
    folded = dict(zip(texts, await fold(connection, texts), strict=True)) if texts else {}
    return {
        row.id: AlbumTitle(
            row.id, row.title_key, folded.get(cores[row.title]) or row.title_key, row.year
        )
        for row in rows
    }


async def _sharing_tracks(
    connection: Connection, blocks: Mapping[UUID, Sequence[tuple[UUID, ...]]]
) -> dict[UUID, list[tuple[UUID, ...]]]:
    """Return the groups that pairs of albums form which have a title of a track in common.

    An album that was merged while this was read has none.
    """
    ids = {id_ for pairs in blocks.values() for pair in pairs for id_ in pair}
    described = await describe(connection, list(ids))
    titles = {id_: set(described[id_].titles) if id_ in described else set() for id_ in ids}
    return {
        artist_id: connected((one, other) for one, other in pairs if titles[one] & titles[other])
        for artist_id, pairs in blocks.items()
    }


async def describe(connection: Connection, ids: Sequence[UUID]) -> Mapping[UUID, Described]:
    """Return albums by their ids."""
    async with connection.cursor(row_factory=class_row(Described)) as cursor:
        await cursor.execute(_DESCRIBE, {"ids": list(ids)})
        return {album.id: album for album in await cursor.fetchall()}
