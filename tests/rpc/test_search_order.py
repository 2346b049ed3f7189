"""SearchTracks in the order of a field, and how its pages join."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration

from fonoteca.v1 import search_pb2 as pb
from fonoteca.v1.track_pb2 import ListTracksRequest, Track, TrackAlbum
from fonoteca.v1.types_pb2 import PartialDate
from service.database import Database
from tests.support.errors import raises_status
from tests.support.writing import add_tracks, credited

if TYPE_CHECKING:
    from fonoteca.v1.search_pb2_grpc import SearchServiceAsyncStub
    from fonoteca.v1.track_pb2_grpc import TrackServiceAsyncStub

INVALID = grpc.StatusCode.INVALID_ARGUMENT
FIELDS = ("create_time", "title", "release_date", "popularity", "duration", "artist", "album")
ORDERS = tuple(f"{field}{direction}" for field in FIELDS for direction in ("", " desc"))


@pytest.fixture
async def catalogue(database: Database) -> None:
    await add_tracks(
        database,
        *(
            Track(
                title=f"Love {number * 7 % 5}",
                credits=credited("Ann"),
                popularity=number * 5 % 7 if number % 3 else None,
                release_date=PartialDate(year=1990 + number % 4) if number % 5 else None,
                duration=Duration(seconds=number % 4) if number % 3 else None,
                album=TrackAlbum(title=f"Some {number % 2}") if number % 4 else None,
                track_number=12 - number,
            )
            for number in range(12)
        ),
        Track(title="Hate", credits=credited("Ann"), popularity=3),
        Track(title="Love", credits=credited("Bob"), popularity=1),
        Track(title="Love of Nobody"),
    )


async def pages(
    search: SearchServiceAsyncStub, request: pb.SearchTracksRequest
) -> list[pb.SearchHit]:
    """Return the hits of all pages of four."""
    hits: list[pb.SearchHit] = []
    request.page_size = 4
    while True:
        page = await search.SearchTracks(request)
        hits += page.hits
        if not page.next_page_token:
            return hits
        request.page_token = page.next_page_token


@pytest.mark.usefixtures("catalogue")
@pytest.mark.parametrize("order", ORDERS)
async def test_pages_follow_the_order_of_a_field(
    search: SearchServiceAsyncStub, tracks: TrackServiceAsyncStub, order: str
) -> None:
    for query, filter_, listed in (
        ("love", "", "title:love"),
        ("love", "artist:ann", "title:love artist:ann"),
        ("", "artist:ann", "artist:ann"),
        ("", "has:title", ""),
    ):
        request = pb.SearchTracksRequest(query=query, filter=filter_, order_by=order)
        hits = await pages(search, request)
        same = await tracks.ListTracks(ListTracksRequest(filter=listed, order_by=order))
        assert [hit.track.id for hit in hits] == [track.id for track in same.tracks]


@pytest.mark.usefixtures("catalogue")
async def test_an_order_changes_neither_scores_nor_steps(search: SearchServiceAsyncStub) -> None:
    for query in ("love", "lov", "lvoe", "ann love", "love nonsense"):
        request = pb.SearchTracksRequest(query=query)
        ranked = (await search.SearchTracks(request)).hits
        request.order_by = "popularity"
        ordered = await pages(search, request)
        assert sorted((hit.track.id, hit.rung, hit.score) for hit in ordered) == sorted(
            (hit.track.id, hit.rung, hit.score) for hit in ranked
        )
        request.page_token = ""
        request.min_score = ranked[len(ranked) // 2].score
        good = {hit.track.id for hit in ranked if hit.score >= request.min_score}
        assert {hit.track.id for hit in await pages(search, request)} == good


async def test_the_order_of_a_field_has_no_end_at_five_hundred(
    search: SearchServiceAsyncStub, database: Database
) -> None:
    await add_tracks(database, *(Track(title=f"Love {number}") for number in range(600)))
    request = pb.SearchTracksRequest(query="love", order_by="title", page_size=1_000)
    response = await search.SearchTracks(request)
    assert len(response.hits) == 600
    titles = [hit.track.title for hit in response.hits]
    assert titles == sorted(titles)
    assert (response.total_size, response.total_size_exact) == (600, True)


@pytest.mark.usefixtures("catalogue")
async def test_a_batch_has_searches_in_several_orders(search: SearchServiceAsyncStub) -> None:
    requests = [
        pb.SearchTracksRequest(query="love", order_by=order, page_size=3)
        for order in ("", "relevance", *ORDERS, "year")
    ]
    whole = await search.BatchSearchTracks(pb.BatchSearchTracksRequest(requests=requests))
    assert whole.results[-1].error.code == INVALID.value[0]
    for request, result in zip(requests[:-1], whole.results[:-1], strict=True):
        alone = await search.SearchTracks(request)
        assert result.response == alone
        assert alone.next_page_token
    assert whole.results[0].response.hits == whole.results[1].response.hits


@pytest.mark.usefixtures("catalogue")
async def test_a_page_token_belongs_to_its_order(search: SearchServiceAsyncStub) -> None:
    request = pb.SearchTracksRequest(query="love", order_by="title", page_size=1)
    token = (await search.SearchTracks(request)).next_page_token
    for order in ("", "popularity", "title desc"):
        with raises_status(INVALID, field="page_token"):
            await search.SearchTracks(
                pb.SearchTracksRequest(query="love", order_by=order, page_token=token)
            )


@pytest.mark.parametrize("order", ["relevance desc", "score", "title up", "title, id", "'"])
async def test_an_unknown_order_is_refused(search: SearchServiceAsyncStub, order: str) -> None:
    with raises_status(INVALID, field="order_by"):
        await search.SearchTracks(pb.SearchTracksRequest(query="love", order_by=order))


@pytest.mark.usefixtures("catalogue")
async def test_a_list_that_time_does_not_allow_is_partial(
    search: SearchServiceAsyncStub, database: Database
) -> None:
    request = pb.SearchTracksRequest(filter="genre:rock", order_by="title")
    async with database.transaction() as blocker:
        await blocker.execute("LOCK TABLE track_genre")
        response = await search.SearchTracks(request, timeout=2)
    assert response.partial
    assert not response.hits
    assert not response.total_size_exact
