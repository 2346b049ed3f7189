"""Every call ends in time, and its client is told so."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

import grpc
import pytest
from google.protobuf.wrappers_pb2 import StringValue
from grpc_health.v1 import health_pb2

from service.wire.router import Context
from tests.rpc.wire_harness import failure, handler, serving, status_of
from tests.support.waiting import eventually

Code = grpc.StatusCode


async def forever(_request: StringValue, _context: Context) -> StringValue:
    await asyncio.Event().wait()
    raise AssertionError


async def read_to_the_end(stream: grpc.aio.UnaryStreamCall[StringValue, StringValue]) -> None:
    while await stream.read() is not grpc.aio.EOF:
        pass


async def test_deadline_of_a_millisecond_is_kept(caplog: pytest.LogCaptureFixture) -> None:
    started = 0

    async def call(request: StringValue, context: Context) -> StringValue:
        nonlocal started
        started += 1
        return await forever(request, context)

    with caplog.at_level(logging.INFO):
        async with serving({"Call": handler(call)}) as running:
            await running.channel.channel_ready()
            for _ in range(50):
                caught = await failure(running.unary()(StringValue(), timeout=0.001))
                assert caught.code() is Code.DEADLINE_EXCEEDED
    assert not [one for one in caplog.records if one.levelno >= logging.WARNING]
    assert started < 50, "most arrive too late to be worth starting"


async def test_deadline_of_the_client_cancels_the_handler(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.INFO, "fonoteca.access"):
        async with serving({"Call": handler(forever)}) as running:
            caught = await failure(running.unary()(StringValue(), timeout=0.1))
            await eventually(lambda: bool(caplog.records))
    assert caught.code() is Code.DEADLINE_EXCEEDED
    assert vars(caplog.records[0])["code"] == "DEADLINE_EXCEEDED"


@pytest.mark.parametrize("asked", [None, 60.0], ids=["none", "too long"])
async def test_server_limits_unary_calls(asked: float | None) -> None:
    async with serving({"Call": handler(forever)}, pool_timeout=0.1, max_deadline=0.1) as running:
        caught = await failure(running.unary()(StringValue(), timeout=asked))
    assert caught.code() is Code.DEADLINE_EXCEEDED
    assert "0.1 s" in status_of(caught).message


async def test_server_limits_streams_also_while_a_response_waits_for_a_slow_reader() -> None:
    closed = asyncio.Event()

    async def call(request: StringValue, _context: Context) -> AsyncIterator[StringValue]:
        try:
            while True:
                yield request
        finally:
            closed.set()

    async with serving(
        {"Call": handler(call, server_streams=True)},
        max_deadline=0.2,
        stream_deadline=0.2,
        statement_timeout=0.2,
        lock_timeout=0.2,
        pool_timeout=0.2,
    ) as running:
        stream = running.server_stream()(StringValue(value="x" * 1_000_000))
        await stream.read()
        await closed.wait()
        caught = await failure(read_to_the_end(stream))
    assert caught.code() is Code.DEADLINE_EXCEEDED


async def test_timeout_of_our_own_is_an_unforeseen_error() -> None:
    async def call(_request: StringValue, _context: Context) -> StringValue:
        raise TimeoutError("an upstream did not answer")

    async with serving({"Call": handler(call)}) as running:
        caught = await failure(running.unary()(StringValue()))
    assert caught.code() is Code.INTERNAL


async def test_health_watch_has_no_deadline_but_ends_when_the_server_drains() -> None:
    async with serving({}, pool_timeout=0.1, max_deadline=0.1, drain_grace=60) as running:
        watch = running.health.Watch(health_pb2.HealthCheckRequest())
        assert (await watch.read()).status == health_pb2.HealthCheckResponse.SERVING
        running.stop.drain.set()
        assert (await watch.read()).status == health_pb2.HealthCheckResponse.NOT_SERVING
        assert (await failure(watch.read())).code() is Code.UNAVAILABLE
        await asyncio.wait_for(running.ended, 10)
