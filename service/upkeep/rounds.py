"""Rounds: everything that search derives is looked at, a batch at a time, by one server at a time.

The position is stored with each batch, so a round survives whoever carries it out. Nobody waits for
upkeep for longer than a batch takes, some hundredths of a second.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

from service.database import Connection, Database
from service.upkeep import store
from service.upkeep.model import STAGES, Look, Stage, State

_BATCH: Final = 250
"""Rows a batch."""


async def advance(database: Database) -> tuple[State, Look] | None:
    """Take the round one batch further; returns the state after it, and what was found.

    None when another server is about to do just that.
    """

    async def work(connection: Connection) -> tuple[State, Look] | None:
        held = await store.hold_state(connection)
        if held is None:
            return None
        before = held[0].under(held[1])
        look = await store.look(connection, before.stage, before.position, _BATCH)
        after = before.after(look)
        await store.save_state(connection, after, has_ended=after.begins)
        await store.weigh_words(connection)
        return after, look

    return await database.write(work)


async def request_rebuild(database: Database) -> State:
    """Let the round be a rebuild from the start, or go on with the rebuild that is under way."""

    async def work(connection: Connection) -> State:
        state, fold_version = await store.wait_for_state(connection)
        state = state.under(fold_version)
        if not state.is_rebuild:
            state = state.rebuilding(fold_version)
        await store.save_state(connection, state)
        return state

    return await database.write(work)


async def verify(
    database: Database, stage: Stage, position: str, *, repair: bool
) -> AsyncIterator[tuple[Stage, Look]]:
    """Look at everything behind a position, whatever rounds do; mend what is wrong if `repair`."""
    run = database.write if repair else database.try_out
    if repair:
        await database.write(store.weigh_words)
    for current in STAGES[STAGES.index(stage) :]:
        after = position if current is stage else current.start
        while True:
            look = await run(_looking(current, after))
            yield current, look
            if look.last is None:
                break
            after = look.last


def _looking(stage: Stage, after: str) -> Callable[[Connection], Awaitable[Look]]:
    async def work(connection: Connection) -> Look:
        return await store.look(connection, stage, after, _BATCH)

    return work
