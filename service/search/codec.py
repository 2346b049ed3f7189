"""Explanations of search as messages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from fonoteca.v1 import search_pb2 as pb
from service.search.explain import Explanation, FieldMatch, Verdict
from service.search.model import WEIGHTS, Match, Parts
from service.wire.enums import EnumNames

_PARTS = EnumNames(pb.SearchScorePartKind)


def encode_verdict(verdict: Verdict) -> pb.SearchVerdict:
    """Return what became of a track."""
    return pb.SearchVerdict(
        track_id=str(verdict.track_id),
        outcome=pb.SearchOutcome.ValueType(verdict.outcome),
        rank=verdict.rank,
        failed_terms=[
            pb.SearchFilterTerm(column=clause.column, text=clause.text) for clause in verdict.failed
        ],
        explanation=encode_explanation(verdict.explanation),
    )


def encode_explanation(explanation: Explanation | None) -> pb.SearchExplanation | None:
    """Return why a track is a hit, or what it has of the query."""
    if not explanation:
        return None
    message = pb.SearchExplanation(
        fields=map(_encode_field, explanation.fields),
        missing_words=explanation.missing,
        tier=explanation.tier,
    )
    if hit := explanation.hit:
        message.rung = pb.SearchRung.ValueType(hit.rung)
        message.score, message.relevance = hit.score, hit.relevance
        if hit.match:
            message.words_asked = hit.match.asked
            message.parts.extend(_parts(hit.match))
    return message


def _parts(match: Match) -> Iterator[pb.SearchScorePart]:
    values = match.values
    for part in fields(Parts):
        yield pb.SearchScorePart(
            kind=_PARTS.encode(part.name.upper()),
            weight=getattr(WEIGHTS, part.name),
            value=round(getattr(values, part.name), 12),  # no popularity is stored as almost none
        )


def _encode_field(match: FieldMatch) -> pb.SearchFieldMatch:
    return pb.SearchFieldMatch(
        field=match.field,
        counted=match.counted,
        size=match.size,
        words=[
            pb.SearchWordMatch(
                typed=" ".join(word.typed),
                found=word.found,
                reading=pb.SearchWordReading.ValueType(word.reading),
            )
            for word in match.words
        ],
    )
