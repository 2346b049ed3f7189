"""What a client gives up is given up in the database too; a database that is gone may come back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

import grpc
import psycopg
import pytest
from google.protobuf.any_pb2 import Any as Packed
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_status import rpc_status
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from fonoteca.v1 import track_pb2 as pb
from fonoteca.v1 import track_pb2_grpc
from service.database import Connection, Database
from service.settings import Settings
from tests.support.samples import create
from tests.support.server import serving
from tests.support.waiting import PATIENCE, eventually

if TYPE_CHECKING:
    from fonoteca.v1.track_pb2_grpc import TrackServiceAsyncStub

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


async def waiting(connection: Connection) -> int:
    """Count the statements of the service that wait for a lock."""
    rows = await connection.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND application_name = 'fonoteca' AND wait_event_type = 'Lock'"
    )
    row = await rows.fetchone()
    assert row is not None
    return int(row[0])


@asynccontextmanager
async def held(database_url: str, track: pb.Track) -> AsyncIterator[None]:
    """Hold a track against all changes."""
    async with (
        await psycopg.AsyncConnection.connect(database_url) as holder,
        holder.transaction(),
    ):
        await holder.execute("SELECT FROM track WHERE id = %s FOR UPDATE", (track.id,))
        yield


def update(tracks: TrackServiceAsyncStub, track: pb.Track, **options: Any) -> Any:
    request = pb.UpdateTrackRequest(track=pb.Track(id=track.id, title="changed"))
    return tracks.UpdateTrack(request, **options)


async def test_a_cancelled_call_stops_its_statement(
    tracks: TrackServiceAsyncStub, connection: Connection, database_url: str
) -> None:
    track = await create(tracks)
    async with held(database_url, track):
        call = update(tracks, track)
        await eventually(lambda: _is(waiting(connection), 1))
        call.cancel()
        await eventually(lambda: _is(waiting(connection), 0))
        with pytest.raises(asyncio.CancelledError):
            await call
    assert await tracks.GetTrack(pb.GetTrackRequest(id=track.id)) == track
    assert (await update(tracks, track)).etag == '"2"'


async def test_a_deadline_stops_the_statement(
    tracks: TrackServiceAsyncStub, connection: Connection, database_url: str
) -> None:
    track = await create(tracks)
    async with held(database_url, track):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await update(tracks, track, timeout=0.2)
        assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        await eventually(lambda: _is(waiting(connection), 0))
    assert await tracks.GetTrack(pb.GetTrackRequest(id=track.id)) == track


async def test_a_deadline_of_a_millisecond_is_exceeded(tracks: TrackServiceAsyncStub) -> None:
    batch = pb.BatchCreateTracksRequest(tracks=[pb.Track(title="a") for _ in range(1_000)])
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await tracks.BatchCreateTracks(batch, timeout=0.001)
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    listed = await tracks.ListTracks(pb.ListTracksRequest())
    assert list(listed.tracks) == []


async def test_cancelled_calls_do_not_use_up_the_pool(
    tracks: TrackServiceAsyncStub, connection: Connection, database_url: str
) -> None:
    track = await create(tracks)
    async with held(database_url, track):
        for _ in range(30):
            calls = [update(tracks, track) for _ in range(2)]
            await eventually(lambda: _is(waiting(connection), 2))
            for call in calls:
                call.cancel()
            await eventually(lambda: _is(waiting(connection), 0))
            await asyncio.gather(*calls, return_exceptions=True)
    assert (await update(tracks, track, timeout=PATIENCE)).title == "changed"


async def _is(count: Any, wanted: int) -> bool:
    return bool(await count == wanted)


@contextmanager
def gone(database_url: str) -> Iterator[None]:
    """End all connections to a database, and refuse new ones."""
    database = sql.Identifier(str(conninfo_to_dict(database_url)["dbname"]))
    allow = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
    elsewhere = make_conninfo(database_url, dbname="postgres")
    with psycopg.connect(elsewhere, autocommit=True) as other:
        other.execute(allow.format(database, sql.SQL("false")))
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
            (conninfo_to_dict(database_url)["dbname"],),
        )
        try:
            yield
        finally:
            other.execute(allow.format(database, sql.SQL("true")))


async def test_the_service_outlives_an_outage_of_its_database(
    settings: Settings, database_url: str
) -> None:
    database = Database(database_url, settings.model_copy(update={"pool_timeout": 1.0}))
    await database.open()
    async with (
        serving(database, settings) as address,
        grpc.aio.insecure_channel(address) as channel,
    ):
        tracks: TrackServiceAsyncStub = track_pb2_grpc.TrackServiceStub(channel)
        health: Any = health_pb2_grpc.HealthStub(channel)
        watch = health.Watch(health_pb2.HealthCheckRequest(), timeout=3 * PATIENCE)
        assert (await watch.read()).status == SERVING
        track = await create(tracks)
        with gone(database_url):
            await _is_unavailable(tracks)
            assert (await watch.read()).status == NOT_SERVING
            await _is_unavailable(tracks)
        assert (await watch.read()).status == SERVING
        assert await tracks.GetTrack(pb.GetTrackRequest(id=track.id)) == track
        watch.cancel()
    await database.close()


async def _is_unavailable(tracks: TrackServiceAsyncStub) -> None:
    """Expect UNAVAILABLE, and a hint when to come back."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await tracks.ListTracks(pb.ListTracksRequest())
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    status: Any = rpc_status.from_call(caught.value)  # type: ignore[arg-type]
    details: list[Packed] = list(status.details)
    assert any(packed.TypeName() == "google.rpc.RetryInfo" for packed in details)
