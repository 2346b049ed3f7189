"""An overloaded or draining server refuses at once, so that what it has accepted ends well."""

from __future__ import annotations

import asyncio
import random
import time
from datetime import timedelta
from typing import Any, Final

from service.errors import DomainError, ResourceExhausted, Unavailable
from service.wire.router import Call, Context, Method

_BACKLOG: Final = 0.05
"""Seconds in which calls that had reached this machine before `close` are still taken up."""

_QUIET: Final = 0.1
"""Seconds without a new call after which no more are expected."""

_PATIENCE: Final = 1.0
"""Seconds after which `close` no longer waits for clients to go away."""


class LoadShedder:
    """Lets at most `limit` calls of this process run at once; health and reflection always pass."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._in_flight = 0
        self._closed = False
        self._last_refusal = 0.0

    def __call__(self, method: Method, call: Call) -> Call:
        """Wrap a call."""
        if method.infrastructure:
            return call

        async def admitted(request: Any, context: Context) -> Any:
            if self._closed or self._in_flight >= self._limit:
                raise self._refusal()
            self._in_flight += 1
            try:
                return await call(request, context)
            finally:
                self._in_flight -= 1

        return admitted

    async def close(self) -> None:
        """Refuse all further calls, and return when hardly any more will come.

        gRPC resets, with CANCELLED, the calls that it has received but not yet handed over when it
        is stopped. A client may not repeat those; it may repeat what is refused with UNAVAILABLE.
        """
        await asyncio.sleep(_BACKLOG)
        self._closed = True
        start = self._last_refusal = time.monotonic()
        # A timer that each refusal pushes back; an event would have nobody to set it.
        while time.monotonic() < min(self._last_refusal + _QUIET, start + _PATIENCE):  # noqa: ASYNC110
            await asyncio.sleep(_QUIET / 10)

    def _refusal(self) -> DomainError:
        if self._closed:
            self._last_refusal = time.monotonic()
            return Unavailable("The server is shutting down")
        return ResourceExhausted(
            "The server is at its limit of concurrent calls",
            {"limit": "concurrent calls"},
            _retry_after(),
        )


def _retry_after() -> timedelta:
    """Spread the retries of the clients that were refused together."""
    return timedelta(milliseconds=random.randint(100, 500))  # noqa: S311 - no secret
