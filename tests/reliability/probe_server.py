"""A server with a slow method, which the tests of its life cycle run as a process of its own.

All of it is as in production, but for the services that it offers.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator

from google.protobuf.wrappers_pb2 import StringValue

from service import server, workers
from service.settings import Settings, load_settings
from service.wire.router import Context
from tests.rpc.wire_harness import handler, registration


async def process_id(_request: StringValue, _context: Context) -> StringValue:
    """Tell which process answers."""
    return StringValue(value=str(os.getpid()))


async def hold(request: StringValue, _context: Context) -> AsyncIterator[StringValue]:
    """Say that the call has arrived, and after so many seconds that it is done."""
    yield StringValue(value="holding")
    await asyncio.sleep(float(request.value))
    yield StringValue(value="done")


PROBE = registration({"Pid": handler(process_id), "Hold": handler(hold, server_streams=True)})


def work(settings: Settings, announce: server.Announce) -> int:
    """Do what `service.server.work` does, with the probe as the only capability."""
    return server.work(settings, announce, ((PROBE, lambda *_: None),))


def main() -> None:
    """Serve as `service.server.run` does, with the settings in the environment."""
    settings = load_settings()
    if settings.workers > 1:
        sys.exit(workers.supervise(settings, work, server.print_address, server.nothing))
    sys.exit(work(settings, server.print_address))
