"""The ladder: exact, all words, last word as prefix, typos, lyrics, fewer words.

A rung runs only for the queries that have too few hits so far, or whose mode asks for it, and for
all of them in one statement. A hit keeps the strictest rung that found it. When time runs out, what
the rungs so far have found is the result.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Final
from uuid import UUID

from service.database import Connection
from service.database.cut_off import cut_off
from service.query import Query
from service.query.model import Term, Value
from service.search.candidates import Candidate, Lookup, Scope, find, find_all, settled
from service.search.model import (
    ENOUGH,
    MAX_HITS,
    NAMING,
    Counts,
    Found,
    Hit,
    Pattern,
    Reading,
    Rung,
    Words,
)
from service.search.patterns import (
    Vocabulary,
    all_words,
    doubtful,
    last_as_prefix,
    names_like,
    sung_words,
    two_rarest_words,
    with_lookalikes,
    with_one_typo,
    with_typos,
    without_noise,
    without_one_word,
)
from service.search.vocabulary import Lexicon


@dataclass(slots=True)
class _Climb:
    """How far one query of the batch has come."""

    ordinal: int
    query: Words
    hits: dict[UUID, Hit] = field(default_factory=dict)
    documents: dict[UUID, bytes] = field(default_factory=dict)
    found_by: dict[UUID, Sequence[str]] = field(default_factory=dict)
    readings: list[Reading] = field(default_factory=list)
    is_complete: bool = True
    is_partial: bool = False

    @property
    def is_short(self) -> bool:
        """Whether few hits have the words of the query, and none is just what it says.

        One that is named by the same letters, divided otherwise, tells of no words by which others
        are found.
        """
        by_words = [hit for hit in self.hits.values() if not _is_divided_otherwise(hit)]
        return len(by_words) < ENOUGH and not any(map(_is_named, by_words))

    @property
    def is_weak(self) -> bool:
        """Whether no hit has all the words that matter."""
        return not any(map(_has_all, self.hits.values()))

    @property
    def is_sparse(self) -> bool:
        """Whether there are few hits, and none by mending or dividing: then nobody knows better."""
        return self.is_short and not any(
            hit.rung is Rung.TYPO or _is_divided_otherwise(hit) for hit in self.hits.values()
        )

    @property
    def is_empty(self) -> bool:
        """Whether nothing was found so far."""
        return not self.hits

    def lookup(self, pattern: Pattern, names: Sequence[str] = ()) -> Lookup:
        """Return how a pattern is looked up for the query, and names besides."""
        return Lookup(self.ordinal, self.query.text, self.query.typed, pattern, names)

    def add(self, rung: Rung, candidates: Sequence[Candidate], limit: int) -> None:
        """Take over what a step found, which looked for up to `limit` tracks of each reading."""
        self.is_complete = self.is_complete and len(candidates) < limit
        for found in candidates:
            if found.is_beyond:
                self.is_complete = False
                continue
            reached = Rung.EXACT if found.match.is_exact and rung in NAMING else rung
            hit = Hit(found.track_id, reached, found.relevance, found.match)
            known = self.hits.setdefault(found.track_id, hit)
            if found.document is not None:
                self.documents[found.track_id] = found.document
            if found.found_by is not None:
                self.found_by[found.track_id] = found.found_by
            if (hit.rung, -hit.relevance) < (known.rung, -known.relevance):  # by another pattern
                self.hits[found.track_id] = hit

    def found(self, limit: int) -> Found:
        """Return the outcome, with up to `limit` hits."""
        hits = sorted(self.hits.values(), key=attrgetter("order"), reverse=True)
        counts = Counts(len(hits), self.is_complete and not self.is_partial)
        readings = tuple(self.readings) or (_as_it_is(self.query),)
        return Found(hits[:limit], readings, counts, self.is_partial, self.documents, self.found_by)


def _as_it_is(query: Words) -> Reading:
    """Return the reading of a query that none was found for: the words as typed."""
    return Reading(Rung.ALL_WORDS, all_words(query.words, Vocabulary()))


def _is_named(hit: Hit) -> bool:
    """Whether the words of a query, and nothing else, name the track, its artists or album."""
    match = hit.match
    return match is not None and match.words == match.whole == 1.0


def _is_divided_otherwise(hit: Hit) -> bool:
    """Whether the letters of a query name the track, and its words do not."""
    match = hit.match
    return match is not None and match.is_exact and match.in_title + match.in_artist < match.asked


def _has_all(hit: Hit) -> bool:
    """Whether a track has all words of a query, be they mended, but for such as people add."""
    return hit.rung < Rung.FEWER_WORDS or (hit.match is not None and hit.match.words == 1.0)


async def climb(
    lexicon: Lexicon,
    scope: Scope,
    queries: Sequence[Words],
    limit: int,
    *,
    until: float | None = None,
) -> list[Found]:
    """Return what was found for each query, up to `limit` hits.

    All queries must have words, and have been read. At `until`, an instant of the event loop's
    clock, the climb ends with what it has.
    """
    climbs = [_Climb(ordinal, query) for ordinal, query in enumerate(queries)]
    most = max(limit, ENOUGH)
    for step, (rung, is_needed, loosen) in enumerate(_STEPS):
        needy = [c for c in climbs if c.query.takes(rung, needed=is_needed(c))]
        if not needy:
            continue
        async with cut_off(lexicon.connection, until) as cut:
            lookups = await loosen(lexicon, needy)
            scope = await settled(lexicon.connection, scope, lookups, until)
            scope = await _run(lexicon.connection, scope, climbs, rung, lookups, most)
        if cut.struck:
            _cut(climbs, step)
            break
    return [climb.found(limit) for climb in climbs]


async def every_reading(lexicon: Lexicon, query: Words) -> list[Reading]:
    """Return how each step would read a query, whether it takes the step or not, in their order."""
    climb = _Climb(0, query)
    return [
        Reading(rung, lookup.pattern)
        for rung, _, loosen in _STEPS
        for lookup in await loosen(lexicon, [climb])
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
        scope = Scope(None, Query(Term("id", among, 0), ""), is_narrow=True)
        found = await find(connection, scope, lookups, MAX_HITS)
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
) -> Scope:
    """Take a step of the climbs, and return the scope, of which more may be known by now."""
    if not lookups:
        return scope
    found: dict[int, list[Candidate]] = {}
    scope, candidates = await find_all(connection, scope, lookups, limit)
    for candidate in candidates:
        found.setdefault(candidate.ordinal, []).append(candidate)
    for lookup in lookups:
        if lookup.ordinal in found:
            climbs[lookup.ordinal].readings.append(Reading(rung, lookup.pattern))
    for ordinal, of in found.items():
        climbs[ordinal].add(rung, of, limit)
    return scope


def _lookups(climbs: Iterable[_Climb], read: Callable[[Words], Pattern | None]) -> list[Lookup]:
    """Return the lookups of queries, of those that can be read in a way."""
    return [climb.lookup(pattern) for climb in climbs if (pattern := read(climb.query))]


async def _as_typed(lexicon: Lexicon, climbs: Sequence[_Climb]) -> list[Lookup]:
    """Look at every word, unless the catalogue lacks one, and at names of the same letters."""
    known = lexicon.known
    return [
        climb.lookup(all_words(query.words, known), names_like(query.text, known))
        for climb in climbs
        if known.has_all((query := climb.query).words) or query.text.replace(" ", "") in known
    ]


async def _prefixes(lexicon: Lexicon, short: Sequence[_Climb]) -> list[Lookup]:
    known = lexicon.known
    return _lookups(
        short,
        lambda query: (
            last_as_prefix(query.words, known) if known.has_all(query.words[:-1]) else None
        ),
    )


async def _typos_of_unknown(lexicon: Lexicon, short: Sequence[_Climb]) -> list[Lookup]:
    """Mend the words that the catalogue does not have; most misspelt words are among them."""
    known = await lexicon.learn(climb.query.words for climb in short)
    return _lookups(short, lambda query: with_typos(query.words, known))


async def _lyrics(lexicon: Lexicon, short: Sequence[_Climb]) -> list[Lookup]:
    """Look at what is sung: a line of a song is seldom in its name."""
    return _lookups(
        short if lexicon.has_lyrics else (), lambda query: sung_words(query.words, lexicon.known)
    )


async def _noise(lexicon: Lexicon, short: Sequence[_Climb]) -> list[Lookup]:
    return [
        climb.lookup(pattern)
        for climb in short
        for pattern in without_noise(climb.query, lexicon.known)
    ]


async def _typo_of_one(lexicon: Lexicon, weak: Sequence[_Climb]) -> list[Lookup]:
    """Mend any one word: a misspelt word may be another word."""
    await lexicon.mend(word for climb in weak for word in doubtful(climb.query.words))
    return [
        climb.lookup(pattern)
        for climb in weak
        for pattern in with_one_typo(climb.query.words, lexicon.known)
    ]


async def _typos_of_all(lexicon: Lexicon, weak: Sequence[_Climb]) -> list[Lookup]:
    """Mend every word, by as many typos as are allowed."""
    known = await lexicon.learn(climb.query.words for climb in weak)
    mended = {word for climb in weak for word in climb.query.words if word not in known}
    mended.update(word for climb in weak for word in doubtful(climb.query.words))
    await lexicon.mend(mended)
    return _lookups(weak, lambda query: with_typos(query.words, known, farther=True))


async def _one_less(lexicon: Lexicon, weak: Sequence[_Climb]) -> list[Lookup]:
    return _lookups(weak, lambda query: without_one_word(query, lexicon.known))


async def _rarest(lexicon: Lexicon, weak: Sequence[_Climb]) -> list[Lookup]:
    return _lookups(weak, lambda query: two_rarest_words(query, lexicon.known))


async def _lookalikes(lexicon: Lexicon, empty: Sequence[_Climb]) -> list[Lookup]:
    """Read words with more typos than are mended as the words that look most like them."""
    similar = await lexicon.lookalikes({word for climb in empty for word in climb.query.words})
    return _lookups(empty, lambda query: with_lookalikes(query.words, lexicon.known, similar))


_STEPS: Final[
    Sequence[
        tuple[
            Rung,
            Callable[[_Climb], bool],
            Callable[[Lexicon, Sequence[_Climb]], Awaitable[list[Lookup]]],
        ]
    ]
] = (
    (Rung.ALL_WORDS, attrgetter("is_empty"), _as_typed),
    (Rung.PREFIX, attrgetter("is_short"), _prefixes),
    (Rung.TYPO, attrgetter("is_short"), _typos_of_unknown),
    (Rung.ALL_WORDS, attrgetter("is_short"), _lyrics),
    (Rung.FEWER_WORDS, attrgetter("is_sparse"), _noise),
    (Rung.TYPO, attrgetter("is_weak"), _typo_of_one),
    (Rung.TYPO, attrgetter("is_weak"), _typos_of_all),
    (Rung.FEWER_WORDS, attrgetter("is_sparse"), _one_less),
    (Rung.FEWER_WORDS, attrgetter("is_sparse"), _rarest),
    (Rung.TYPO, attrgetter("is_empty"), _lookalikes),
)
"""The steps in their order: the rung of the hits, who needs it, and the lookups."""
