"""Processes that may come to harm: each has so much memory and so much time, and no voice."""

from __future__ import annotations

import gc
import multiprocessing
import os
import resource
import signal
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any, Final, TypeVar

from pebble import ProcessPool

A = TypeVar("A")
B = TypeVar("B")
R = TypeVar("R")

#: A parser makes many objects and few circles of them; by default looking for these takes a tenth
#: of its time.
_OBJECTS_BEFORE_COLLECTION: Final = 10_000
#: What a parser leaks goes with its process.
_TASKS_BEFORE_REST: Final = 1_000


class LimitedProcesses:
    """A pool of processes that are replaced when they die. Close it, so that none stays behind."""

    def __init__(self, count: int, memory_bytes: int) -> None:
        """Prepare a pool whose processes have an address space of `memory_bytes` each."""
        # A forked process would inherit the state of gRPC's threads and hang.
        self._pool = ProcessPool(
            count,
            max_tasks=_TASKS_BEFORE_REST,
            initializer=_begin,
            initargs=(memory_bytes,),
            context=multiprocessing.get_context("spawn"),
        )
        self._under_way: set[Future[Any]] = set()

    def submit(self, work: Callable[[A, B], R], a: A, b: B, *, seconds: float) -> Future[R]:
        """Have a function of a module work on what can be sent to a process.

        The future raises `TimeoutError` or `ProcessExpired` when the process was too slow or died,
        `BrokenProcessPool` when none can be started, and `CancelledError` when the pool is closed.
        """
        with _deaf_to_interrupts():
            future = self._pool.schedule(work, (a, b), timeout=seconds)
        self._under_way.add(future)
        future.add_done_callback(self._under_way.discard)
        return future

    def close(self) -> None:
        """End the processes, whatever they are at."""
        for future in tuple(self._under_way):
            future.cancel()
        self._pool.stop()
        self._pool.join()


def _begin(memory_bytes: int) -> None:
    """Prepare a process: limit its memory, and its voice."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = memory_bytes if hard == resource.RLIM_INFINITY else min(memory_bytes, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    gc.set_threshold(_OBJECTS_BEFORE_COLLECTION)
    # The parser prints to the terminal on some files, across the progress bar.
    sys.stdout = sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Let threads and processes that start meanwhile be born deaf to Ctrl-C.

    It reaches every process of the terminal; the first one decides what becomes of the others.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
