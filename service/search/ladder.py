"""The ladder: exact, all words, last word as prefix, typos, lyrics, fewer words.

A rung runs only for the queries that have too few hits so far, or whose mode asks for it, and for
all of them in one statement. A hit keeps the strictest rung that found it. When time runs out, what
the rungs so far have found is the result.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
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
from service.search.model import ENOUGH, MAX_HITS, Counts, Found, Hit, Pattern, Reading, Rung, Words
from service.search.patterns import (
    Vocabulary,
    all_words,
    joins,
    last_as_prefix,
    may_be_misspelt,
    splits,
    sung_words,
    two_rarest_words,
    with_lookalikes,
    with_one_typo,
    with_typos,
    without_noise,
    without_one_word,
)

_LONG: Final = 3
"""Of queries with more words, it is asked first which are rare."""


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
        """Whether there are few hits, none of which is just what the query says."""
        return len(self.hits) < ENOUGH and not any(map(_is_named, self.hits.values()))

    @property
    def is_weak(self) -> bool:
        """Whether the few hits have some of the words only."""
        return len(self.hits) < ENOUGH and all(
            hit.rung is Rung.FEWER_WORDS for hit in self.hits.values()
        )

    @property
    def is_empty(self) -> bool:
        """Whether nothing was found so far."""
        return not self.hits

    def lookup(self, pattern: Pattern) -> Lookup:
        """Return how a pattern is looked up for the query."""
        return Lookup(self.ordinal, self.query.text, self.query.typed, pattern)

    def add(self, rung: Rung, candidates: Sequence[Candidate], limit: int) -> None:
        """Take over what a step found, which looked for up to `limit` tracks of each reading."""
        self.is_complete = self.is_complete and len(candidates) < limit
        for found in candidates:
            reached = Rung.EXACT if rung is Rung.ALL_WORDS and found.match.is_exact else rung
            hit = Hit(found.track_id, reached, found.relevance, found.match)
            known = self.hits.setdefault(found.track_id, hit)
            if known.rung is rung and known.relevance < hit.relevance:  # by another pattern
                self.hits[found.track_id] = hit

    def found(self, limit: int) -> Found:
        """Return the outcome, with up to `limit` hits."""
        hits = sorted(self.hits.values(), key=attrgetter("order"), reverse=True)
        counts = Counts(len(hits), self.is_complete and not self.is_partial)
        as_typed = Reading(Rung.ALL_WORDS, all_words(self.query.words, Vocabulary()))
        return Found(hits[:limit], tuple(self.readings) or (as_typed,), counts, self.is_partial)


def _is_named(hit: Hit) -> bool:
    """Whether the words of a query, and nothing else, name the track, its artists or album."""
    match = hit.match
    return match is not None and match.words == match.whole == 1.0


class _Catalogue:
    """What the steps ask about words, each question once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._asked: set[str] = set()
        self._weighed: set[str] = set()
        self._tiers: dict[str, int] = {}
        self._near: dict[str, dict[str, int]] = {}
        self._shares: dict[str, float] = {}
        self.known = Vocabulary(self._tiers, self._near, self._shares)

    async def weigh(self, climbs: Iterable[_Climb]) -> Vocabulary:
        """Learn how common the words of the queries are."""
        if words := {word for climb in climbs for word in climb.query.words} - self._weighed:
            self._weighed |= words
            self._shares |= await store.common_words(self._connection, words)
        return self.known

    async def look_up(self, climbs: Sequence[_Climb]) -> Vocabulary:
        """Learn which words of the queries, or made from them, the catalogue has."""
        wanted: set[str] = set()
        for climb in climbs:
            wanted.update(climb.query.words)
            wanted.update(joined for _, joined in joins(climb.query.words))
            for word in climb.query.words:
                wanted.update(half for two in splits(word) for half in two)
        if unasked := wanted - self._asked:
            self._asked |= unasked
            self._tiers |= await store.known_words(self._connection, unasked)
        return self.known

    async def mend(self, words: Iterable[str]) -> None:
        """Learn which words resemble these."""
        misspelt = [word for word in set(words) - self._near.keys() if may_be_misspelt(word)]
        for word in misspelt:
            self._near[word] = {}
        for word, near in (await store.similar_words(self._connection, misspelt)).items():
            self._near[word] = near
            self._tiers |= near

    async def lookalikes(self, words: Collection[str]) -> dict[str, list[str]]:
        """Return the words that look most like these."""
        return await store.lookalikes(self._connection, words)


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
    catalogue = _Catalogue(connection)
    for step, (rung, is_needed, loosen) in enumerate(_STEPS):
        needy = [c for c in climbs if c.query.takes(rung, needed=is_needed(c))]
        if not needy:
            continue
        async with cut_off(connection, until) as cut:
            lookups = await loosen(catalogue, needy)
            await _run(connection, scope, climbs, rung, lookups, most)
        if cut.struck:
            _cut(climbs, step)
            break
    return [climb.found(limit) for climb in climbs]


async def every_reading(connection: Connection, query: Words) -> list[Reading]:
    """Return how each step would read a query, whether it takes the step or not, in their order."""
    catalogue, climb = _Catalogue(connection), _Climb(0, query)
    return [
        Reading(rung, lookup.pattern)
        for rung, _, loosen in _STEPS
        for lookup in await loosen(catalogue, [climb])
    ]


async def rate(
    connection: Connection, query: Words, readings: Sequence[Reading], ids: Sequence[UUID]
) -> dict[UUID, Hit]:
    """Return tracks as the hits that the climb would make of them; readings it found them by."""
    climb = _Climb(0, query)
    lookups = [
        Lookup(index, query.text, query.typed, reading.pattern)
        for index, reading in enumerate(readings)
    ]
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
            climbs[lookup.ordinal].readings.append(Reading(rung, lookup.pattern))
    for ordinal, candidates in found.items():
        climbs[ordinal].add(rung, candidates, limit)


async def _as_typed(catalogue: _Catalogue, climbs: Sequence[_Climb]) -> list[Lookup]:
    vocabulary = await catalogue.weigh(c for c in climbs if len(c.query.words) > _LONG)
    return [climb.lookup(all_words(climb.query.words, vocabulary)) for climb in climbs]


async def _prefixes(catalogue: _Catalogue, short: Sequence[_Climb]) -> list[Lookup]:
    vocabulary = await catalogue.weigh(short)
    return [
        climb.lookup(pattern)
        for climb in short
        if (pattern := last_as_prefix(climb.query.words, vocabulary))
    ]


async def _typos_of_unknown(catalogue: _Catalogue, short: Sequence[_Climb]) -> list[Lookup]:
    """Mend the words that the catalogue does not have; most misspelt words are among them."""
    vocabulary = await catalogue.look_up(short)
    words = (word for climb in short for word in climb.query.words)
    await catalogue.mend(word for word in words if word not in vocabulary)
    return [
        climb.lookup(pattern)
        for climb in short
        if (pattern := with_typos(climb.query.words, vocabulary))
    ]


async def _lyrics(_: _Catalogue, short: Sequence[_Climb]) -> list[Lookup]:
    """Look at what is sung: a line of a song is seldom in its name."""
    return [climb.lookup(sung_words(climb.query.words)) for climb in short]


async def _typo_of_one(catalogue: _Catalogue, weak: Sequence[_Climb]) -> list[Lookup]:
    """Mend any one word: a misspelt word may be another word."""
    vocabulary = await catalogue.look_up(weak)
    await catalogue.mend(word for climb in weak for word in climb.query.words)
    return [
        climb.lookup(pattern)
        for climb in weak
        if (pattern := with_one_typo(climb.query.words, vocabulary))
    ]


async def _typos_of_all(catalogue: _Catalogue, weak: Sequence[_Climb]) -> list[Lookup]:
    """Mend every word, by as many typos as are allowed."""
    vocabulary = await catalogue.look_up(weak)
    await catalogue.mend(word for climb in weak for word in climb.query.words)
    return [
        climb.lookup(pattern)
        for climb in weak
        if (pattern := with_typos(climb.query.words, vocabulary, farther=True))
    ]


async def _noise(catalogue: _Catalogue, short: Sequence[_Climb]) -> list[Lookup]:
    vocabulary = await catalogue.look_up(short)
    return [
        climb.lookup(pattern)
        for climb in short
        for pattern in without_noise(climb.query, vocabulary)
    ]


async def _one_less(catalogue: _Catalogue, short: Sequence[_Climb]) -> list[Lookup]:
    vocabulary = await catalogue.look_up(short)
    return [
        climb.lookup(pattern)
        for climb in short
        if (pattern := without_one_word(climb.query, vocabulary))
    ]


async def _rarest(catalogue: _Catalogue, short: Sequence[_Climb]) -> list[Lookup]:
    vocabulary = await catalogue.look_up(short)
    return [
        climb.lookup(pattern)
        for climb in short
        if (pattern := two_rarest_words(climb.query, vocabulary))
    ]


async def _lookalikes(catalogue: _Catalogue, empty: Sequence[_Climb]) -> list[Lookup]:
    """Read words with more typos than are mended as the words that look most like them."""
    words = {word for climb in empty for word in climb.query.words}
    lookalikes = await catalogue.lookalikes(words)
    return [
        climb.lookup(pattern)
        for climb in empty
        if (pattern := with_lookalikes(climb.query.words, catalogue.known, lookalikes))
    ]


_STEPS: Final[
    Sequence[
        tuple[
            Rung,
            Callable[[_Climb], bool],
            Callable[[_Catalogue, Sequence[_Climb]], Awaitable[list[Lookup]]],
        ]
    ]
] = (
    (Rung.ALL_WORDS, attrgetter("is_empty"), _as_typed),
    (Rung.PREFIX, attrgetter("is_short"), _prefixes),
    (Rung.TYPO, attrgetter("is_short"), _typos_of_unknown),
    (Rung.ALL_WORDS, attrgetter("is_short"), _lyrics),
    (Rung.FEWER_WORDS, attrgetter("is_short"), _noise),
    (Rung.TYPO, attrgetter("is_weak"), _typo_of_one),
    (Rung.TYPO, attrgetter("is_weak"), _typos_of_all),
    (Rung.FEWER_WORDS, attrgetter("is_short"), _one_less),
    (Rung.FEWER_WORDS, attrgetter("is_short"), _rarest),
    (Rung.TYPO, attrgetter("is_empty"), _lookalikes),
)
"""The steps in their order: the rung of the hits, who needs it, and the lookups."""
