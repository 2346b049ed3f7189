"""The page about search is true: its tables are those of the code, its example is an answer."""

from __future__ import annotations

import asyncio
import json
import re
import shlex
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

import pytest
from google.protobuf.json_format import MessageToDict, ParseDict

from fonoteca.v1.search_pb2 import SearchTracksRequest
from service.cli.sample import import_sample
from service.search import ladder
from service.search.explain import Outcome
from service.search.model import WEIGHTS
from tests.conformance.source import ROOT

if TYPE_CHECKING:
    from fonoteca.v1.search_pb2_grpc import SearchServiceAsyncStub

_PAGE: Final = (ROOT / "docs" / "search.md").read_text(encoding="utf-8")


def _table(name: str) -> list[list[str]]:
    """Return the rows of a table of the page, without its head."""
    found = re.search(rf"<!-- {name} -->\n(.*)<!-- /{name} -->", _PAGE, re.DOTALL)
    assert found
    lines = found[1].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def test_the_table_has_the_steps_of_the_ladder() -> None:
    told = [of[3].split("`")[1] for of in _table("ladder")]
    assert told == [rung.name for rung, _, _ in ladder._STEPS]


def test_the_table_has_the_weights_of_the_parts() -> None:
    told = {part.strip("`").lower(): float(weight) for part, weight, _ in _table("parts")}
    assert told == asdict(WEIGHTS)
    assert sum(told.values()) == pytest.approx(1)


def test_the_table_has_all_outcomes() -> None:
    assert [of[0].strip("`") for of in _table("outcomes")] == [of.name for of in Outcome]


async def test_the_example_is_what_a_search_answers(
    server: str, search: SearchServiceAsyncStub
) -> None:
    await asyncio.to_thread(import_sample, server)
    [(command, shown)] = re.findall(r"```sh\n([^`]*)```\n\n```json\n([^`]*)```", _PAGE)
    body = shlex.split(command)[3]
    response = await search.SearchTracks(ParseDict(json.loads(body), SearchTracksRequest()))
    assert response.hits[0].track.title == "Bohemian Rhapsody"
    explanation = response.hits[0].explanation
    explanation.ClearField("tier")
    assert _rounded(MessageToDict(explanation)) == json.loads(shown)


def _rounded(value: Any) -> Any:
    """Return an answer with numbers of three digits."""
    match value:
        case dict():
            return {key: _rounded(of) for key, of in value.items()}
        case list():
            return [_rounded(of) for of in value]
        case float():
            return round(value, 3)
    return value
