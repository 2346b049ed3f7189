"""Connections that see the catalogue as of one instant."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from uuid import uuid4

import pytest
from psycopg import DataError

from service.database import Connection, Database
from service.errors import Unavailable
from service.settings import Settings
from tests.support.waiting import eventually

ADD = "INSERT INTO library (id, name) VALUES (%s::uuid, %s::text)"
END = "SELECT pg_terminate_backend(%s::int4, 5000)"

# Takes the place of PostgreSQL's own for who searches this schema first.
HIDING = """
CREATE SCHEMA hiding;
CREATE FUNCTION hiding.pg_export_snapshot() RETURNS text LANGUAGE sql AS $$ SELECT {} $$
"""


@pytest.fixture
async def pair(database_url: str, settings: Settings) -> AsyncIterator[Database]:
    """A pool that has two connections, and lends no more than both to one caller."""
    async with opened(database_url, settings, pool_max_size=4) as database:
        yield database


@asynccontextmanager
async def opened(url: str, settings: Settings, **others: object) -> AsyncIterator[Database]:
    """Open a pool, and wait until it has the connections that it keeps."""
    changed = settings.model_copy(update={"pool_min_size": 2} | others)
    database = Database(url, changed)
    await database.open()
    await idle(database, changed.pool_min_size)
    yield database
    await database.close()


async def idle(database: Database, count: int = 2) -> None:
    """Wait until so many connections are idle."""
    await eventually(lambda: database.statistics()["pool_available"] == count)


async def lent_to_one(database: Database, count: int = 2) -> int:
    """Return how many connections are lent to who asks for so many, and can be used."""
    async with database.snapshots(count) as lent:
        assert len({await seen(each) for each in lent}) == 1
        return len(lent)


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


async def test_nobody_waits_for_idle_ones(pair: Database) -> None:
    assert await lent_to_one(pair, 1) == 1
    assert await lent_to_one(pair) == 2
    async with pair.read():
        assert await lent_to_one(pair) == 1


async def test_half_of_the_pool_stays_for_others(database_url: str, settings: Settings) -> None:
    many = {"pool_min_size": 10, "pool_max_size": 10}
    async with opened(database_url, settings, **many) as database, AsyncExitStack() as batches:
        numbers = [len(await batches.enter_async_context(database.snapshots(2))) for _ in range(4)]
    assert numbers == [2, 2, 1, 1]


async def test_those_that_are_not_open_yet_count_as_others(
    database_url: str, settings: Settings
) -> None:
    async with opened(database_url, settings) as database:
        assert await lent_to_one(database) == 2


async def test_behind_pgbouncer_there_is_one(database_url: str, settings: Settings) -> None:
    async with opened(database_url, settings, pgbouncer=True) as database:
        assert await lent_to_one(database) == 1


async def test_one_that_broke_is_done_without(pair: Database, connection: Connection) -> None:
    async with pair.read(), pair.read() as broken:
        pid = broken.info.backend_pid
    await connection.execute(END, [pid])
    assert await lent_to_one(pair) == 1
    await idle(pair)
    assert await lent_to_one(pair) == 2


@pytest.mark.parametrize("fault", ["(1 / 0)::text", "'unknown'"], ids=["export", "adoption"])
async def test_a_snapshot_that_cannot_be_shared_is_not(
    pair: Database, connection: Connection, fault: str
) -> None:
    await connection.execute(HIDING.format(fault).encode())
    async with pair.read() as one, pair.read() as two:
        for each in (one, two):
            await each.execute("SET search_path = hiding, pg_catalog, public")
    for _ in range(2):
        assert await lent_to_one(pair) == 1
        await idle(pair)
    await connection.execute("DROP SCHEMA hiding CASCADE")
    assert await lent_to_one(pair) == 2


@pytest.mark.parametrize("count", [1, 2])
async def test_one_that_breaks_is_unavailable(
    pair: Database, connection: Connection, count: int
) -> None:
    async def end_last() -> None:
        async with pair.snapshots(count) as lent:
            await connection.execute(END, [lent[-1].info.backend_pid])
            await seen(lent[-1])

    with pytest.raises(Unavailable):
        await end_last()
    await idle(pair)


async def test_are_given_back_as_they_were(pair: Database) -> None:
    async def fail() -> None:
        async with pair.snapshots(2) as lent:
            for each in lent:
                await each.execute("SELECT 1 / 0")

    for _ in range(2):
        with pytest.raises(DataError):
            await fail()
        await idle(pair)
    async with pair.transaction() as one, pair.transaction() as two:
        for each in (one, two):
            rows = await each.execute("SHOW transaction_isolation")
            assert await rows.fetchone() == ("read committed",)
