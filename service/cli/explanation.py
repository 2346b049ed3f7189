"""Explanations of search in words, for `fonoteca search`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from fonoteca.v1.search_pb2 import (
    SEARCH_RUNG_FILTER,
    SEARCH_RUNG_UNSPECIFIED,
    SEARCH_WORD_READING_AS_TYPED,
    SearchExplanation,
    SearchFieldMatch,
    SearchOutcome,
    SearchRung,
    SearchScorePart,
    SearchScorePartKind,
    SearchVerdict,
    SearchWordMatch,
    SearchWordReading,
)

_INDENT: Final = "    "


def explanation_lines(explanation: SearchExplanation) -> Iterator[str]:
    """Yield why a track is a hit: by which step and words, and what its score is made of."""
    rung = _words(SearchRung.Name(explanation.rung), "SEARCH_RUNG_")
    if explanation.rung == SEARCH_RUNG_FILTER:
        yield f"{_INDENT}found by the filter alone"
    elif explanation.rung != SEARCH_RUNG_UNSPECIFIED:
        formula = f"(6 - {explanation.rung} + {explanation.relevance:.3f}) / 6"
        yield f"{_INDENT}{rung}: score {explanation.score:.3f} = {formula}"
    for field in explanation.fields:
        yield f"{_INDENT}{field.field}: {', '.join(map(_match, field.words))}{_share(field)}"
    if explanation.missing_words:
        yield f"{_INDENT}missing: {', '.join(explanation.missing_words)}"
    if explanation.parts:
        yield f"{_INDENT}relevance: {' + '.join(map(_part, explanation.parts))}"


def verdict_lines(verdict: SearchVerdict) -> Iterator[str]:
    """Yield what became of a track, and why."""
    outcome = _words(SearchOutcome.Name(verdict.outcome), "SEARCH_OUTCOME_")
    place = f", number {verdict.rank}" if verdict.rank else ""
    yield f"{verdict.track_id}: {outcome}{place}"
    for term in verdict.failed_terms:
        yield f"{_INDENT}does not pass the filter at column {term.column}: {term.text}"
    yield from explanation_lines(verdict.explanation)


def _match(word: SearchWordMatch) -> str:
    if word.reading == SEARCH_WORD_READING_AS_TYPED:
        return word.found
    reading = _words(SearchWordReading.Name(word.reading), "SEARCH_WORD_READING_")
    return f"{word.typed} is {word.found} ({reading})"


def _share(field: SearchFieldMatch) -> str:
    """Return how many words of a field count, where that is known."""
    return f"; {field.counted} counted of {field.size}" if field.counted and field.size else ""


def _part(part: SearchScorePart) -> str:
    name = _words(SearchScorePartKind.Name(part.kind), "SEARCH_SCORE_PART_KIND_")
    return f"{part.weight * part.value:.3f} {name} (of {part.weight:g})"


def _words(name: str, prefix: str) -> str:
    return name.removeprefix(prefix).replace("_", " ").lower()
