"""The statements that retrieve names and titles, put together from static fragments.

They differ in where they look, in the kinds that are wanted and in whether one library is; how the
best are chosen and shown is the same. Each looks at a bounded number of rows of a kind.

Values stand behind SELECT where a plan could depend on them. So the plan for any values looks no
worse than one for these, and PostgreSQL makes it once: planning takes longer than the statements,
and the indexes are the same for whatever was typed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from functools import cache
from typing import Final, LiteralString

from psycopg import sql

from service.database import compact


class Source(Enum):
    """Where names and titles are looked for.

    Beside what is popular, names of the same letters are looked for. Beginnings of one or two
    letters and longer ones are told apart: each have an index of their own. All but `CALLED` look
    for words, too, at no more than 300 rows of each tier.
    """

    POPULAR_BY_LETTER = auto()
    POPULAR_BY_LETTERS = auto()
    OTHER = auto()
    WITH_WORDS = auto()
    CALLED = auto()


LETTERS: Final = 3
"""So many letters of a name stand in the index of `POPULAR_BY_LETTERS`."""

# name_search_letter_idx, name_search_letters_idx.
_POPULAR_NAMES: Final = sql.SQL(
    """
    SELECT n.subject, n.position, n.kind, n.popularity, n.name_key
    FROM unnest((SELECT %(kinds)s::text[])) AS k (kind)
    CROSS JOIN LATERAL (
        SELECT s.subject, s.position, s.kind, s.popularity, s.name_key
        FROM name_search AS s
        WHERE s.kind = k.kind
            AND left(s.name_key, {letters}) = left((SELECT %(key)s::text), {letters})
            AND s.name_key >= (SELECT %(key)s::text)
            AND s.name_key < (SELECT %(key)s::text) || chr(1114111)
            AND s.tier = 0
            AND {scope}
        ORDER BY s.popularity DESC, char_length(s.name_key), s.subject
        LIMIT (SELECT %(limit)s::integer)
    ) AS n"""
)
# name_search_key_idx.
_OTHER_NAMES: Final = sql.SQL(
    """
    SELECT s.subject, s.position, s.kind, s.popularity, s.name_key
    FROM unnest((SELECT %(kinds)s::text[])) AS k (kind)
    CROSS JOIN LATERAL (
        SELECT s.subject, s.position, s.kind, s.popularity, s.name_key, s.library_id
        FROM name_search AS s
        WHERE s.kind = k.kind
            AND s.name_key >= (SELECT %(key)s::text)
            AND s.name_key < (SELECT %(key)s::text) || chr(1114111)
            AND s.tier = 1
        ORDER BY s.name_key, s.popularity DESC, s.subject
        LIMIT 100
    ) AS s
    WHERE {scope}"""
)
# name_search_key_idx.
_CALLED: Final = sql.SQL(
    """
    SELECT s.subject, s.position, s.kind, s.popularity, s.name_key
    FROM unnest((SELECT %(kinds)s::text[])) AS k (kind)
    CROSS JOIN unnest((SELECT %(keys)s::text[])) AS g (key)
    CROSS JOIN LATERAL (
        SELECT s.subject, s.position, s.kind, s.popularity, s.name_key, s.library_id
        FROM name_search AS s
        WHERE s.kind = k.kind AND s.name_key = g.key
        ORDER BY s.popularity DESC, s.subject
        LIMIT 100
    ) AS s
    WHERE {scope}"""
)
# name_search_words_tier_0_idx, name_search_words_idx.
_WORDED_NAMES: Final = sql.SQL(
    """
    SELECT s.subject, s.position, s.kind, s.popularity, s.name_key
    FROM {tiers} AS s
    WHERE
        s.words @@ (SELECT %(words)s::text::tsquery)
        AND s.kind = ANY((SELECT %(kinds)s::text[])::text[])
        AND {scope}"""
)
_NAMES_OF_TIER: Final = sql.SQL(
    """(
        SELECT s.subject, s.position, s.kind, s.popularity, s.name_key, s.library_id, s.words
        FROM name_search AS s
        WHERE s.words @@ (SELECT %(probe)s::text::tsquery) AND {tier}
        LIMIT 300
    )"""
)
_BEST_NAMES: Final = sql.SQL(
    """(
    SELECT
        p.kind, p.subject AS id, p.name_key AS key, p.popularity, p.relevance, own.name AS text,
        coalesce(c.display, '') AS artists,
        CASE WHEN p.position > 0 THEN n.name ELSE '' END AS alias
    FROM (
        SELECT
            b.subject, b.position, b.kind, b.name_key, b.popularity, b.relevance,
            row_number() OVER (
                PARTITION BY b.kind ORDER BY b.relevance DESC, char_length(b.name_key), b.subject
            ) AS place
        FROM (
            SELECT DISTINCT ON (f.subject)
                f.subject, f.position, f.kind, f.name_key, f.popularity,
                name_relevance(f.name_key, %(key)s::text, f.popularity) AS relevance
            FROM ({found}) AS f
            ORDER BY f.subject, relevance DESC, f.position
        ) AS b
    ) AS p
    JOIN name_search AS n ON n.subject = p.subject AND n.position = p.position
    JOIN name_search AS own ON own.subject = p.subject AND own.position = 0
    LEFT JOIN album AS a ON p.kind = 'ALBUM' AND a.id = p.subject
    LEFT JOIN artist_credit AS c ON c.id = a.credit_id
    WHERE p.place <= (SELECT %(limit)s::integer)
)"""
)

# track_search_letter_idx, track_search_letters_idx. Several recordings of a title are shown as one.
_POPULAR_TITLES: Final = sql.SQL(
    """(
    SELECT s.track_id, s.popularity, s.title_key, s.artist_key
    FROM track_search AS s
    WHERE left(s.title_key, {letters}) = left((SELECT %(key)s::text), {letters})
        AND s.title_key >= (SELECT %(key)s::text)
        AND s.title_key < (SELECT %(key)s::text) || chr(1114111)
        AND s.popularity >= 60
        AND {scope}
    ORDER BY s.popularity DESC, char_length(s.title_key), s.track_id
    LIMIT (SELECT 3 * %(limit)s::integer)
)"""
)
# track_search_title_idx.
_CALLED_TITLES: Final = sql.SQL(
    """
    SELECT n.track_id, n.popularity, n.title_key, n.artist_key
    FROM unnest((SELECT %(keys)s::text[])) AS g (key)
    CROSS JOIN LATERAL (
        SELECT s.track_id, s.popularity, s.title_key, s.artist_key
        FROM track_search AS s
        WHERE s.title_key = g.key AND {scope}
        ORDER BY s.popularity DESC, s.track_id DESC
        LIMIT 100
    ) AS n"""
)
# track_search_title_idx.
_OTHER_TITLES: Final = sql.SQL(
    """
    SELECT s.track_id, s.popularity, s.title_key, s.artist_key
    FROM (
        SELECT s.track_id, s.popularity, s.title_key, s.artist_key, s.library_id
        FROM track_search AS s
        WHERE s.title_key >= (SELECT %(key)s::text)
            AND s.title_key < (SELECT %(key)s::text) || chr(1114111)
        ORDER BY s.title_key, s.popularity DESC, s.track_id DESC
        LIMIT 100
    ) AS s
    WHERE {scope}"""
)
# track_search_words_tier_0_idx, track_search_words_idx.
_WORDED_TITLES: Final = sql.SQL(
    """
    SELECT s.track_id, s.popularity, s.title_key, s.artist_key
    FROM {tiers} AS s
    WHERE ts_filter(s.words, '{{a,b}}') @@ (SELECT %(words)s::text::tsquery) AND {scope}"""
)
_TITLES_OF_TIER: Final = sql.SQL(
    """(
        SELECT s.track_id, s.popularity, s.title_key, s.artist_key, s.library_id, s.words
        FROM track_search AS s
        WHERE s.words @@ (SELECT %(probe)s::text::tsquery) AND {tier}
        LIMIT 300
    )"""
)
_BEST_TITLES: Final = sql.SQL(
    """(
    SELECT
        'TRACK' AS kind, p.track_id AS id, p.title_key AS key, p.popularity, p.relevance,
        t.title AS text, coalesce(c.display, '') AS artists, '' AS alias
    FROM (
        SELECT b.track_id, b.title_key, b.popularity, b.relevance
        FROM (
            SELECT DISTINCT ON (f.title_key, f.artist_key)
                f.track_id, f.title_key, f.popularity,
                name_relevance(f.title_key, %(key)s::text, f.popularity) AS relevance
            FROM ({found}) AS f
            ORDER BY f.title_key, f.artist_key, f.popularity DESC, f.track_id DESC
        ) AS b
        ORDER BY b.relevance DESC, char_length(b.title_key), b.track_id
        LIMIT (SELECT %(limit)s::integer)
    ) AS p
    JOIN track AS t ON t.id = p.track_id
    LEFT JOIN artist_credit AS c ON c.id = t.credit_id
)"""
)

_AND: Final = sql.SQL(" UNION ALL ")
_FIRST: Final = sql.SQL("({tiers} LIMIT 300)")
_EVERYWHERE: Final = sql.SQL("true")
_NAMES_IN: Final = sql.SQL("in_library(s.kind, s.subject, s.library_id, %(library_id)s::uuid)")
_TITLES_IN: Final = sql.SQL("s.library_id = (SELECT %(library_id)s::uuid)")


@dataclass(frozen=True, slots=True)
class _Place:
    """What is looked at: names as they begin or are, then words in one tier after the other."""

    names: Sequence[sql.SQL] = ()
    titles: Sequence[sql.SQL] = ()
    letters: int = 0
    tiers: Sequence[LiteralString] = ()


_PLACES: Final = {
    Source.POPULAR_BY_LETTER: _Place(
        [_POPULAR_NAMES, _CALLED], [_POPULAR_TITLES, _CALLED_TITLES], 1, ["s.tier = 0"]
    ),
    Source.POPULAR_BY_LETTERS: _Place(
        [_POPULAR_NAMES, _CALLED], [_POPULAR_TITLES, _CALLED_TITLES], LETTERS, ["s.tier = 0"]
    ),
    Source.OTHER: _Place([_OTHER_NAMES], [_OTHER_TITLES], tiers=["true"]),
    Source.WITH_WORDS: _Place(tiers=["s.tier = 0", "s.tier > 0"]),
    Source.CALLED: _Place([_CALLED]),
}


@cache
def statement(source: Source, *, titles: bool, names: bool, in_library: bool) -> bytes:
    """Return the statement that looks in one place for titles, names or both."""
    place = _PLACES[source]
    parts = []
    if titles:
        scope = _TITLES_IN if in_library else _EVERYWHERE
        found = _found(place, place.titles, _WORDED_TITLES, _TITLES_OF_TIER, scope)
        parts.append(_BEST_TITLES.format(found=found))
    if names:
        scope = _NAMES_IN if in_library else _EVERYWHERE
        found = _found(place, place.names, _WORDED_NAMES, _NAMES_OF_TIER, scope)
        parts.append(_BEST_NAMES.format(found=found))
    return compact(_AND.join(parts))


def _found(
    place: _Place,
    by_name: Sequence[sql.SQL],
    by_words: sql.SQL,
    of_tier: sql.SQL,
    scope: sql.Composable,
) -> sql.Composable:
    """Return all that is looked at in a place."""
    found = [fragment.format(letters=place.letters, scope=scope) for fragment in by_name]
    if place.tiers:
        tiers: sql.Composable = _AND.join(
            of_tier.format(tier=sql.SQL(tier)) for tier in place.tiers
        )
        if len(place.tiers) > 1:
            tiers = _FIRST.format(tiers=tiers)
        found.append(by_words.format(tiers=tiers, scope=scope))
    return _AND.join(found)
