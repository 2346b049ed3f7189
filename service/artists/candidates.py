"""Artists that may be one, and what is known of them, from PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final
from uuid import UUID

from psycopg.rows import class_row

from service.database import Connection, load_statements
from service.duplicates.model import Group, Page, Position, page_of
from service.duplicates.walk import Shared
from service.matching.likeness import likeness

_SQL = load_statements(__package__)
_WALK_ARTISTS = _SQL["walk_artists"]
_SIMILAR = _SQL["similar_artists"]
_DESCRIBE = _SQL["describe_duplicate_artists"]

# Indexes: artist_name_key, artist_letters_idx, artist_alias_name_key_idx.
SHARED: Final = {
    "SAME_NAME": Shared(
        table="artist",
        key="r.name_key",
        condition="true",
        members="SELECT a.id FROM artist AS a WHERE a.name_key = k.key",
    ),
    "SAME_LETTERS": Shared(
        table="artist",
        key='name_letters(r.name_key) COLLATE "C"',
        condition="true",
        members=(
            "SELECT a.id FROM artist AS a "
            'WHERE name_letters(a.name_key) COLLATE "C" = k.key COLLATE "C"'
        ),
    ),
    "ALIAS": Shared(
        table="artist_alias",
        key="r.name_key",
        condition="true",
        members=(
            "SELECT a.id FROM artist AS a WHERE a.name_key = k.key "
            "UNION ALL "
            "SELECT s.artist_id FROM artist_alias AS s WHERE s.name_key = k.key"
        ),
        least=1,
    ),
}

_WALK: Final = 500
_ALIKE: Final = 0.7
"""How alike names must be: one edit in six letters."""

_LESS_ALIKE: Final = 0.6
_FOR_LESS_ALIKE: Final = 2
"""How much must be shared when names are less alike than that."""


@dataclass(frozen=True, slots=True)
class Described:
    """An artist as it is compared: its names, folded, and what its tracks are called and are on."""

    id: UUID
    name_key: str
    letters: str
    aliases: list[str]
    titles: list[str]
    albums: list[UUID]

    @property
    def names(self) -> set[str]:
        """Its name and aliases."""
        return {self.name_key, *self.aliases}


async def similar(connection: Connection, after: Position | None, size: int) -> Page:
    """Return up to `size` groups of artists of similar names and works, those after a position."""
    first = UUID(after[0]) if after else UUID(int=0)
    walked = await connection.execute(_WALK_ARTISTS, {"after": first, "walk": _WALK})
    row = await walked.fetchone()
    parameters = {"after": first, "last": row[0] if row else UUID(int=2**128 - 1)}
    found = await connection.execute(_SIMILAR, parameters, prepare=False)
    pairs = [
        (artist_id, other_id)
        for artist_id, key, other_id, other_key, shared in await found.fetchall()
        if likeness(key, other_key) >= (_ALIKE if shared < _FOR_LESS_ALIKE else _LESS_ALIKE)
    ]
    groups = (
        Group(str(artist_id), (artist_id, *(other for _, other in of)))
        for artist_id, of in groupby(pairs, lambda pair: pair[0])
    )
    return page_of(groups, after, str(row[0]) if row else None, size)


async def describe(connection: Connection, ids: Sequence[UUID]) -> Mapping[UUID, Described]:
    """Return artists by their ids."""
    async with connection.cursor(row_factory=class_row(Described)) as cursor:
        await cursor.execute(_DESCRIBE, {"ids": list(ids)})
        return {artist.id: artist for artist in await cursor.fetchall()}
