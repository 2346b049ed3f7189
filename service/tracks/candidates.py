"""Tracks that share something, found by walking along an index for a bounded number of its entries.

The statements are put together from fragments that are static text, one set for each way of
comparing. A walk begins at a key and ends at another, which says where the next one begins. Tracks
belong to libraries, share several columns, and are compared by length: so this is not the walk of
`service/duplicates`, which artists and albums share.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, LiteralString
from uuid import UUID

from psycopg import sql
from psycopg.rows import class_row

from service.database import Connection, load_statements
from service.duplicates.model import LAST_ID
from service.duplicates.walk import HIGHEST

_SQL = load_statements(__package__)
_TITLES = _SQL["titles_by_artist"]
_DESCRIBE = _SQL["describe_duplicates"]

_WALK: Final = 100_000
_WALK_OF_ARTISTS: Final = 4_000
_MOST_OF_KEY: Final = 1_000
_MOST_TITLES: Final = 20_000


@dataclass(frozen=True, slots=True)
class Shared:
    """Where tracks have what they may share.

    `columns` are compared; an index begins with the first of them.
    """

    table: LiteralString
    columns: tuple[LiteralString, ...]
    track_id: LiteralString
    condition: LiteralString
    column_type: LiteralString = "text"
    lowest: str = ""
    highest: str = HIGHEST


# Indexes: audio_file_content_hash_idx, audio_file_audio_hash_idx, track_isrc_idx, track_mbid_idx,
# track_search_title_idx.
SHARED: Final = {
    "SAME_CONTENT": Shared(
        "audio_file", ("content_hash",), "track_id", "r.content_hash IS NOT NULL"
    ),
    "SAME_AUDIO": Shared("audio_file", ("audio_hash",), "track_id", "r.audio_hash IS NOT NULL"),
    "SAME_ISRC": Shared("track", ("isrc",), "id", "r.isrc IS NOT NULL"),
    "SAME_MBID": Shared(
        "track", ("mbid",), "id", "r.mbid IS NOT NULL", "uuid", str(UUID(int=0)), str(LAST_ID)
    ),
    "SAME_NAME": Shared(
        "track_search", ("title_key", "artist_key"), "track_id", "r.artist_key <> ''"
    ),
}
_BY_ARTIST: Final = Shared("track_search", ("artist_key",), "track_id", "true")

_END: Final = sql.SQL(
    """
    SELECT r.{column}::text
    FROM {table} AS r
    WHERE {has} AND r.{column} >= %(first)s::{type}
    ORDER BY r.{column}
    OFFSET %(walk)s::integer
    LIMIT 1
    """
)
_KEYS: Final = sql.SQL(
    """
    SELECT {texts}, r.library_id
    FROM {table} AS r
    WHERE {condition}
        AND r.{column} BETWEEN %(first)s::{type} AND %(last)s::{type}
        AND ({columns}, r.library_id) >= ({values}, %(library)s::uuid)
        AND (%(wanted_library)s::uuid IS NULL OR r.library_id = %(wanted_library)s::uuid)
    GROUP BY {columns}, r.library_id
    HAVING count(*) > 1
    ORDER BY {columns}, r.library_id
    LIMIT %(limit)s::integer
    """
)
_MEMBERS: Final = sql.SQL(
    """
    SELECT k.number - 1 AS number, t.id, t.duration_ms
    FROM unnest({arrays}, %(libraries)s::uuid[]) WITH ORDINALITY AS k ({names}, library_id, number)
    CROSS JOIN LATERAL (
        SELECT DISTINCT r.{track_id} AS id
        FROM {table} AS r
        WHERE {equal} AND r.library_id = k.library_id
        ORDER BY r.{track_id}
        LIMIT %(limit)s::integer
    ) AS of_key
    JOIN track AS t ON t.id = of_key.id AND t.deleted_at IS NULL AND t.status = 'COMPLETED'
    ORDER BY k.number, t.id
    """
)


@dataclass(frozen=True, slots=True)
class Key:
    """What tracks of one library share."""

    values: tuple[str, ...]
    library_id: UUID


@dataclass(frozen=True, slots=True)
class Walk:
    """Keys that several rows of a library have, in order; the walk went to `end`, or to the end."""

    keys: list[Key]
    end: str | None


@dataclass(frozen=True, slots=True)
class Member:
    """A live, completed track that has a key: that with this number."""

    number: int
    id: UUID
    duration_ms: int | None


@dataclass(frozen=True, slots=True)
class Titled:
    """A live, completed track of an artist, with its title as written and folded."""

    artist_key: str
    library_id: UUID
    id: UUID
    title: str
    title_key: str
    duration_ms: int | None


@dataclass(frozen=True, slots=True)
class Described:
    """A track as it is shown and compared."""

    id: UUID
    document: bytes
    title_key: str
    artist_key: str


async def walk(
    connection: Connection, shared: Shared, library_id: UUID | None, start: Key | None, limit: int
) -> Walk:
    """Return up to `limit` keys that may be shared, the first of them `start` or after it."""
    start = start or Key((shared.lowest,) * len(shared.columns), UUID(int=0))
    first = start.values[0]
    end = await _end(connection, shared, first, _WALK)
    parameters: dict[str, object] = {
        "first": first,
        "last": shared.highest if end is None else end,
        "library": start.library_id,
        "wanted_library": library_id,
        "limit": limit,
        **{f"value_{number}": value for number, value in enumerate(start.values)},
    }
    # The values decide which plan is right, so it is made for them each time.
    cursor = await connection.execute(_keys(shared), parameters, prepare=False)
    return Walk([Key(tuple(values), of) for *values, of in await cursor.fetchall()], end)


async def members(connection: Connection, shared: Shared, keys: Sequence[Key]) -> list[Member]:
    """Return the tracks that have keys, at most 1,000 of each, by the numbers of the keys."""
    parameters: dict[str, object] = {
        "libraries": [key.library_id for key in keys],
        "limit": _MOST_OF_KEY,
        **{
            f"values_{number}": [key.values[number] for key in keys]
            for number in range(len(shared.columns))
        },
    }
    async with connection.cursor(row_factory=class_row(Member)) as cursor:
        await cursor.execute(_members(shared), parameters, prepare=False)
        return await cursor.fetchall()


async def titles(
    connection: Connection, library_id: UUID | None, first: str
) -> tuple[list[Titled], str | None]:
    """Return the tracks of some artists in order, from `first` on; and the last of these artists.

    None in its place says that no artist follows. An artist has 20,000 tracks at most.
    """
    end = await _end(connection, _BY_ARTIST, first, _WALK_OF_ARTISTS)
    parameters = {
        "first": first,
        "last": HIGHEST if end is None else end,
        "library_id": library_id,
        "limit": _MOST_TITLES,
    }
    async with connection.cursor(row_factory=class_row(Titled)) as cursor:
        await cursor.execute(_TITLES, parameters, prepare=False)
        return await cursor.fetchall(), end


async def describe(connection: Connection, ids: Sequence[UUID]) -> Mapping[UUID, Described]:
    """Return tracks by their ids."""
    async with connection.cursor(row_factory=class_row(Described)) as cursor:
        await cursor.execute(_DESCRIBE, {"ids": list(ids)})
        return {track.id: track for track in await cursor.fetchall()}


async def _end(connection: Connection, shared: Shared, first: str, distance: int) -> str | None:
    """Return the first key after a number of entries; None when there are not so many."""
    statement = _END.format(
        column=sql.SQL(shared.columns[0]),
        table=sql.SQL(shared.table),
        # What other columns must be is left out, for the index is to be enough.
        has=sql.SQL(shared.condition if len(shared.columns) == 1 else "true"),
        type=sql.SQL(shared.column_type),
    )
    parameters = {"first": first, "walk": distance}
    row = await (await connection.execute(statement, parameters, prepare=False)).fetchone()
    return None if row is None else str(row[0])


def _keys(shared: Shared) -> sql.Composed:
    columns = [sql.SQL("r.{}").format(sql.SQL(name)) for name in shared.columns]
    kind = sql.SQL(shared.column_type)
    values = [
        sql.SQL("{}::{}").format(sql.Placeholder(f"value_{number}"), kind)
        for number in range(len(columns))
    ]
    return _KEYS.format(
        texts=sql.SQL(", ").join(sql.SQL("{}::text").format(name) for name in columns),
        table=sql.SQL(shared.table),
        condition=sql.SQL(shared.condition),
        column=sql.SQL(shared.columns[0]),
        columns=sql.SQL(", ").join(columns),
        values=sql.SQL(", ").join(values),
        type=kind,
    )


def _members(shared: Shared) -> sql.Composed:
    names = [sql.SQL(name) for name in shared.columns]
    kind = sql.SQL(shared.column_type)
    arrays = [
        sql.SQL("{}::{}[]").format(sql.Placeholder(f"values_{number}"), kind)
        for number in range(len(names))
    ]
    equal = [sql.SQL("r.{} = k.{}").format(name, name) for name in names]
    return _MEMBERS.format(
        arrays=sql.SQL(", ").join(arrays),
        names=sql.SQL(", ").join(names),
        track_id=sql.SQL(shared.track_id),
        table=sql.SQL(shared.table),
        equal=sql.SQL(" AND ").join(equal),
    )
