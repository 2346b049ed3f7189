"""The statements that retrieve names and titles, put together from static fragments.

They differ in where they look, in the kinds that are wanted and in whether one library is; how the
best are chosen and shown is the same. Each looks at a bounded number of rows of a kind.

Where a plan could depend on values, they stand behind SELECT or come from the row `typed`. So the
plan for any values looks no worse than one for these, and PostgreSQL makes it once: planning takes
longer than the statements, and the indexes are the same for whatever was typed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from functools import cache
from typing import Final, LiteralString

from psycopg import sql

from service.database import Numbered, numbered
from service.search.patterns import LONGEST_DIVIDED, MAX_WORD
from service.suggest.model import MAX_WORDS


class Source(Enum):
    """Where names and titles are looked for.

    `BEGUN` is what somebody types. What is popular is looked at first, beside names of the same
    letters; the rest only for the kinds of which that are too few. All but `CALLED` look for words,
    too, at no more than 300 rows of each tier.
    """

    BEGUN = auto()
    WITH_WORDS = auto()
    CALLED = auto()


MAX_ENDINGS: Final = 32
"""So many words may stand for an unfinished one where all names are looked through."""

SHORTEST_PROBE: Final = 3
"""A beginning of fewer letters stands for too large a part of all words to be looked up."""

_LETTERS: Final = 3
"""So many letters of a name stand in the index of longer beginnings."""

_COMMON: Final = 0.01
"""Of the names that have words as common as this, any few hundred seldom have what is sought."""

_ENOUGH_WORDS: Final = 2
"""Two finished words are rare enough together."""

_NUMBERS: Final = {
    "max_endings": sql.Literal(MAX_ENDINGS),
    "shortest_probe": sql.Literal(SHORTEST_PROBE),
    "letters": sql.Literal(_LETTERS),
    "common": sql.Literal(_COMMON),
    "enough_words": sql.Literal(_ENOUGH_WORDS),
    "max_words": sql.Literal(MAX_WORDS),
    "max_word": sql.Literal(MAX_WORD),
    "longest_divided": sql.Literal(LONGEST_DIVIDED),
}

# What was typed, folded: its words, the last of them unfinished; what the indexes of popular names
# and of all names are asked for; and the other names of the same letters, as `divisions` has them.
# The index of all names, where a beginning may have very many words, is asked for the few words
# that the last one may become. Where these are too many, it is asked for the finished ones, but not
# for common words alone. Primary keys of search_word and common_word.
TYPED: Final = sql.SQL(
    """
SELECT
    p.key, p.begun, p.begun::tsquery AS words, p.probe::tsquery AS probe,
    CASE
        WHEN cardinality(p.endings) > {max_endings} AND p.finished IS NULL THEN p.probe
        WHEN cardinality(p.endings) > {max_endings}
            THEN CASE WHEN p.share < {common} THEN p.finished END
        WHEN cardinality(p.endings) > 0
            THEN concat_ws(
                ' & ', p.finished, '(''' || array_to_string(p.endings, ''' | ''') || ''')'
            )
        WHEN char_length(p.last) >= {shortest_probe} THEN p.begun
    END::tsquery AS probe_of_all,
    CASE WHEN char_length(p.key) < {letters} THEN left(p.key, 1) END AS letter,
    CASE WHEN char_length(p.key) >= {letters} THEN left(p.key, {letters}) END AS letters,
    CASE
        WHEN char_length(p.key) > {longest_divided} THEN '{{}}'
        WHEN cardinality(p.written) = 1
            THEN ARRAY(
                SELECT left(p.key, c.cut) || ' ' || substr(p.key, c.cut + 1)
                FROM generate_series(1, char_length(p.key) - 1) AS c (cut)
            ) || CASE
                WHEN char_length(p.key) > 2
                THEN ARRAY[array_to_string(string_to_array(p.key, NULL), ' ')]
                ELSE '{{}}'
            END
        ELSE ARRAY(
            SELECT
                array_to_string(p.written[:j.place], ' ')
                || array_to_string(p.written[j.place + 1:], ' ')
            FROM generate_series(1, cardinality(p.written) - 1) AS j (place)
        ) || CASE
            WHEN cardinality(p.written) > 2 THEN ARRAY[replace(p.key, ' ', '')] ELSE '{{}}'
        END
    END AS keys
FROM (
    SELECT
        q.key, q.written, q.finished, q.last, q.begun,
        CASE
            WHEN char_length(q.last) >= {shortest_probe} AND q.others < {enough_words} THEN q.begun
            ELSE q.finished
        END AS probe,
        ARRAY(
            SELECT w.word
            FROM search_word AS w
            WHERE w.word >= q.last AND w.word < q.last || chr(1114111)
            ORDER BY w.word
            LIMIT {max_endings} + 1
        ) AS endings,
        (
            SELECT coalesce(min(coalesce(c.share, 0)), 0)
            FROM unnest(q.words[:q.others]) AS w (word)
            LEFT JOIN common_word AS c ON c.word = w.word
        ) AS share
    FROM (
        SELECT
            l.key, l.written, l.words, l.others, l.last, l.finished,
            coalesce(l.finished || ' & ', '') || '''' || l.last || ''':*' AS begun
        FROM (
            SELECT
                w.key, w.written, w.words, cardinality(w.words) - 1 AS others,
                w.words[cardinality(w.words)] AS last,
                '''' || nullif(array_to_string(w.words[:cardinality(w.words) - 1], ''' & '''), '')
                || '''' AS finished
            FROM (
                SELECT
                    k.key, string_to_array(k.key, ' ') AS written,
                    (
                        string_to_array(
                            CASE
                                WHEN char_length(k.key) > {max_word}
                                THEN regexp_replace(k.key, '([^ ]{{{max_word}}})[^ ]+', '\\1', 'g')
                                ELSE k.key
                            END,
                            ' '
                        )
                    )[:{max_words}] AS words
                FROM (
                    SELECT nullif(fold(%(text)s::text), '') COLLATE "C" AS key OFFSET 0
                ) AS k
                OFFSET 0
            ) AS w
            OFFSET 0
        ) AS l
    ) AS q
    OFFSET 0
) AS p"""
).format(**_NUMBERS)
# The same for words and keys that the caller knows.
_GIVEN: Final = sql.SQL(
    """
SELECT
    %(key)s::text AS key, %(words)s::text::tsquery AS words, %(words)s::text::tsquery AS probe,
    %(keys)s::text[] AS keys"""
)

# name_search_letter_idx, name_search_letters_idx.
_POPULAR_NAMES: Final = sql.SQL(
    """
    SELECT n.subject, n.position, n.kind, n.popularity, n.name_key, n.name
    FROM unnest({kinds}) AS k (kind)
    CROSS JOIN LATERAL (
        SELECT s.subject, s.position, s.kind, s.popularity, s.name_key, s.name
        FROM name_search AS s
        WHERE s.kind = k.kind
            AND left(s.name_key, {letters}) = {beginning}
            AND s.name_key >= t.key
            AND s.name_key < t.key || chr(1114111)
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
    FROM unnest({kinds}) AS k (kind)
    CROSS JOIN LATERAL (
        SELECT s.subject, s.position, s.kind, s.popularity, s.name_key, s.name, s.library_id
        FROM name_search AS s
        WHERE s.kind = k.kind
            AND s.name_key >= t.key
            AND s.name_key < t.key || chr(1114111)
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
    FROM unnest({kinds}) AS k (kind)
    CROSS JOIN unnest(t.keys) AS g (key)
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
        s.words @@ t.words
        AND s.kind = ANY({kinds}::text[])
        AND {scope}"""
)
_NAMES_OF_TIER: Final = sql.SQL(
    """(
        SELECT
            s.subject, s.position, s.kind, s.popularity, s.name_key, s.name, s.library_id, s.words
        FROM name_search AS s
        WHERE s.words @@ {probe} AND {tier}
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
                name_relevance(f.name_key, t.key, f.popularity) AS relevance
            FROM {given}
            CROSS JOIN LATERAL ({found}) AS f
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
    WHERE left(s.title_key, {letters}) = {beginning}
        AND s.title_key >= t.key
        AND s.title_key < t.key || chr(1114111)
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
    FROM unnest(t.keys) AS g (key)
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
        WHERE s.title_key >= t.key
            AND s.title_key < t.key || chr(1114111)
            AND l.titles
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
    WHERE ts_filter(s.words, '{{a,b}}') @@ t.words AND {scope}"""
)
_TITLES_OF_TIER: Final = sql.SQL(
    """(
        SELECT s.track_id, s.popularity, s.title_key, s.artist_key, s.library_id, s.words
        FROM track_search AS s
        WHERE s.words @@ {probe} AND {tier}
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
            name_relevance(f.title_key, t.key, f.popularity) AS relevance
        FROM {given}
        CROSS JOIN LATERAL ({found}) AS f
        ORDER BY f.title_key, f.artist_key, f.popularity DESC, f.track_id DESC
    ) AS b
    ORDER BY b.relevance DESC, char_length(b.title_key), b.track_id
    LIMIT (SELECT %(limit)s::integer)
)"""
)

# Which kinds there are too few of, tracks beside the others; words are asked for only where there
# are few of all. What was typed stands in each row, and in one though nothing was found.
_TWO_STEPS: Final = sql.SQL(
    """
WITH typed AS MATERIALIZED ({typed}),

found AS MATERIALIZED ({popular}),

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
                THEN (SELECT t.probe_of_all FROM typed AS t)
            END AS probe
        OFFSET 0
    ) AS k
)
SELECT
    y.key AS typed, y.begun, s.kind, s.id, s.key, s.popularity, s.relevance, s.text, s.artists,
    s.alias
FROM typed AS y
LEFT JOIN ({shown}) AS s ON true"""
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
FROM (
    SELECT f.kind, f.id, f.position, f.key, f.name, f.popularity, f.relevance
    FROM ({best}) AS f
    LIMIT 200
) AS b
LEFT JOIN track AS t ON t.id = CASE WHEN b.kind = 'TRACK' THEN b.id END
LEFT JOIN name_search AS own
    ON own.subject = CASE WHEN b.position > 0 THEN b.id END AND own.position = 0
LEFT JOIN album AS a ON a.id = CASE WHEN b.kind = 'ALBUM' THEN b.id END
LEFT JOIN artist_credit AS c ON c.id = coalesce(t.credit_id, a.credit_id)
WHERE b.kind <> 'TRACK' OR t.id IS NOT NULL"""
)
_ONE_STEP: Final = sql.SQL("WITH typed AS MATERIALIZED ({typed}) {shown}")

_AND: Final = sql.SQL(" UNION ALL ")
_FIRST: Final = sql.SQL("({tiers} LIMIT 300)")
_EVERYWHERE: Final = sql.SQL("true")
_NAMES_IN: Final = sql.SQL("in_library(s.kind, s.subject, s.library_id, %(library_id)s::uuid)")
_TITLES_IN: Final = sql.SQL("s.library_id = (SELECT %(library_id)s::uuid)")


_Values = Mapping[str, sql.Composable]
_NOTHING: Final[_Values] = {}
_LETTER: Final[_Values] = {
    "letters": sql.Literal(1),
    "beginning": sql.SQL("t.letter"),
}
_MORE_LETTERS: Final[_Values] = {
    "letters": sql.Literal(_LETTERS),
    "beginning": sql.SQL("t.letters"),
}


@dataclass(frozen=True, slots=True)
class _Place:
    """What is looked at: names as they begin or are, then words in one tier after the other.

    `given` is what there is to go by; `kinds`, `title_probe` and `name_probe` say of it which kinds
    of names are wanted, and which words the indexes are asked for.
    """

    names: Sequence[tuple[sql.SQL, _Values]] = ()
    titles: Sequence[tuple[sql.SQL, _Values]] = ()
    tiers: Sequence[LiteralString] = ()
    given: LiteralString = "typed AS t"
    kinds: LiteralString = "(SELECT %(kinds)s::text[])"
    title_probe: LiteralString = "t.probe"
    name_probe: LiteralString = "t.probe"


_POPULAR: Final = _Place(
    [(_POPULAR_NAMES, _LETTER), (_POPULAR_NAMES, _MORE_LETTERS), (_CALLED, _NOTHING)],
    [(_POPULAR_TITLES, _LETTER), (_POPULAR_TITLES, _MORE_LETTERS), (_CALLED_TITLES, _NOTHING)],
    ["s.tier = 0"],
)
_REST: Final = _Place(
    [(_OTHER_NAMES, _NOTHING)],
    [(_OTHER_TITLES, _NOTHING)],
    ["true"],
    given="typed AS t CROSS JOIN lack AS l",
    kinds="l.kinds",
    title_probe="CASE WHEN l.titles THEN l.probe END",
    name_probe="CASE WHEN l.kinds <> '{}' THEN l.probe END",
)
_PLACES: Final = {
    Source.WITH_WORDS: _Place(tiers=["s.tier = 0", "s.tier > 0"]),
    Source.CALLED: _Place([(_CALLED, _NOTHING)]),
}


def read_typed_statement() -> Numbered:
    """Return the statement that folds what was typed."""
    return numbered(sql.SQL("SELECT t.key, t.begun FROM ({typed}) AS t").format(typed=TYPED))


@cache
def statement(source: Source, *, titles: bool, names: bool, in_library: bool) -> Numbered:
    """Return the statement that looks in one place for titles, names or both."""

    def best(place: _Place) -> sql.Composed:
        return _best(place, titles=titles, names=names, in_library=in_library)

    if source in _PLACES:
        shown = _SHOWN.format(best=best(_PLACES[source]))
        return numbered(_ONE_STEP.format(typed=_GIVEN, shown=shown))
    shown = _SHOWN.format(best=_AND.join([_FOUND, best(_REST)]))
    return numbered(_TWO_STEPS.format(typed=TYPED, popular=best(_POPULAR), shown=shown))


def _best(place: _Place, *, titles: bool, names: bool, in_library: bool) -> sql.Composed:
    """Return the best of each kind in a place."""
    given, parts = sql.SQL(place.given), []
    if titles:
        scope = _TITLES_IN if in_library else _EVERYWHERE
        found = [title.format(scope=scope, **values) for title, values in place.titles]
        if place.tiers:
            tiers = _tiers(place, _TITLES_OF_TIER, place.title_probe)
            found.append(_WORDED_TITLES.format(tiers=tiers, scope=scope))
        parts.append(_BEST_TITLES.format(given=given, found=_AND.join(found)))
    if names:
        scope = _NAMES_IN if in_library else _EVERYWHERE
        kinds = sql.SQL(place.kinds)
        found = [name.format(kinds=kinds, scope=scope, **values) for name, values in place.names]
        if place.tiers:
            tiers = _tiers(place, _NAMES_OF_TIER, place.name_probe)
            found.append(_WORDED_NAMES.format(tiers=tiers, kinds=kinds, scope=scope))
        parts.append(_BEST_NAMES.format(given=given, found=_AND.join(found)))
    return _AND.join(parts)


def _tiers(place: _Place, of_tier: sql.SQL, probe: LiteralString) -> sql.Composable:
    """Return the rows of all tiers of a place that have the words."""
    tiers = [of_tier.format(probe=sql.SQL(probe), tier=sql.SQL(tier)) for tier in place.tiers]
    return _FIRST.format(tiers=_AND.join(tiers)) if len(tiers) > 1 else tiers[0]
