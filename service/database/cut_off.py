"""Work that may be cut off at an instant, so that what was found until then can still be used."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from psycopg import Rollback
from psycopg.pq import TransactionStatus

from service.database.pool import Connection


@dataclass(slots=True)
class Cut:
    """Whether the work was cut off."""

    struck: bool = False


@asynccontextmanager
async def cut_off(connection: Connection, at: float | None) -> AsyncIterator[Cut]:
    """Run the block until the clock of the event loop says `at`; None lets it run to its end.

    What runs then on `connection` is cancelled, and the program goes on after the block. A
    transaction that was open before goes on too: what it had done and seen stays.
    """
    cut = Cut()
    if at is None:
        yield cut
    elif connection.info.transaction_status is TransactionStatus.IDLE:
        async with _until(at, cut):
            yield cut
    else:
        # A cancelled statement spoils its transaction, but for what precedes a savepoint.
        async with connection.transaction() as savepoint:
            async with _until(at, cut):
                yield cut
            if cut.struck:
                raise Rollback(savepoint)


@asynccontextmanager
async def _until(at: float, cut: Cut) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout_at(at) as timeout:
            yield
    except TimeoutError:
        if not timeout.expired():
            raise
        cut.struck = True
