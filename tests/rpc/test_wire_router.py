"""All four kinds of methods pass through the layers, in each style in which one can write them."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable
from typing import Any

import grpc
import pytest
from google.protobuf.wrappers_pb2 import StringValue

from service import errors
from service.wire.router import Context
from tests.rpc.wire_harness import Running, failure, handler, serving, status_of

WORDS = [StringValue(value=word) for word in ("one", "two", "three")]


def joined(words: list[str]) -> StringValue:
    return StringValue(value=" ".join(words))


async def unary(request: StringValue, _context: Context) -> StringValue:
    return joined(["echo", request.value])


async def generating(request: StringValue, _context: Context) -> AsyncIterator[StringValue]:
    for word in request.value.split():
        yield joined([word])


async def writing(request: StringValue, context: Context) -> None:
    for word in request.value.split():
        await context.write(joined([word]))


async def iterating(requests: AsyncIterable[StringValue], _context: Context) -> StringValue:
    return joined([request.value async for request in requests])


async def reading(_requests: object, context: Context) -> StringValue:
    words = []
    while (request := await context.read()) is not grpc.aio.EOF:
        words.append(request.value)
    return joined(words)


async def both_generating(
    requests: AsyncIterable[StringValue], _context: Context
) -> AsyncIterator[StringValue]:
    async for request in requests:
        yield joined(["echo", request.value])


async def both_writing(_requests: object, context: Context) -> None:
    while (request := await context.read()) is not grpc.aio.EOF:
        await context.write(joined(["echo", request.value]))


async def call_both(running: Running) -> list[str]:
    return [answer.value async for answer in running.both_stream()(iter(WORDS))]


async def test_unary() -> None:
    async with serving({"Call": handler(unary)}) as running:
        assert await running.unary()(StringValue(value="one")) == StringValue(value="echo one")


@pytest.mark.parametrize("behavior", [generating, writing])
async def test_server_stream(behavior: Callable[..., Any]) -> None:
    async with serving({"Call": handler(behavior, server_streams=True)}) as running:
        call = running.server_stream()(StringValue(value="one two three"))
        assert [answer async for answer in call] == WORDS


@pytest.mark.parametrize("behavior", [iterating, reading])
async def test_client_stream(behavior: Callable[..., Any]) -> None:
    async with serving({"Call": handler(behavior, client_streams=True)}) as running:
        answer = await running.client_stream()(iter(WORDS))
        assert answer == StringValue(value="one two three")


@pytest.mark.parametrize("behavior", [both_generating, both_writing])
async def test_both_stream(behavior: Callable[..., Any]) -> None:
    both = handler(behavior, client_streams=True, server_streams=True)
    async with serving({"Call": both}) as running:
        assert await call_both(running) == ["echo one", "echo two", "echo three"]


@pytest.mark.parametrize("client_streams", [False, True])
@pytest.mark.parametrize("server_streams", [False, True])
async def test_every_kind_reports_a_domain_error(
    client_streams: bool, server_streams: bool
) -> None:
    async def call(_request: object, _context: Context) -> StringValue:
        raise errors.NotFound("track", "1")

    kind = handler(call, client_streams=client_streams, server_streams=server_streams)
    request: Any = iter(()) if client_streams else WORDS[0]
    async with serving({"Call": kind}) as running:
        method: Any = {
            (False, False): running.unary,
            (False, True): running.server_stream,
            (True, False): running.client_stream,
            (True, True): running.both_stream,
        }[client_streams, server_streams]()
        pending = method(request)
        caught = await failure(pending.read() if server_streams else pending)
    assert caught.code() is grpc.StatusCode.NOT_FOUND
    assert status_of(caught).message == "track 1 does not exist"
