"""Which words of a track stand for which words of a query.

The steps of the ladder know what they look up and not what it stands for in each track: that would
cost every search what only an explanation needs. So the words of both are laid side by side again,
by the rules by which the patterns were made.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

from rapidfuzz.distance import OSA

from service.search.model import Rung
from service.search.patterns import MAX_WORD, joins, mended


class WordReading(IntEnum):
    """How a word of the query was read; the numbers are those of SearchWordReading."""

    AS_TYPED = 1
    JOINED = 2
    SPLIT = 3
    BEGINNING = 4
    MENDED = 5
    LOOKALIKE = 6


@dataclass(frozen=True, slots=True)
class WordMatch:
    """A word of a track that stands for a word of the query, or for two that were torn apart."""

    typed: tuple[str, ...]
    found: str
    reading: WordReading


def aligned(
    words: Sequence[str], of_track: Collection[str], rung: Rung | None
) -> tuple[WordMatch, ...]:
    """Return what of a track stands for the words of a query, in their order.

    `rung` is the step that found the track and says how words were read; without one, they are read
    in all ways but as words that only look like them. For the step TYPO, `of_track` are those words
    of the track that it looked up: what is left of them was taken for what is left of the query.
    """
    words = [word[:MAX_WORD] for word in words]
    found = frozenset(of_track)
    matches = list(_matches(words, found, rung))
    if rung is Rung.TYPO:
        unread = missing(words, matches)
        others = found.difference(match.found for match in matches)
        matches += [_lookalike(unread, other) for other in sorted(others) if unread]
    return tuple(matches)


def missing(words: Sequence[str], matches: Sequence[WordMatch]) -> tuple[str, ...]:
    """Return the words of a query for which nothing stands."""
    read = {word for match in matches for word in match.typed}
    return tuple(word for word in words if word[:MAX_WORD] not in read)


def _matches(words: Sequence[str], found: frozenset[str], rung: Rung | None) -> Iterator[WordMatch]:
    """Yield what stands for each word, by the first way to read it that the track allows."""
    may_be_mended = rung in (None, Rung.TYPO)
    may_be_divided = may_be_mended or rung is Rung.EXACT
    if may_be_divided and len(words) > 2 and (whole := "".join(words)) in found:  # "r e m"
        yield WordMatch(tuple(words), whole, WordReading.JOINED)
        return
    joined = {
        index: WordMatch((words[index], words[index + 1]), both, WordReading.JOINED)
        for index, both in joins(words)
        if may_be_divided and both in found and not found.issuperset(words[index : index + 2])
    }
    for index, word in enumerate(words):
        if word in found:
            yield WordMatch((word,), word, WordReading.AS_TYPED)
        elif not joined.keys() & {index - 1, index}:
            may_go_on = rung in (None, Rung.PREFIX) and index == len(words) - 1
            yield from (
                (_longer(word, found) if may_go_on else [])
                or (_halves(word, found) if may_be_divided else [])
                or (_mended(word, found) if may_be_mended else [])
            )
        if index in joined:
            yield joined[index]


def _longer(word: str, found: frozenset[str]) -> list[WordMatch]:
    """Return the words of which a word is the beginning."""
    return [
        WordMatch((word,), other, WordReading.BEGINNING)
        for other in sorted(found)
        if other.startswith(word)
    ]


def _halves(word: str, found: frozenset[str]) -> list[WordMatch]:
    """Return the two words that a word runs together."""
    for cut in range(1, len(word)):
        halves = (word[:cut], word[cut:])
        if found.issuperset(halves):
            return [WordMatch((word,), half, WordReading.SPLIT) for half in halves]
    return []


def _mended(word: str, found: frozenset[str]) -> list[WordMatch]:
    """Return the words that are nearest to a word."""
    near = mended(word, dict.fromkeys(found, 0))
    return [WordMatch((word,), other, WordReading.MENDED) for other in near]


def _lookalike(words: Sequence[str], found: str) -> WordMatch:
    """Return what was taken for the one of some words that looks most like it."""
    nearest = max(words, key=lambda word: OSA.normalized_similarity(word, found))
    return WordMatch((nearest,), found, WordReading.LOOKALIKE)
