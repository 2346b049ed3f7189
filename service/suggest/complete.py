"""Suggestions while somebody types: what is popular, then the rest, then what was misspelt.

A step is taken only when those before it found too little, and only for the kinds that need it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from service.database import Connection
from service.search.highlight import Matcher, Span, pieces_of
from service.search.vocabulary import look_up
from service.suggest import store
from service.suggest.model import (
    MENDED_WORTH,
    Match,
    Suggestion,
    Typed,
    grouped,
    mendable,
    pieces,
    readings,
    suggestion,
)
from service.suggest.store import Wanted

_ENOUGH: Final = 3
"""So many matches of all kinds together make it needless to ask what was misspelt; one that many
people know does, too."""

_WELL_KNOWN: Final = 20
"""The popularity from which on a match is rather what was meant than something of a like name."""


async def complete(connection: Connection, text: str, wanted: Wanted) -> list[list[Suggestion]]:
    """Return the best suggestions of each kind that has any, the best group first."""
    typed, found = await store.begun(connection, text, wanted)
    if not typed.key:
        return []
    queries = [typed.begun]
    if _is_little(found) and (meant := await meant_by(connection, typed)):
        mended = await store.with_words(connection, typed, meant, wanted)
        found += [replace(match, relevance=MENDED_WORTH * match.relevance) for match in mended]
        queries.append(meant)
    groups = grouped(found, wanted.limit)
    spans = await _spans(connection, groups, queries) if wanted.highlight else {}
    return [
        [suggestion(typed, match, spans.get(match.name, ())) for match in group] for group in groups
    ]


def _is_little(found: Sequence[Match]) -> bool:
    """Whether it may be that what was typed is misspelt."""
    return len(found) < _ENOUGH and all(match.popularity < _WELL_KNOWN for match in found)


async def _spans(
    connection: Connection, groups: Sequence[Sequence[Match]], queries: Sequence[str]
) -> dict[str, tuple[Span, ...]]:
    """Return where the words that were looked for stand in each name."""
    matcher = Matcher(queries)
    pieces = await pieces_of(connection, {match.name for group in groups for match in group})
    return {name: matcher.spans(of) for name, of in pieces.items()}


async def meant_by(connection: Connection, typed: Typed) -> str | None:
    """Return the tsquery of what was meant when each word may be misspelt; None for nothing."""
    words, beginnings = pieces(typed)
    known = await look_up(connection, words, mendable(typed))
    begun = await store.known_beginnings(connection, beginnings)
    return readings(typed, known.tiers.keys() & words, begun, known.near)
