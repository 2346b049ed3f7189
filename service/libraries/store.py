"""Libraries in PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, LiteralString
from uuid import UUID

from psycopg import errors as pg
from psycopg.rows import class_row
from uuid_utils.compat import uuid7

from service.database import Connection, load_statements
from service.errors import AlreadyExists, FailedPrecondition, NotFound
from service.libraries.model import DEFAULT_LIBRARY_ID, Library, LibraryDraft

_SQL = load_statements(__package__)
_CREATE = _SQL["create_library"]
_GET = _SQL["get_library"]
_GET_BY_NAME = _SQL["get_library_by_name"]
_LOCK = _SQL["lock_library"]
_LIST = _SQL["list_libraries"]
_UPDATE = _SQL["update_library"]
_HOLDS_ANYTHING = _SQL["library_holds_anything"]
_DELETE_SEARCH = _SQL["delete_library_search"]
_DELETE = _SQL["delete_library"]


async def create(connection: Connection, draft: LibraryDraft) -> Library:
    """Store a new library. Raises `AlreadyExists` when its name is taken."""
    return await _write(connection, _CREATE, uuid7(), draft)


async def get(connection: Connection, library_id: UUID) -> Library:
    """Return a library. Raises `NotFound`."""
    return await _one(connection, _GET, library_id)


async def get_by_name(connection: Connection, name: str) -> Library:
    """Return the library of that name, regardless of case. Raises `NotFound`."""
    library = await _fetch(connection, _GET_BY_NAME, {"name": name})
    if library is None:
        raise NotFound("library", name)
    return library


async def lock(connection: Connection, library_id: UUID) -> Library:
    """Return a library and keep others from changing it until the transaction ends."""
    return await _one(connection, _LOCK, library_id)


async def list_after(connection: Connection, after: str, limit: int) -> list[Library]:
    """Return up to `limit` libraries by name, those after the name `after`."""
    async with connection.cursor(row_factory=class_row(Library)) as cursor:
        await cursor.execute(_LIST, {"after": after, "limit": limit})
        return await cursor.fetchall()


async def update(connection: Connection, library_id: UUID, draft: LibraryDraft) -> Library:
    """Change a library that is locked. Raises `AlreadyExists` when its new name is taken."""
    return await _write(connection, _UPDATE, library_id, draft)


async def delete(connection: Connection, library_id: UUID, *, force: bool) -> None:
    """Delete a locked library for good, with everything in it when `force` is set."""
    if library_id == DEFAULT_LIBRARY_ID:
        raise FailedPrecondition("the library 'default' cannot be deleted")
    parameters = {"id": library_id}
    if not force:
        row = await (await connection.execute(_HOLDS_ANYTHING, parameters)).fetchone()
        if row and row[0]:
            raise FailedPrecondition("the library is not empty: set `force` to delete its content")
    await connection.execute(_DELETE_SEARCH, parameters)
    await connection.execute(_DELETE, parameters)


async def _write(
    connection: Connection, statement: LiteralString, library_id: UUID, draft: LibraryDraft
) -> Library:
    try:
        library = await _fetch(connection, statement, {"id": library_id, **asdict(draft)})
    except pg.UniqueViolation as error:
        raise AlreadyExists("library", draft.name) from error
    if library is None:
        raise NotFound("library", library_id)
    return library


async def _one(connection: Connection, statement: LiteralString, library_id: UUID) -> Library:
    library = await _fetch(connection, statement, {"id": library_id})
    if library is None:
        raise NotFound("library", library_id)
    return library


async def _fetch(
    connection: Connection, statement: LiteralString, parameters: Mapping[str, Any]
) -> Library | None:
    async with connection.cursor(row_factory=class_row(Library)) as cursor:
        await cursor.execute(statement, parameters)
        return await cursor.fetchone()
