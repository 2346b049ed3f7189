"""What a search asks for and what it finds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, field
from enum import IntEnum, StrEnum
from functools import lru_cache
from operator import mul
from typing import Final
from uuid import UUID

from service.tracks.model import Place

MAX_QUERY: Final = 500
MAX_BATCH: Final = 500
MAX_HITS: Final = 200
"""How many hits a query with words has over all its pages. Of the tracks with common words, so many
are looked at: each costs some microseconds."""

ENOUGH: Final = 3
"""So many hits make looser readings of a query needless; one that it names does, too."""

_MAX_WORDS: Final = 24
_BRACKETS: Final = re.compile(r"[(\[{][^)\]}]*[)\]}]?")


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


NAMING: Final = (Rung.ALL_WORDS, Rung.TYPO)
"""What finds exact hits, too: a mended name that has the letters of the query is only divided
otherwise."""


def score(rung: Rung, relevance: float) -> float:
    """Return the score of a hit; the best of a rung is no better than the worst of a stricter."""
    return (6 - rung + min(max(relevance, 0.0), 1.0)) / 6 if rung is not Rung.FILTER else 1.0


@dataclass(frozen=True, slots=True)
class Match:
    """What of a query was found in a track, and where.

    Counts are of distinct words. `asked` is how many words the query has, the sizes are those of
    the fields. A word that occurs in several fields counts for the first of title, artists, album,
    genres and lyrics. `is_exact` when the query is the title, the artists, or both, however the
    words are divided.
    """

    is_exact: bool
    in_title: int
    in_artist: int
    in_album: int
    in_genre: int
    in_lyrics: int
    asked: int
    title_size: int
    artist_size: int
    album_size: int
    in_order: bool
    as_typed: bool
    popularity: float

    @property
    def counts(self) -> tuple[int, int, int, int, int]:
        """How many words were found in each field, in the order in which they count."""
        return self.in_title, self.in_artist, self.in_album, self.in_genre, self.in_lyrics

    @property
    def words(self) -> float:
        """How many of the words were found, 0 to 1; all, however the name divides them."""
        if self.is_exact:
            return 1.0
        return min(1.0, sum(self.counts) / self.asked)

    @property
    def fields(self) -> float:
        """How much the fields weigh in which the words stand, 0 to 1.

        Title and artists weigh most, then the album, the genres, the lyrics.
        """
        if self.is_exact:
            return 1.0
        named = self.in_title + self.in_artist + 0.7 * self.in_album + 0.5 * self.in_genre
        return min(1.0, (named + 0.3 * self.in_lyrics) / self.asked)

    @property
    def whole(self) -> float:
        """How much of the fields that hold a word the query covers, 0 to 1."""
        if self.is_exact:
            return 1.0
        found = self.in_title + self.in_artist + self.in_album
        size = (
            (self.title_size if self.in_title else 0)
            + (self.artist_size if self.in_artist else 0)
            + (self.album_size if self.in_album else 0)
        )
        return min(1.0, found / max(1, size))

    @property
    def values(self) -> Parts:
        """How much of each part of the relevance there is, 0 to 1."""
        return Parts(
            words=self.words,
            fields=self.fields,
            whole=self.whole,
            in_order=float(self.in_order),
            as_typed=float(self.as_typed),
            popularity=self.popularity / 100,
        )

    @property
    def parts(self) -> Parts:
        """The parts of the relevance, by their weights."""
        return Parts(*map(mul, astuple(WEIGHTS), astuple(self.values)))


@dataclass(frozen=True, slots=True)
class Parts:
    """The relevance of a hit, 0 to 1, as the sum of its parts; candidates.py has it in SQL.

    They are for how many words were found, for the fields in which they stand, for how much of
    these fields the query covers, for words that stand there side by side or name artist and album,
    for a title or artist that is just what was typed, accents included, and for popularity.
    """

    words: float
    fields: float
    whole: float
    in_order: float
    as_typed: float
    popularity: float

    @property
    def relevance(self) -> float:
        """The sum."""
        return float(sum(astuple(self)))


WEIGHTS: Final = Parts(
    words=0.4, fields=0.15, whole=0.25, in_order=0.05, as_typed=0.05, popularity=0.1
)
"""The most that each part can add."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A track that was found; `relevance`, 0 to 1, compares hits of one rung.

    `match` says where it follows from; None when a filter alone selected the track.
    """

    track_id: UUID
    rung: Rung
    relevance: float
    match: Match | None = None

    @property
    def score(self) -> float:
        """The score over all rungs, above 0 and at most 1: a rung never outranks a stricter one."""
        return score(self.rung, self.relevance)

    @property
    def order(self) -> Place:
        """The place among all hits, of which the greatest comes first.

        The best score, then the newest track: ids are UUIDv7, which grow with time.
        """
        return self.score, self.track_id


@dataclass(frozen=True, slots=True)
class Entry:
    """What search has of a track.

    `words` are those under which it is found, each with the weights of the fields in which it
    stands; there are none when it cannot be found. The sizes are those of `Match`.
    """

    track_id: UUID
    library_id: UUID
    status: str
    is_deleted: bool
    tier: int
    title_size: int
    artist_size: int
    album_size: int
    words: Mapping[str, str]

    @property
    def is_findable(self) -> bool:
        """Whether a search can find the track at all."""
        return self.status == "COMPLETED" and not self.is_deleted


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

    def at_least(self, hits: int) -> Counts:
        """Return the counts, now that so many hits were ranked.

        A name that is divided otherwise may be a hit without having the words that are counted.
        """
        return self if hits <= self.total else Counts(hits, is_exact=False, facets=self.facets)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A way to read a query: the tsqueries that select tracks, and what is looked for in them.

    `words` is what a track must have. `seek` follows from it and is what the index is asked: many
    common words cost the index more than the few tracks that have the rare ones. `also` does,
    too, where it is not empty: of words with many alternatives, the index then looks only for the
    tracks that have the others.

    `operands` are the words, as parts of a tsquery, that are counted in the fields of a track;
    `asked` is the number of words in the query, which is smaller when they have alternatives.
    `is_every` when what is selected has every word of the query, in a way. `is_common` when it has
    nothing rare to be looked up by, `is_rare` when few tracks are expected to have it. `in_lyrics`
    when words may stand in the lyrics, too. `is_mended` when other words stand for those that
    were typed.
    """

    words: str
    seek: str
    operands: tuple[str, ...]
    asked: int
    is_every: bool = True
    is_common: bool = False
    is_rare: bool = False
    in_lyrics: bool = False
    is_mended: bool = False
    also: str = ""

    @property
    def any_word(self) -> str:
        """The tsquery of at least one of the operands."""
        return " | ".join(self.operands)


@dataclass(frozen=True, slots=True)
class Reading:
    """A pattern that a step looked up for a query, and by which it found something."""

    rung: Rung
    pattern: Pattern


@dataclass(frozen=True, slots=True)
class Found:
    """What the ladder found for a query: the hits, the best first, and the readings they match.

    Without any hit, the reading is the query as typed; without any words, there is no reading.
    `counts` says how many match the readings, as far as is known; `is_partial` that time ran out
    before all steps that the query needed were taken. `documents` are those of hits, if they are so
    few that most of them will be shown, `found_by` the words by which those that have mended words
    can be found.
    """

    hits: Sequence[Hit]
    readings: tuple[Reading, ...]
    counts: Counts
    is_partial: bool
    documents: Mapping[UUID, bytes] = field(default_factory=dict)
    found_by: Mapping[UUID, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Folded:
    """A query as it is compared, `core` without what stands in brackets, and what is known of it.

    `typed` is a hash of how it was typed. `words` are those that the catalogue has, two neighbors
    as one included, with their best `tiers` and `shares` of all tracks; None if there are none.
    `is_begun` when a longer word begins with the last one; `has_lyrics` when any track has some.
    """

    text: str
    core: str
    typed: int
    words: Sequence[str] | None
    tiers: Sequence[int] | None
    shares: Sequence[float] | None
    is_begun: bool
    has_lyrics: bool


@dataclass(frozen=True, slots=True)
class Words:
    """A query as folded text; `core` is the same of the query without what stands in brackets.

    `typed` is a hash of the query as it was typed. No step is taken that only finds hits with a
    score below `min_score`.
    """

    text: str
    core: str
    typed: int = 0
    mode: Mode = Mode.AUTO
    min_score: float = 0.0

    def takes(self, rung: Rung, *, needed: bool) -> bool:
        """Whether to take a step, which the hits so far make `needed` or not."""
        if not (needed or rung in _ALWAYS.get(self.mode, ())):
            return False
        best = Rung.EXACT if rung in NAMING else rung
        return rung <= _LOOSEST.get(self.mode, Rung.FEWER_WORDS) and (
            score(best, 1.0) >= self.min_score
        )

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


@lru_cache(maxsize=2 * MAX_BATCH)  # each step asks for the words of each query, and of its core
def _distinct(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text.split(" ")))[:_MAX_WORDS] if text else ()


def any_of_readings(readings: Sequence[Reading], *, in_lyrics: bool = False) -> str:
    """Return the tsquery that holds when one of the readings does; "" without any.

    Readings of what is sung are apart from the others, as it has an index of its own.
    """
    patterns = (reading.pattern for reading in readings)
    return " | ".join(f"({of.words})" for of in patterns if of.in_lyrics is in_lyrics)
