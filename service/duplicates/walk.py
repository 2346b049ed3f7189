"""Things that share a key, found by walking along an index for a bounded number of its entries.

The statements are put together from fragments that are static text, one set for each way of
comparing. A walk ends at a key, which says where the next one begins.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Final, LiteralString

from psycopg import sql

from service.database import Connection
from service.duplicates.model import MAX_SHOWN, Group, Page, Position, page_of

HIGHEST: Final = chr(0x10FFFF)
"""No text follows it."""

_WALK: Final = 20_000
_MORE: Final = 1
"""A key more than a page can need says that more follow."""


@dataclass(frozen=True, slots=True)
class Shared:
    """A key that things may share: where it is, by an index, and which things have it.

    `members` selects the ids of the things that have `k.key`.
    """

    table: LiteralString
    key: LiteralString
    condition: LiteralString
    members: LiteralString
    least: int = 2
    """How many rows of the table have a key that is shared."""


_END: Final = sql.SQL(
    """
    SELECT {key}
    FROM {table} AS r
    WHERE {condition} AND {key} > %(after)s::text
    ORDER BY {key}
    OFFSET %(walk)s::integer
    LIMIT 1
    """
)
_KEYS: Final = sql.SQL(
    """
    SELECT {key} AS key
    FROM {table} AS r
    WHERE {condition} AND {key} > %(after)s::text AND {key} <= %(last)s::text
    GROUP BY {key}
    HAVING count(*) >= %(least)s::integer
    ORDER BY {key}
    LIMIT %(limit)s::integer
    """
)
_MEMBERS: Final = sql.SQL(
    """
    SELECT k.key, of_key.id
    FROM unnest(%(keys)s::text[]) WITH ORDINALITY AS k (key, number)
    CROSS JOIN LATERAL (
        SELECT DISTINCT m.id FROM ({members}) AS m ORDER BY m.id LIMIT %(limit)s::integer
    ) AS of_key
    ORDER BY k.number, of_key.id
    """
)


async def sharing(
    connection: Connection, shared: Shared, after: Position | None, size: int
) -> Page:
    """Return up to `size` groups of things that share a key, those after a position.

    A key has one group; an empty one has none. Of a group there are at most as many things as are
    shown, and one that says that there are more.
    """
    last_key = after[0] if after else ""
    fragments = {
        "key": sql.SQL(shared.key),
        "table": sql.SQL(shared.table),
        "condition": sql.SQL(shared.condition),
    }
    # The values decide which plan is right, so it is made for them each time.
    ended = await connection.execute(
        _END.format(**fragments), {"after": last_key, "walk": _WALK}, prepare=False
    )
    row = await ended.fetchone()
    end = None if row is None else str(row[0])
    parameters = {
        "after": last_key,
        "last": HIGHEST if end is None else end,
        "least": shared.least,
        "limit": size + _MORE,
    }
    found = await connection.execute(_KEYS.format(**fragments), parameters, prepare=False)
    keys = [str(key) for (key,) in await found.fetchall()]
    if len(keys) == size + _MORE:
        end = keys[-1]
    members = await connection.execute(
        _MEMBERS.format(members=sql.SQL(shared.members)), {"keys": keys, "limit": MAX_SHOWN + 1}
    )
    groups = [
        Group(key, tuple(id_ for _, id_ in of))
        for key, of in groupby(await members.fetchall(), lambda member: str(member[0]))
    ]
    return page_of((group for group in groups if len(group.ids) > 1), after, end, size)
