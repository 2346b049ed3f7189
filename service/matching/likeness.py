"""How alike two folded names are: the spelling counts, articles hardly, numbers very much."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from rapidfuzz.distance import OSA

_NUMBERS: Final = frozenset({
    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii",
})  # fmt: skip
_FILLERS: Final = frozenset({
    "a", "an", "and", "feat", "featuring", "ft", "the", "versus", "vs", "with", "x",
})  # fmt: skip
"""Words that people leave out of a name, or put between two."""

_OTHER_NUMBER: Final = 0.3
_OTHER_FILLERS: Final = 0.97
_OTHER_ORDER: Final = 0.93


def likeness(one: str, other: str) -> float:
    """Return how alike two folded names are, 0 to 1; two edits in sixteen letters make 0.75."""
    if one == other:
        return 1.0
    words, others = one.split(), other.split()
    if _numbers(words) != _numbers(others):  # "Part 1" is not "Part 2", however much they look so
        return _OTHER_NUMBER
    kept, others_kept = essential(words), essential(others)
    if kept == others_kept:
        return _OTHER_FILLERS
    in_order, others_in_order = sorted(kept), sorted(others_kept)
    if in_order == others_in_order:
        return _OTHER_ORDER
    return max(
        _spelling("".join(kept), "".join(others_kept)),
        _OTHER_ORDER * _spelling("".join(in_order), "".join(others_in_order)),
    )


def essential(words: Sequence[str]) -> list[str]:
    """Return the words of a name without its fillers, unless it consists of those."""
    return [word for word in words if word not in _FILLERS] or list(words)


def _numbers(words: Iterable[str]) -> list[str]:
    return sorted(word for word in words if word in _NUMBERS or any(map(str.isdecimal, word)))


def _spelling(one: str, other: str) -> float:
    """Return 1 for equal words without spaces, 0 when every second letter is wrong."""
    length = max(len(one), len(other))
    return max(1 - 2 * OSA.distance(one, other, score_cutoff=length // 2) / length, 0.0)
