"""Answers to searches, any number at once: fold, climb the ladder, cut the page, fetch the tracks.

What else a search asks for is added then: counts, highlights, a better spelling.

Searches of one scope climb together, so that a batch costs one statement a rung. Search without
words is a list of what the filter selects.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from fonoteca.v1.track_pb2 import Track
from service.database import Connection
from service.database.cut_off import cut_off
from service.query import Clause
from service.search.candidates import Scope
from service.search.correction import corrected
from service.search.explain import Explanation, Question, Verdict, explain
from service.search.facets import DEFAULT_VALUES, Asked, count
from service.search.highlight import Highlight, Matcher, highlights, pieces_as_typed, pieces_of
from service.search.ladder import climb
from service.search.model import (
    ENOUGH,
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
from service.search.ordering import NEWEST_FIRST, matches_in_order, rated
from service.search.vocabulary import Lexicon
from service.tracks.document import track_message
from service.tracks.listing import Order
from service.tracks.model import Place
from service.tracks.store import find_many


@dataclass(frozen=True, slots=True)
class Search:
    """A search that was understood; `after` is the place of the last hit of the page before.

    Without an order, hits are ranked by relevance.
    """

    text: str
    scope: Scope
    size: int
    after: Place | None
    order: Order | None = None
    mode: Mode = Mode.AUTO
    min_score: float = 0.0
    counts_total: bool = False
    facets: tuple[Facet, ...] = ()
    facet_size: int = DEFAULT_VALUES
    highlight: bool = False
    explains: bool = False
    explained: tuple[UUID, ...] = ()
    clauses: tuple[Clause, ...] = ()
    """The filter of the scope, taken apart; only for tracks that are to be explained."""


@dataclass(frozen=True, slots=True)
class ShownHit:
    """A hit with its track.

    Where in the track the words of the query stand, and why it is a hit, are there if that was
    asked.
    """

    hit: Hit
    track: Track
    highlights: tuple[Highlight, ...] = ()
    explanation: Explanation | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A page of hits, in order; `last` is set when more follow.

    A hit whose track has been deleted since it was found is left out. `is_partial` when time ran
    out before all was done that the search needed.
    """

    hits: tuple[ShownHit, ...]
    last: Place | None
    counts: Counts
    did_you_mean: str
    is_partial: bool
    verdicts: tuple[Verdict, ...] = ()


@dataclass(frozen=True, slots=True)
class _Selection:
    """The hits of a page, and how many matches were seen; `last` is set when more follow."""

    hits: Sequence[Hit]
    last: Place | None
    seen: Counts
    is_partial: bool = False


_NOTHING: Final = Found((), (), Counts.nothing(), is_partial=False)
_LISTED: Final = Found((), (), Counts(0, is_exact=False), is_partial=False)


async def answer(
    connection: Connection, searches: Sequence[Search], *, until: float | None = None
) -> list[Page]:
    """Return a page for each search, in order.

    At `until`, an instant of the event loop's clock, the search for more ends, and what was found
    is the answer.
    """
    lexicon = Lexicon(connection)
    queries = await _read(lexicon, searches)
    found = await _found(lexicon, searches, queries, until)
    selected = [
        await _selected(connection, *of, until) for of in zip(searches, queries, found, strict=True)
    ]
    counts = await _counted(connection, searches, found, until)
    tracks = await _tracks(connection, found, selected)
    pages = [_page(*of, tracks) for of in zip(found, counts, selected, strict=True)]
    pages = await _corrected(connection, searches, queries, found, pages, until)
    pages = await _highlighted(connection, searches, queries, found, pages, until)
    return await _explained(lexicon, searches, queries, found, pages, until)


async def _found(
    lexicon: Lexicon,
    searches: Sequence[Search],
    queries: Sequence[Words],
    until: float | None,
) -> list[Found]:
    """Return what the ladder finds for each search, or what stands for it without words."""
    results = [_NOTHING] * len(searches)
    together: dict[Scope, list[int]] = {}
    for index, (search, query) in enumerate(zip(searches, queries, strict=True)):
        if query.text:
            together.setdefault(search.scope, []).append(index)
        elif not search.scope.filter.is_empty:  # else it is invisible, and nothing is like it
            results[index] = _LISTED
    for scope, indexes in together.items():
        limit = max(_needed(searches[index]) for index in indexes)
        wanted = [queries[index] for index in indexes]
        found = await climb(lexicon, scope, wanted, limit, until=until)
        for index, of in zip(indexes, found, strict=True):
            results[index] = of
    return results


async def _selected(
    connection: Connection, search: Search, query: Words, found: Found, until: float | None
) -> _Selection:
    """Return the hits of the page, which are ranked already or still to be listed in order."""
    if found is _NOTHING or (query.text and not search.order):
        return _ranked(search, found)
    async with cut_off(connection, until):
        order = search.order or NEWEST_FIRST
        listed = await matches_in_order(
            connection, search.scope, found.readings, order, search.after, search.size + 1
        )
        ids = [track_id for track_id, _ in listed[: search.size]]
        hits = await rated(connection, query, found.readings, ids)
        last = listed[search.size - 1][1] if len(listed) > search.size else None
        seen = Counts(len(listed), is_exact=not (search.after or last))
        return _Selection([hit for hit in hits if hit.score >= search.min_score], last, seen)
    return _Selection((), None, found.counts, is_partial=True)


def _ranked(search: Search, found: Found) -> _Selection:
    """Return the page of ranked hits that are good enough and come after the page before."""
    beyond = [
        hit
        for hit in found.hits
        if hit.score >= search.min_score and (search.after is None or hit.order < search.after)
    ]
    shown = beyond[: search.size]
    last = shown[-1].order if len(beyond) > len(shown) else None
    return _Selection(shown, last, found.counts)


async def _read(lexicon: Lexicon, searches: Sequence[Search]) -> list[Words]:
    """Return queries as they are compared, with what stands in brackets and without."""
    texts = [search.text for search in searches]
    folded = await lexicon.read(texts, list(map(without_brackets, texts)))
    return [
        Words(of.text, of.core, of.typed, search.mode, search.min_score)
        for search, of in zip(searches, folded, strict=True)
    ]


def _needed(search: Search) -> int:
    """Return how many hits are to be ranked: a later page needs all those before it, too.

    So does whoever asks what became of a track.
    """
    if search.order:
        return ENOUGH
    return MAX_HITS if search.after or search.explained else min(search.size + 1, MAX_HITS)


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


async def _tracks(
    connection: Connection, found: Sequence[Found], selected: Sequence[_Selection]
) -> dict[UUID, Track]:
    """Return the tracks of the hits that are shown; most documents came with the hits."""
    documents: dict[UUID, bytes] = {}
    for of in found:
        documents.update(of.documents)
    shown = {hit.track_id for of in selected for hit in of.hits}
    documents |= await find_many(connection, shown - documents.keys())
    return {id_: track_message(documents[id_], full=False) for id_ in shown & documents.keys()}


def _page(
    found: Found, counts: Counts | None, selected: _Selection, tracks: Mapping[UUID, Track]
) -> Page:
    return Page(
        tuple(
            ShownHit(hit, tracks[hit.track_id]) for hit in selected.hits if hit.track_id in tracks
        ),
        selected.last,
        (counts or found.counts).known(selected.seen).at_least(len(found.hits)),
        "",
        found.is_partial or selected.is_partial or counts is None,
    )


def _is_mended(found: Found) -> bool:
    """Whether the best hit was found by mending, or by dividing what was typed otherwise."""
    best = found.hits[0].rung
    return best is Rung.TYPO or (best is Rung.EXACT and found.readings[0].rung is Rung.TYPO)


async def _corrected(
    connection: Connection,
    searches: Sequence[Search],
    queries: Sequence[Words],
    found: Sequence[Found],
    pages: list[Page],
    until: float | None,
) -> list[Page]:
    """Return the pages with what was meant, where mending carried the result."""
    mended = [index for index, of in enumerate(found) if of.hits and _is_mended(of)]
    pieces = {index: pieces_as_typed(searches[index].text, queries[index].text) for index in mended}
    if others := {searches[index].text for index, of in pieces.items() if of is None}:
        async with cut_off(connection, until):
            cut = await pieces_of(connection, others)
            pieces |= {i: cut[searches[i].text] for i, of in pieces.items() if of is None}
    for index, of in pieces.items():
        if of is not None:
            found_by = found[index].found_by.get(found[index].hits[0].track_id, ())
            meant = corrected(searches[index].text, of, found_by)
            pages[index] = replace(pages[index], did_you_mean=meant)
    return pages


async def _highlighted(
    connection: Connection,
    searches: Sequence[Search],
    queries: Sequence[Words],
    found: Sequence[Found],
    pages: list[Page],
    until: float | None,
) -> list[Page]:
    """Return the pages with highlights, where they are wanted; partial, when there is no time."""
    wanted = [index for index, search in enumerate(searches) if search.highlight]
    shown = [(index, of) for index in wanted for of in pages[index].hits]
    if not shown:
        return pages
    marked: dict[int, list[ShownHit]] = {index: [] for index in wanted}
    async with cut_off(connection, until) as cut:
        matched = [
            (of.track, Matcher.of(of.hit, found[index].readings, queries[index]))
            for index, of in shown
        ]
        for (index, of), marks in zip(shown, await highlights(connection, matched), strict=True):
            marked[index].append(replace(of, highlights=marks))
    for index in wanted:
        pages[index] = (
            replace(pages[index], is_partial=True)
            if cut.struck
            else replace(pages[index], hits=tuple(marked[index]))
        )
    return pages


async def _explained(
    lexicon: Lexicon,
    searches: Sequence[Search],
    queries: Sequence[Words],
    found: Sequence[Found],
    pages: list[Page],
    until: float | None,
) -> list[Page]:
    """Return the pages with explanations, where they are wanted; partial, when there is no time."""
    questions = {
        index: _question(*of)
        for index, of in enumerate(zip(searches, queries, found, pages, strict=True))
        if of[0].explains or of[0].explained
    }
    if not questions:
        return pages
    async with cut_off(lexicon.connection, until) as cut:
        answers = await explain(lexicon, [*questions.values()])
        for index, of in zip(questions, answers, strict=True):
            hits = [
                replace(shown, explanation=of.hits.get(shown.hit.track_id))
                for shown in pages[index].hits
            ]
            pages[index] = replace(pages[index], hits=tuple(hits), verdicts=of.verdicts)
    if cut.struck:
        for index in questions:
            pages[index] = replace(pages[index], is_partial=True)
    return pages


def _question(search: Search, query: Words, found: Found, page: Page) -> Question:
    return Question(
        scope=search.scope,
        query=query,
        found=found,
        hits=[shown.hit for shown in page.hits] if search.explains else (),
        track_ids=search.explained,
        clauses=search.clauses,
        is_listed=bool(search.order) or not query.text,
    )
