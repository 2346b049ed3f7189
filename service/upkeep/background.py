"""Upkeep in the background of a server: a batch now and then, but in a rebuild at once."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from typing import Final

from service.database import Database
from service.errors import DomainError
from service.upkeep.model import Look
from service.upkeep.rounds import advance
from service.upkeep.statistics import refresh

_LOG: Final = logging.getLogger(__name__)


async def keep_up(database: Database, interval: float) -> None:
    """Take rounds forward until cancelled, a batch every `interval` seconds.

    A rebuild goes on at once, but rests as long as it works, for others need the database, too.
    """
    pause = interval
    while True:
        await asyncio.sleep(pause)
        pause = await _turn(database, interval)
        await _refresh(database)


async def _refresh(database: Database) -> None:
    """Keep the planner's statistics up to date, by itself: upkeep goes on when that fails."""
    try:
        await refresh(database)
    except DomainError as error:
        _LOG.debug("statistics are left to autovacuum", exc_info=error)
    except Exception:  # noqa: BLE001 - plans are worse for a minute
        _LOG.exception("statistics could not be renewed")


async def _turn(database: Database, interval: float) -> float:
    """Do one batch; returns how many seconds to wait for the next."""
    begin = time.monotonic()
    try:
        done = await advance(database)
    except DomainError as error:
        # The database is down or busy: whoever answers calls says so.
        _LOG.debug("upkeep of search is put off", exc_info=error)
        return interval
    except Exception:  # noqa: BLE001 - the service is as good without upkeep for a while
        _LOG.exception("upkeep of search failed; it tries again in %g s", interval)
        return interval
    if done is None:
        return interval
    state, look = done
    _report(look)
    return min(time.monotonic() - begin, interval) if state.is_rebuild else interval


def _report(look: Look) -> None:
    for (fault, stage), count in Counter((f.fault, f.stage) for f in look.findings).items():
        level = logging.WARNING if fault.is_error else logging.DEBUG
        _LOG.log(level, "upkeep of search: %d of %s: each %s", count, stage, fault)
