"""Credits are compared by the names in them: "A & B feat. C" speaks for A, for B and for C."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from service.matching.likeness import essential, likeness
from service.matching.model import Reason

_SEPARATORS: Final = re.compile(
    r"\s*[,;/|&+\u3001]\s*"
    r"|\s+(?:feat|ft|featuring|vs|versus|with|and|x|presents|pres|meets)\b\.?\s+",
    re.IGNORECASE,
)
_JOINED: Final = re.compile(r" (?:and|feat|featuring|ft|vs|versus|with|x|presents|pres|meets) ")
"""What is left of the separators in a folded name."""

_SOME_WITH_FIRST: Final = 0.96
_SOME: Final = 0.85
_LEAST: Final = 0.5
_BEGINS: Final = 0.5
_OTHER: Final = 0.3


def artist_names(credit: str) -> list[str]:
    """Return the names that a credit may consist of."""
    return [name for name in _SEPARATORS.split(credit) if name.strip()]


@dataclass(frozen=True, slots=True)
class Artists:
    """A credit as it is compared: all of it folded, sorted words, and the names it may consist of.

    `leads` are the names that may be the first artist's. Names are without articles.
    """

    key: str
    words: tuple[str, ...]
    names: frozenset[str]
    leads: frozenset[str]

    @classmethod
    def of(cls, key: str, names: Sequence[str]) -> Artists:
        """Make a credit of folded names, the first artist first; each may hold several."""
        pieces = [(name, *_JOINED.split(name)) for name in names if name]
        return cls(
            key,
            tuple(sorted(essential(key.split()))),
            frozenset(_plain(piece) for of in pieces for piece in of),
            frozenset(map(_plain, pieces[0][:2])) if pieces else frozenset(),
        )


def _plain(name: str) -> str:
    return " ".join(essential(name.split()))


def compare_artists(one: Artists, other: Artists) -> tuple[float, Reason]:
    """Return how much two credits speak for the same artists."""
    if not one.key or not other.key:
        return 1.0, Reason.NO_ARTIST
    if one.key == other.key or one.words == other.words:
        return 1.0, Reason.SAME_ARTISTS
    if shared := one.names & other.names:
        has_first = shared & (one.leads | other.leads)
        return _SOME_WITH_FIRST if has_first else _SOME, Reason.SOME_ARTISTS
    pairs = [(lead, name) for lead in one.leads for name in other.names]
    likely = max(likeness(*pair) for pair in (*pairs, (one.key, other.key)))
    if likely >= _LEAST:
        return (1 + likely) / 2, Reason.SIMILAR_ARTIST
    if any(_is_beginning(a, b) or _is_beginning(b, a) for a in one.leads for b in other.leads):
        return _BEGINS, Reason.SIMILAR_ARTIST
    return _OTHER, Reason.OTHER_ARTIST


def _is_beginning(beginning: str, name: str) -> bool:
    return name.startswith(f"{beginning} ")
