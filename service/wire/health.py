"""Health tells two facts apart: the process is alive, and the catalogue can be used.

`""` and each service's name say whether the catalogue can be used: the database answers and its
schema is the one this version needs. `live` says only that the process answers, so that an outage
of the database does not make an orchestrator restart healthy servers.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from service.errors import Unavailable
from service.wire.router import Call, Context, Method, Router

LIVE: Final = "live"

_LOG: Final = logging.getLogger(__name__)
_SERVING: Final = health_pb2.HealthCheckResponse.SERVING
_NOT_SERVING: Final = health_pb2.HealthCheckResponse.NOT_SERVING

Check = Callable[[], Awaitable[None]]


class Readiness:
    """Knows whether the catalogue can be used, and tells the health service.

    `check` raises when the database does not answer. `check_schema` raises when the schema is not
    the one that is needed, or cannot be read; it runs until it has succeeded once, and until then
    every call is refused.
    """

    def __init__(
        self, check: Check, check_schema: Check, *, interval: float = 2.0, timeout: float = 1.0
    ) -> None:
        self._check = check
        self._check_schema = check_schema
        self._interval = interval
        self._timeout = timeout
        self._schema_fits = False
        self._ready: bool | None = None
        self._draining = False
        self._names: Sequence[str] = ("",)
        self._health = health.aio.HealthServicer()

    def __call__(self, method: Method, call: Call) -> Call:
        """Wrap a call."""
        if method.infrastructure:
            return call

        async def usable(request: Any, context: Context) -> Any:
            if not self._schema_fits:
                raise Unavailable("The catalogue is not ready yet")
            return await call(request, context)

        return usable

    def add_to(self, router: Router) -> None:
        """Add the health service, which answers for all services that were added before it."""
        self._names = ("", *router.services)
        router.add(health_pb2_grpc.add_HealthServicer_to_server, self._health)

    async def open(self) -> None:
        """Report what the probes so far have found, before the first client asks."""
        await self._health.set(LIVE, _SERVING)
        await self._report(None if self._schema_fits else Unavailable("it has not answered yet"))

    async def probe(self) -> None:
        """Look at the database once. Raises what the two checks raised, or TimeoutError."""
        async with asyncio.timeout(self._timeout):
            await self._check()
        if not self._schema_fits:
            await self._check_schema()
            self._schema_fits = True

    async def watch(self) -> None:
        """Probe for ever, and report what was found.

        A pool that is busy can make one check late, so only the second failure in a row counts.
        """
        failures = 0
        while True:
            await asyncio.sleep(self._interval)
            try:
                await self.probe()
            except Exception as error:  # noqa: BLE001 - the watch must outlive any of them
                failures += 1
                if failures > 1:
                    await self._report(error)
            else:
                failures = 0
                await self._report(None)

    async def drain(self) -> None:
        """Report NOT_SERVING from now on, whatever a probe finds; the process is still alive."""
        await self._publish(ready=False)
        self._draining = True

    async def _report(self, problem: Exception | None) -> None:
        ready = problem is None
        if ready is self._ready:
            return
        if problem:
            _LOG.warning("the database cannot be used: %s", str(problem) or type(problem).__name__)
        else:
            _LOG.info("the database can be used")
        await self._publish(ready=ready)

    async def _publish(self, *, ready: bool) -> None:
        if self._draining:
            return
        self._ready = ready
        for name in self._names:
            await self._health.set(name, _SERVING if ready else _NOT_SERVING)
