"""Clients of search: one call after the other, or calls on a schedule that waits for nobody.

Times are those of the caller, from the call to the parsed response. On a schedule (open loop) they
count from the moment at which the call was due, so that a server that falls behind cannot hide it.
Unary calls go over `benchmarks.http2`, so that the time is that of the service; `asyncio_stubs` are
for streams, and for what a client on Python's gRPC library sees.
"""

from __future__ import annotations

import asyncio
import json
import math
import select
import selectors
from collections.abc import AsyncIterator, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

import grpc
from google.protobuf.message import Message

from benchmarks.http2 import PATIENCE, Connection, Ended
from benchmarks.processes import BenchmarkError, Server
from fonoteca.v1.search_pb2 import SearchTracksRequest, SearchTracksResponse
from fonoteca.v1.search_pb2_grpc import SearchServiceStub

if TYPE_CHECKING:
    from fonoteca.v1.search_pb2_grpc import SearchServiceAsyncStub

PAGE: Final = 10
"""How many hits a search asks for, unless a benchmark says otherwise."""

SEARCH: Final = "/fonoteca.v1.SearchService/SearchTracks"
_OVERLOADED: Final = [
    status.value[0]
    for status in (
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
    )
]
_MAX_MESSAGE: Final = 256 << 20

Response = TypeVar("Response", bound=Message)
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, and after how many milliseconds."""

    milliseconds: float
    response: SearchTracksResponse


def call(
    connection: Connection, path: str, request: Message, response: type[Response]
) -> tuple[float, Response]:
    """Make one call; returns the milliseconds that it took, and the answer.

    Raises BenchmarkError when it fails.
    """
    start = perf_counter()
    [_] = connection.begin(path, request.SerializeToString())
    ended: list[Ended] = []
    while not ended:
        ended = connection.receive()
    if ended[0].status:
        raise BenchmarkError(f"a call of {path} failed with status {ended[0].status}")
    parsed = response.FromString(ended[0].message)
    return 1_000 * (perf_counter() - start), parsed


def ask(connection: Connection, texts: Iterable[str], page_size: int = PAGE) -> list[Answer]:
    """Ask each query, one at a time."""
    return [
        Answer(*call(connection, SEARCH, _request(text, page_size), SearchTracksResponse))
        for text in texts
    ]


def ask_together(each: Sequence[Connection], texts: Sequence[str], page_size: int = PAGE) -> None:
    """Ask each query once; every connection has one call in flight."""
    waiting = iter(texts)
    left = len(texts)
    for connection, text in zip(each, waiting, strict=False):
        connection.begin(SEARCH, _request(text, page_size).SerializeToString())
    while left:
        for connection in _readable(each, PATIENCE):
            for ended in connection.receive():
                left -= 1
                _parse(ended, SearchTracksResponse)
                for text in waiting:
                    connection.begin(SEARCH, _request(text, page_size).SerializeToString())
                    break


def ask_on_schedule(
    each: Sequence[Connection], texts: Sequence[str], per_second: float
) -> list[float]:
    """Ask each query once, evenly spaced in time; returns the milliseconds since it was due."""
    requests = [_request(text, PAGE) for text in texts]
    return on_schedule(each, SEARCH, requests, SearchTracksResponse, per_second)


def on_schedule(
    each: Sequence[Connection],
    path: str,
    requests: Sequence[Message],
    response: type[Message],
    per_second: float,
) -> list[float]:
    """Make each call, evenly spaced in time; returns the milliseconds since it was due.

    The connections take turns. A call that an overloaded service refuses has taken for ever.
    """
    times = [math.inf] * len(requests)
    calls: dict[tuple[Connection, int], int] = {}
    begun, start = 0, perf_counter()
    while begun < len(requests) or calls:
        due = start + begun / per_second if begun < len(requests) else math.inf
        wait = min(due - perf_counter(), PATIENCE)
        if wait <= 0:
            connection = each[begun % len(each)]
            [stream] = connection.begin(path, requests[begun].SerializeToString())
            calls[connection, stream] = begun
            begun += 1
            continue
        for connection in _readable(each, wait, may_be_silent=due < math.inf):
            for ended in connection.receive():
                number = calls.pop((connection, ended.stream))
                if _parse(ended, response):
                    times[number] = 1_000 * (perf_counter() - start - number / per_second)
    return times


def _request(text: str, page_size: int) -> SearchTracksRequest:
    return SearchTracksRequest(query=text, page_size=page_size)


def _readable(
    each: Sequence[Connection], seconds: float, *, may_be_silent: bool = False
) -> list[Connection]:
    """Wait for what may be read; the clock is finer than the whole milliseconds of epoll."""
    ready, _, _ = select.select(each, [], [], seconds)
    if not (ready or may_be_silent):
        raise BenchmarkError(f"the server said nothing for {seconds:g} s")
    return ready


def _parse(ended: Ended, response: type[Message]) -> bool:
    """Parse an answer; returns whether there was one, or raises BenchmarkError if there had to."""
    if ended.status in _OVERLOADED:
        return False
    if ended.status:
        raise BenchmarkError(f"a call failed with status {ended.status}")
    response.FromString(ended.message)
    return True


def run(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """Run a client that uses asyncio. Its clock is finer than that of epoll, too."""
    with asyncio.Runner(loop_factory=_fine_loop) as runner:
        return runner.run(coroutine)


def _fine_loop() -> asyncio.AbstractEventLoop:
    return asyncio.SelectorEventLoop(selectors.SelectSelector())


@asynccontextmanager
async def asyncio_stub(server: Server) -> AsyncIterator[SearchServiceAsyncStub]:
    """Open a channel of Python's gRPC library, and yield a stub on it."""
    options = [("grpc.max_receive_message_length", _MAX_MESSAGE)]
    async with grpc.aio.insecure_channel(server.address, options) as channel:
        yield SearchServiceStub(channel)


async def ask_by_asyncio_on_schedule(
    stub: SearchServiceAsyncStub, texts: Sequence[str], per_second: float
) -> list[float]:
    """Ask as `ask_on_schedule` does, over one channel of Python's gRPC library."""
    start = perf_counter()

    async def ask_one(text: str, due: float) -> float:
        await stub.SearchTracks(_request(text, PAGE), timeout=PATIENCE)
        return 1_000 * (perf_counter() - due)

    async with asyncio.TaskGroup() as group:
        tasks = []
        for number, text in enumerate(texts):
            due = start + number / per_second
            if (wait := due - perf_counter()) > 0:
                await asyncio.sleep(wait)
            tasks.append(group.create_task(ask_one(text, due)))
    return [task.result() for task in tasks]


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
