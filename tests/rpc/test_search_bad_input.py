"""Whatever is asked, a search is answered or refused with a reason, and nothing else happens."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING, Final

import grpc
import pytest
from google.rpc.error_details_pb2 import BadRequest
from google.rpc.status_pb2 import Status
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from fonoteca.v1 import search_pb2 as pb
from fonoteca.v1.track_pb2 import Track
from service.database import Database
from tests.support.errors import raises_status
from tests.support.writing import add_tracks, credited

if TYPE_CHECKING:
    from fonoteca.v1.search_pb2_grpc import SearchServiceAsyncStub

INVALID: Final = grpc.StatusCode.INVALID_ARGUMENT

TITLES: Final = ("Love", "Sæglópur", "!!!", "Don't Stop", "愛の歌", "Группа крови", "1+", "a_b%c")

ANSWERED: Final = [
    *string.punctuation,
    *(mark * 3 for mark in string.punctuation),
    "' OR 1=1 --", "'; DROP TABLE track; --", "$$", "\\'", "%s", "%(ids)s", "{}", "\\",
    "a & b", "a | !b", "love:*", "'love':A", "<->", "a <2> b", "!a", "((a", "a) |", ":*", "&&",
    "%", "_", "lo%e", "l_ve", "\\%", "100%_",
    "🎵", "👩‍👩‍👧‍👦", "🇮🇸",
    "e\u0301\u0301\u0301", "\u0301", "\u200d", "\u200f", "\u202elove", "\u2066", "\ufeff",
    "\ufdfa", "ﷺ" * 100, "\U0010ffff", "\x01", "\x7f", "\t", "love\nlove", "a" * 500, "a " * 250,
    "愛" * 500, "AND", "OR", "NOT", "- - -", "()", '"', '"love', "love)", "(", "[[[", "year:abc",
    "nonsense:1", "..", "love OR", "\u3000love\u3000",
]  # fmt: skip
"""A query is what people type: there is no syntax in it that could be wrong."""

REFUSED_QUERIES: Final = ["", " ", "\n", "x" * 501, "x" * 10_000, "nul\0", "\0"]

REFUSED_FILTERS: Final = [
    '"', '"love', "(", "(love", "love)", ")", "((love)", "-", "OR", "love OR", "OR love", "- -",
    "( )",
    "(" * 200 + "love" + ")" * 200,
    " OR ".join(f"w{n}" for n in range(500)), "x" * 10_000,
    "nonsense:1", "year:abc", "year:", "year:1..2..3", "year:>", "bpm:nan", "bpm:1e999",
    "duration:abc", "mbid:x", "added:2020-13-45", "popularity:101..x", "missing:nonsense", "has:",
    "status:NOTHING", "~title:a", "nul\0",
]  # fmt: skip


@pytest.fixture
async def catalogue(database: Database) -> None:
    await add_tracks(database, *(Track(title=title, credits=credited("A")) for title in TITLES))


@pytest.mark.usefixtures("catalogue")
async def test_a_query_is_not_a_language(search: SearchServiceAsyncStub) -> None:
    requests = [pb.SearchTracksRequest(query=query) for query in ANSWERED]
    requests += [pb.SearchTracksRequest(query=q, filter="title:love") for q in ("", *ANSWERED)]
    results = await ask_all(search, requests)
    refused = [
        request
        for request, result in zip(requests, results, strict=True)
        if result.WhichOneof("result") != "response" and request.query.strip()
    ]
    assert refused == []


@pytest.mark.parametrize("query", REFUSED_QUERIES, ids=lambda query: repr(query[:20]))
async def test_a_query_that_cannot_be_is_refused(
    search: SearchServiceAsyncStub, query: str
) -> None:
    with raises_status(INVALID, field="query"):
        await search.SearchTracks(pb.SearchTracksRequest(query=query))


@pytest.mark.parametrize("text", REFUSED_FILTERS, ids=lambda text: repr(text[:20]))
async def test_a_bad_filter_is_refused(search: SearchServiceAsyncStub, text: str) -> None:
    for query in ("", "love"):
        with raises_status(INVALID, field="filter"):
            await search.SearchTracks(pb.SearchTracksRequest(query=query, filter=text))


@pytest.mark.usefixtures("catalogue")
async def test_the_bad_ones_of_a_batch_alone_fail(search: SearchServiceAsyncStub) -> None:
    good = pb.SearchTracksRequest(query="love")
    bad = [pb.SearchTracksRequest(query=query) for query in REFUSED_QUERIES]
    bad += [pb.SearchTracksRequest(query="love", filter=text) for text in REFUSED_FILTERS]
    bad += [
        pb.SearchTracksRequest(query="love", page_size=-1),
        pb.SearchTracksRequest(query="love", library_id="x"),
        pb.SearchTracksRequest(query="love", page_token="x"),
        pb.SearchTracksRequest(query="love", mode=99),  # type: ignore[arg-type]
        pb.SearchTracksRequest(query="love", min_score=float("nan")),
        pb.SearchTracksRequest(query="love", facets=[0]),  # type: ignore[list-item]
    ]
    mixed = [request for each in bad for request in (each, good)]
    alone = await search.SearchTracks(good)
    results = await ask_all(search, mixed)
    assert [result.error.code for result in results[::2]] == [INVALID.value[0]] * len(bad)
    assert all(violations(result.error) for result in results[::2])
    assert all(result.response == alone for result in results[1::2])


async def test_a_batch_of_the_wrong_size_is_refused(search: SearchServiceAsyncStub) -> None:
    for count in (0, 501):
        requests = [pb.SearchTracksRequest(query="love")] * count
        with raises_status(INVALID, field="requests"):
            await search.BatchSearchTracks(pb.BatchSearchTracksRequest(requests=requests))


characters = st.characters(exclude_categories=["Cs"])
pieces = st.sampled_from([
    *string.punctuation, *TITLES, "love", "lvoe", "title:", "artist:", "year:", "bpm:",
    "key:", "~", "tag:", "missing:", "has:", "isrc", "1999", "..", ">=", "8A", "OR", " ", "-",
    '"', "(", ")", "*", "\\", "''", "'", "a" * 60, "\0", "\u200d", "\u0301", "\u202e",
    "🎵", "%s", ":*", "<->", "added:", "7d", "live",
])  # fmt: skip
texts = st.one_of(
    st.text(characters, max_size=30), st.lists(pieces, max_size=8).map("".join),
    st.lists(pieces, max_size=6).map(" ".join),
)  # fmt: skip
_EACH: Final = 100
_EXAMPLES: Final = 100


@st.composite
def batches(draw: st.DrawFn) -> list[pb.SearchTracksRequest]:
    """Make a batch with few filters, for each takes a climb of the ladder of its own."""
    filters = ["", "", *draw(st.lists(texts, max_size=6))]
    queries = draw(st.lists(texts, min_size=_EACH, max_size=_EACH))
    return [
        pb.SearchTracksRequest(query=query, filter=filters[index % len(filters)])
        for index, query in enumerate(queries)
    ]


@pytest.mark.usefixtures("catalogue")
@settings(
    max_examples=_EXAMPLES,
    deadline=None,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)
@given(batch=batches())
async def test_ten_thousand_searches_are_answered_or_refused(
    search: SearchServiceAsyncStub, batch: list[pb.SearchTracksRequest]
) -> None:
    for request, result in zip(batch, await ask_all(search, batch), strict=True):
        if result.WhichOneof("result") == "error":
            assert result.error.code == INVALID.value[0], request
            assert violations(result.error), request
    await ask_alone(search, batch[0])


def test_the_fuzz_is_as_much_as_it_says() -> None:
    assert _EACH * _EXAMPLES >= 10_000


async def ask_all(
    search: SearchServiceAsyncStub, requests: list[pb.SearchTracksRequest]
) -> list[pb.SearchTracksResult]:
    batch = pb.BatchSearchTracksRequest(requests=requests)
    return list((await search.BatchSearchTracks(batch)).results)


async def ask_alone(search: SearchServiceAsyncStub, request: pb.SearchTracksRequest) -> None:
    """Ask once more, without a batch."""
    try:
        await search.SearchTracks(request)
    except grpc.aio.AioRpcError as error:
        if error.code() is not INVALID:
            raise


def violations(status: Status) -> list[str]:
    """Return the fields that a refusal names."""
    bad_request = BadRequest()
    for detail in status.details:
        if detail.Unpack(bad_request):
            return [violation.field for violation in bad_request.field_violations]
    return []
