"""Every call ends: at its client's deadline, at the server's maximum, or when the server drains.

gRPC cancels a call at the deadline of its client. Here are the other cases: a client that gave no
deadline or a longer one than the server allows, a call that arrives too late to be worth starting,
and the calls that would stay open forever (health watches, reflection).
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from service.errors import DeadlineExceeded, Unavailable
from service.wire.router import Call, Context, Method

FLOOR: Final = 0.001
"""Seconds. Nothing that asks the database is answered sooner: such a call only costs others."""


class Deadlines:
    """Ends calls after `unary` or `stream` seconds, by their kind."""

    def __init__(self, unary: float, stream: float) -> None:
        self._unary = unary
        self._stream = stream
        self._standing: set[asyncio.Timeout] = set()
        self._hung_up = False

    def __call__(self, method: Method, call: Call) -> Call:
        """Wrap a call."""
        if method.infrastructure:
            return self._standing_call(call)
        return _limited(call, self._stream if method.streams else self._unary)

    def hang_up(self) -> None:
        """End the calls of health and reflection: a draining server would wait for them in vain."""
        self._hung_up = True
        for timeout in self._standing:
            timeout.reschedule(0)

    def _standing_call(self, call: Call) -> Call:
        async def standing(request: Any, context: Context) -> Any:
            if self._hung_up:
                raise _draining()
            try:
                async with asyncio.timeout(None) as timeout:
                    self._standing.add(timeout)
                    try:
                        return await call(request, context)
                    finally:
                        self._standing.discard(timeout)
            except TimeoutError:
                if not timeout.expired():
                    raise
                raise _draining() from None

        return standing


def _limited(call: Call, limit: float) -> Call:
    async def limited(request: Any, context: Context) -> Any:
        remaining = context.time_remaining()
        if remaining is not None and remaining <= limit:
            if remaining < FLOOR:
                raise DeadlineExceeded
            return await call(request, context)
        try:
            async with asyncio.timeout(limit) as timeout:
                return await call(request, context)
        except TimeoutError:
            if not timeout.expired():
                raise
            raise DeadlineExceeded(
                f"The call took longer than the {limit:g} s that this server allows",
                {"limit_seconds": f"{limit:g}"},
            ) from None

    return limited


def _draining() -> Unavailable:
    return Unavailable("The server is shutting down")
