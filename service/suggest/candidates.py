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

from service.database import Numbered, numbered


class Source(Enum):
    """Where names and titles are looked for.

    `BEGUN_BY_LETTER` and `BEGUN_BY_LETTERS` are what somebody types: beginnings of one or two
    letters and longer ones are told apart, as each have an index of their own. What is popular is
    looked at first, beside names of the same letters; the rest only for the kinds of which that are
    too few. All but `CALLED` look for words, too, at no more than 300 rows of each tier.
    """

    BEGUN_BY_LETTER = auto()
    BEGUN_BY_LETTERS = auto()
    WITH_WORDS = auto()
    CALLED = auto()


LETTERS: Final = 3
"""So many letters of a name stand in the index of `BEGUN_BY_LETTERS`."""

# name_search_letter_idx, name_search_letters_idx.
_POPULAR_NAMES: Final = sql.SQL(
    """
    SELECT n.subject, n.position, n.kind, n.popularity, n.name_key, n.name
    FROM unnest(({kinds})) AS k (kind)
    CROSS JOIN LATERAL (
        SELECT s.subject, s.position, s.kind, s.popularity, s.name_key, s.name
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
    SELECT s.subject, s.position, s.kind, s.popularity, s.name_key, s.name
    FROM unnest(({kinds})) AS k (kind)
    CROSS JOIN LATERAL (
        SELECT s.subject, s.position, s.kind, s.popularity, s.name_key, s.name, s.library_id
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
    SELECT s.subject, s.position, s.kind, s.popularity, s.name_key, s.name
    FROM unnest(({kinds})) AS k (kind)
    CROSS JOIN unnest((SELECT %(keys)s::text[])) AS g (key)
    CROSS JOIN LATERAL (
        SELECT s.subject, s.position, s.kind, s.popularity, s.name_key, s.name, s.library_id
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
    SELECT s.subject, s.position, s.kind, s.popularity, s.name_key, s.name
    FROM {tiers} AS s
    WHERE
        s.words @@ (SELECT %(words)s::text::tsquery)
        AND s.kind = ANY(({kinds})::text[])
        AND {scope}"""
)
_NAMES_OF_TIER: Final = sql.SQL(
    """(
        SELECT
            s.subject, s.position, s.kind, s.popularity, s.name_key, s.name, s.library_id, s.words
        FROM name_search AS s
        WHERE s.words @@ ({probe}) AND {tier}
        LIMIT 300
    )"""
)
_BEST_NAMES: Final = sql.SQL(
    """(
    SELECT p.kind, p.subject AS id, p.position, p.name_key AS key, p.name, p.popularity, p.relevance
    FROM (
        SELECT
            b.subject, b.position, b.kind, b.name_key, b.name, b.popularity, b.relevance,
            row_number() OVER (
                PARTITION BY b.kind ORDER BY b.relevance DESC, char_length(b.name_key), b.subject
            ) AS place
        FROM (
            SELECT DISTINCT ON (f.subject)
                f.subject, f.position, f.kind, f.name_key, f.name, f.popularity,
                name_relevance(f.name_key, %(key)s::text, f.popularity) AS relevance
            FROM ({found}) AS f
            ORDER BY f.subject, relevance DESC, f.position
        ) AS b
    ) AS p
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
            AND (SELECT l.titles FROM lack AS l)
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
        WHERE s.words @@ ({probe}) AND {tier}
        LIMIT 300
    )"""
)
_BEST_TITLES: Final = sql.SQL(
    """(
    SELECT
        'TRACK' AS kind, b.track_id AS id, 0 AS position, b.title_key AS key, '' AS name,
        b.popularity, b.relevance
    FROM (
        SELECT DISTINCT ON (f.title_key, f.artist_key)
            f.track_id, f.title_key, f.popularity,
            name_relevance(f.title_key, %(key)s::text, f.popularity) AS relevance
        FROM ({found}) AS f
        ORDER BY f.title_key, f.artist_key, f.popularity DESC, f.track_id DESC
    ) AS b
    ORDER BY b.relevance DESC, char_length(b.title_key), b.track_id
    LIMIT (SELECT %(limit)s::integer)
)"""
)

# The kinds of which there are too few, tracks beside the others; words are asked for only where
# there are few of all.
_TWO_STEPS: Final = sql.SQL(
    """
WITH found AS MATERIALIZED ({popular}),

lack AS MATERIALIZED (
    SELECT array_remove(k.kinds, 'TRACK') AS kinds, 'TRACK' = ANY(k.kinds) AS titles, k.probe
    FROM (
        SELECT
            ARRAY(
                SELECT w.kind
                FROM unnest((SELECT %(in_two_steps)s::text[])) AS w (kind)
                WHERE (SELECT count(*) FROM found AS f WHERE f.kind = w.kind)
                    < (SELECT %(limit)s::integer)
            ) AS kinds,
            CASE
                WHEN (SELECT count(*) FROM found) < (SELECT %(limit)s::integer)
                THEN (SELECT %(probe_of_all)s::text::tsquery)
            END AS probe
        OFFSET 0
    ) AS k
)

{shown}"""
)
_FOUND: Final = sql.SQL(
    "SELECT f.kind, f.id, f.position, f.key, f.name, f.popularity, f.relevance FROM found AS f"
)
# At most 20 of each of five kinds, twice. Primary keys of track, name_search, album, artist_credit.
_SHOWN: Final = sql.SQL(
    """
SELECT
    b.kind, b.id, b.key, b.popularity, b.relevance, coalesce(t.title, own.name, b.name) AS text,
    coalesce(c.display, '') AS artists, CASE WHEN b.position > 0 THEN b.name ELSE '' END AS alias
FROM ({best} LIMIT 200) AS b
LEFT JOIN track AS t ON t.id = CASE WHEN b.kind = 'TRACK' THEN b.id END
LEFT JOIN name_search AS own
    ON own.subject = CASE WHEN b.position > 0 THEN b.id END AND own.position = 0
LEFT JOIN album AS a ON a.id = CASE WHEN b.kind = 'ALBUM' THEN b.id END
LEFT JOIN artist_credit AS c ON c.id = coalesce(t.credit_id, a.credit_id)
WHERE b.kind <> 'TRACK' OR t.id IS NOT NULL"""
)

_AND: Final = sql.SQL(" UNION ALL ")
_FIRST: Final = sql.SQL("({tiers} LIMIT 300)")
_EVERYWHERE: Final = sql.SQL("true")
_NAMES_IN: Final = sql.SQL("in_library(s.kind, s.subject, s.library_id, %(library_id)s::uuid)")
_TITLES_IN: Final = sql.SQL("s.library_id = (SELECT %(library_id)s::uuid)")


@dataclass(frozen=True, slots=True)
class _Place:
    """What is looked at: names as they begin or are, then words in one tier after the other.

    `kinds`, `title_probe` and `name_probe` yield the kinds of names that are wanted, and the words
    that the indexes are asked for.
    """

    names: Sequence[sql.SQL] = ()
    titles: Sequence[sql.SQL] = ()
    tiers: Sequence[LiteralString] = ()
    letters: int = 0
    kinds: LiteralString = "SELECT %(kinds)s::text[]"
    title_probe: LiteralString = "SELECT %(probe)s::text::tsquery"
    name_probe: LiteralString = "SELECT %(probe)s::text::tsquery"


_POPULAR: Final = {
    source: _Place(
        [_POPULAR_NAMES, _CALLED], [_POPULAR_TITLES, _CALLED_TITLES], ["s.tier = 0"], letters
    )
    for source, letters in ((Source.BEGUN_BY_LETTER, 1), (Source.BEGUN_BY_LETTERS, LETTERS))
}
_REST: Final = _Place(
    [_OTHER_NAMES],
    [_OTHER_TITLES],
    ["true"],
    kinds="SELECT l.kinds FROM lack AS l",
    title_probe="SELECT CASE WHEN l.titles THEN l.probe END FROM lack AS l",
    name_probe="SELECT CASE WHEN l.kinds <> '{}' THEN l.probe END FROM lack AS l",
)
_PLACES: Final = {
    Source.WITH_WORDS: _Place(tiers=["s.tier = 0", "s.tier > 0"]),
    Source.CALLED: _Place([_CALLED]),
}


@cache
def statement(source: Source, *, titles: bool, names: bool, in_library: bool) -> Numbered:
    """Return the statement that looks in one place for titles, names or both."""

    def best(place: _Place) -> sql.Composed:
        return _best(place, titles=titles, names=names, in_library=in_library)

    if source in _PLACES:
        return numbered(_SHOWN.format(best=best(_PLACES[source])))
    shown = _SHOWN.format(best=_AND.join([_FOUND, best(_REST)]))
    return numbered(_TWO_STEPS.format(popular=best(_POPULAR[source]), shown=shown))


def _best(place: _Place, *, titles: bool, names: bool, in_library: bool) -> sql.Composed:
    """Return the best of each kind in a place."""
    parts = []
    if titles:
        scope = _TITLES_IN if in_library else _EVERYWHERE
        found = [title.format(letters=place.letters, scope=scope) for title in place.titles]
        if place.tiers:
            tiers = _tiers(place, _TITLES_OF_TIER, place.title_probe)
            found.append(_WORDED_TITLES.format(tiers=tiers, scope=scope))
        parts.append(_BEST_TITLES.format(found=_AND.join(found)))
    if names:
        scope = _NAMES_IN if in_library else _EVERYWHERE
        kinds = sql.SQL(place.kinds)
        found = [
            name.format(letters=place.letters, kinds=kinds, scope=scope) for name in place.names
        ]
        if place.tiers:
            tiers = _tiers(place, _NAMES_OF_TIER, place.name_probe)
            found.append(_WORDED_NAMES.format(tiers=tiers, kinds=kinds, scope=scope))
        parts.append(_BEST_NAMES.format(found=_AND.join(found)))
    return _AND.join(parts)


def _tiers(place: _Place, of_tier: sql.SQL, probe: LiteralString) -> sql.Composable:
    """Return the rows of all tiers of a place that have the words."""
    tiers = [of_tier.format(probe=sql.SQL(probe), tier=sql.SQL(tier)) for tier in place.tiers]
    return _FIRST.format(tiers=_AND.join(tiers)) if len(tiers) > 1 else tiers[0]
