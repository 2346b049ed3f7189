"""Which connection of the pool is lent."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from service.database import Database
from service.settings import Settings
from tests.support.waiting import eventually


@pytest.fixture
async def pair(database_url: str, settings: Settings) -> AsyncIterator[Database]:
    """A pool of two connections."""
    of_two = settings.model_copy(update={"pool_min_size": 2, "pool_max_size": 2})
    database = Database(database_url, of_two)
    await database.open()
    await eventually(lambda: database.statistics()["pool_available"] == 2)
    yield database
    await database.close()


async def next_of(database: Database) -> int:
    """Return the process of PostgreSQL that serves the next call."""
    async with database.read() as connection:
        return connection.info.backend_pid


async def test_the_connection_that_was_given_back_last_is_lent_again(pair: Database) -> None:
    async with pair.read() as first, pair.read() as other:
        rested = other.info.backend_pid
        warm = first.info.backend_pid
    assert {await next_of(pair) for _ in range(5)} == {warm}
    async with pair.read() as first, pair.read() as other:
        assert [first.info.backend_pid, other.info.backend_pid] == [warm, rested]


async def test_checks_go_round_all_connections(pair: Database) -> None:
    before = await next_of(pair)
    await pair.check()
    between = await next_of(pair)
    await pair.check()
    assert before != between
    assert before == await next_of(pair)
