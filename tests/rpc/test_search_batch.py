"""Batches that are searched in two parts at the same time: nobody can tell."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle, islice
from typing import TYPE_CHECKING

import grpc
import pytest

from fonoteca.v1 import search_pb2 as pb
from fonoteca.v1.track_pb2 import Track
from service.database import Connection, Database
from service.settings import Settings
from tests.support.errors import raises_status
from tests.support.waiting import eventually
from tests.support.writing import add_tracks, credited

if TYPE_CHECKING:
    from fonoteca.v1.search_pb2_grpc import SearchServiceAsyncStub

QUERIES = (
    *("love", "enter sandman", "sigur ros hoppipolla", "enter sadnman", "hopipola", "love me d"),
    *("lana del rey lvoe", "crazy", "xyzzyx", "takk", "metalica", "beatles love"),
)

# Whatever compares a word with those it may have been meant to be does this. Its schema is searched
# first.
MENDING = """
CREATE SCHEMA AUTHORIZATION current_user;
CREATE FUNCTION levenshtein_less_equal(text, text, integer) RETURNS integer
LANGUAGE plpgsql
AS '{}'
"""

# Who comes first waits for lock 1, the other one fails.
ONE_WAITS_ONE_FAILS = """
BEGIN
    IF pg_try_advisory_xact_lock(2) THEN
        PERFORM pg_advisory_xact_lock_shared(1);
    END IF;
    RAISE EXCEPTION USING ERRCODE = ''unique_violation'';
END
"""


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Enough connections for one batch in two parts, and time to wait for a lock of the test."""
    four = {"pool_min_size": 4, "pool_max_size": 4}
    return settings.model_copy(update=four | {"lock_timeout": 80.0})


@pytest.fixture
async def catalogue(database: Database) -> None:
    await add_tracks(
        database,
        Track(title="Hoppípolla", credits=credited("Sigur Rós"), popularity=70),
        Track(title="Love", credits=credited("Lana Del Rey"), popularity=80),
        Track(title="Love Me Do", credits=credited("The Beatles"), popularity=60),
        Track(title="Crazy in Love", credits=credited("Beyoncé", "JAY-Z"), popularity=50),
        Track(title="Enter Sandman", credits=credited("Metallica")),
    )
    await idle(database)


async def idle(database: Database) -> None:
    """Wait until no call has a connection any more."""
    await eventually(lambda: database.statistics()["pool_available"] == 4)


def requests_of(count: int) -> Iterator[pb.SearchTracksRequest]:
    """Make searches of which no two are equal."""
    for index, query in enumerate(islice(cycle(QUERIES), count)):
        yield pb.SearchTracksRequest(query=query + " " * index, page_size=1)


@pytest.mark.usefixtures("catalogue")
async def test_each_has_the_result_it_has_alone(search: SearchServiceAsyncStub) -> None:
    requests = [*requests_of(40), pb.SearchTracksRequest(), *requests_of(10)]
    response = await search.BatchSearchTracks(pb.BatchSearchTracksRequest(requests=requests))
    assert len(response.results) == len(requests)
    for index, (request, result) in enumerate(zip(requests, response.results, strict=True)):
        if index == 40:
            assert result.error.code == grpc.StatusCode.INVALID_ARGUMENT.value[0]
        else:
            assert result.response == await search.SearchTracks(request)


@pytest.mark.usefixtures("catalogue")
async def test_each_has_the_result_it_has_alone_in_many_scopes(
    search: SearchServiceAsyncStub,
) -> None:
    filters = cycle(["", "popularity>=60", "artist:metallica"])
    requests = list(requests_of(48))
    for request, condition in zip(requests, filters, strict=False):
        request.filter = condition
    response = await search.BatchSearchTracks(pb.BatchSearchTracksRequest(requests=requests))
    for request, result in zip(requests, response.results, strict=True):
        assert result.response == await search.SearchTracks(request)


@pytest.mark.usefixtures("catalogue")
async def test_two_parts_are_searched_at_the_same_time(
    search: SearchServiceAsyncStub, connection: Connection
) -> None:
    await connection.execute(
        MENDING.format("BEGIN PERFORM pg_advisory_xact_lock_shared(1); RETURN 1; END").encode()
    )

    async def both_wait() -> bool:
        rows = await connection.execute("SELECT FROM pg_locks WHERE NOT granted")
        return len(await rows.fetchall()) == 2

    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock(1)")
        call = search.BatchSearchTracks(pb.BatchSearchTracksRequest(requests=requests_of(40)))
        await eventually(both_wait)
    assert not any(result.HasField("error") for result in (await call).results)


@pytest.mark.usefixtures("catalogue")
async def test_without_a_good_search_no_connection_is_borrowed(
    search: SearchServiceAsyncStub, database: Database
) -> None:
    before = database.statistics()["requests_num"]
    requests = [pb.SearchTracksRequest(page_size=-number) for number in range(20)]
    response = await search.BatchSearchTracks(pb.BatchSearchTracksRequest(requests=requests))
    for result in response.results:
        assert result.error.code == grpc.StatusCode.INVALID_ARGUMENT.value[0]
    assert database.statistics()["requests_num"] == before


@pytest.mark.usefixtures("catalogue")
async def test_shortly_before_the_deadline_what_was_found_is_the_answer(
    search: SearchServiceAsyncStub, database: Database, connection: Connection
) -> None:
    await connection.execute(
        MENDING.format("BEGIN PERFORM pg_advisory_xact_lock_shared(1); RETURN 1; END").encode()
    )
    batch = pb.BatchSearchTracksRequest(requests=requests_of(40))
    await connection.execute("SELECT pg_advisory_lock(1)")  # nothing can be mended for now
    response = await search.BatchSearchTracks(batch, timeout=3)
    for request, result in zip(batch.requests, response.results, strict=True):
        assert not result.HasField("error")
        if request.query.strip() in ("love", "enter sandman"):
            assert result.response.hits
            assert not result.response.partial
        if request.query.strip() in ("hopipola", "xyzzyx"):
            assert not result.response.hits
            assert result.response.partial
    await idle(database)


@pytest.mark.usefixtures("catalogue")
async def test_an_error_of_one_part_is_that_of_the_call(
    search: SearchServiceAsyncStub, database: Database, connection: Connection
) -> None:
    await connection.execute(MENDING.format(ONE_WAITS_ONE_FAILS).encode())
    batch = pb.BatchSearchTracksRequest(requests=requests_of(40))
    await connection.execute("SELECT pg_advisory_lock(1)")  # is kept: who waits must be cancelled
    with raises_status(grpc.StatusCode.ALREADY_EXISTS):  # the error, not the cancellation
        await search.BatchSearchTracks(batch)
    await idle(database)
