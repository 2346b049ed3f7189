"""The service in the test's own process: all servicers and layers, on a free port."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from service.capabilities import CAPABILITIES
from service.database import Database
from service.server import Server, StopSignals
from service.settings import Settings
from service.wire.access_log import AccessLog
from service.wire.health import Readiness


@asynccontextmanager
async def serving(database: Database, settings: Settings) -> AsyncIterator[str]:
    """Serve the catalogue in `database`, whose schema is known to fit; yields the address."""
    readiness = Readiness(database.check, _schema_fits)
    await readiness.probe()
    servicers = [(register, make(database, settings)) for register, make in CAPABILITIES]
    server = Server(settings, servicers, readiness, (AccessLog(),))
    address = await server.start()
    stop = StopSignals()
    ended = asyncio.create_task(server.serve(stop))
    try:
        yield address
    finally:
        stop.interrupt()
        stop.interrupt()  # at once: nothing is in flight
        await ended


async def _schema_fits() -> None:
    """A check that finds nothing wrong."""
