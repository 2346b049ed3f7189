"""Answers to searches, any number at once: fold, climb the ladder, cut the page, fetch the tracks.

Searches of one scope climb together, so that a batch costs one statement a rung. Search without
words is a list of what the filter selects.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from service.database import Connection
from service.database.cut_off import cut_off
from service.search import store
from service.search.candidates import Scope, listed
from service.search.facets import Asked, count
from service.search.ladder import climb
from service.search.model import (
    MAX_HITS,
    Counts,
    Facet,
    Found,
    Hit,
    Mode,
    Rung,
    Words,
    without_brackets,
)
from service.tracks.store import find_many

_NEWEST: Final = UUID(int=2**128 - 1)


@dataclass(frozen=True, slots=True)
class Search:
    """A search that was understood; `after` is the place of the last hit of the page before."""

    text: str
    scope: Scope
    size: int
    after: tuple[float, UUID] | None
    mode: Mode = Mode.AUTO
    min_score: float = 0.0
    counts_total: bool = False
    facets: tuple[Facet, ...] = ()
    facet_size: int = 0


@dataclass(frozen=True, slots=True)
class Page:
    """A page of hits, the best first, with the tracks as stored; `last` is set when more follow.

    A hit whose track has been deleted since it was found is left out. `is_partial` when time ran
    out before all was done that the search needed.
    """

    hits: tuple[tuple[Hit, bytes], ...]
    last: tuple[float, UUID] | None
    counts: Counts
    is_partial: bool


_NOTHING: Final = Found((), (), Counts.nothing(), is_partial=False)


async def answer(
    connection: Connection, searches: Sequence[Search], *, until: float | None = None
) -> list[Page]:
    """Return a page for each search, in order.

    At `until`, an instant of the event loop's clock, the search for more ends, and what was found
    is the answer.
    """
    found = await _found(connection, searches, until)
    counts = await _counted(connection, searches, found, until)
    shown = [of.hits[: search.size] for of, search in zip(found, searches, strict=True)]
    documents = await find_many(connection, {hit.track_id for of in shown for hit in of})
    return [_page(*of, documents) for of in zip(searches, found, counts, strict=True)]


async def _found(
    connection: Connection, searches: Sequence[Search], until: float | None
) -> list[Found]:
    queries = await _folded(connection, searches)
    results = [_NOTHING] * len(searches)
    together: dict[Scope, list[int]] = {}
    for index, (search, query) in enumerate(zip(searches, queries, strict=True)):
        if query.text:
            together.setdefault(search.scope, []).append(index)
        elif not search.scope.filter.is_empty:  # else it is invisible, and nothing is like it
            results[index] = await _filtered(connection, search, until)
    for scope, indexes in together.items():
        limit = max(_needed(searches[index]) for index in indexes)
        wanted = [queries[index] for index in indexes]
        found = await climb(connection, scope, wanted, limit, until=until)
        for index, of in zip(indexes, found, strict=True):
            results[index] = replace(of, hits=_beyond(searches[index], of.hits))
    return results


async def _folded(connection: Connection, searches: Sequence[Search]) -> list[Words]:
    """Return queries as they are compared, with what stands in brackets and without."""
    texts = [search.text for search in searches]
    folded = await store.fold(connection, [*texts, *map(without_brackets, texts)])
    return [
        Words(text, core, search.mode, search.min_score)
        for search, text, core in zip(
            searches, folded[: len(texts)], folded[len(texts) :], strict=True
        )
    ]


def _needed(search: Search) -> int:
    """Return how many hits are to be ranked: a later page needs all those before it, too."""
    return MAX_HITS if search.after else min(search.size + 1, MAX_HITS)


def _beyond(search: Search, hits: Sequence[Hit]) -> list[Hit]:
    """Return the hits that are good enough and come after the page before."""
    return [
        hit
        for hit in hits
        if hit.score >= search.min_score and (search.after is None or hit.order > search.after)
    ]


async def _counted(
    connection: Connection, searches: Sequence[Search], found: Sequence[Found], until: float | None
) -> list[Counts | None]:
    """Return the counts of each search; None when time ran out before it was counted."""
    counts: list[Counts | None] = [of.counts for of in found]
    asked: dict[int, Asked] = {}
    for index, (search, of) in enumerate(zip(searches, found, strict=True)):
        if of is _NOTHING:
            counts[index] = Counts.nothing(search.facets)
        elif search.facets or (search.counts_total and not of.counts.is_exact):
            asked[index] = Asked(search.scope, of.readings, search.facets, search.facet_size)
            counts[index] = None
    if asked:
        async with cut_off(connection, until):
            for index, all_ in zip(asked, await count(connection, [*asked.values()]), strict=True):
                counts[index] = all_
    return counts


def _page(
    search: Search, found: Found, counts: Counts | None, documents: Mapping[UUID, bytes]
) -> Page:
    shown = found.hits[: search.size]
    return Page(
        tuple((hit, documents[hit.track_id]) for hit in shown if hit.track_id in documents),
        shown[-1].order if len(found.hits) > len(shown) else None,
        counts or found.counts,
        found.is_partial or counts is None,
    )


async def _filtered(connection: Connection, search: Search, until: float | None) -> Found:
    """Return a page of the tracks that a filter alone selects, the newest first, and one more."""
    before = search.after[1] if search.after else _NEWEST
    ids: list[UUID] = []
    async with cut_off(connection, until) as cut:
        ids = await listed(connection, search.scope, before, search.size + 1)
    hits = [Hit(track_id, Rung.FILTER, 1.0) for track_id in ids]
    is_complete = not search.after and len(ids) <= search.size and not cut.struck
    return Found(hits, (), Counts(len(hits), is_complete), cut.struck)
