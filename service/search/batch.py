"""A batch is answered in two parts at a time, on one snapshot.

While PostgreSQL looks up what one part needs, Python rates what was found for the other: neither
waits, and each has a core. The second part needs a second connection. When none can be spared, as
never behind PgBouncer, or when the batch is small, there is one part.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Final, TypeAlias

from service.database import Connection, Database
from service.search.answer import Page, Search, answer
from service.search.candidates import Scope

Encode: TypeAlias = Callable[[int, Page], None]
"""Encodes the page of the search with that index. It awaits nothing, for a batch that holds
connections must not wait for another."""

_PARTS: Final = 2
"""A third would only wait for Python, which works on one at a time."""

_WORTHWHILE: Final = 10
"""Searches. What a part of fewer saves, its own statements cost."""


async def answer_batch(
    database: Database, searches: Sequence[Search], encode: Encode, *, until: float | None
) -> list[Page]:
    """Return a page for each search, in order; all show the catalogue as of one instant.

    Each is given to `encode` as soon as its part is done. At `until`, an instant of the event
    loop's clock, the search for more ends, and what was found is the answer.
    """
    if not searches:
        return []
    pages: dict[int, Page] = {}

    async def work(connection: Connection, part: Sequence[int]) -> None:
        found = await answer(connection, [searches[index] for index in part], until=until)
        for index, page in zip(part, found, strict=True):
            encode(index, page)
            pages[index] = page
            await asyncio.sleep(0)  # the other part has its turn, and so have other calls

    worthwhile = max(1, len(searches) // _WORTHWHILE)
    async with database.snapshots(min(_PARTS, worthwhile)) as connections:
        parts = divided([search.scope for search in searches], len(connections))
        await _all_of([work(*of) for of in zip(connections, parts, strict=True)])
    return [pages[index] for index in range(len(searches))]


def divided(scopes: Sequence[Scope], count: int) -> list[list[int]]:
    """Return the indexes of searches in these scopes as parts of about the same work.

    Searches of one scope share their statements, so few of them stay together. Many are dealt out,
    for neighbours tend to be of one kind.
    """
    together: dict[Scope, list[int]] = {}
    for index, scope in enumerate(scopes):
        together.setdefault(scope, []).append(index)
    parts: list[list[int]] = [[] for _ in range(count)]
    for indexes in together.values():
        if len(indexes) < count * _WORTHWHILE:
            min(parts, key=len).extend(indexes)
        else:
            for start, part in enumerate(parts):
                part.extend(indexes[start::count])
    return parts


async def _all_of(works: Sequence[Coroutine[None, None, None]]) -> None:
    """Do works at the same time. The error of one ends the others, and is that of all."""
    try:
        async with asyncio.TaskGroup() as group:
            for work in works:
                group.create_task(work)
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from None
