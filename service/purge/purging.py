"""A purge: batch after batch, each a transaction of its own, so that nobody waits for long.

The bytes of a picture go after its row, so that no row is ever without them. They go under a lock,
and only if nobody has added the picture again: who does so later sees that they are gone.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Final

from service.artwork import store as artwork
from service.artwork.model import names_of
from service.artwork.shelf import Shelf, shelf_at
from service.database import Connection, Database
from service.purge import store
from service.purge.model import Batch, Kind
from service.settings import Settings

_ROWS: Final = 200
_PLAYLISTS: Final = 10
"""Playlists a batch: each may have 100,000 items."""

Step = Callable[[Connection, datetime, str, int], Awaitable[Batch]]
Run = Callable[[Callable[[Connection], Awaitable[Batch]]], Awaitable[Batch]]

_STEPS: Final[Mapping[Kind, tuple[Step, str, int]]] = {
    Kind.PLAYLISTS: (store.purge_playlists, store.FIRST_ID, _PLAYLISTS),
    Kind.TRACKS: (store.purge_tracks, store.FIRST_ID, _ROWS),
    Kind.LINKS: (store.purge_links, "", _ROWS),
}


def pictures_of(settings: Settings) -> Shelf:
    """Return where a catalogue with these settings keeps its pictures."""
    return shelf_at(settings.artwork_store_place)


async def purge(
    database: Database, shelf: Shelf, before: datetime
) -> AsyncIterator[tuple[Kind, int]]:
    """Purge what is older than an instant; yield after each batch how much of what has gone.

    Raises `Unavailable` when the database or the store of pictures is away; what has gone by then
    has gone, and another purge goes on. The bytes of one picture may then stay until it is sent
    again.
    """
    async for kind, gone in _purge_rows(database.write, before):
        yield kind, gone
    async for gone in _purge_pictures(database, shelf, before):
        yield Kind.PICTURES, gone


async def rehearse(database: Database, before: datetime) -> Counter[Kind]:
    """Return how much a purge would take, by doing it in a transaction that is rolled back."""

    async def work(connection: Connection) -> Counter[Kind]:
        found: Counter[Kind] = Counter()
        async for kind, gone in _purge_rows(lambda step: step(connection), before):
            found[kind] += gone
        after = ""
        while hashes := await store.unlinked_pictures(connection, before, after, _ROWS):
            found[Kind.PICTURES] += len(hashes)
            after = hashes[-1]
        return found

    return await database.try_out(work)


async def _purge_rows(run: Run, before: datetime) -> AsyncIterator[tuple[Kind, int]]:
    """Purge all but pictures, each batch by `run`; yield how much of what has gone."""
    for kind, (step, first, limit) in _STEPS.items():
        after: str | None = first
        while after is not None:
            batch = await run(_from(step, before, after, limit))
            yield kind, batch.gone
            after = batch.last


def _from(
    step: Step, before: datetime, after: str, limit: int
) -> Callable[[Connection], Awaitable[Batch]]:
    return lambda connection: step(connection, before, after, limit)


async def _purge_pictures(database: Database, shelf: Shelf, before: datetime) -> AsyncIterator[int]:
    after = ""
    while True:
        async with database.read() as connection:
            hashes = await store.unlinked_pictures(connection, before, after, _ROWS)
        if not hashes:
            return
        for picture_hash in hashes:
            gone = await database.write(partial(store.purge_picture, picture_hash=picture_hash))
            if gone:
                await database.write(partial(_drop_bytes, shelf, picture_hash))
            yield int(gone)
        after = hashes[-1]


async def _drop_bytes(shelf: Shelf, picture_hash: str, connection: Connection) -> None:
    await artwork.lock(connection, picture_hash)
    if not await artwork.find(connection, [picture_hash]):
        for name in names_of(picture_hash):
            await asyncio.to_thread(shelf.drop, name)
