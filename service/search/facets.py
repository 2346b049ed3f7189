"""How many tracks a search matches, and how these fall into genres, artists, years and so on.

Counted are all tracks that match the readings which found the hits, or the filter when there are no
words, up to `MOST` of each search: without a filter the popular ones first, so that counts which
end there are still those of the tracks that matter. All searches of a scope are counted in one
statement.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from psycopg import sql

from service.database import Connection
from service.query import Query, quoted
from service.query.keys import camelot
from service.query.model import And, Node, Or, Term, all_of
from service.search.candidates import TIERS, Scope, scope_condition
from service.search.model import Counts, Facet, FacetCounts, FacetValue, Reading, any_of_readings

MOST: Final = 10_000
"""How many matches of a search are counted."""

_ALL: Final = "TOTAL"

DEFAULT_VALUES: Final = 10
MAX_VALUES: Final = 100
"""How many values of a facet are told."""

_OWN_FIELDS: Final = {
    Facet.GENRE: frozenset({"genre"}),
    Facet.ARTIST: frozenset({"artist", "artist_id"}),
    Facet.ALBUM: frozenset({"album", "album_id"}),
    Facet.YEAR: frozenset({"year", "date"}),
    Facet.DECADE: frozenset({"year", "date"}),
    Facet.FORMAT: frozenset({"format"}),
    Facet.KEY: frozenset({"key", "~key"}),
}
"""The fields of the filter language whose terms the counts of a facet ignore."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A search to be counted; without readings, all tracks of the scope match."""

    scope: Scope
    readings: tuple[Reading, ...]
    facets: tuple[Facet, ...]
    values: int
    """How many values of each facet are wanted."""


# One of the four GIN indexes over words, as for candidates.
_BY_WORDS: Final = sql.SQL(
    """(
            SELECT s.track_id
            FROM track_search AS s
            WHERE s.words @@ q.words AND {tier} AND {scope}
            LIMIT {most}
        )"""
)
_ANY_TIER: Final = "true"
# What has words in its lyrics as well; others have been counted. track_lyrics_words_idx.
_BY_LYRICS: Final = sql.SQL(
    """(
            SELECT s.track_id
            FROM track_lyrics AS s
            WHERE s.words @@ q.sung
                AND NOT EXISTS (
                    SELECT FROM track_search AS n
                    WHERE n.track_id = s.track_id AND n.words @@ q.words
                )
                AND {scope}
            LIMIT {most}
        )"""
)
# The newest first, as such searches list them. track_search_pkey, or an index that the filter uses.
_BY_FILTER: Final = sql.SQL(
    """(
            SELECT s.track_id
            FROM track_search AS s
            WHERE {scope}
            ORDER BY s.track_id DESC
            LIMIT {most}
        )"""
)
# Names are looked up for the values that are told, by primary keys.
_COUNT: Final = sql.SQL(
    """
WITH matched AS MATERIALIZED (
    SELECT q.ordinal, m.track_id
    FROM unnest(
        %(ordinals)s::integer[], %(words)s::text[]::tsquery[], %(sung)s::text[]::tsquery[]
    ) AS q (ordinal, words, sung)
    CROSS JOIN LATERAL (SELECT b.track_id FROM ({branches}) AS b LIMIT {most}) AS m
),

facts AS MATERIALIZED ( -- computed when a facet reads it
    SELECT
        m.ordinal, m.track_id, t.credit_id, t.album_id, t.release_date, t.key, t.mode
    FROM matched AS m
    JOIN track AS t ON t.id = m.track_id
),

counted (ordinal, facet, value, tracks) AS ({counts}),

ranked AS (
    SELECT
        c.ordinal,
        c.facet,
        c.value,
        c.tracks,
        row_number() OVER (
            PARTITION BY c.ordinal, c.facet ORDER BY c.tracks DESC, c.value
        ) AS place
    FROM counted AS c
)

SELECT
    r.ordinal,
    r.facet,
    r.value,
    CASE r.facet
        WHEN 'GENRE' THEN (SELECT g.name FROM genre AS g WHERE g.id = r.value::integer)
        WHEN 'ARTIST' THEN (SELECT a.name FROM artist AS a WHERE a.id = r.value::uuid)
        WHEN 'ALBUM' THEN (SELECT l.title FROM album AS l WHERE l.id = r.value::uuid)
        ELSE r.value
    END AS name,
    r.tracks
FROM ranked AS r
WHERE r.place <= %(values)s::integer
ORDER BY r.ordinal, r.facet, r.place
"""
)
_TOTAL: Final = sql.SQL(
    """
    SELECT m.ordinal, 'TOTAL', '', count(*)
    FROM matched AS m
    GROUP BY m.ordinal"""
)
# Primary keys of track, track_genre and artist_credit_name; audio_file_position_key.
_COUNTS: Final[Mapping[Facet, sql.SQL]] = {
    Facet.GENRE: sql.SQL(
        """
    SELECT m.ordinal, 'GENRE', tg.genre_id::text, count(*)
    FROM matched AS m
    JOIN track_genre AS tg ON tg.track_id = m.track_id
    WHERE m.ordinal = ANY(%(genre)s::integer[])
    GROUP BY m.ordinal, tg.genre_id"""
    ),
    Facet.ARTIST: sql.SQL(
        """
    SELECT f.ordinal, 'ARTIST', n.artist_id::text, count(DISTINCT f.track_id)
    FROM facts AS f
    JOIN artist_credit_name AS n ON n.credit_id = f.credit_id
    WHERE f.ordinal = ANY(%(artist)s::integer[])
    GROUP BY f.ordinal, n.artist_id"""
    ),
    Facet.ALBUM: sql.SQL(
        """
    SELECT f.ordinal, 'ALBUM', f.album_id::text, count(*)
    FROM facts AS f
    WHERE f.ordinal = ANY(%(album)s::integer[]) AND f.album_id IS NOT NULL
    GROUP BY f.ordinal, f.album_id"""
    ),
    Facet.YEAR: sql.SQL(
        """
    SELECT f.ordinal, 'YEAR', left(f.release_date, 4), count(*)
    FROM facts AS f
    WHERE f.ordinal = ANY(%(year)s::integer[]) AND f.release_date IS NOT NULL
    GROUP BY f.ordinal, left(f.release_date, 4)"""
    ),
    Facet.DECADE: sql.SQL(
        """
    SELECT f.ordinal, 'DECADE', left(f.release_date, 3) || '0', count(*)
    FROM facts AS f
    WHERE f.ordinal = ANY(%(decade)s::integer[]) AND f.release_date IS NOT NULL
    GROUP BY f.ordinal, left(f.release_date, 3)"""
    ),
    Facet.FORMAT: sql.SQL(
        """
    SELECT m.ordinal, 'FORMAT', f.format, count(DISTINCT m.track_id)
    FROM matched AS m
    JOIN audio_file AS f ON f.track_id = m.track_id
    WHERE m.ordinal = ANY(%(format)s::integer[]) AND f.format IS NOT NULL
    GROUP BY m.ordinal, f.format"""
    ),
    Facet.KEY: sql.SQL(
        """
    SELECT f.ordinal, 'KEY', (2 * f.key + (f.mode = 'MINOR')::integer)::text, count(*)
    FROM facts AS f
    WHERE f.ordinal = ANY(%(key)s::integer[]) AND f.key IS NOT NULL AND f.mode IS NOT NULL
    GROUP BY f.ordinal, f.key, f.mode"""
    ),
}


async def count(connection: Connection, searches: Sequence[Asked]) -> list[Counts]:
    """Return the counts of each search, in order, its facets in the order in which it asks."""
    totals: dict[int, int] = {}
    facets: dict[tuple[int, Facet], FacetCounts] = {}
    for (scope, has_words), members in _together(searches).items():
        rows: dict[tuple[int, str], list[tuple[str, str, int]]] = {}
        statement, parameters = count_statement(scope, searches, members, has_words=has_words)
        for ordinal, facet, value, name, tracks in await (
            await connection.execute(statement, parameters, prepare=False)
        ).fetchall():
            rows.setdefault((ordinal, facet), []).append((value, name, tracks))
        for index, wanted in members.items():
            [(_, _, total)] = rows.get((index, _ALL), [("", "", 0)])
            if scope == searches[index].scope:
                totals[index] = total
            for facet in wanted:
                told = rows.get((index, facet), ())[: searches[index].values]
                values = tuple(_value(facet, *row) for row in told)
                facets[index, facet] = FacetCounts(facet, values, total < MOST)
    return [
        Counts(
            totals[index], totals[index] < MOST, tuple(facets[index, of] for of in search.facets)
        )
        for index, search in enumerate(searches)
    ]


def _together(searches: Sequence[Asked]) -> dict[tuple[Scope, bool], dict[int, list[Facet]]]:
    """Return which searches, and which of their facets, are counted in the same scope.

    Searches with words are apart from those without. The scope of a facet lacks what the filter
    demands of its own field: else the counts would only repeat what was chosen.
    """
    together: dict[tuple[Scope, bool], dict[int, list[Facet]]] = {}
    for index, search in enumerate(searches):
        has_words = bool(search.readings)
        together.setdefault((search.scope, has_words), {}).setdefault(index, [])
        for facet in search.facets:
            query = without(search.scope.filter, _OWN_FIELDS[facet])
            scope = dataclasses.replace(search.scope, filter=query)
            together.setdefault((scope, has_words), {}).setdefault(index, []).append(facet)
    return together


def count_statement(
    scope: Scope,
    searches: Sequence[Asked],
    members: Mapping[int, Sequence[Facet]],
    *,
    has_words: bool,
) -> tuple[sql.Composed, dict[str, object]]:
    """Return the statement that counts the searches with these indexes, and its parameters."""
    where, parameters = scope_condition(scope)
    most = sql.Literal(MOST)
    branches = _BY_FILTER.format(scope=where, most=most)
    if has_words:
        # A filter is carried out once a branch, which costs more than the order is worth.
        tiers = TIERS if scope.filter.is_empty else (_ANY_TIER,)
        branches = sql.SQL(" UNION ALL ").join(
            [
                *(_BY_WORDS.format(tier=sql.SQL(tier), scope=where, most=most) for tier in tiers),
                _BY_LYRICS.format(scope=where, most=most),
            ]
        )
    wanted = {facet for facets in members.values() for facet in facets}
    counts = sql.SQL(" UNION ALL ").join([_TOTAL, *(_COUNTS[facet] for facet in sorted(wanted))])
    parameters |= {
        "ordinals": list(members),
        "words": [any_of_readings(searches[index].readings) for index in members],
        "sung": [any_of_readings(searches[index].readings, in_lyrics=True) for index in members],
        "values": max(searches[index].values for index in members),
    }
    for facet in wanted:
        parameters[facet.lower()] = [index for index, of in members.items() if facet in of]
    return _COUNT.format(branches=branches, most=most, counts=counts), parameters


def _value(facet: Facet, value: str, name: str, tracks: int) -> FacetValue:
    """Return a value with its id, when it has one, and the filter that selects it."""
    match facet:
        case Facet.ARTIST | Facet.ALBUM:
            return FacetValue(name, value, f"{facet.lower()}_id:{value}", tracks)
        case Facet.GENRE | Facet.FORMAT:
            return FacetValue(name, "", f"{facet.lower()}:{quoted(name)}", tracks)
        case Facet.YEAR:
            return FacetValue(name, "", f"year:{value}", tracks)
        case Facet.DECADE:
            return FacetValue(name, "", f"year:{value}..{value[:3]}9", tracks)
        case Facet.KEY:
            key = camelot(int(value))
            return FacetValue(key, "", f"key:{key}", tracks)


def without(query: Query, fields: frozenset[str]) -> Query:
    """Return a filter without what it demands of these fields; what it excludes stays excluded."""
    match query.root:
        case And(operands):
            kept = tuple(node for node in operands if not _demands(node, fields))
            root = all_of(kept) if kept else None
        case None:
            root = None
        case node:
            root = None if _demands(node, fields) else node
    return Query(root, query.field)


def _demands(node: Node, fields: frozenset[str]) -> bool:
    """Whether a term, or several of which one must hold, are about these fields alone."""
    match node:
        case Term(field):
            return field in fields
        case Or(operands):
            return all(_demands(operand, fields) for operand in operands)
        case _:
            return False
