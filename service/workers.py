"""Several processes on one port, and a parent that keeps them running.

Python runs one thread of bytecode at a time, so more cores need more processes. The kernel spreads
connections over the sockets that share a port (SO_REUSEPORT). The parent takes the port alone, so
that a port in use is an error, and only then lets its workers in. It holds the port without
listening, passes on signals, and replaces a worker that died.
"""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import os
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Final, TypeAlias

from service import logs
from service.settings import Settings
from service.wire import metrics

_LOG: Final = logging.getLogger(__name__)
_SPAWN: Final = multiprocessing.get_context("spawn")
_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
_FIRST_BACKOFF: Final = 0.5
_MAX_BACKOFF: Final = 30.0

Announce: TypeAlias = Callable[[str], None]
Work: TypeAlias = Callable[[Settings, Announce], int]


def supervise(
    settings: Settings, work: Work, announce: Announce, on_stop: Callable[[], None]
) -> int:
    """Run `work` in `settings.workers` processes; returns the exit code once all have ended.

    `work` must be importable by name. Calls `announce` with the address when all accept calls, and
    `on_stop` before it tells them to end.
    """
    try:
        with ExitStack() as stack:
            address = stack.enter_context(_reserved(settings.listen))
            if settings.metrics_listen:
                stack.enter_context(_summed_metrics(settings.metrics_listen))
            settings = settings.model_copy(update={"listen": address})
            supervisor = _Supervisor(settings, work, on_stop)
            return asyncio.run(supervisor.run(lambda: announce(address)))
    except OSError as error:
        sys.stderr.write(f"fonoteca: {error}\n")
        return 1


@contextmanager
def _reserved(listen: str) -> Iterator[str]:
    """Hold a TCP address for the workers; yields it with the port that was taken for port 0.

    Raises OSError when another process has it.
    """
    host, _, port = listen.rpartition(":")
    number = int(port)
    with ExitStack() as stack:
        found = socket.getaddrinfo(host.strip("[]"), None, type=socket.SOCK_STREAM)
        for family, kind, protocol, _, address in found:
            holder = stack.enter_context(socket.socket(family, kind, protocol))
            try:
                holder.bind((address[0], number, *address[2:]))
            except OSError as error:
                raise OSError(
                    f"cannot listen on {listen}: is another server there? ({error.strerror})"
                ) from error
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            number = holder.getsockname()[1]
        yield f"{host}:{number}"


@contextmanager
def _summed_metrics(listen: str) -> Iterator[None]:
    """Serve the sum of what the workers, which inherit the environment, write to a folder."""
    with tempfile.TemporaryDirectory(prefix="fonoteca-metrics-") as folder:
        os.environ[metrics.MULTIPROCESS_FOLDER] = folder
        with metrics.served(metrics.summed_registry(folder), listen):
            yield


class _Supervisor:
    """Keeps the workers running until a signal ends them."""

    def __init__(self, settings: Settings, work: Work, on_stop: Callable[[], None]) -> None:
        self._settings = settings
        self._work = work
        self._on_stop = on_stop
        self._running: set[SpawnProcess] = set()
        self._not_ready = settings.workers
        self._stopping = asyncio.Event()
        self._exit_code = 0

    async def run(self, on_ready: Callable[[], None]) -> int:
        """Return the exit code when all workers have ended for good."""
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.add_signal_handler(number, self._pass_on, number)
        async with asyncio.TaskGroup() as group:
            for _ in range(self._settings.workers):
                group.create_task(self._keep_running(on_ready))
        return self._exit_code

    def _pass_on(self, number: int) -> None:
        self._on_stop()
        self._stopping.set()
        for process in self._running:
            if process.pid and process.is_alive():
                os.kill(process.pid, number)

    async def _keep_running(self, on_ready: Callable[[], None]) -> None:
        backoff = _FIRST_BACKOFF
        while not self._stopping.is_set():
            start = time.monotonic()
            exit_code = await self._run_once(on_ready)
            if self._stopping.is_set():
                return
            if self._not_ready > 0:  # what keeps one from starting keeps all from it
                self._exit_code = exit_code or 1
                self._pass_on(signal.SIGTERM)
                return
            if time.monotonic() - start > _MAX_BACKOFF:
                backoff = _FIRST_BACKOFF
            _LOG.error("a worker ended with %s; another starts in %g s", exit_code, backoff)
            await self._pause(backoff)
            backoff = min(2 * backoff, _MAX_BACKOFF)

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()

    async def _run_once(self, on_ready: Callable[[], None]) -> int | None:
        """Run one process to its end; returns its exit code, negative when a signal killed it."""
        ours, theirs = _SPAWN.Pipe()
        process = _SPAWN.Process(target=_worker, args=(self._settings, self._work, theirs))
        with _blocked_signals():
            process.start()
        theirs.close()
        self._running.add(process)
        _LOG.info("worker %d started", process.pid)
        try:
            await _readable(ours.fileno())
            with suppress(EOFError):  # it ended before it was ready
                ours.recv()
                self._note_ready(on_ready)
            await _readable(process.sentinel)
            process.join()
            return process.exitcode
        finally:
            self._running.discard(process)
            ours.close()

    def _note_ready(self, on_ready: Callable[[], None]) -> None:
        self._not_ready -= 1
        if self._not_ready == 0:
            on_ready()


async def _readable(descriptor: int) -> None:
    """Wait until there is something to read, the end of the file included."""
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    loop.add_reader(descriptor, readable.set)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(descriptor)


@contextmanager
def _blocked_signals() -> Iterator[None]:
    """Let a child inherit blocked signals: an early one waits until the child expects it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _worker(settings: Settings, work: Work, parent: Connection[str, None]) -> None:
    """Run in the child."""
    os.setpgid(0, 0)  # Ctrl-C in a terminal then reaches the parent alone, which passes it on
    logs.configure(settings.log_level, settings.log_format)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
    sys.exit(work(settings, parent.send))


def _end_with(parent: Connection[str, None]) -> None:
    """Drain when the parent is gone, however it went."""
    with suppress(EOFError, OSError):
        parent.recv()
    os.kill(os.getpid(), signal.SIGTERM)
