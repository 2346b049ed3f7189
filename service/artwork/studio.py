"""Has pictures decoded and made smaller, without holding the server up or harming it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Final, TypeVar

from pebble import ProcessExpired

from service.artwork.imaging import Inspection, inspect, shrink
from service.errors import FailedPrecondition, Unavailable
from service.ingest.processes import LimitedProcesses

A = TypeVar("A")
R = TypeVar("R")

_PROCESSES: Final = 1
_SECONDS: Final = 30.0
_MEMORY_BYTES: Final = 2 << 30
"""Of address space, of which libraries take a part: the largest picture is there twice."""


class Studio:
    """A process that is started when the first picture comes."""

    def __init__(self) -> None:
        self._pool: LimitedProcesses | None = None

    async def inspect(self, path: Path) -> Inspection:
        """Return what a picture is, or why it is refused. Raises `Unavailable`."""
        try:
            return await self._submit(inspect, str(path), None)
        except TimeoutError:
            return Inspection(refusal="takes too long to decode")
        except ProcessExpired:
            return Inspection(refusal="crashes the program that decodes it")

    async def shrink(self, source: Path, target: Path, size_px: int) -> None:
        """Write a smaller copy of a picture. Raises `FailedPrecondition` and `Unavailable`."""
        try:
            await self._submit(shrink, str(source), (str(target), size_px))
        except Unavailable:
            raise
        # It was decoded before it was kept: what now goes wrong is not the caller's mistake.
        except Exception as error:
            raise FailedPrecondition("the picture cannot be made smaller") from error

    def close(self) -> None:
        """End the process, whatever it is at."""
        if self._pool:
            self._pool.close()
            self._pool = None

    async def _submit(self, work: Callable[[str, A], R], path: str, rest: A) -> R:
        if self._pool is None:
            self._pool = LimitedProcesses(_PROCESSES, _MEMORY_BYTES)
        try:
            return await asyncio.wrap_future(self._pool.submit(work, path, rest, seconds=_SECONDS))
        except BrokenProcessPool:
            self.close()
            raise Unavailable("no process can be started to decode pictures") from None
