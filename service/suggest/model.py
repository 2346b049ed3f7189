"""What somebody has typed so far, and what it may become. The rules that need no database."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final
from uuid import UUID

from service.search.patterns import MAX_WORD, every_word, may_be_misspelt, mended, splits

MAX_TYPED: Final = 200
MAX_SUGGESTIONS: Final = 20
DEFAULT_SUGGESTIONS: Final = 5
MENDED_WORTH: Final = 0.5
"""What the relevance of a name counts that was found only after the words had been mended."""

MAX_WORDS: Final = 24
_MAX_READINGS: Final = 24
_LONGEST_NAME: Final = 8
_SHORTEST_MENDED: Final = 4
_ALPHABETS: Final = (
    "abcdefghijklmnopqrstuvwxyz0123456789",
    "αβγδεζηθικλμνξοπρστυφχψω",
    "абвгдежзийклмнопрстуфхцчшщъыьэюя",
    "אבגדהוזחטיכלמנסעפצקרשת",
    "ابتثجحخدذرزسشصضطظعغفقكلمنهوي",
)


class Kind(IntEnum):
    """What is suggested; the numbers are those of SuggestionKind."""

    TRACK = 1
    ARTIST = 2
    ALBUM = 3
    PLAYLIST = 4
    GENRE = 5


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed, folded. `begun` is the tsquery of its words, the last one unfinished."""

    key: str
    begun: str

    @property
    def words(self) -> tuple[str, ...]:
        """The words in order, those beyond the limit left out."""
        return tuple(word[:MAX_WORD] for word in self.key.split(" ")[:MAX_WORDS])

    def is_name(self, key: str) -> bool:
        """Whether a folded name has the same letters, however its words are divided."""
        return key.replace(" ", "") == self.key.replace(" ", "")


@dataclass(frozen=True, slots=True)
class Match:
    """Something that was found by a name.

    `key` is the folded name that was compared. `alias` is its spelling when it is not the name
    itself; `artists` are those of a track or album.
    """

    kind: Kind
    id: UUID
    key: str
    popularity: float
    relevance: float
    name: str
    artists: str
    alias: str


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A match, a whole query that finds it, and where in its name the matched words stand."""

    match: Match
    completion: str
    spans: tuple[tuple[int, int], ...]


def suggestion(typed: Typed, match: Match, spans: tuple[tuple[int, int], ...]) -> Suggestion:
    """Return a match as a suggestion: completed with the artists if they were typed too."""
    if match.artists and not _has_all(match.key, typed.words):
        return Suggestion(match, f"{match.name} {match.artists}", spans)
    return Suggestion(match, match.name, spans)


def names_within(typed: Typed) -> list[str]:
    """Return the names that a query may hold: all that stands side by side in it."""
    words = typed.words
    return [
        " ".join(words[first : last + 1])
        for first in range(len(words))
        for last in range(first, min(first + _LONGEST_NAME, len(words)))
    ]


def _has_all(key: str, words: Sequence[str]) -> bool:
    """Whether the words occur in a name, the last of them as the beginning of one.

    They do, too, when the name goes on with their letters: "hiphop" is all of "Hip-Hop".
    """
    *finished, last = words
    has = key.split(" ")
    occur = all(word in has for word in finished) and any(word.startswith(last) for word in has)
    return occur or key.replace(" ", "").startswith("".join(words))


def near_beginnings(begun: str) -> list[str]:
    """Return what an unfinished word may begin with when one letter of it is wrong.

    The last letter is taken as right, but for being transposed: whoever mistypes that one is
    answered when the next letter follows.
    """
    if not _SHORTEST_MENDED <= len(begun) <= MAX_WORD:
        return []
    return list(dict.fromkeys(spelling for spelling in _spellings(begun) if spelling != begun))


def _spellings(begun: str) -> Iterator[str]:
    inner = range(len(begun) - 1)
    letters = max(_ALPHABETS, key=lambda alphabet: sum(letter in alphabet for letter in begun))
    yield from (begun[:i] + begun[i + 1] + begun[i] + begun[i + 2 :] for i in inner)
    yield from (begun[:i] + begun[i + 1 :] for i in inner)
    yield from (begun[:i] + new + begun[i + 1 :] for i in inner for new in letters)
    yield from (begun[:i] + new + begun[i:] for i in range(len(begun)) for new in letters)


def mendable(typed: Typed) -> set[str]:
    """Return the words that may be misspelt, as whole words."""
    return {word for word in typed.words if may_be_misspelt(word)}


def pieces(typed: Typed) -> tuple[set[str], set[str]]:
    """Return what to look up in the vocabulary to mend words: whole words, and beginnings."""
    *finished, last = typed.words
    known = set(finished) | {left for left, _ in splits(last)}
    known |= {half for word in finished for two in splits(word) for half in two}
    begun = {last, *near_beginnings(last), *(right for _, right in splits(last))}
    if finished:
        begun.add(finished[-1] + last)
    return known, begun


def readings(
    typed: Typed,
    known: Collection[str],
    begun: Collection[str],
    near: Mapping[str, Mapping[str, int]],
) -> str | None:
    """Return the tsquery of what may have been meant; None when that is nothing.

    `known` are the words and `begun` the beginnings of words that the catalogue has, `near` its
    words that look like those that were typed.
    """
    *finished, last = typed.words
    ends = [f"'{other}':*" for other in (last, *near_beginnings(last)) if other in begun]
    ends += [f"'{other}':*" for other in mended(last, near.get(last, {}), farther=True)]
    ends += [
        f"('{left}' & '{right}':*)"
        for left, right in splits(last)
        if left in known and right in begun
    ]
    before = [_whole(word, known, near.get(word, {})) for word in finished]
    variants = [[*before, _any(ends[:_MAX_READINGS])]]
    if finished and (joined := finished[-1] + last) in begun:
        variants.append([*before[:-1], f"'{joined}':*"])
    return " | ".join(f"({' & '.join(of)})" for of in variants if all(of)) or None


def _whole(word: str, known: Collection[str], near: Mapping[str, int]) -> str:
    """Return the tsquery of what a finished word may stand for; "" for nothing."""
    words: list[tuple[str, ...]] = [(word,)] if word in known else []
    words += [(other,) for other in mended(word, near, farther=True)]
    if word not in known:
        words += [two for two in splits(word) if all(half in known for half in two)]
    return _any([f"({every_word(of)})" for of in words])


def _any(queries: Sequence[str]) -> str:
    return f"({' | '.join(queries)})" if queries else ""


def grouped(matches: Iterable[Match], limit: int) -> list[list[Match]]:
    """Return the best matches of each kind that has any, each thing once; the best group first."""
    groups: dict[Kind, dict[UUID, Match]] = {}
    for match in sorted(matches, key=lambda match: (-match.relevance, len(match.key), match.id)):
        groups.setdefault(match.kind, {}).setdefault(match.id, match)
    return [list(group.values())[:limit] for group in groups.values()]
