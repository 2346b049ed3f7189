"""The statements that retrieve candidates, put together from static fragments: filters differ.

Each answers any number of queries at once, and looks at a bounded number of tracks for each of
them: at most `_MOST` a branch, the popular tiers first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from psycopg import sql

from service.database import Connection
from service.query import Query, condition
from service.search.model import MAX_HITS


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a search looks: one library or all, and the tracks that a filter lets through."""

    library_id: UUID | None
    filter: Query


@dataclass(frozen=True, slots=True)
class Lookup:
    """A tsquery to run for a query of the batch; `text` is what the hits are compared with."""

    ordinal: int
    text: str
    words: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """A track that a lookup found."""

    ordinal: int
    track_id: UUID
    is_exact: bool
    relevance: float


_COLUMNS: Final = sql.SQL("s.track_id, s.title_key, s.artist_key, s.popularity")

# track_search_title_idx and track_search_artist_idx.
_BY_NAME: Final = sql.SQL(
    """(
            SELECT {columns}
            FROM track_search AS s
            WHERE s.{name} = left(q.text, 300) AND {scope}
            ORDER BY s.popularity DESC, s.track_id
            LIMIT {most}
        )"""
)
# One of the three GIN indexes over words, each of which a branch names by its condition. A branch
# is not run when those before it were enough.
_BY_WORDS: Final = sql.SQL(
    """(
            SELECT {columns}
            FROM track_search AS s
            WHERE s.words @@ q.words AND {tier} AND {scope}
            LIMIT {most}
        )"""
)
TIERS: Final = ("s.tier = 0", "s.tier <= 1 AND s.tier > 0", "s.tier > 1")
_FIND: Final = sql.SQL(
    """
SELECT q.ordinal, hit.track_id, hit.is_exact, hit.relevance
FROM unnest(
    %(ordinals)s::integer[], %(texts)s::text[], %(words)s::text[]::tsquery[]
) AS q (ordinal, text, words)
CROSS JOIN LATERAL (
    SELECT
        c.track_id,
        q.text IN (
            c.title_key,
            c.artist_key,
            c.title_key || ' ' || c.artist_key,
            c.artist_key || ' ' || c.title_key
        ) AS is_exact,
        0.9 * greatest(
            similarity(c.title_key || ' ' || c.artist_key, q.text),
            0.95 * similarity(c.title_key, q.text),
            0.9 * similarity(c.artist_key, q.text)
        ) + 0.001 * c.popularity AS relevance
    FROM ({branches}) AS c
    ORDER BY is_exact DESC, relevance DESC, c.track_id
    LIMIT %(limit)s::integer
) AS hit
"""
)
_SCOPE_LIBRARY: Final = sql.SQL("s.library_id = %(library_id)s::uuid")
_SCOPE_FILTER: Final = sql.SQL(
    "EXISTS (SELECT FROM track AS t WHERE t.id = s.track_id AND {condition})"
)
_EVERYWHERE: Final = sql.SQL("true")


async def find(
    connection: Connection, scope: Scope, lookups: Sequence[Lookup], limit: int, *, by_name: bool
) -> list[Candidate]:
    """Return up to `limit` of the best candidates of each lookup.

    With `by_name`, tracks whose title or artist is the text of the lookup come into question too.
    """
    statement, parameters = find_statement(scope, by_name=by_name)
    parameters |= {
        "ordinals": [lookup.ordinal for lookup in lookups],
        "texts": [lookup.text for lookup in lookups],
        "words": [lookup.words for lookup in lookups],
        "limit": limit,
    }
    # With a filter, its values decide which index is right, so the plan is made for them each time.
    prepare = None if scope.filter.is_empty else False
    rows = await (await connection.execute(statement, parameters, prepare=prepare)).fetchall()
    return [Candidate(*row) for row in rows]


def find_statement(scope: Scope, *, by_name: bool) -> tuple[sql.Composed, dict[str, object]]:
    """Return the statement of `find`, and the parameters of its scope."""
    where, parameters = scope_condition(scope)
    most = sql.Literal(MAX_HITS)
    words = sql.SQL(" UNION ALL ").join(
        _BY_WORDS.format(columns=_COLUMNS, tier=sql.SQL(tier), scope=where, most=most)
        for tier in TIERS
    )
    branches: sql.Composable = sql.SQL("(SELECT * FROM ({words}) AS w LIMIT {most})").format(
        words=words, most=most
    )
    if by_name:
        named = [
            _BY_NAME.format(columns=_COLUMNS, name=sql.SQL(name), scope=where, most=most)
            for name in ("title_key", "artist_key")
        ]
        branches = sql.SQL(" UNION ").join([*named, branches])
    return _FIND.format(branches=branches), parameters


def scope_condition(scope: Scope) -> tuple[sql.Composable, dict[str, object]]:
    """Return the condition on `track_search AS s` that a track is in the scope; its parameters."""
    conditions: list[sql.Composable] = []
    parameters: dict[str, object] = {}
    if scope.library_id:
        conditions.append(_SCOPE_LIBRARY)
        parameters["library_id"] = scope.library_id
    if not scope.filter.is_empty:
        wanted, values = condition(scope.filter)
        conditions.append(_SCOPE_FILTER.format(condition=wanted))
        parameters |= values
    return sql.SQL(" AND ").join(conditions or [_EVERYWHERE]), parameters
