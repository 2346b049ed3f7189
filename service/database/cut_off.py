"""Work that may be cut off at an instant, so that what was found until then can still be used."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from psycopg.pq import TransactionStatus

from service.database.pool import RESTART, Connection


@dataclass(slots=True)
class Cut:
    """Whether the work was cut off."""

    struck: bool = False


@asynccontextmanager
async def cut_off(connection: Connection, at: float | None) -> AsyncIterator[Cut]:
    """Run the block until the clock of the event loop says `at`; None lets it run to its end.

    What runs then on `connection` is cancelled, and the program goes on after the block. The
    connection is in autocommit, or lent by `Database.snapshot` or `snapshots`: then it keeps its
    snapshot, and has written nothing that could be lost.
    """
    cut = Cut()
    try:
        async with asyncio.timeout_at(at) as timeout:
            yield cut
    except TimeoutError:
        if not timeout.expired():
            raise
        cut.struck = True
        if connection.info.transaction_status is not TransactionStatus.IDLE:
            await connection.execute(RESTART)  # a cancelled statement has spoilt the transaction
