"""Answers to searches, any number at once: fold, climb the ladder, cut the page, fetch the tracks.

Searches of one scope climb together, so that a batch costs one statement a rung. Search without
words is a list of what the filter selects.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from service.database import Connection
from service.search import store
from service.search.candidates import Scope, listed
from service.search.ladder import climb
from service.search.model import MAX_HITS, Hit, Rung, Words, without_brackets
from service.tracks.store import find_many

_NEWEST: Final = UUID(int=2**128 - 1)


@dataclass(frozen=True, slots=True)
class Search:
    """A search that was understood; `after` is the place of the last hit of the page before."""

    text: str
    scope: Scope
    size: int
    after: tuple[float, UUID] | None


@dataclass(frozen=True, slots=True)
class Page:
    """A page of hits, the best first, with the tracks as stored; `last` is set when more follow.

    A hit whose track has been deleted since it was found is left out.
    """

    hits: tuple[tuple[Hit, bytes], ...]
    last: tuple[float, UUID] | None


async def answer(connection: Connection, searches: Sequence[Search]) -> list[Page]:
    """Return a page for each search, in order."""
    queries = await _folded(connection, [search.text for search in searches])
    hits: list[list[Hit]] = [[] for _ in searches]
    together: dict[Scope, list[int]] = {}
    for index, (search, query) in enumerate(zip(searches, queries, strict=True)):
        if query.text:
            together.setdefault(search.scope, []).append(index)
        elif not search.scope.filter.is_empty:  # else it is invisible, and nothing is like it
            hits[index] = await _filtered(connection, search)
    for scope, indexes in together.items():
        limit = max(_needed(searches[index]) for index in indexes)
        found = await climb(connection, scope, [queries[index] for index in indexes], limit)
        for index, ranked in zip(indexes, found, strict=True):
            hits[index] = _beyond(searches[index], ranked)
    shown = [of[: search.size] for of, search in zip(hits, searches, strict=True)]
    documents = await find_many(connection, {hit.track_id for of in shown for hit in of})
    return [_page(search, of, documents) for search, of in zip(searches, hits, strict=True)]


async def _folded(connection: Connection, texts: Sequence[str]) -> list[Words]:
    """Return queries as they are compared, with what stands in brackets and without."""
    cores = [without_brackets(text) for text in texts]
    folded = await store.fold(connection, [*texts, *cores])
    return list(map(Words, folded[: len(texts)], folded[len(texts) :]))


def _needed(search: Search) -> int:
    """Return how many hits are to be ranked: a later page needs all those before it, too."""
    return MAX_HITS if search.after else min(search.size + 1, MAX_HITS)


def _beyond(search: Search, hits: Sequence[Hit]) -> list[Hit]:
    """Return the hits that come after the page before."""
    return [hit for hit in hits if search.after is None or hit.order > search.after]


def _page(search: Search, hits: Sequence[Hit], documents: Mapping[UUID, bytes]) -> Page:
    shown = hits[: search.size]
    return Page(
        tuple((hit, documents[hit.track_id]) for hit in shown if hit.track_id in documents),
        shown[-1].order if len(hits) > len(shown) else None,
    )


async def _filtered(connection: Connection, search: Search) -> list[Hit]:
    """Return a page of the tracks that a filter alone selects, the newest first, and one more."""
    before = search.after[1] if search.after else _NEWEST
    ids = await listed(connection, search.scope, before, search.size + 1)
    return [Hit(track_id, Rung.FILTER, 1.0) for track_id in ids]
