"""Tests wait for a condition, never for a time."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable

from service.database import Connection

PATIENCE = 30.0
"""Seconds until a test gives up waiting: no hurry, a busy machine starts processes slowly."""


async def eventually(
    condition: Callable[[], Awaitable[bool] | bool], within: float = PATIENCE
) -> None:
    """Return as soon as `condition` holds; fail when it does not `within` so many seconds."""
    async with asyncio.timeout(within):
        while True:
            held = condition()
            if await held if inspect.isawaitable(held) else held:
                return
            await asyncio.sleep(0.01)


async def is_waiting(connection: Connection) -> bool:
    """Tell whether a transaction waits for another one."""
    rows = await connection.execute(
        "SELECT FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    return await rows.fetchone() is not None
