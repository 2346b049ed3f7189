"""Reads files for the server: in processes of their own, without holding the server up."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol, TypeVar

from pebble import ProcessExpired

from service.errors import Unavailable
from service.ingest.files import Reading
from service.ingest.locations import Found
from service.ingest.readers import Readers, blamed, read_found
from service.ingest.tag_writing import Tagged, TagJob

T = TypeVar("T")


class ReadInto(Protocol):
    """What reads some files, and leaves their pictures in a folder."""

    def __call__(self, files: Sequence[Found], /, *, box: Path | None) -> list[Reading]:
        """Return the reading of each file."""


class Reader:
    """A pool of readers that is started when the first file is to be read."""

    def __init__(self, count: int, read: ReadInto = read_found) -> None:
        self.count = count
        self._read = read
        self._pool: Readers | None = None
        self._box: TemporaryDirectory[str] | None = None

    @property
    def box(self) -> Path:
        """Where the pictures of the files lie that were read."""
        if self._box is None:
            self._box = TemporaryDirectory(prefix="fonoteca-", ignore_cleanup_errors=True)
        return Path(self._box.name)

    async def read(self, files: Sequence[Found]) -> list[Reading]:
        """Return the reading of each file. Raises `Unavailable` when no process can be started.

        A file whose reader dies or takes too long is read once more by itself, and so is one for
        which the others left too little time or memory.
        """
        pool = self._started()
        try:
            readings = await self._result(pool.submit(files))
        except (TimeoutError, ProcessExpired):
            return [await self._again(pool, file) for file in files]
        return [
            await self._again(pool, file) if reading.was_crowded else reading
            for file, reading in zip(files, readings, strict=True)
        ]

    async def write_tags(self, job: TagJob, part: str) -> Tagged:
        """Return what became of a file whose tags are to be written. Raises `Unavailable`."""
        try:
            return await self._result(self._started().write_tags(job, part))
        except TimeoutError:
            return Tagged(error="could not be written in time")
        except ProcessExpired:
            return Tagged(error="crashes the program that writes it")

    def close(self) -> None:
        """End the readers, whatever they are at."""
        if self._pool:
            self._pool.close()
            self._pool = None
        if self._box:
            self._box.cleanup()
            self._box = None

    async def _again(self, pool: Readers, file: Found) -> Reading:
        try:
            return (await self._result(pool.submit([file])))[0]
        except (TimeoutError, ProcessExpired) as error:
            return blamed(file, error)

    def _started(self) -> Readers:
        if self._pool is None:
            self._pool = Readers(self.count, partial(self._read, box=self.box))
        return self._pool

    async def _result(self, future: Future[T]) -> T:
        try:
            return await asyncio.wrap_future(future)
        except BrokenProcessPool:
            self.close()
            raise Unavailable("no process can be started to read files") from None
