"""Reads many files in several processes, and survives files that kill a process.

Files go out in small chunks. When a process dies, everybody's chunks are lost and nobody knows
whose file it was; so the lost files are read again one at a time, and the one that kills its
process again is the culprit.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Final, TypeVar

from service.ingest.files import Reading, read_files
from service.ingest.problems import SourceError

T = TypeVar("T")

_CHUNK: Final = 8
#: Chunks that are under way for each process: one in work, and some so that none has to wait.
_WINDOW: Final = 4

_Pending = deque[tuple["Future[list[Reading]]", Sequence[str]]]


def read_all(paths: Sequence[str], jobs: int) -> Generator[Reading, None, None]:
    """Yield one reading for each path, in their order except after a crash."""
    chunks = deque(paths[start : start + _CHUNK] for start in range(0, len(paths), _CHUNK))
    while chunks:
        lost: list[str] = []
        with _pool(min(jobs, len(chunks))) as pool:
            pending: _Pending = deque()
            while chunks or pending:
                try:
                    while chunks and len(pending) < jobs * _WINDOW:
                        pending.append((_submit(pool, read_files, list(chunks[0])), chunks[0]))
                        chunks.popleft()
                    yield from pending[0][0].result()
                    pending.popleft()
                except BrokenProcessPool:
                    lost = [path for _, chunk in pending for path in chunk]
                    break
        yield from _one_by_one(lost)


def _one_by_one(paths: Sequence[str]) -> Iterator[Reading]:
    """Read files of which one kills its process."""
    rest = deque(paths)
    while rest:
        with _pool(1) as pool:
            _prove(pool)
            try:
                while rest:
                    yield from _submit(pool, read_files, [rest[0]]).result()
                    rest.popleft()
            except BrokenProcessPool:
                yield Reading(rest.popleft(), error="crashes the program that reads it")


def _prove(pool: ProcessPoolExecutor) -> None:
    """Make sure that a process can work at all, before a file is blamed."""
    try:
        _submit(pool, os.getpid).result()
    except BrokenProcessPool as error:
        raise SourceError(f"no process can be started to read the files: {error}") from error


@contextmanager
def _pool(size: int) -> Iterator[ProcessPoolExecutor]:
    # A forked process would inherit the state of gRPC's threads and hang.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(size, mp_context=context, initializer=_start_worker)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _submit(pool: ProcessPoolExecutor, work: Callable[..., T], *args: object) -> Future[T]:
    """Hand out work, and let a process that is started for it be born deaf to Ctrl-C.

    Ctrl-C reaches every process of the terminal; the first one decides what becomes of the others.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        return pool.submit(work, *args)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _start_worker() -> None:
    # The parser prints to the terminal on some files, across the progress bar.
    sys.stdout = sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
