"""Groups of things that may be one, in an order in which they can be listed page by page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

LAST_ID: Final = UUID(int=2**128 - 1)

MAX_SHOWN: Final = 100
"""How many things of a group are shown."""

Position = tuple[str, UUID]
"""The place of a group: what its things share, and the first of them."""


@dataclass(frozen=True, slots=True)
class Group:
    """Things that may be one, in the order of their ids, and the key by which they were found."""

    key: str
    ids: tuple[UUID, ...]

    @property
    def position(self) -> Position:
        """Its place among all groups."""
        return self.key, self.ids[0]


@dataclass(frozen=True, slots=True)
class Page:
    """Some groups, and the position after which the next page begins, if there is one."""

    groups: list[Group]
    following: Position | None


def page_of(groups: Iterable[Group], after: Position | None, end: str | None, size: int) -> Page:
    """Return up to `size` groups, those after a position; `end` is how far they were sought.

    None in its place says that there are no more.
    """
    rest = sorted(
        (group for group in groups if after is None or group.position > after),
        key=lambda group: group.position,
    )
    if len(rest) > size:
        return Page(rest[:size], rest[size - 1].position)
    return Page(rest, None if end is None else (end, LAST_ID))
