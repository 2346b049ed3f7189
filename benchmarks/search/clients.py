"""Clients of search: one call after the other, or calls on a schedule that waits for nobody.

Times are those of the caller, from the call to the parsed response. On a schedule (open loop) they
count from the moment at which the call was due, so that a server that falls behind cannot hide it.
"""

from __future__ import annotations

import asyncio
import json
import math
import selectors
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Iterable,
    Iterator,
    Sequence,
)
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

import grpc

from benchmarks.processes import BenchmarkError, Server
from fonoteca.v1.search_pb2 import SearchTracksRequest, SearchTracksResponse
from fonoteca.v1.search_pb2_grpc import SearchServiceStub

if TYPE_CHECKING:
    from fonoteca.v1.search_pb2_grpc import SearchServiceAsyncStub

TIMEOUT: Final = 60.0
"""Seconds."""

PAGE: Final = 10
"""How many hits a search asks for, unless a benchmark says otherwise."""

SEARCH: Final = "/fonoteca.v1.SearchService/SearchTracks"
_OVERLOADED: Final = (
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
)
_MAX_MESSAGE: Final = 256 << 20

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, and after how many milliseconds."""

    milliseconds: float
    response: SearchTracksResponse


def run(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """Run a client. Its clock is finer than the whole milliseconds that epoll waits for."""
    with asyncio.Runner(loop_factory=_fine_loop) as runner:
        return runner.run(coroutine)


def _fine_loop() -> asyncio.AbstractEventLoop:
    return asyncio.SelectorEventLoop(selectors.SelectSelector())


@asynccontextmanager
async def channels(server: Server, count: int = 1) -> AsyncIterator[list[grpc.aio.Channel]]:
    """Open connections to a service, as from several clients."""
    opened = [grpc.aio.insecure_channel(server.address, _options(n)) for n in range(count)]
    try:
        yield opened
    finally:
        for channel in opened:
            await channel.close()


@asynccontextmanager
async def stubs(server: Server, count: int = 1) -> AsyncIterator[list[SearchServiceAsyncStub]]:
    """Open connections to a service, and yield a stub on each."""
    async with channels(server, count) as opened:
        yield [SearchServiceStub(channel) for channel in opened]


def _options(number: int) -> list[tuple[str, Any]]:
    """Return options that differ, as channels with the same ones share a connection."""
    return [
        ("grpc.max_receive_message_length", _MAX_MESSAGE),
        ("fonoteca.benchmarks.channel", number),
    ]


async def ask(
    stub: SearchServiceAsyncStub, texts: Iterable[str], page_size: int = PAGE
) -> list[Answer]:
    """Ask each query, one at a time."""
    answers = []
    for text in texts:
        request = SearchTracksRequest(query=text, page_size=page_size)
        start = perf_counter()
        response = await stub.SearchTracks(request, timeout=TIMEOUT)
        answers.append(Answer(1_000 * (perf_counter() - start), response))
    return answers


async def ask_together(
    each: Sequence[SearchServiceAsyncStub], texts: Iterable[str], page_size: int = PAGE
) -> list[Answer]:
    """Ask each query once; every stub has one call in flight."""
    waiting: Iterator[str] = iter(texts)
    lists = await asyncio.gather(*(ask(stub, waiting, page_size) for stub in each))
    return [answer for answers in lists for answer in answers]


async def ask_on_schedule(
    each: Sequence[SearchServiceAsyncStub],
    texts: Sequence[str],
    per_second: float,
    page_size: int = PAGE,
) -> list[float]:
    """Ask each query once, evenly spaced in time; returns the milliseconds since it was due."""
    return await on_schedule(
        [
            partial(_ask, each[number % len(each)], text, page_size)
            for number, text in enumerate(texts)
        ],
        per_second,
    )


async def on_schedule(
    calls: Sequence[Callable[[], Awaitable[object]]], per_second: float
) -> list[float]:
    """Make each call, evenly spaced in time; returns the milliseconds since it was due.

    A call that an overloaded service refuses has taken for ever.
    """
    start = perf_counter()
    async with asyncio.TaskGroup() as group:
        tasks = []
        for number, call in enumerate(calls):
            due = start + number / per_second
            if (wait := due - perf_counter()) > 0:
                await asyncio.sleep(wait)
            tasks.append(group.create_task(_since(due, call)))
    return [task.result() for task in tasks]


async def _ask(stub: SearchServiceAsyncStub, text: str, page_size: int) -> object:
    return await stub.SearchTracks(
        SearchTracksRequest(query=text, page_size=page_size), timeout=TIMEOUT
    )


async def _since(due: float, call: Callable[[], Awaitable[object]]) -> float:
    try:
        await call()
    except grpc.aio.AioRpcError as error:
        if error.code() not in _OVERLOADED:
            raise
        return math.inf
    return 1_000 * (perf_counter() - due)


class AccessLog:
    """What the service itself says about the calls that a block makes: times in its servicer.

    They include PostgreSQL, decoding and encoding of messages by the servicer, and nothing of
    HTTP/2.
    """

    def __init__(self, server: Server) -> None:
        self._path = server.log
        self._start = 0

    def __enter__(self) -> Self:
        self._start = self._path.stat().st_size
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the log as it is."""

    def milliseconds(self, method: str = SEARCH) -> list[float]:
        """Return the time of each call. Raises BenchmarkError when the log is off."""
        with self._path.open("rb") as file:
            file.seek(self._start)
            lines = [json.loads(line) for line in file if line.startswith(b"{")]
        times = [float(line["duration_ms"]) for line in lines if line.get("method") == method]
        if not times:
            raise BenchmarkError("the access log is off; FONOTECA_LOG_LEVEL=INFO turns it on")
        return times
