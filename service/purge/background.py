"""Purges in the background of a server: one an hour, of what is older than the settings say."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from typing import Final

from service.database import Database
from service.errors import DomainError
from service.purge.model import Kind, days_ago
from service.purge.purging import Stores, purge

_LOG: Final = logging.getLogger(__name__)


async def keep_purging(database: Database, stores: Stores, days: float, interval: float) -> None:
    """Purge until cancelled, every `interval` seconds, what is older than `days`.

    Several servers may do so at once: what one holds, the others leave alone.
    """
    while True:
        await asyncio.sleep(interval)
        try:
            await _purge_once(database, stores, days)
        except DomainError as error:
            # The database or the store of pictures is down: whoever answers calls says so.
            _LOG.debug("a purge is put off", exc_info=error)
        except Exception:  # noqa: BLE001 - the service is as good without it for a while
            _LOG.exception("a purge failed; it tries again in %g s", interval)


async def _purge_once(database: Database, stores: Stores, days: float) -> None:
    gone: Counter[Kind] = Counter()
    try:
        async for kind, count in purge(database, stores, days_ago(days)):
            gone[kind] += count
    finally:
        if gone.total():
            _LOG.info(
                "purged for good", extra={kind: count for kind, count in gone.items() if count}
            )
