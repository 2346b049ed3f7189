"""A stream of descriptions in, a stream of results out, with a bounded number of items in between.

Three things happen at once: messages are read and checked, batches of what has arrived are matched,
and results are written in order. Each waits for the next: when the client does not read, nothing is
written, so no batch begins, so nothing more is read.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from google.rpc.status_pb2 import Status

from fonoteca.v1 import search_pb2 as pb
from service.database import Database
from service.errors import DomainError, invalid
from service.matching.codec import decode_item, decode_options, encode_result
from service.matching.match import match
from service.matching.model import MAX_BATCH, MAX_REF, Item
from service.tracks.store import find_many
from service.wire.status import to_status

T = TypeVar("T")

_BATCH: Final = 250
"""How many items are matched together at most; fewer when no more have arrived."""

_WAITING: Final = 500
"""How many items wait to be matched before no more are read."""

_BATCHES_READY: Final = 1
"""How many batches may wait to be written, besides the one that is written and the next one."""

_RESPONSE_BYTES: Final = 1 << 20
"""Clients refuse messages above 4 MiB by default."""

_YIELD_EVERY: Final = 20


@dataclass(frozen=True, slots=True)
class _Entry:
    """An item of the stream, or what is wrong with it."""

    index: int
    ref: str
    item: Item | Status


@dataclass(frozen=True, slots=True)
class _End:
    """The end of the stream, and what is wrong with it as a whole."""

    error: Exception | None = None


_Batch = asyncio.Task[list[pb.MatchResult]]


class MatchStream:
    """The state of one call of MatchTracks."""

    def __init__(self, database: Database, requests: AsyncIterator[pb.MatchTracksRequest]) -> None:
        self._database = database
        self._requests = requests
        self._options = decode_options(pb.MatchOptions())
        self._entries: asyncio.Queue[_Entry | _End] = asyncio.Queue(_WAITING)
        self._batches: asyncio.Queue[_Batch | _End] = asyncio.Queue(_BATCHES_READY)
        self._tasks: set[asyncio.Task[Any]] = set()

    async def responses(self) -> AsyncGenerator[pb.MatchTracksResponse, None]:
        """Yield the results as they come. Raises what is wrong with the stream as a whole."""
        self._start(self._read())
        self._start(self._begin_batches())
        try:
            while isinstance(batch := await self._batches.get(), asyncio.Task):
                results = await batch
                self._tasks.discard(batch)
                for part in _parts(results):
                    yield pb.MatchTracksResponse(results=part)
            if batch.error:
                raise batch.error
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _start(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        return task

    async def _read(self) -> None:
        """Read and check messages, as long as there is room for their items."""
        end = _End()
        try:
            index = 0
            async for number, request in _numbered(self._requests):
                self._read_options(request, is_first=number == 0)
                for message in request.items:
                    await self._entries.put(_entry(index, message))
                    index += 1
                    if index % _YIELD_EVERY == 0:
                        await asyncio.sleep(0)
        except Exception as error:  # noqa: BLE001 - raised again behind the results so far
            end = _End(error)
        await self._entries.put(end)

    def _read_options(self, request: pb.MatchTracksRequest, *, is_first: bool) -> None:
        if len(request.items) > MAX_BATCH:
            raise invalid("items", f"must have at most {MAX_BATCH} entries a message")
        if is_first:
            self._options = decode_options(request.options)
        elif request.HasField("options"):
            raise invalid("options", "must be in the first message only")

    async def _begin_batches(self) -> None:
        """Match what has arrived, as long as there is room for the results."""
        end = None
        while end is None:
            entries, end = await self._arrived()
            if entries:
                await self._batches.put(self._start(self._results(entries)))
        await self._batches.put(end)

    async def _arrived(self) -> tuple[list[_Entry], _End | None]:
        """Wait for an entry; return it with those that are there already."""
        entries: list[_Entry] = []
        while not entries or (len(entries) < _BATCH and not self._entries.empty()):
            entry = await self._entries.get()
            if isinstance(entry, _End):
                return entries, entry
            entries.append(entry)
        return entries, None

    async def _results(self, entries: Sequence[_Entry]) -> list[pb.MatchResult]:
        """Return the results of a batch."""
        items = [entry.item for entry in entries if isinstance(entry.item, Item)]
        async with self._database.read() as connection:
            matches = await match(
                connection, self._options.library_id, items, self._options.max_runners_up
            )
            chosen = [self._options.chosen(of) for of in matches]
            documents = await find_many(
                connection, {match.track_id for of in chosen for match in of}
            )
        results = []
        following = iter(chosen)
        for number, entry in enumerate(entries):
            if isinstance(entry.item, Status):
                result = pb.MatchResult(index=entry.index, ref=entry.ref, error=entry.item)
            else:
                result = encode_result(entry.index, entry.ref, next(following), documents)
            results.append(result)
            if number % _YIELD_EVERY == 0:
                await asyncio.sleep(0)
        return results


async def _numbered(messages: AsyncIterator[T]) -> AsyncIterator[tuple[int, T]]:
    number = 0
    async for message in messages:
        yield number, message
        number += 1


def _entry(index: int, message: pb.MatchItem) -> _Entry:
    ref = message.ref if len(message.ref) <= MAX_REF else ""
    try:
        return _Entry(index, ref, decode_item(message))
    except DomainError as error:
        return _Entry(index, ref, to_status(error))


def _parts(results: Sequence[pb.MatchResult]) -> Iterator[list[pb.MatchResult]]:
    """Cut results into messages that every client accepts."""
    part: list[pb.MatchResult] = []
    size = 0
    for result in results:
        weight = result.ByteSize()
        if part and size + weight > _RESPONSE_BYTES:
            yield part
            part, size = [], 0
        part.append(result)
        size += weight
    yield part
