"""A purge: batch after batch, each a transaction of its own, so that nobody waits for long.

The bytes of a picture go after its row, so that no row is ever without them. They go under a lock,
and only if nobody has added the picture again: who does so later sees that they are gone. The bytes
of a sent file have no row: they go under a lock, too, if no file is in the catalogue for them.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Final, Protocol, TypeAlias, TypeVar

from service.artwork import store as artwork
from service.artwork.model import names_of
from service.artwork.shelf import Shelf, shelf_at
from service.database import Connection, Database
from service.media.vault import Vault
from service.purge import store
from service.purge.model import Batch, Kind
from service.settings import Settings

_ROWS: Final = 200
_PLAYLISTS: Final = 10
"""Playlists a batch: each may have 100,000 items."""

_NOTED: Final = 1_000

T = TypeVar("T")
Run: TypeAlias = Callable[[Callable[[Connection], Awaitable[T]]], Awaitable[T]]
"""Does a step: in a transaction of its own, or in that of a rehearsal."""


class _Step(Protocol):
    async def __call__(
        self, connection: Connection, before: datetime, after: str, limit: int
    ) -> Batch: ...


_DELETED: Final[Mapping[Kind, tuple[_Step, int]]] = {
    Kind.PLAYLISTS: (store.purge_playlists, _PLAYLISTS),
    Kind.TRACKS: (store.purge_tracks, _ROWS),
}


@dataclass(frozen=True, slots=True)
class Stores:
    """Where a catalogue keeps the bytes of pictures and of files that were sent."""

    pictures: Shelf
    sent_files: Vault


def stores_of(settings: Settings) -> Stores:
    """Return where a catalogue with these settings keeps bytes."""
    return Stores(shelf_at(settings.artwork_store_place), Vault(settings.media_store_dir))


async def purge(
    database: Database, stores: Stores, before: datetime
) -> AsyncIterator[tuple[Kind, int]]:
    """Purge what is older than an instant; yield after each batch how much of what has gone.

    What nothing refers to is noted, and goes when that was noted before the instant.

    Raises `Unavailable` when the database or the store of pictures is away; what has gone by then
    has gone, and another purge goes on. The bytes of one picture may then stay until it is sent
    again.
    """
    async for kind, gone in _purge_deleted(database, before):
        yield kind, gone
    for kind in store.UNREFERENCED:
        await _note(database.write, kind)
        if kind is Kind.PICTURES:
            async for gone in _purge_pictures(database, stores.pictures, before):
                yield kind, gone
        else:
            async for gone in _purge_rows(database, kind, before):
                yield kind, gone
    await _note_sent_files(database, stores.sent_files)
    async for name in _sent_files(database, stores.sent_files, before):
        drop = partial(_drop_sent_file, stores.sent_files, name, before)
        yield Kind.SENT_FILES, int(await database.write(drop))


async def count_noted(database: Database) -> int:
    """Return how much is noted that nothing refers to: it has not gone yet."""
    async with database.read() as connection:
        return await store.count_noted(connection)


async def rehearse(database: Database, stores: Stores, before: datetime) -> Counter[Kind]:
    """Return how much a purge would take if nobody held anything and no import ran.

    It keeps nobody waiting but other purges: it notes what nothing refers to in a transaction that
    is rolled back, and counts. What was noted, has been referred to since, and loses that with the
    purge itself is not counted.
    """

    async def work(connection: Connection) -> Counter[Kind]:
        async def run(step: Callable[[Connection], Awaitable[T]]) -> T:
            return await step(connection)

        for kind in store.UNREFERENCED:
            await _note(run, kind)
        return Counter(
            {kind: await store.count(connection, kind, before) for kind in store.COUNTED}
        )

    found = await database.try_out(work)
    async for name in _sent_files(database, stores.sent_files, before):
        can_go = partial(_can_go, stores.sent_files, name, before)
        found[Kind.SENT_FILES] += await database.write(can_go)
    return found


async def _purge_deleted(database: Database, before: datetime) -> AsyncIterator[tuple[Kind, int]]:
    """Purge what was deleted; yield how much of what has gone."""
    for kind, (step, limit) in _DELETED.items():
        after: str | None = store.FIRST_ID
        while after is not None:
            batch = await database.write(partial(step, before=before, after=after, limit=limit))
            yield kind, batch.gone
            after = batch.last


async def _note(run: Run[str | None], kind: Kind) -> None:
    """Note which rows of a kind nothing refers to."""
    after: str | None = store.first_key(kind)
    while after is not None:
        after = await run(partial(store.note, kind=kind, after=after, limit=_NOTED))


async def _purge_rows(database: Database, kind: Kind, before: datetime) -> AsyncIterator[int]:
    """Purge rows that nothing refers to; yield how many have gone."""
    after: str | None = ""
    while after is not None:
        step = partial(store.remove_due, kind=kind, before=before, after=after, limit=_ROWS)
        batch = await database.write(step)
        yield batch.gone
        after = batch.last


async def _due(database: Database, kind: Kind, before: datetime) -> AsyncIterator[str]:
    """Yield what nothing has referred to since before an instant."""
    find = partial(store.due, kind=kind, before=before, limit=_ROWS)
    after = ""
    while keys := await database.write(partial(find, after=after)):
        for key in keys:
            yield key
        after = keys[-1]


async def _purge_pictures(database: Database, shelf: Shelf, before: datetime) -> AsyncIterator[int]:
    async for picture_hash in _due(database, Kind.PICTURES, before):
        remove = partial(store.remove, kind=Kind.PICTURES, before=before, keys=[picture_hash])
        gone = await database.write(remove)
        if gone:
            await database.write(partial(_drop_bytes, shelf, picture_hash))
        yield len(gone)


async def _drop_bytes(shelf: Shelf, picture_hash: str, connection: Connection) -> None:
    await artwork.lock(connection, picture_hash)
    if not await artwork.find(connection, [picture_hash]):
        for name in names_of(picture_hash):
            await asyncio.to_thread(shelf.drop, name)


async def _note_sent_files(database: Database, vault: Vault) -> None:
    """Note which files that were sent are not in the catalogue any more."""
    names = vault.names()
    while batch := await asyncio.to_thread(list, islice(names, _NOTED)):
        addresses = [vault.address_of(name) for name in batch]
        await database.write(partial(store.note_sent_files, addresses=addresses))


async def _sent_files(database: Database, vault: Vault, before: datetime) -> AsyncIterator[str]:
    """Yield the names of the files of this vault that no file of a track has been long enough."""
    async for address in _due(database, Kind.SENT_FILES, before):
        name = address.rpartition("/")[2]
        if address == vault.address_of(name):
            yield name


async def _drop_sent_file(
    vault: Vault, name: str, before: datetime, connection: Connection
) -> bool:
    """Drop the bytes of a file that was sent, unless somebody needs them or sends them again."""
    address = vault.address_of(name)
    if not await store.hold_sent_file(connection, address):
        return False
    is_there = await asyncio.to_thread(vault.kept_at, name) is not None
    if is_there and not await _can_go(vault, name, before, connection):
        return False
    await asyncio.to_thread(vault.drop, name)
    await store.forget_sent_files(connection, [address])
    return is_there


async def _can_go(vault: Vault, name: str, before: datetime, connection: Connection) -> bool:
    """Tell whether a file that was sent is there, came long enough ago, and no track needs it."""
    kept_at = await asyncio.to_thread(vault.kept_at, name)
    is_old = kept_at is not None and kept_at < before
    return is_old and bool(await store.unused_sent_files(connection, [vault.address_of(name)]))
