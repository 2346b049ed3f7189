"""Libraries in PostgreSQL."""

from __future__ import annotations

import asyncio
from uuid import UUID

import psycopg
import pytest

from service.database import Connection, Database
from service.errors import AlreadyExists, FailedPrecondition, NotFound
from service.libraries import store
from service.libraries.model import DEFAULT_LIBRARY_ID, Library, LibraryDraft
from tests.support.tracks import insert_tracks


def draft(name: str) -> LibraryDraft:
    return LibraryDraft(name=name, source_folder="/music", processing_strategy="")


async def test_what_is_stored_comes_back(connection: Connection) -> None:
    library = await store.create(connection, draft("One"))
    assert (library.name, library.source_folder, library.revision) == ("One", "/music", 1)
    assert await store.get(connection, library.id) == library
    assert await store.get_by_name(connection, "oNE") == library
    with pytest.raises(NotFound):
        await store.get(connection, UUID(int=1))
    with pytest.raises(NotFound):
        await store.get_by_name(connection, "two")


async def test_each_change_is_a_revision(connection: Connection) -> None:
    library = await store.create(connection, draft("One"))
    changed = await store.update(connection, library.id, draft("one"))
    assert (changed.name, changed.revision) == ("one", 2)
    assert changed.updated_at > library.updated_at
    with pytest.raises(AlreadyExists):
        await store.update(connection, library.id, draft("DEFAULT"))


async def test_one_of_two_libraries_gets_a_name(database: Database) -> None:
    async def work(connection: Connection) -> Library:
        return await store.create(connection, draft("One"))

    ends = await asyncio.gather(database.write(work), database.write(work), return_exceptions=True)
    assert sorted(type(end).__name__ for end in ends) == ["AlreadyExists", "Library"]


async def test_a_locked_library_cannot_be_locked_by_others(
    database_url: str, connection: Connection
) -> None:
    async with connection.transaction():
        await store.lock(connection, DEFAULT_LIBRARY_ID)
        async with await psycopg.AsyncConnection.connect(
            database_url, autocommit=True, options="-c lock_timeout=50ms"
        ) as other:
            with pytest.raises(psycopg.errors.LockNotAvailable):
                await store.lock(other, DEFAULT_LIBRARY_ID)


async def test_names_come_in_order_from_any_place_on(connection: Connection) -> None:
    for name in ("b", "A", "c"):
        await store.create(connection, draft(name))
    found = await store.list_after(connection, "", 10)
    assert [library.name for library in found] == ["A", "b", "c", "default"]
    found = await store.list_after(connection, "B", 1)
    assert [library.name for library in found] == ["c"]


async def test_what_search_knows_of_a_library_goes_with_it(connection: Connection) -> None:
    library = await store.create(connection, draft("One"))
    await insert_tracks(connection, 3, library_id=library.id)
    await connection.execute(
        """
        INSERT INTO track_search (
            track_id, library_id, tier, popularity, title_key, artist_key, words
        )
        SELECT id, library_id, 2, 0, '', '', '' FROM track
        """
    )
    await connection.execute(
        """
        INSERT INTO track_lyrics (track_id, library_id, tier, lyrics, words)
        SELECT id, library_id, 2, '', '' FROM track
        """
    )
    with pytest.raises(FailedPrecondition):
        await store.delete(connection, library.id, force=False)
    await store.delete(connection, library.id, force=True)
    with pytest.raises(NotFound):
        await store.get(connection, library.id)
    for table in ("track", "track_search", "track_lyrics"):
        rows = await connection.execute(f"SELECT FROM {table}".encode())
        assert await rows.fetchall() == []


async def test_the_default_library_stays(connection: Connection) -> None:
    with pytest.raises(FailedPrecondition):
        await store.delete(connection, DEFAULT_LIBRARY_ID, force=True)
