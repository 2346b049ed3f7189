"""What upkeep finds wrong with a database."""

from __future__ import annotations

from service.database import Database
from service.upkeep import rounds
from service.upkeep.model import STAGES, Finding


async def faults(database: Database, *, repair: bool = False) -> list[Finding]:
    """Return all that is wrong, mended if `repair`."""
    looks = rounds.verify(database, STAGES[0], STAGES[0].start, repair=repair)
    return [finding async for _, look in looks for finding in look.findings]
