"""What a search asks for and what it finds. The rules of the ladder that need no database."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from string import ascii_lowercase
from typing import Final
from uuid import UUID

from rapidfuzz.distance import OSA

MAX_QUERY: Final = 500
MAX_BATCH: Final = 500
MAX_HITS: Final = 500
"""How many hits a query with words has over all its pages."""

ENOUGH: Final = 3
"""So many hits make looser readings of a query needless; one exact hit does, too."""

_MAX_WORDS: Final = 24
_MAX_WORD: Final = 250
"""How many letters of a word are looked up, as in the SQL function weighted_words."""

_MAX_ALTERNATIVES: Final = 8
_MAX_VARIANTS: Final = 16
_BRACKETS: Final = re.compile(r"[(\[{][^)\]}]*[)\]}]?")
_NOISE: Final = frozenset({
    "and", "audio", "by", "feat", "featuring", "ft", "hd", "hq", "lyric", "lyrics", "official",
    "the", "video", "vs", "w", "with",
})  # fmt: skip
"""Folded words that people add to a name or leave out; dropped first when nothing was found."""


Place = tuple[str | float, UUID]
"""Where a hit stands: its key in the order of the search, then its id."""


class Rung(IntEnum):
    """The steps of the ladder, from strict to loose; the numbers are those of SearchRung."""

    EXACT = 1
    ALL_WORDS = 2
    PREFIX = 3
    TYPO = 4
    FEWER_WORDS = 5
    FILTER = 6


class Mode(IntEnum):
    """How freely a query is read; the numbers are those of SearchMode."""

    AUTO = 1
    EXACT = 2
    PREFIX = 3
    FUZZY = 4


_LOOSEST: Final = {Mode.EXACT: Rung.ALL_WORDS, Mode.PREFIX: Rung.PREFIX}
_ALWAYS: Final = {Mode.PREFIX: (Rung.PREFIX,), Mode.FUZZY: (Rung.PREFIX, Rung.TYPO)}


def score(rung: Rung, relevance: float) -> float:
    """Return the score of a hit; the best of a rung is no better than the worst of a stricter."""
    return (6 - rung + min(max(relevance, 0.0), 1.0)) / 6 if rung is not Rung.FILTER else 1.0


@dataclass(frozen=True, slots=True)
class Hit:
    """A track that was found; `relevance`, 0 to 1, compares hits of one rung."""

    track_id: UUID
    rung: Rung
    relevance: float

    @property
    def score(self) -> float:
        """The score over all rungs, above 0 and at most 1: a rung never outranks a stricter one."""
        return score(self.rung, self.relevance)

    @property
    def order(self) -> Place:
        """The place among all hits: the best score first, then by id."""
        return -self.score, self.track_id


class Facet(StrEnum):
    """What matches can be grouped by; the names are those of SearchFacetField."""

    GENRE = "GENRE"
    ARTIST = "ARTIST"
    ALBUM = "ALBUM"
    YEAR = "YEAR"
    DECADE = "DECADE"
    FORMAT = "FORMAT"
    KEY = "KEY"


@dataclass(frozen=True, slots=True)
class FacetValue:
    """How many matches have one value, with the filter that selects it.

    `id` is that of the artist or album, and empty for other fields.
    """

    name: str
    id: str
    filter: str
    tracks: int


@dataclass(frozen=True, slots=True)
class FacetCounts:
    """The most frequent values of a facet; counts that are not exact are lower bounds."""

    facet: Facet
    values: tuple[FacetValue, ...]
    is_exact: bool


@dataclass(frozen=True, slots=True)
class Counts:
    """How many tracks a search matches; when that is not exact, there are at least so many."""

    total: int
    is_exact: bool
    facets: tuple[FacetCounts, ...] = ()

    @classmethod
    def nothing(cls, facets: Iterable[Facet] = ()) -> Counts:
        """Return the counts of a search that nothing can match."""
        empty = (FacetCounts(facet, (), is_exact=True) for facet in facets)
        return cls(0, is_exact=True, facets=tuple(empty))

    def known(self, seen: Counts) -> Counts:
        """Return the counts, now that `seen` matches turned up elsewhere."""
        if self.is_exact:
            return self
        return Counts(max(self.total, seen.total), seen.is_exact, self.facets)


@dataclass(frozen=True, slots=True)
class Reading:
    """A tsquery that a step ran for a query, and with which it found something."""

    rung: Rung
    words: str


@dataclass(frozen=True, slots=True)
class Found:
    """What the ladder found for a query: the hits, the best first, and the readings they match.

    Without any hit, the reading is the query as typed; without any words, there is no reading.
    `counts` says how many match the readings, as far as is known; `is_partial` that time ran out
    before all steps that the query needed were taken.
    """

    hits: Sequence[Hit]
    readings: tuple[Reading, ...]
    counts: Counts
    is_partial: bool


@dataclass(frozen=True, slots=True)
class Words:
    """A query as folded text; `core` is the same of the query without what stands in brackets.

    No step is taken that only finds hits with a score below `min_score`.
    """

    text: str
    core: str
    mode: Mode = Mode.AUTO
    min_score: float = 0.0

    def takes(self, rung: Rung, *, needed: bool) -> bool:
        """Whether to take a step, which the hits so far make `needed` or not."""
        allowed = rung <= _LOOSEST.get(self.mode, Rung.FEWER_WORDS)
        wanted = needed or rung in _ALWAYS.get(self.mode, ())
        best = Rung.EXACT if rung is Rung.ALL_WORDS else rung
        return allowed and wanted and score(best, 1.0) >= self.min_score

    @property
    def words(self) -> tuple[str, ...]:
        """The distinct words, in order; those beyond the limit are ignored."""
        return _distinct(self.text)

    @property
    def core_words(self) -> tuple[str, ...]:
        """The distinct words outside of brackets."""
        return _distinct(self.core)


def without_brackets(query: str) -> str:
    """Return what was typed without all that stands in brackets."""
    return _BRACKETS.sub(" ", query)


def _distinct(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text.split(" ")))[:_MAX_WORDS] if text else ()


def all_words(words: Sequence[str]) -> str:
    """Return the tsquery of all words."""
    return " & ".join(map(_quoted, words))


def last_as_prefix(words: Sequence[str]) -> str | None:
    """Return the tsquery with the last word as the beginning of one; None when that is too short.

    A beginning of one letter stands for a tenth of the vocabulary.
    """
    last = words[-1]
    if len(last) < 2:
        return None
    return " & ".join([*map(_quoted, words[:-1]), _beginning(last)])


def allowed_edits(word: str) -> int:
    """How many letters of a word may be wrong: 1 from 4 letters on, 2 from 8.

    None of very long words, which PostgreSQL does not compare.
    """
    if len(word) > _MAX_WORD:
        return 0
    return 2 if len(word) >= 8 else 1 if len(word) >= 4 else 0


def near_spellings(word: str) -> set[str]:
    """Return the spellings that similarity by trigrams overlooks, for it is low in short words.

    That is two neighbors transposed, and in a word of four letters another letter in one place.
    """
    if not allowed_edits(word):
        return set()
    pairs = range(len(word) - 1)
    near = {word[:i] + word[i + 1] + word[i] + word[i + 2 :] for i in pairs}
    if len(word) == 4:
        near |= {word[:i] + letter + word[i + 1 :] for i in range(4) for letter in ascii_lowercase}
    return near - {word}


def mended(word: str, candidates: Sequence[str]) -> tuple[str, ...]:
    """Return the candidates that a typist may have meant, the nearest first.

    A transposition of two neighbors is one edit. Equally near ones stay in the order given.
    """
    edits = allowed_edits(word)
    distances = {
        candidate: OSA.distance(word, candidate, score_cutoff=edits) for candidate in candidates
    }
    near = [candidate for candidate, distance in distances.items() if distance <= edits]
    return tuple(sorted(near, key=distances.__getitem__)[:_MAX_ALTERNATIVES])


def splits(word: str) -> Iterator[tuple[str, str]]:
    """Yield the ways to read a word as two that were run together."""
    for cut in range(2, len(word) - 1):
        yield word[:cut], word[cut:]


def joins(words: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Yield each pair of neighbors as one word, with the index of the first."""
    for index in range(len(words) - 1):
        yield index, words[index] + words[index + 1]


def with_typos(
    words: Sequence[str], known: frozenset[str], near: Mapping[str, Sequence[str]]
) -> str | None:
    """Return the tsquery of what may have been meant; None when that is nothing new.

    `known` are the words, halves of words and joined words that the catalogue has, `near` its words
    that look like those of the query.
    """
    readings = [_readings(word, known, near.get(word, ())) for word in words]
    variants = []
    as_typed = [[_quoted(word)] for word in words]
    if all(readings) and readings != as_typed:
        variants.append(" & ".join(f"({' | '.join(of)})" for of in readings))
    for index, joined in joins(words):
        rest = readings[:index] + readings[index + 2 :]
        if joined in known and all(rest):
            parts = [_quoted(joined), *(f"({' | '.join(of)})" for of in rest)]
            variants.append(" & ".join(parts))
    return " | ".join(f"({variant})" for variant in variants) or None


def _readings(word: str, known: frozenset[str], near: Sequence[str]) -> list[str]:
    """Return the tsqueries that one word may stand for."""
    readings = [_quoted(word)] if word in known else []
    readings += [_quoted(other) for other in mended(word, near) if other != word]
    if word not in known:
        readings += [
            f"({_quoted(left)} & {_quoted(right)})"
            for left, right in splits(word)
            if left in known and right in known
        ][:_MAX_ALTERNATIVES]
    return readings


def without_noise(words: Sequence[str], core: Sequence[str], known: frozenset[str]) -> list[str]:
    """Return the tsqueries of the query without what people add to a name.

    That is words that the catalogue does not have, words such as "featuring" or "official", and, in
    a second try, all that stands in brackets (`core` is the query without that).
    """
    variants: dict[str, None] = {}
    for of in (words, core):
        kept = [word for word in of if word in known and word not in _NOISE]
        if kept and len(kept) < len(words):
            variants[all_words(kept)] = None
    return list(variants)


def with_fewer_words(words: Sequence[str], known: frozenset[str]) -> list[str]:
    """Return the tsqueries of the query without one word, then without more from either end."""
    kept = [word for word in words if word in known and word not in _NOISE]
    variants: dict[str, None] = {}
    for index in range(len(kept)) if len(kept) > 1 else ():
        variants[all_words(kept[:index] + kept[index + 1 :])] = None
    for count in range(2, len(kept)):
        variants[all_words(kept[:-count])] = None
        variants[all_words(kept[count:])] = None
    return list(variants)[:_MAX_VARIANTS]


def any_of_readings(readings: Sequence[Reading]) -> str:
    """Return the tsquery that holds when one of the readings does; "" without any."""
    return " | ".join(f"({reading.words})" for reading in readings)


def _quoted(word: str) -> str:
    # Folded text has none of the characters that the syntax of tsquery reserves within quotes.
    return f"'{word}'" if len(word) <= _MAX_WORD else _beginning(word)


def _beginning(word: str) -> str:
    return f"'{word[:_MAX_WORD]}':*"
