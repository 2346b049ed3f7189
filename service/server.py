"""The server of one process: assembled from the settings, started, and drained when it is told to.

    settings -> database -> servicers -> layers -> health -> serve -> drain

With several workers, `service.workers` runs `work` in each of them.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import socket
import ssl
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol, TypeAlias, runtime_checkable

import grpc
import uvloop
from prometheus_client import CollectorRegistry

from service import logs, workers
from service.capabilities import CAPABILITIES, Capability
from service.database import migrations
from service.database.pool import Database
from service.purge.background import keep_purging
from service.purge.purging import stores_of
from service.settings import Settings
from service.upkeep.background import keep_up
from service.wire import metrics
from service.wire.access_log import AccessLog
from service.wire.deadlines import Deadlines
from service.wire.errors import errors
from service.wire.health import Readiness
from service.wire.observation import Observer, observation
from service.wire.reflection import add_reflection
from service.wire.router import Register, Router
from service.wire.shedding import LoadShedder

_LOG: Final = logging.getLogger(__name__)

_PURGE_INTERVAL: Final = 3_600.0
"""Seconds between two purges of a process."""

Announce: TypeAlias = Callable[[str], None]
"""Called with the address once calls are accepted."""


OnStop: TypeAlias = Callable[[], None]
"""Called when a signal asks for the end, before anything is stopped; must return at once."""


def nothing() -> None:
    """Do nothing when the end comes."""


class StartError(Exception):
    """The server cannot start; the message says why and what to do."""


def print_address(address: str) -> None:
    """Say on stdout that calls are accepted."""
    sys.stdout.write(f"fonoteca listens on {address}\n")
    sys.stdout.flush()


def run(
    settings: Settings, announce: Announce = print_address, *, on_stop: OnStop = nothing
) -> int:
    """Serve `settings.database_url` until a signal ends it; returns the exit code.

    `announce` is called with the address once calls are accepted, and must return at once.
    SIGTERM drains after `drain_delay`, SIGINT at once; a second SIGINT cancels the calls in flight.
    """
    logs.configure(settings.log_level, settings.log_format)
    if settings.workers > 1:
        return workers.supervise(settings, work, announce, on_stop)
    return work(settings, announce, on_stop=on_stop)


def work(
    settings: Settings,
    announce: Announce,
    capabilities: Sequence[Capability] = CAPABILITIES,
    *,
    on_stop: OnStop = nothing,
) -> int:
    """Serve in this process; returns the exit code."""
    try:
        _relax_garbage_collection()
        # uvloop spends a fifth less time on an empty call than asyncio's own loop (170 us for 213).
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(settings, announce, capabilities, StopSignals(on_stop)))
    except StartError as error:
        sys.stderr.write(f"fonoteca: {error}\n")
        return 1
    except KeyboardInterrupt:  # before the signal handlers were there
        return 130
    return 0


def _relax_garbage_collection() -> None:
    """Look for cycles of garbage less often: messages and rows have none.

    By default each 700 new objects start a search, and an import makes millions of them.
    """
    gc.collect()
    gc.freeze()  # what start-up left stays, and need not be searched again
    gc.set_threshold(50_000, 20, 50)


async def _serve(
    settings: Settings, announce: Announce, capabilities: Sequence[Capability], stop: StopSignals
) -> None:
    if settings.database_url is None:
        raise StartError("no database: set DATABASE_URL")
    stop.install(asyncio.get_running_loop())
    database = Database(settings.database_url, settings)
    readiness = Readiness(database.check, partial(_check_schema, settings.database_url))
    servicers = [(register, make(database, settings)) for register, make in capabilities]
    with _observers(settings) as observers:
        server = Server(settings, servicers, readiness, observers)
        await database.open()
        try:
            await _refuse_wrong_schema(readiness)
            async with _meanwhile(_chores(database, settings)):
                announce(await server.start())
                await server.serve(stop)
        finally:
            await database.close()


@contextmanager
def _observers(settings: Settings) -> Iterator[Sequence[Observer]]:
    """Yield what watches the calls, and serve metrics meanwhile, unless a parent process does."""
    if not settings.metrics_listen:
        yield (AccessLog(),)
    elif settings.workers > 1:
        yield (AccessLog(), metrics.Metrics(CollectorRegistry()))
    else:
        registry = metrics.process_registry()
        with ExitStack() as stack:
            try:
                stack.enter_context(metrics.served(registry, settings.metrics_listen))
            except OSError as error:
                raise StartError(str(error)) from error
            yield (AccessLog(), metrics.Metrics(registry))


def _chores(database: Database, settings: Settings) -> Iterator[Coroutine[Any, Any, None]]:
    """Yield what is to be done in the background, by the settings."""
    if settings.upkeep_interval:
        yield keep_up(database, settings.upkeep_interval)
    if settings.purge_after_days:
        stores = stores_of(settings)
        yield keep_purging(database, stores, settings.purge_after_days, _PURGE_INTERVAL)


@asynccontextmanager
async def _meanwhile(chores: Iterator[Coroutine[Any, Any, None]]) -> AsyncIterator[None]:
    """Do chores in the background of the block; they end with it."""
    tasks = [asyncio.create_task(chore) for chore in chores]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _refuse_wrong_schema(readiness: Readiness) -> None:
    """Look before the first call is accepted. A database that is down may come back: serve."""
    try:
        await readiness.probe()
    except StartError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, the next probe may succeed
        _LOG.debug("the first probe failed", exc_info=error)


async def _check_schema(database_url: str) -> None:
    if not await asyncio.to_thread(migrations.is_current, database_url):
        raise StartError(
            "the schema of the database is not the one that this version needs: "
            "`fonoteca db status` shows both, `fonoteca db upgrade` brings an older one up to date"
        )


class StopSignals:
    """What the signals so far ask for; each event includes those before it."""

    def __init__(self, on_stop: OnStop = nothing) -> None:
        self._on_stop = on_stop
        self.drain = asyncio.Event()
        self.hurry = asyncio.Event()
        self.now = asyncio.Event()

    def install(self, loop: asyncio.AbstractEventLoop) -> None:
        """Listen to SIGTERM and SIGINT."""
        loop.add_signal_handler(signal.SIGTERM, self.terminate)
        loop.add_signal_handler(signal.SIGINT, self.interrupt)

    def terminate(self) -> None:
        """Drain."""
        self._on_stop()
        self.drain.set()

    def interrupt(self) -> None:
        """Drain without delay; the second time, stop at once."""
        if self.hurry.is_set():
            self.now.set()
        self.hurry.set()
        self.terminate()


@runtime_checkable
class Background(Protocol):
    """A servicer that works also while nobody calls it."""

    async def background(self) -> None:
        """Work until it is cancelled."""


class Server:
    """A gRPC server with the layers, health and reflection around the given servicers."""

    def __init__(
        self,
        settings: Settings,
        servicers: Sequence[tuple[Register, object]],
        readiness: Readiness,
        observers: Sequence[Observer],
    ) -> None:
        self._settings = settings
        self._readiness = readiness
        self._shedder = LoadShedder(settings.max_concurrent_calls)
        self._deadlines = Deadlines(settings.max_deadline, settings.stream_deadline)
        self._background = [each for _, each in servicers if isinstance(each, Background)]
        self._router = Router(
            (
                observation(observers),
                errors,
                self._shedder,
                self._deadlines,
                readiness,
            )
        )
        for register, servicer in servicers:
            self._router.add(register, servicer)
        readiness.add_to(self._router)
        if settings.reflection:
            add_reflection(self._router)
        self._grpc = grpc.aio.server(handlers=(self._router,), options=_options(settings))

    async def start(self) -> str:
        """Accept calls; returns the address, with the port that was taken where 0 was asked for.

        Raises StartError when the address cannot be had.
        """
        address = self._bind()
        await self._readiness.open()
        await self._grpc.start()
        return address

    async def serve(self, stop: StopSignals) -> None:
        """Serve until `stop` asks for the end, then drain."""
        watch = asyncio.create_task(self._readiness.watch())
        working = [asyncio.create_task(each.background()) for each in self._background]
        # Shielded: to cancel this wait would cancel what `stop` waits for, too.
        terminated = asyncio.create_task(self._grpc.wait_for_termination())
        try:
            await _first_of(stop.drain.wait(), asyncio.shield(terminated))
            await self._drain(stop)
            await terminated
        finally:
            watch.cancel()
            for task in working:
                task.cancel()
            await asyncio.gather(*working, return_exceptions=True)

    async def _drain(self, stop: StopSignals) -> None:
        _LOG.info("draining")
        await self._readiness.drain()
        await _first_of(stop.hurry.wait(), asyncio.sleep(self._settings.drain_delay))
        await _first_of(stop.now.wait(), self._shedder.close())
        self._deadlines.hang_up()
        stopping = asyncio.create_task(self._grpc.stop(self._settings.drain_grace))
        await _first_of(stop.now.wait(), asyncio.shield(stopping))
        if not stopping.done():
            await self._grpc.stop(None)
        await stopping
        _LOG.info("stopped")

    def _bind(self) -> str:
        """Take the address that the settings name."""
        listen = self._settings.listen
        try:
            if listen.startswith("unix:"):
                _refuse_live_socket(Path(listen.removeprefix("unix:")))
            port = self._add_port(listen)
        except (OSError, RuntimeError) as error:
            raise StartError(f"cannot listen on {listen}: is another server there?") from error
        return listen if listen.startswith("unix:") else f"{listen.rpartition(':')[0]}:{port}"

    def _add_port(self, listen: str) -> int:
        if credentials := _credentials(self._settings):
            return self._grpc.add_secure_port(listen, credentials)
        return self._grpc.add_insecure_port(listen)


def _refuse_live_socket(path: Path) -> None:
    """Raise OSError when somebody listens on the socket: gRPC would take its name away silently."""
    with socket.socket(socket.AF_UNIX) as probe:
        if path.exists() and probe.connect_ex(str(path)) == 0:
            raise OSError(f"{path} is in use")


def _credentials(settings: Settings) -> grpc.ServerCredentials | None:
    if not (settings.tls_key and settings.tls_cert):
        return None
    try:
        ssl.create_default_context().load_cert_chain(settings.tls_cert, settings.tls_key)
    except OSError as error:  # gRPC itself would only say that it cannot bind
        raise StartError(f"the TLS certificate and its key are not usable: {error}") from error
    authority = settings.tls_client_ca.read_bytes() if settings.tls_client_ca else None
    return grpc.ssl_server_credentials(
        [(settings.tls_key.read_bytes(), settings.tls_cert.read_bytes())],
        root_certificates=authority,
        require_client_auth=authority is not None,
    )


def _options(settings: Settings) -> list[tuple[str, int]]:
    return [
        # On by default: a second server would then share the port of the first without a word.
        ("grpc.so_reuseport", int(settings.workers > 1)),
        ("grpc.max_receive_message_length", settings.max_receive_bytes),
        ("grpc.max_send_message_length", settings.max_send_bytes),
        # Notice dead peers, and let clients ping as often as they commonly do.
        ("grpc.keepalive_time_ms", 120_000),
        ("grpc.keepalive_timeout_ms", 20_000),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.min_ping_interval_without_data_ms", 30_000),
        # Clients reconnect now and then, so that new replicas and workers get their share; what is
        # in flight on the old connection may take as long as any call may.
        ("grpc.max_connection_age_ms", 30 * 60 * 1_000),
        ("grpc.max_connection_age_grace_ms", int(settings.stream_deadline * 1_000)),
    ]


async def _first_of(*waits: Coroutine[Any, Any, object] | asyncio.Future[Any]) -> None:
    """Wait until one of `waits` is done, raise what it raised, and cancel the others."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
