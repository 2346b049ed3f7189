"""`SuggestRequest` in; suggestions out as messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from fonoteca.v1 import search_pb2 as pb
from service.suggest.model import DEFAULT_SUGGESTIONS, MAX_SUGGESTIONS, MAX_TYPED, Kind, Suggestion
from service.suggest.store import Wanted
from service.validation import Check

_KINDS: Final = frozenset(map(int, Kind))


def decode_suggest(request: pb.SuggestRequest) -> tuple[str, Wanted]:
    """Return what was typed, and what is wanted. Raises `InvalidInput`."""
    check = Check()
    text = check.text("query", request.query, max_length=MAX_TYPED, required=True)
    wanted = Wanted(
        kinds=_kinds(check, request.kinds),
        library_id=check.optional_uuid("library_id", request.library_id),
        limit=check.whole(
            "limit", request.limit or DEFAULT_SUGGESTIONS, low=1, high=MAX_SUGGESTIONS
        ),
        highlight=request.highlight,
    )
    check.done()
    return text, wanted


def _kinds(check: Check, values: Sequence[int]) -> tuple[Kind, ...]:
    for index, value in enumerate(values):
        if value not in _KINDS:
            check.fail(f"kinds[{index}]", f"{value} is no kind of suggestion")
    return tuple(kind for kind in Kind if kind in values or not values)


def encode_suggestions(groups: Sequence[Sequence[Suggestion]]) -> pb.SuggestResponse:
    """Return groups of suggestions, none of which is empty, as a message."""
    return pb.SuggestResponse(
        groups=[
            pb.SuggestionGroup(
                kind=pb.SuggestionKind.ValueType(group[0].match.kind),
                suggestions=map(_encode, group),
            )
            for group in groups
        ]
    )


def _encode(suggestion: Suggestion) -> pb.Suggestion:
    match = suggestion.match
    return pb.Suggestion(
        id="" if match.kind is Kind.GENRE else str(match.id),
        text=match.name,
        detail=match.alias or match.artists,
        completion=suggestion.completion,
        score=match.relevance,
        highlights=[pb.TextSpan(start=start, end=end) for start, end in suggestion.spans],
    )
