"""Many rows in one statement: each column is an array, and `unnest` makes rows of them."""

from __future__ import annotations

from collections.abc import Iterable


def columns(things: Iterable[object], *names: str) -> dict[str, list[object]]:
    """Return a list for each of the attributes `names`, with its value in each thing, in order."""
    rows = list(things)
    return {name: [getattr(row, name) for row in rows] for name in names}
