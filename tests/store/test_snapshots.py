"""Connections that see the catalogue as of one instant."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from psycopg import DataError

from service.database import Connection, Database
from service.settings import Settings
from tests.support.waiting import eventually

ADD = "INSERT INTO library (id, name) VALUES (%s::uuid, %s::text)"


@pytest.fixture
async def pair(database_url: str, settings: Settings) -> AsyncIterator[Database]:
    """A pool that has two connections, and no more."""
    two = {"pool_min_size": 2, "pool_max_size": 2}
    database = Database(database_url, settings.model_copy(update=two))
    await database.open()
    await eventually(lambda: database.statistics()["pool_available"] == 2)
    yield database
    await database.close()


async def seen(connection: Connection) -> tuple[str, int]:
    """Return which transactions a connection sees, and how many libraries."""
    rows = await connection.execute("SELECT pg_current_snapshot()::text, count(*) FROM library")
    [(snapshot, count)] = await rows.fetchall()
    return snapshot, count


async def test_all_see_the_same(pair: Database, connection: Connection) -> None:
    async with pair.snapshots(2) as lent:
        one, two = lent
        before = await seen(one)
        await connection.execute(ADD, [uuid4(), "new"])
        assert await seen(one) == await seen(two) == before
    async with pair.snapshots(2) as lent:
        counts = [count for _, count in [await seen(each) for each in lent]]
        assert counts == [before[1] + 1] * 2


async def test_nobody_waits_for_a_second_one(pair: Database) -> None:
    async with pair.read(), pair.snapshots(2) as lent:
        assert len(lent) == 1
    async with pair.snapshots(1) as lent:
        assert len(lent) == 1


async def test_are_given_back_as_they_were(pair: Database) -> None:
    async def fail() -> None:
        async with pair.snapshots(2) as lent:
            for each in lent:
                await each.execute("SELECT 1 / 0")

    for _ in range(2):
        with pytest.raises(DataError):
            await fail()
        await eventually(lambda: pair.statistics()["pool_available"] == 2)
    async with pair.read() as one, pair.read() as two:
        for each in (one, two):
            rows = await each.execute("SHOW transaction_isolation")
            assert await rows.fetchone() == ("read committed",)
