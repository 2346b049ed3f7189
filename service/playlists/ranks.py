"""The arithmetic of ranks: numbers with gaps that put the items of a list in order.

An item that is put between two others gets a rank between theirs, so that nothing else is written.
When there is no such number left, the whole list is numbered anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

STEP: Final = 2**40
"""Distance of neighbors in a list that was numbered anew: room for 40 insertions at one place, one
after the other, and for eight million at the end."""

LOWEST: Final = -(2**63)
HIGHEST: Final = 2**63 - 1
"""The range of the `bigint` column."""


class NoRoomError(Exception):
    """There are not enough numbers between two ranks."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A place in a list: after the rank `low`, before the rank `high`; None is an end."""

    low: int | None
    high: int | None

    def spread(self, count: int) -> list[int]:
        """Return `count` ascending ranks for this place, evenly spaced. Raises `NoRoomError`."""
        first, step = self._steps(count)
        last = first + step * (count - 1)
        if step == 0 or first <= LOWEST or last > HIGHEST:
            raise NoRoomError
        return list(range(first, last + 1, step))

    def holds(self, ranks: Sequence[int]) -> bool:
        """Whether `ranks` are in this place already, in this order."""
        low = LOWEST - 1 if self.low is None else self.low
        high = HIGHEST + 1 if self.high is None else self.high
        return all(one < other for one, other in pairwise([low, *ranks, high]))

    def _steps(self, count: int) -> tuple[int, int]:
        """Return the first rank, and the distance from one to the next."""
        if self.high is None:
            return (0 if self.low is None else self.low + STEP), STEP
        if self.low is None:
            return self.high - STEP * count, STEP
        step = (self.high - self.low) // (count + 1)
        return self.low + step, step
