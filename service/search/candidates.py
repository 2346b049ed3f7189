"""The statements that retrieve candidates, put together from static fragments: filters differ.

Each answers any number of queries at once, and looks at a bounded number of tracks for each of
them: at most `MAX_HITS` a branch, the popular tiers first. What it cannot see it cannot rank, and
what it sees it ranks by numbers that are stored with the track (`_SCORED`).

Values stand behind SELECT, so that a plan for any values looks no worse than one for these, and is
made once: planning takes longer than the statements do.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from functools import cache
from typing import Final, LiteralString
from uuid import UUID

from psycopg import sql

from service.database import Connection, compact
from service.database.cut_off import cut_off
from service.query import Query, condition
from service.query.model import Term, Value
from service.search.model import MAX_HITS, Match, Pattern


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a search looks: one library or all, and the tracks that a filter lets through.

    `is_narrow` when these are so few that they are a better way in than common words; None as long
    as nobody has looked. `is_in_doubt` when the look was cut short, and they may be few all the
    same.
    """

    library_id: UUID | None
    filter: Query
    is_narrow: bool | None = None
    is_in_doubt: bool = False


@dataclass(frozen=True, slots=True)
class Lookup:
    """A pattern to look up for a query of the batch.

    `text` is the folded query and `typed` the hash of what was typed: a hit that is the same is
    better. `names` are titles and artists that come into question whatever their words are.
    """

    ordinal: int
    text: str
    typed: int
    pattern: Pattern
    names: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A track that a lookup found; `relevance`, 0 to 1, follows from `match`.

    It comes with its document when few are asked for, and with the words by which it can be found
    when some of those of the query were mended. With `is_beyond` it is no candidate: it says that
    more tracks have the words than were tested by the filter.
    """

    ordinal: int
    track_id: UUID
    is_beyond: bool
    relevance: float
    match: Match
    document: bytes | None
    found_by: Sequence[str] | None


_PAGE: Final = 51
"""So many candidates, a page of hits and one, come with their documents; others may be in vain."""


class Source(Enum):
    """What a lookup looks at: the words of names, tracks of just that name first, or lyrics.

    Words may be mended ones, alone or beside others; then what is found says which words it has.
    """

    WORDS = auto()
    MENDED_WORDS = auto()
    MENDED_AND_OTHER_WORDS = auto()
    NAMES_AND_WORDS = auto()
    LYRICS = auto()


_MENDED: Final = (Source.MENDED_WORDS, Source.MENDED_AND_OTHER_WORDS)
_MOST: Final = sql.Literal(MAX_HITS)
# track_search_title_idx and track_search_artist_idx, once for each way to divide the name.
_BY_TITLE: Final = sql.SQL("s.title_key = k.key")
_BY_ARTIST: Final = sql.SQL("s.artist_key = k.key AND s.title_key <> ALL(q.keys)")
_BY_NAME: Final = sql.SQL(
    """(
                SELECT n.*
                FROM unnest(q.keys) AS k (key)
                CROSS JOIN LATERAL (
                    SELECT s.*
                    FROM track_search AS s
                    WHERE {name} AND {scope}
                    ORDER BY s.popularity DESC, s.track_id DESC
                    LIMIT {most}
                ) AS n
            )"""
)
_NAMED: Final = sql.SQL("named AS ({branches})")

# One of the four GIN indexes over words, each of which a branch names by its condition. A branch is
# not run when those before it were enough. IS TRUE keeps the second condition from the index.
_BY_WORDS: Final = sql.SQL(
    """(
                SELECT s.*
                FROM track_search AS s
                WHERE
                    s.words @@ q.seek
                    AND (s.words @@ q.words) IS TRUE
                    AND {tier} AND {other} AND {scope}
                {order}
                LIMIT {most}
            )"""
)
TIERS: Final[Sequence[LiteralString]] = ("s.tier = 0", "s.tier = 1", "s.tier = 2", "s.tier > 2")
# A narrow filter is evaluated once a branch, so there is one.
_ALL_TIERS: Final[Sequence[LiteralString]] = ("true",)
_NOTHING: Final = sql.SQL("")
_WITH: Final = sql.SQL("WITH {} ")
_POPULAR_FIRST: Final = sql.SQL("ORDER BY s.tier, s.popularity DESC, s.track_id DESC")
# Tracks of that name come by the other branches. When they fill the page, words are not looked at.
_NOT_NAMED: Final = sql.SQL("s.title_key <> ALL(q.keys) AND s.artist_key <> ALL(q.keys)")
# A second question to the same index, which answers both by skipping from one to the other.
_ALSO: Final = sql.SQL("s.words @@ q.also")
_OTHER: Final = {Source.NAMES_AND_WORDS: _NOT_NAMED, Source.MENDED_AND_OTHER_WORDS: _ALSO}
_UNLESS_NAMED: Final = sql.SQL(
    "CASE WHEN (SELECT count(*) FROM named) < (SELECT %(limit)s::integer) THEN {most} ELSE 0 END"
)

_POPULAR_TIERS_FIRST: Final = sql.SQL("ORDER BY s.tier, s.track_id DESC")
# The same of what is sung, by the indexes of track_lyrics; primary key of track_search.
_BY_LYRICS: Final = sql.SQL(
    """(
                SELECT s.track_id
                FROM track_lyrics AS s
                WHERE s.words @@ q.words AND {tier} AND {scope}
                {order}
                LIMIT {most}
            )"""
)
_SUNG: Final = sql.SQL(
    """(
            SELECT s.*, l.is_beyond
            FROM (SELECT w.track_id, w.is_beyond FROM ({words}) AS w LIMIT {most}) AS l
            JOIN track_search AS s USING (track_id)
        )"""
)

# Of rare words, the index of all tiers knows what the four would be asked for one by one. Should
# there be more tracks than are looked at, the tiers say which. track_search_words_idx.
_IF_RARE: Final[LiteralString] = "q.is_rare"
_ONE_MORE: Final = sql.Literal(MAX_HITS + 1)
_FEW: Final = sql.SQL("few AS ({branch})")
_FEW_OR_TIERS: Final = sql.SQL(
    """
                SELECT f.*, false AS is_beyond
                FROM few AS f
                WHERE (SELECT count(*) FROM few) <= {most}
                UNION ALL
                (
                    SELECT *
                    FROM ({tiers}) AS t
                    LIMIT CASE
                        WHEN q.is_rare AND (SELECT count(*) FROM few) <= {most} THEN 0
                        ELSE {most}
                    END
                )"""
)

_WORDS_ALONE: Final = sql.SQL("(SELECT * FROM ({words}) AS w LIMIT {most})")
_NAMED_AND_WORDS: Final = sql.SQL(
    "(SELECT * FROM named UNION ALL (SELECT * FROM ({words}) AS w LIMIT {most}))"
)
_BRANCHES: Final = {
    Source.WORDS: (_BY_WORDS, _POPULAR_FIRST),
    Source.MENDED_WORDS: (_BY_WORDS, _POPULAR_FIRST),
    Source.MENDED_AND_OTHER_WORDS: (_BY_WORDS, _POPULAR_FIRST),
    Source.NAMES_AND_WORDS: (_BY_WORDS, _POPULAR_FIRST),
    Source.LYRICS: (_BY_LYRICS, _POPULAR_TIERS_FIRST),
}
_CANDIDATES: Final = {
    Source.WORDS: _WORDS_ALONE,
    Source.MENDED_WORDS: _WORDS_ALONE,
    Source.MENDED_AND_OTHER_WORDS: _WORDS_ALONE,
    Source.NAMES_AND_WORDS: _NAMED_AND_WORDS,
    Source.LYRICS: _SUNG,
}

# ts_rank of an OR is the mean weight of its words, times 6/pi^2. By weights that are powers of 256,
# one call says how many words stand in the title, in the artists and in the album. A word that
# stands in a second field, too, adds a quarter there, which rounding down takes away again.
# 107802.4 is 65536 pi^2 / 6, and OFFSET 0 has it computed once for each candidate.
#
# The statement computes the parts of the score as well as their sum, see Match. A query is exact
# when it has the same letters, for words may be run together: "acdc".
_SCORED: Final = sql.SQL(
    """
    SELECT
        p.*,
        {relevance} AS relevance
    FROM (
        SELECT
            c.track_id,
            c.is_beyond,
            q.letters IN (n.title, n.artist, n.title || n.artist, n.artist || n.title) AS is_exact,
            least(n.code / 65536, q.asked) AS in_title,
            least(n.code %% 65536 / 256, q.asked) AS in_artist,
            least(n.code %% 64, q.asked) AS in_album,
            {elsewhere}
            q.asked,
            c.title_size,
            c.artist_size,
            c.album_size,
            strpos(c.title_key || ' ' || c.artist_key, q.text) > 0
            OR c.album_named = hashtext(q.text) AS in_order,
            q.typed IN (c.title_typed, c.artist_typed) AS as_typed,
            greatest(c.popularity, 0)::float8 AS popularity
        FROM {candidates} AS c
        CROSS JOIN LATERAL (
            SELECT
                floor(
                    0.1 + ts_rank('{{0,1.52587890625e-5,0.00390625,1}}', c.words, q.any_word)
                    * q.operands * 107802.4
                )::integer AS code,
                replace(c.title_key, ' ', '') AS title,
                replace(c.artist_key, ' ', '') AS artist
            OFFSET 0
        ) AS n{genre_words}
        OFFSET 0
    ) AS p
"""
)
_REST: Final = sql.SQL(
    "greatest(0, q.asked - n.code / 65536 - n.code %% 65536 / 256 - n.code %% 64)"
)
_IN_GENRES: Final = sql.SQL(
    "CASE WHEN q.is_every THEN {rest} ELSE 0 END AS in_genre, 0 AS in_lyrics,"
)
# Of words that stand in nothing else, those of the genres are counted as above, by the weight D.
_IN_GENRES_OR_LYRICS: Final = sql.SQL(
    "least({rest}, g.words) AS in_genre, {rest} - least({rest}, g.words) AS in_lyrics,"
)
_GENRE_WORDS: Final = sql.SQL(
    """
        CROSS JOIN LATERAL (
            SELECT round(
                ts_rank(
                    '{1,0,0,0}',
                    ts_delete(
                        ts_filter(c.words, '{d}'),
                        tsvector_to_array(ts_filter(c.words, '{a,b,c}'))
                    ),
                    q.any_word
                ) * q.operands * 1.6449341
            )::integer AS words
            OFFSET 0
        ) AS g"""
)
_FIND: Final = sql.SQL(
    """
WITH q AS MATERIALIZED (
    SELECT g.*, replace(g.text, ' ', '') AS letters
    FROM jsonb_to_recordset(%(lookups)s::jsonb) AS g (
        ordinal integer, text text, keys text[], typed integer, seek tsquery, also tsquery,
        words tsquery, any_word tsquery, operands integer, asked integer, is_every boolean,
        is_rare boolean
    )
)

SELECT
    q.ordinal,
    hit.*,
    CASE
        WHEN (SELECT %(limit)s::integer) <= {page}
            THEN (SELECT t.document FROM track AS t WHERE t.id = hit.track_id)
    END AS document,
    {found_by} AS found_by
FROM q
CROSS JOIN LATERAL (
    {beforehand}{scored}
    ORDER BY is_beyond, is_exact DESC, relevance DESC, track_id DESC
    LIMIT (SELECT %(limit)s::integer)
) AS hit
"""
)
# Primary key of track_search.
_FOUND_BY: Final = sql.SQL(
    "(SELECT tsvector_to_array(s.words) FROM track_search AS s WHERE s.track_id = hit.track_id)"
)
_NOT_SAID: Final = sql.SQL("NULL::text[]")
_RELEVANCE: Final = sql.SQL(
    """(
            CASE
                WHEN p.is_exact THEN 0.8::float8
                ELSE 0.4::float8 * least(
                    1,
                    (p.in_title + p.in_artist + p.in_album + p.in_genre{sung})::float8 / p.asked
                )
                + 0.15::float8 * least(
                    1,
                    (
                        p.in_title + p.in_artist + 0.7::float8 * p.in_album
                        + 0.5::float8 * p.in_genre {lightly_sung}
                    )::float8 / p.asked
                )
                + 0.25::float8 * least(
                    1,
                    (p.in_title + p.in_artist + p.in_album) / greatest(
                        1,
                        sign(p.in_title) * p.title_size
                        + sign(p.in_artist) * p.artist_size
                        + sign(p.in_album) * p.album_size
                    )
                )
            END
            + CASE WHEN p.in_order THEN 0.05::float8 ELSE 0 END
            + CASE WHEN p.as_typed THEN 0.05::float8 ELSE 0 END
            + 0.001::float8 * p.popularity
        )"""
)
_SCOPE_LIBRARY: Final = sql.SQL("s.library_id = (SELECT %(library_id)s::uuid)")
_SCOPE_FILTER: Final = sql.SQL(
    "EXISTS (SELECT FROM track AS t WHERE t.id = s.track_id AND {condition})"
)
_UNTESTED: Final = sql.SQL("SELECT b.*, false AS is_beyond FROM ({branches}) AS b")
# Each candidate by itself, until there are enough, or one more than are tested. Primary key of
# track. The limit is a fence, too: so it is one test for all branches, which may make a table of
# all that a part of the filter lets through.
_TESTED: Final = sql.SQL(
    """
            SELECT *
            FROM (
                SELECT b.*, row_number() OVER () > {tested} AS is_beyond
                FROM ({branches}) AS b
                LIMIT {tested} + 1
            ) AS s
            WHERE s.is_beyond OR (SELECT {condition} FROM track AS t WHERE t.id = s.track_id)
            LIMIT {most}
    """
)
# All that the filter lets through. An index that the filter uses; primary key of track_search.
_AMONG: Final = sql.SQL(
    "s.track_id = ANY(ARRAY(SELECT t.id FROM track AS t WHERE {library} AND {condition}))"
)
_EVERYWHERE: Final = sql.SQL("true")
# The indexes of the orders of tracks, in which filters have ranges, begin with the library.
_OF_LIBRARY: Final = sql.SQL("t.library_id = %(library_id)s::uuid")
_OF_ANY_LIBRARY: Final = sql.SQL("t.library_id = ANY(ARRAY(SELECT l.id FROM library AS l))")

_NARROW: Final = 5_000
"""Filters that let no more tracks through are looked into, whatever the words are."""

_MOST_TESTED: Final = 5_000
"""So many of the tracks that words find are tested by a broad filter, popular ones first."""

# An index that the filter uses, or as much of track as there are that many tracks in.
_PASSED: Final = sql.SQL("SELECT t.id FROM track AS t WHERE {library} AND {condition} LIMIT {most}")
_COUNTED: Final = sql.SQL("SELECT count(*) FROM ({passed}) AS passed")

_NO_TRACK: Final = UUID(int=0)

_LOOKING: Final = 0.05
"""Seconds. Of a filter of which that is not known by then, candidates are tested at first."""


async def settled(
    connection: Connection, scope: Scope, lookups: Sequence[Lookup], until: float | None
) -> Scope:
    """Return the scope, with whether it is narrow if that matters: rare words are a way in anyway.

    At `until`, an instant of the event loop's clock, the caller stops looking.
    """
    is_settled = scope.filter.is_empty or scope.is_narrow is not None
    if is_settled or not any(lookup.pattern.is_common for lookup in lookups):
        return scope
    passed, values = _passed(scope)
    at = asyncio.get_running_loop().time() + _LOOKING
    async with cut_off(connection, at if until is None else min(at, until)):
        statement = _COUNTED.format(passed=passed)
        [[count]] = await (await connection.execute(statement, values, prepare=False)).fetchall()
        return replace(scope, is_narrow=count <= _NARROW)
    return replace(scope, is_narrow=False, is_in_doubt=True)


async def _without_doubt(connection: Connection, scope: Scope) -> Scope:
    """Return the scope; if it is narrow, with the ids of its tracks in place of the filter."""
    statement, values = _passed(scope)
    rows = await (await connection.execute(statement, values, prepare=False)).fetchall()
    if len(rows) > _NARROW:
        return replace(scope, is_in_doubt=False)
    ids = [row[0] for row in rows] or [_NO_TRACK]
    return Scope(scope.library_id, Query(Term("id", tuple(map(Value, ids)), 0), ""), is_narrow=True)


def _passed(scope: Scope) -> tuple[sql.Composed, dict[str, object]]:
    """Return the statement of the tracks that pass a filter, one more than a narrow one lets."""
    wanted, values = condition(scope.filter)
    if scope.library_id:
        values["library_id"] = scope.library_id
    library = _OF_LIBRARY if scope.library_id else _OF_ANY_LIBRARY
    most = sql.Literal(_NARROW + 1)
    return _PASSED.format(library=library, condition=wanted, most=most), values


async def find_all(
    connection: Connection,
    scope: Scope,
    lookups: Sequence[Lookup],
    limit: int,
) -> tuple[Scope, list[Candidate]]:
    """Return what `find` does, and the scope.

    When few of many tracks passed a filter of which it is in doubt whether it is narrow, that is
    settled first.
    """
    found = await find(connection, scope, lookups, limit)
    is_in_doubt = scope.is_in_doubt or scope.is_narrow is None
    if is_in_doubt and any(candidate.is_beyond for candidate in found):
        scope = await _without_doubt(connection, scope)
        if scope.is_narrow:
            found = await find(connection, scope, lookups, limit)
    return scope, found


async def find(
    connection: Connection, scope: Scope, lookups: Sequence[Lookup], limit: int
) -> list[Candidate]:
    """Return up to `limit` of the best candidates of each lookup."""
    together: dict[Source, list[Lookup]] = {}
    for lookup in lookups:
        together.setdefault(_source(lookup), []).append(lookup)
    return [
        candidate
        for source, of in together.items()
        for candidate in await _find(connection, scope, source, of, limit)
    ]


def _source(lookup: Lookup) -> Source:
    if lookup.pattern.in_lyrics:
        return Source.LYRICS
    if lookup.pattern.is_mended:
        return Source.MENDED_AND_OTHER_WORDS if lookup.pattern.also else Source.MENDED_WORDS
    return Source.NAMES_AND_WORDS if lookup.names else Source.WORDS


async def _find(
    connection: Connection, scope: Scope, source: Source, lookups: Sequence[Lookup], limit: int
) -> list[Candidate]:
    statement, parameters = find_statement(scope, source)
    parameters |= {"lookups": json.dumps(list(map(_row, lookups))), "limit": limit}
    # With a filter, its values decide which index is right, so the plan is made for them each time.
    prepare = None if scope.filter.is_empty else False
    # Binary, for the documents: as text, each byte of them is two.
    cursor = await connection.execute(statement, parameters, prepare=prepare, binary=True)
    rows = await cursor.fetchall()
    return [
        Candidate(ordinal, track_id, is_beyond, relevance, Match(*match), document, words)
        for ordinal, track_id, is_beyond, *match, relevance, document, words in rows
    ]


def _row(lookup: Lookup) -> dict[str, object]:
    """Return a lookup as the statement reads it."""
    pattern = lookup.pattern
    return {
        "ordinal": lookup.ordinal,
        "text": lookup.text,
        "keys": lookup.names,
        "typed": lookup.typed,
        "seek": pattern.seek,
        "also": pattern.also or None,  # as text, nothing is a query, with a notice
        "words": pattern.words,
        "any_word": pattern.any_word,
        "operands": len(pattern.operands),
        "asked": pattern.asked,
        "is_every": pattern.is_every,
        "is_rare": pattern.is_rare,
    }


def find_statement(scope: Scope, source: Source) -> tuple[bytes, dict[str, object]]:
    """Return the statement of `find` for lookups in one source, and the parameters of its scope."""
    library = {"library_id": scope.library_id} if scope.library_id else {}
    if scope.filter.is_empty:
        return _unfiltered(source, in_library=bool(library)), {**library}
    wanted, values = condition(scope.filter)
    within = _SCOPE_LIBRARY if library else _EVERYWHERE
    if scope.is_narrow:
        of_library = _OF_LIBRARY if library else _OF_ANY_LIBRARY
        among = _AMONG.format(library=of_library, condition=wanted)
        way = _by_narrow_filter(within, among)
    else:
        way = _by_broad_filter(within, wanted)
    return _statement(source, way), {**library, **values}


@cache
def _unfiltered(source: Source, *, in_library: bool) -> bytes:
    """Return the statement without a filter: there are ten, and putting one together costs."""
    return _statement(source, _by_words(_SCOPE_LIBRARY if in_library else _EVERYWHERE))


@dataclass(frozen=True, slots=True)
class _Way:
    """How the tracks of a scope are found: by branches, each with a condition and a limit.

    What they find has to pass the condition `yet`, if there is one.
    """

    within: sql.Composable
    most: sql.Composable
    tiers: Sequence[LiteralString]
    yet: sql.Composable | None = None

    @property
    def is_unfiltered(self) -> bool:
        """Whether the words alone say what is found."""
        return self.tiers is TIERS and not self.yet

    def union(self, branches: Iterable[sql.Composable]) -> sql.Composable:
        """Return what the branches find."""
        found = sql.SQL(" UNION ALL ").join(branches)
        if not self.yet:
            return _UNTESTED.format(branches=found)
        tested = sql.Literal(_MOST_TESTED)
        return _TESTED.format(branches=found, condition=self.yet, tested=tested, most=_MOST)


def _by_words(within: sql.Composable) -> _Way:
    """Return the way without a filter."""
    return _Way(within, _MOST, TIERS)


def _by_narrow_filter(within: sql.Composable, among: sql.Composable) -> _Way:
    """Return the way from the tracks that a filter lets through."""
    return _Way(sql.SQL(" AND ").join([within, among]), _MOST, _ALL_TIERS)


def _by_broad_filter(within: sql.Composable, wanted: sql.Composable) -> _Way:
    """Return the way from the words, when a filter lets many tracks through."""
    return _Way(within, sql.SQL("ALL"), TIERS, wanted)


def _statement(source: Source, way: _Way) -> bytes:
    beforehand: list[sql.Composable] = []
    most: sql.Composable = _MOST
    if source is Source.NAMES_AND_WORDS:
        names = way.union(
            _BY_NAME.format(name=name, scope=way.within, most=way.most)
            for name in (_BY_TITLE, _BY_ARTIST)
        )
        beforehand.append(_NAMED.format(branches=names))
        most = _UNLESS_NAMED.format(most=most)
    words = way.union(_branch(source, way, tier, way.most) for tier in way.tiers)
    if source is not Source.LYRICS and way.is_unfiltered:
        few = _branch(source, way, _IF_RARE, _ONE_MORE)
        beforehand.append(_FEW.format(branch=few))
        words = _FEW_OR_TIERS.format(tiers=words, most=_MOST)
    is_sung = source is Source.LYRICS
    scored = _SCORED.format(
        relevance=_RELEVANCE.format(
            sung=sql.SQL(" + p.in_lyrics" if is_sung else ""),
            lightly_sung=sql.SQL("+ 0.3::float8 * p.in_lyrics" if is_sung else ""),
        ),
        candidates=_CANDIDATES[source].format(words=words, most=most),
        elsewhere=(_IN_GENRES_OR_LYRICS if is_sung else _IN_GENRES).format(rest=_REST),
        genre_words=_GENRE_WORDS if is_sung else sql.SQL(""),
    )
    found_by = _FOUND_BY if source in _MENDED else _NOT_SAID
    return compact(
        _FIND.format(
            beforehand=_WITH.format(sql.SQL(", ").join(beforehand)) if beforehand else _NOTHING,
            scored=scored,
            page=sql.Literal(_PAGE),
            found_by=found_by,
        )
    )


def _branch(source: Source, way: _Way, tier: LiteralString, most: sql.Composable) -> sql.Composable:
    """Return what finds the tracks of a tier by their words."""
    branch, order = _BRANCHES[source]
    return branch.format(
        tier=sql.SQL(tier),
        other=_OTHER.get(source, _EVERYWHERE),
        scope=way.within,
        order=order if way.tiers is _ALL_TIERS else _NOTHING,
        most=most,
    )


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
