"""Purges for tests, and the time that must pass before them."""

from __future__ import annotations

from collections import Counter

from service.database import Connection, Database
from service.purge import store
from service.purge.model import Kind, days_ago
from service.purge.purging import Stores, purge, rehearse


async def age(connection: Connection) -> None:
    """Let everything have happened a hundred days ago, and a purge have come just after it."""
    for kind in store.UNREFERENCED:
        await store.note(connection, kind, store.first_key(kind), 10_000)
    for statement in (
        "UPDATE track SET deleted_at = deleted_at - interval '100 days'",
        "UPDATE playlist SET deleted_at = deleted_at - interval '100 days'",
        "UPDATE file_artwork SET linked_at = linked_at - interval '100 days'",
        "UPDATE artwork SET created_at = created_at - interval '100 days'",
        "UPDATE unreferenced SET since = since - interval '100 days'",
    ):
        await connection.execute(statement.encode())


async def purged(database: Database, stores: Stores, days: int = 90) -> Counter[Kind]:
    """Purge, and return what went; a rehearsal must have said so."""
    said = await rehearse(database, stores, days_ago(days))
    gone = await purged_beside(database, stores, days)
    assert gone == +said
    return gone


async def purged_beside(database: Database, stores: Stores, days: int = 90) -> Counter[Kind]:
    """Purge while somebody holds what would go, as no rehearsal knows; return what went."""
    gone: Counter[Kind] = Counter()
    async for kind, count in purge(database, stores, days_ago(days)):
        gone[kind] += count
    return +gone
