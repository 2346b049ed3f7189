"""An overloaded server refuses early, says when to come back, and still tells its health."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

import grpc
import pytest
from google.protobuf.wrappers_pb2 import StringValue
from google.rpc.error_details_pb2 import QuotaFailure, RetryInfo
from grpc_health.v1 import health_pb2

from fonoteca.v1 import library_pb2, library_pb2_grpc
from service.database import Database
from service.settings import Settings
from service.wire.router import Context
from tests.rpc.wire_harness import detail, failure, handler, serving, status_of
from tests.support.server import serving as serving_catalogue
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from fonoteca.v1.library_pb2_grpc import LibraryServiceAsyncStub


async def test_calls_beyond_the_limit_are_refused_at_once() -> None:
    release = asyncio.Event()
    running_calls = 0

    async def call(request: StringValue, _context: Context) -> StringValue:
        nonlocal running_calls
        running_calls += 1
        await release.wait()
        return request

    async with serving({"Call": handler(call)}, max_concurrent_calls=3) as running:
        accepted = [running.unary()(StringValue(value=str(n))) for n in range(3)]
        tasks = [asyncio.ensure_future(one) for one in accepted]
        await eventually(lambda: running_calls == 3)

        caught = await failure(running.unary()(StringValue()))
        assert caught.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        status = status_of(caught)
        assert detail(status, QuotaFailure).violations[0].subject == "concurrent calls"
        delay = detail(status, RetryInfo).retry_delay.ToMilliseconds()
        assert 100 <= delay <= 500
        assert dict(caught.trailing_metadata())["grpc-retry-pushback-ms"] == str(delay)

        health = await running.health.Check(health_pb2.HealthCheckRequest())
        assert health.status == health_pb2.HealthCheckResponse.SERVING

        release.set()
        assert [answer.value for answer in await asyncio.gather(*tasks)] == ["0", "1", "2"]
        assert await running.unary()(StringValue(value="again")) == StringValue(value="again")


async def test_failed_calls_make_room_again() -> None:
    async def call(_request: StringValue, _context: Context) -> StringValue:
        raise RuntimeError

    async with serving({"Call": handler(call)}, max_concurrent_calls=1) as running:
        for _ in range(3):
            caught = await failure(running.unary()(StringValue()))
            assert caught.code() is grpc.StatusCode.INTERNAL


async def test_a_call_that_gets_no_connection_in_time_is_to_be_repeated(
    database_url: str, settings: Settings
) -> None:
    small = settings.model_copy(update={"pool_max_size": 1, "pool_timeout": 0.2})
    database = Database(database_url, small)
    await database.open()
    async with serving_catalogue(database, small) as address:
        async with database.read():
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await listed(address)
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        delay = detail(status_of(caught.value), RetryInfo).retry_delay.ToMilliseconds()
        pushback = dict(caught.value.trailing_metadata())["grpc-retry-pushback-ms"]
        assert pushback == str(delay)
        assert [library.name for library in await listed(address)] == ["default"]
    await database.close()


async def listed(address: str) -> Sequence[library_pb2.Library]:
    async with grpc.aio.insecure_channel(address) as channel:
        stub: LibraryServiceAsyncStub = library_pb2_grpc.LibraryServiceStub(channel)
        return (await stub.ListLibraries(library_pb2.ListLibrariesRequest())).libraries
