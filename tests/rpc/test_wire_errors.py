"""No exception leaves a client without a status, and none tells it more than it should know."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
from google.protobuf.wrappers_pb2 import StringValue
from google.rpc.error_details_pb2 import ErrorInfo

from service import errors
from service.wire.router import Context
from service.wire.status import INTERNAL_MESSAGE
from tests.rpc.wire_harness import (
    SERVICE,
    detail,
    failure,
    handler,
    serving,
    status_of,
)
from tests.support.waiting import eventually

Code = grpc.StatusCode

SECRET = "SELECT password FROM accounts WHERE path = '/srv/secret'"


def assert_internal(caught: grpc.aio.AioRpcError, caplog: pytest.LogCaptureFixture) -> None:
    """Check that the client knows nothing but an id, under which the log has everything."""
    assert (caught.code(), caught.details()) == (Code.INTERNAL, INTERNAL_MESSAGE)
    assert "SELECT" not in f"{caught!r} {caught.trailing_metadata()!r}"
    info = detail(status_of(caught), ErrorInfo)
    (record,) = [one for one in caplog.records if one.name == "service.wire.errors"]
    assert (info.reason, info.metadata["error_id"]) == ("INTERNAL", vars(record)["error_id"])
    assert record.exc_info is not None


async def test_unforeseen_exception_does_not_leak(caplog: pytest.LogCaptureFixture) -> None:
    async def call(_request: StringValue, _context: object) -> StringValue:
        raise RuntimeError(SECRET)

    async with serving({"Call": handler(call)}) as running:
        caught = await failure(running.unary()(StringValue()))
    assert_internal(caught, caplog)
    assert SECRET in caplog.text


async def test_exception_after_some_responses_does_not_leak(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def call(request: StringValue, _context: object) -> AsyncIterator[StringValue]:
        yield request
        raise RuntimeError(SECRET)

    async with serving({"Call": handler(call, server_streams=True)}) as running:
        stream = running.server_stream()(StringValue(value="first"))
        assert await stream.read() == StringValue(value="first")
        caught = await failure(stream.read())
    assert_internal(caught, caplog)


async def test_response_of_the_wrong_type_does_not_leak(caplog: pytest.LogCaptureFixture) -> None:
    async def call(_request: StringValue, _context: object) -> Any:
        return SECRET

    async with serving({"Call": handler(call)}) as running:
        caught = await failure(running.unary()(StringValue()))
    assert_internal(caught, caplog)


async def test_cancelled_error_of_our_own_gives_a_status(caplog: pytest.LogCaptureFixture) -> None:
    async def call(_request: StringValue, _context: object) -> StringValue:
        raise asyncio.CancelledError(SECRET)

    async with serving({"Call": handler(call)}) as running:
        caught = await failure(running.unary()(StringValue(), timeout=10))
    assert_internal(caught, caplog)


async def test_second_abort_gives_the_status_of_the_first() -> None:
    async def call(_request: StringValue, context: Context) -> StringValue:
        try:
            await context.abort(Code.OUT_OF_RANGE, "first")
        except grpc.aio.AbortError:
            await context.abort(Code.DATA_LOSS, "second")

    async with serving({"Call": handler(call)}) as running:
        caught = await failure(running.unary()(StringValue()))
    assert (caught.code(), caught.details()) == (Code.OUT_OF_RANGE, "first")


async def test_client_that_cancels_cancels_the_handler(caplog: pytest.LogCaptureFixture) -> None:
    started, ended = asyncio.Event(), asyncio.Event()

    async def call(_request: StringValue, _context: object) -> StringValue:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        raise AssertionError

    with caplog.at_level(logging.INFO, "fonoteca.access"):
        async with serving({"Call": handler(call)}) as running:
            pending = running.unary()(StringValue())
            await started.wait()
            pending.cancel()
            await ended.wait()
            await eventually(lambda: "CANCELLED" in caplog.text)
    assert not [one for one in caplog.records if one.levelno >= logging.ERROR]


async def test_client_that_leaves_a_stream_ends_the_generator() -> None:
    closed = asyncio.Event()

    async def call(request: StringValue, _context: object) -> AsyncIterator[StringValue]:
        try:
            while True:
                yield request
        finally:
            closed.set()

    async with serving({"Call": handler(call, server_streams=True)}) as running:
        stream = running.server_stream()(StringValue(value="x" * 1_000))
        await stream.read()
        stream.cancel()
        await closed.wait()


@pytest.mark.parametrize("name", ["Nowhere", "Unwritten"])
async def test_unknown_methods_are_unimplemented(name: str) -> None:
    def unwritten(_request: object, context: grpc.ServicerContext) -> None:
        context.set_code(Code.UNIMPLEMENTED)
        raise NotImplementedError

    async with serving({"Unwritten": handler(unwritten)}) as running:
        caught = await failure(running.unary(name)(StringValue()))
    assert caught.code() is Code.UNIMPLEMENTED


async def test_request_that_does_not_decode_is_the_clients_fault() -> None:
    async def call(request: StringValue, _context: object) -> StringValue:
        return request

    async with serving({"Call": handler(call)}) as running:
        broken: Any = running.channel.unary_unary(f"/{SERVICE}/Call")
        caught = await failure(broken(b"\x0a\x7f"))
    assert caught.code() is Code.INVALID_ARGUMENT
    assert "google.protobuf.StringValue" in (caught.details() or "")


async def test_error_reason_is_in_the_access_log(caplog: pytest.LogCaptureFixture) -> None:
    async def call(_request: StringValue, _context: object) -> StringValue:
        raise errors.NotFound("track", "1")

    with caplog.at_level(logging.INFO, "fonoteca.access"):
        async with serving({"Call": handler(call)}) as running:
            await failure(running.unary()(StringValue()))
    (line,) = [one for one in caplog.records if one.name == "fonoteca.access"]
    assert (vars(line)["code"], vars(line)["reason"]) == ("NOT_FOUND", "NOT_FOUND")
