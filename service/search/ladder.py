"""The ladder: exact, all words, last word as prefix, typos, fewer words.

A rung runs only for the queries that have too few hits so far, or whose mode asks for it, and for
all of them in one statement. A hit keeps the strictest rung that found it. When time runs out, what
the rungs so far have found is the result.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Final
from uuid import UUID

from service.database import Connection
from service.database.cut_off import cut_off
from service.query import Query
from service.query.model import Term, Value
from service.search import store
from service.search.candidates import Candidate, Lookup, Scope, find
from service.search.model import (
    ENOUGH,
    MAX_HITS,
    Counts,
    Found,
    Hit,
    Reading,
    Rung,
    Words,
    all_words,
    allowed_edits,
    joins,
    last_as_prefix,
    near_spellings,
    splits,
    with_fewer_words,
    with_typos,
    without_noise,
)


@dataclass(slots=True)
class _Climb:
    """How far one query of the batch has come."""

    ordinal: int
    query: Words
    hits: dict[UUID, Hit] = field(default_factory=dict)
    readings: list[Reading] = field(default_factory=list)
    is_complete: bool = True
    is_partial: bool = False

    @property
    def is_short(self) -> bool:
        """Whether the last word may be unfinished, or a word misspelt."""
        if len(self.hits) >= ENOUGH:
            return False
        return all(hit.rung is not Rung.EXACT for hit in self.hits.values())

    @property
    def is_empty(self) -> bool:
        """Whether nothing was found so far."""
        return not self.hits

    def add(self, rung: Rung, candidates: Sequence[Candidate], limit: int) -> None:
        """Take over what a step found, which looked for up to `limit` tracks of each reading."""
        self.is_complete = self.is_complete and len(candidates) < limit
        for found in candidates:
            reached = Rung.EXACT if rung is Rung.ALL_WORDS and found.is_exact else rung
            self.hits.setdefault(found.track_id, Hit(found.track_id, reached, found.relevance))

    def found(self, limit: int) -> Found:
        """Return the outcome, with up to `limit` hits."""
        hits = sorted(self.hits.values(), key=lambda hit: hit.order)
        counts = Counts(len(hits), self.is_complete and not self.is_partial)
        readings = self.readings or [Reading(Rung.ALL_WORDS, all_words(self.query.words))]
        return Found(hits[:limit], tuple(readings), counts, self.is_partial)


async def climb(
    connection: Connection,
    scope: Scope,
    queries: Sequence[Words],
    limit: int,
    *,
    until: float | None = None,
) -> list[Found]:
    """Return what was found for each query, up to `limit` hits. All queries must have words.

    At `until`, an instant of the event loop's clock, the climb ends with what it has.
    """
    climbs = [_Climb(ordinal, query) for ordinal, query in enumerate(queries)]
    most = max(limit, ENOUGH)
    for step, (rung, is_needed, loosen) in enumerate(_STEPS):
        needy = [c for c in climbs if c.query.takes(rung, needed=is_needed(c))]
        if not needy:
            continue
        async with cut_off(connection, until) as cut:
            await _run(connection, scope, climbs, rung, await loosen(connection, needy), most)
        if cut.struck:
            _cut(climbs, step)
            break
    return [climb.found(limit) for climb in climbs]


async def rate(
    connection: Connection, query: Words, readings: Sequence[Reading], ids: Sequence[UUID]
) -> dict[UUID, Hit]:
    """Return tracks as the hits that the climb would make of them; readings it found them by."""
    climb = _Climb(0, query)
    lookups = [Lookup(index, query.text, reading.words) for index, reading in enumerate(readings)]
    for first in range(0, len(ids), MAX_HITS):
        among = tuple(map(Value, ids[first : first + MAX_HITS]))
        scope = Scope(None, Query(Term("id", among, 0), ""))
        found = await find(connection, scope, lookups, MAX_HITS, by_name=False)
        for candidate in sorted(found, key=attrgetter("ordinal")):
            climb.add(readings[candidate.ordinal].rung, [candidate], MAX_HITS)
    return climb.hits


def _cut(climbs: Sequence[_Climb], struck: int) -> None:
    """Mark the climbs that would have taken a step from the one with the index `struck` on."""
    for climb in climbs:
        climb.is_partial = any(
            climb.query.takes(rung, needed=is_needed(climb))
            for rung, is_needed, _ in _STEPS[struck:]
        )


async def _run(
    connection: Connection,
    scope: Scope,
    climbs: Sequence[_Climb],
    rung: Rung,
    lookups: Sequence[Lookup],
    limit: int,
) -> None:
    if not lookups:
        return
    found: dict[int, list[Candidate]] = {}
    by_name = rung is Rung.ALL_WORDS
    for candidate in await find(connection, scope, lookups, limit, by_name=by_name):
        found.setdefault(candidate.ordinal, []).append(candidate)
    for lookup in lookups:
        if lookup.ordinal in found:
            climbs[lookup.ordinal].readings.append(Reading(rung, lookup.words))
    for ordinal, candidates in found.items():
        climbs[ordinal].add(rung, candidates, limit)


async def _as_typed(_connection: Connection, climbs: Sequence[_Climb]) -> list[Lookup]:
    return [Lookup(c.ordinal, c.query.text, all_words(c.query.words)) for c in climbs]


async def _prefixes(connection: Connection, short: Sequence[_Climb]) -> list[Lookup]:
    return [
        Lookup(climb.ordinal, climb.query.text, words)
        for climb in short
        if (words := last_as_prefix(climb.query.words))
    ]


async def _typos_of_unknown(connection: Connection, short: Sequence[_Climb]) -> list[Lookup]:
    """Mend the words that the catalogue does not have; most misspelt words are among them."""
    known = await _vocabulary(connection, short)
    return await _mended(
        connection, short, known, lambda climb: [w for w in climb.query.words if w not in known]
    )


async def _typos_of_all(connection: Connection, empty: Sequence[_Climb]) -> list[Lookup]:
    """Mend every word: a misspelt word may be another word."""
    known = await _vocabulary(connection, empty)
    return await _mended(connection, empty, known, lambda climb: climb.query.words)


async def _mended(
    connection: Connection,
    climbs: Sequence[_Climb],
    known: frozenset[str],
    suspects: Callable[[_Climb], Sequence[str]],
) -> list[Lookup]:
    misspelt = {word for climb in climbs for word in suspects(climb) if allowed_edits(word)}
    near = await store.similar_words(connection, misspelt)
    for word in misspelt:
        near.setdefault(word, []).extend(sorted(near_spellings(word) & known))
    return [
        Lookup(climb.ordinal, climb.query.text, words)
        for climb in climbs
        if (words := with_typos(climb.query.words, known, near))
    ]


async def _noise(connection: Connection, empty: Sequence[_Climb]) -> list[Lookup]:
    known = await _vocabulary(connection, empty)
    return [
        Lookup(climb.ordinal, climb.query.text, words)
        for climb in empty
        for words in without_noise(climb.query.words, climb.query.core_words, known)
    ]


async def _fewer(connection: Connection, empty: Sequence[_Climb]) -> list[Lookup]:
    known = await _vocabulary(connection, empty)
    return [
        Lookup(climb.ordinal, climb.query.text, words)
        for climb in empty
        for words in with_fewer_words(climb.query.words, known)
    ]


async def _vocabulary(connection: Connection, climbs: Sequence[_Climb]) -> frozenset[str]:
    """Return which words of the queries, or made from them, the catalogue has."""
    wanted: set[str] = set()
    for climb in climbs:
        wanted.update(climb.query.words)
        wanted.update(near for word in climb.query.words for near in near_spellings(word))
        wanted.update(joined for _, joined in joins(climb.query.words))
        wanted.update(half for word in climb.query.words for two in splits(word) for half in two)
    return await store.known_words(connection, wanted)


_STEPS: Final[
    Sequence[
        tuple[
            Rung,
            Callable[[_Climb], bool],
            Callable[[Connection, Sequence[_Climb]], Awaitable[list[Lookup]]],
        ]
    ]
] = (
    (Rung.ALL_WORDS, attrgetter("is_empty"), _as_typed),
    (Rung.PREFIX, attrgetter("is_short"), _prefixes),
    (Rung.TYPO, attrgetter("is_short"), _typos_of_unknown),
    (Rung.FEWER_WORDS, attrgetter("is_empty"), _noise),
    (Rung.TYPO, attrgetter("is_empty"), _typos_of_all),
    (Rung.FEWER_WORDS, attrgetter("is_empty"), _fewer),
)
"""The steps in their order: the rung of the hits, who needs it, and the lookups."""
