"""A write whose statements travel together is one transaction all the same."""

from __future__ import annotations

from uuid import uuid4

import pytest

from service.database import Connection, Database
from service.errors import AlreadyExists, NotFound
from service.libraries.model import DEFAULT_LIBRARY_ID

ADD = "INSERT INTO library (id, name) VALUES (%s::uuid, %s::text)"
NAMES = "SELECT name FROM library WHERE id <> %s::uuid ORDER BY name"
DEADLOCK = "DO $$ BEGIN RAISE EXCEPTION 'met another one' USING ERRCODE = '40P01'; END $$"


async def names(database: Database) -> list[str]:
    async with database.read() as connection:
        rows = await connection.execute(NAMES, [DEFAULT_LIBRARY_ID])
        return [row[0] for row in await rows.fetchall()]


async def add(connection: Connection, name: str) -> None:
    await connection.execute(ADD, [uuid4(), name])


async def test_is_committed_when_it_returns(database: Database) -> None:
    async def work(connection: Connection) -> list[str]:
        await add(connection, "one")
        await add(connection, "two")
        rows = await connection.execute(NAMES, [DEFAULT_LIBRARY_ID])
        seen = [row[0] for row in await rows.fetchall()]
        await add(connection, "three")
        return seen

    assert await database.write(work, pipelined=True) == ["one", "two"]
    assert await names(database) == ["one", "three", "two"]


async def test_nothing_is_stored_when_a_statement_fails_that_nobody_waits_for(
    database: Database,
) -> None:
    async def work(connection: Connection) -> None:
        for name in ("one", "two", "two", "three"):
            await add(connection, name)

    for _ in range(3):  # more often than there are connections at first
        with pytest.raises(AlreadyExists):
            await database.write(work, pipelined=True)
    assert await names(database) == []


async def test_nothing_is_stored_when_the_last_statement_fails(database: Database) -> None:
    async def work(connection: Connection) -> str:
        await add(connection, "one")
        await (await connection.execute("SELECT 1")).fetchall()
        await add(connection, "one")
        return "done"

    with pytest.raises(AlreadyExists):
        await database.write(work, pipelined=True)
    assert await names(database) == []


async def test_nothing_is_stored_when_the_work_gives_up(database: Database) -> None:
    async def work(connection: Connection) -> None:
        await add(connection, "one")
        raise NotFound("library", "another")

    with pytest.raises(NotFound):
        await database.write(work, pipelined=True)
    assert await names(database) == []


async def test_is_repeated_when_it_met_another_one(database: Database) -> None:
    attempts = 0

    async def work(connection: Connection) -> None:
        nonlocal attempts
        attempts += 1
        await add(connection, f"attempt {attempts}")
        if attempts < 3:
            await connection.execute(DEADLOCK)

    await database.write(work, pipelined=True)
    assert await names(database) == ["attempt 3"]
