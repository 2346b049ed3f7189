"""Files in PostgreSQL, and what scans remember of them.

The row of a file belongs to its track and is written with it; here is what changes a file alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, LiteralString
from uuid import UUID

from psycopg.rows import class_row

from service.database import Connection, load_statements
from service.errors import FailedPrecondition, NotFound
from service.files.model import Presence, Stat

_SQL = load_statements(__package__)
_GET = _SQL["get_file"]
_LIST = _SQL["list_files"]
_LIST_MISSING = _SQL["list_missing_files"]
_LIST_UNSEEN = _SQL["list_unseen_files"]
_FIND_PRESENT = _SQL["find_present"]
_FIND_MISSING = _SQL["find_missing"]
_BEGIN_SCAN = _SQL["begin_scan"]
_FORGET_SCANS = _SQL["forget_scans"]
_COUNT_CHECKED = _SQL["count_checked"]
_REMEMBER_SEEN = _SQL["remember_seen"]
_GET_SCAN = _SQL["get_scan"]
_LOCK_SCAN = _SQL["lock_scan"]
_COMPARE = _SQL["compare_with_scan"]
_ADD_TO_SCAN = _SQL["add_to_scan"]
_COMPLETE_SCAN = _SQL["complete_scan"]
_FIND = _SQL["find_files"]
_FIND_ANYWHERE = _SQL["find_files_anywhere"]
_MARK_MISSING = _SQL["mark_missing"]
_MARK_PRESENT = _SQL["mark_present"]

Place = tuple[str, UUID]
"""A place in the order of addresses: the beginning of one, and the id of the file."""

_NO_ID: Final = UUID(int=0)


@dataclass(frozen=True, slots=True)
class ListedFile:
    """A file of a page: its place, and the document of its track."""

    id: UUID
    key: str
    document: bytes


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file of a live track."""

    id: UUID
    track_id: UUID
    is_missing: bool


@dataclass(frozen=True, slots=True)
class KnownFile:
    """What is known of the file at an address."""

    id: UUID
    stat: Stat
    is_unreadable: bool
    """Whether a server was to read it, and could not."""


@dataclass(frozen=True, slots=True)
class Scan:
    """A scan; while it is locked, it is held against other changes."""

    id: UUID
    checked: int
    started_at: datetime
    missing: int
    returned: int
    is_complete: bool


@dataclass(frozen=True, slots=True)
class Compared:
    """A file of `total` that were compared, and whether a scan says that it is gone, or back."""

    id: UUID
    track_id: UUID
    key: str
    is_gone: bool
    is_back: bool
    total: int


def start_of(prefix: str) -> Place:
    """Return the place before all addresses that begin with `prefix`."""
    return prefix[:500], _NO_ID


async def get(connection: Connection, file_id: UUID) -> bytes:
    """Return the document of the live track that has a file. Raises `NotFound`."""
    row = await (await connection.execute(_GET, {"id": file_id})).fetchone()
    if row is None:
        raise NotFound("file", file_id)
    document: bytes = row[0]
    return document


async def list_after(
    connection: Connection,
    library_id: UUID,
    presence: Presence,
    prefix: str,
    after: Place,
    limit: int,
) -> list[ListedFile]:
    """Return up to `limit` files of live tracks below `prefix`, those after a place."""
    parameters = _page(library_id, prefix, after, limit)
    statement = _LIST_MISSING
    if presence is not Presence.MISSING:
        statement = _LIST
        parameters["is_missing"] = False if presence is Presence.PRESENT else None
    return await _listed(connection, statement, parameters)


async def list_unseen_after(
    connection: Connection, library_id: UUID, scan: Scan, prefix: str, after: Place, limit: int
) -> list[ListedFile]:
    """Return up to `limit` files below `prefix` that are gone as a scan sees it, after a place."""
    parameters = _page(library_id, prefix, after, limit)
    parameters |= {"scan_id": scan.id, "started_at": scan.started_at}
    return await _listed(connection, _LIST_UNSEEN, parameters)


def _page(library_id: UUID, prefix: str, after: Place, limit: int) -> dict[str, object]:
    return {
        "library_id": library_id,
        "prefix": prefix,
        "after_key": after[0],
        "after_id": after[1],
        "limit": limit,
    }


async def _listed(
    connection: Connection, statement: LiteralString, parameters: Mapping[str, object]
) -> list[ListedFile]:
    async with connection.cursor(row_factory=class_row(ListedFile)) as cursor:
        await cursor.execute(statement, parameters)
        return await cursor.fetchall()


async def find_by_uri(
    connection: Connection, library_id: UUID, uris: Sequence[str]
) -> dict[str, KnownFile]:
    """Return the files at these addresses; where none is, the one that is missing from there."""
    found: dict[str, KnownFile] = {}
    for statement in (_FIND_PRESENT, _FIND_MISSING):
        rest = [uri for uri in uris if uri not in found]
        if rest:
            parameters = {"library_id": library_id, "uris": rest}
            cursor = await connection.execute(statement, parameters)
            for uri, file_id, size_bytes, modified_at, is_unreadable in await cursor.fetchall():
                found[uri] = KnownFile(file_id, Stat(size_bytes, modified_at), is_unreadable)
    return found


async def begin_scan(connection: Connection, scan_id: UUID, library_id: UUID) -> None:
    """Let a scan remember what it sees, unless it does already; forget old scans."""
    await connection.execute(_FORGET_SCANS)
    await connection.execute(_BEGIN_SCAN, {"id": scan_id, "library_id": library_id})


async def remember_seen(
    connection: Connection,
    scan_id: UUID,
    library_id: UUID,
    checked: int,
    unchanged: Mapping[UUID, bool],
) -> None:
    """Count files that a scan has checked, and remember those that are known.

    Raises `FailedPrecondition` when the scan is complete or belongs to another library.
    """
    parameters = {"id": scan_id, "library_id": library_id, "count": checked}
    if await (await connection.execute(_COUNT_CHECKED, parameters)).fetchone() is None:
        raise FailedPrecondition(f"scan {scan_id} is complete, or of another library")
    if unchanged:
        await connection.execute(
            _REMEMBER_SEEN,
            {
                "scan_id": scan_id,
                "file_ids": list(unchanged),
                "unchanged": list(unchanged.values()),
            },
        )


async def get_scan(connection: Connection, scan_id: UUID, library_id: UUID) -> Scan:
    """Return a scan. Raises `NotFound`."""
    return await _scan(connection, _GET_SCAN, scan_id, library_id)


async def lock_scan(connection: Connection, scan_id: UUID, library_id: UUID) -> Scan:
    """Return a scan, held against other changes. Raises `NotFound`."""
    return await _scan(connection, _LOCK_SCAN, scan_id, library_id)


async def _scan(
    connection: Connection, statement: LiteralString, scan_id: UUID, library_id: UUID
) -> Scan:
    async with connection.cursor(row_factory=class_row(Scan)) as cursor:
        await cursor.execute(statement, {"id": scan_id, "library_id": library_id})
        scan = await cursor.fetchone()
    if scan is None:
        raise NotFound("scan", scan_id)
    return scan


async def compare_with_scan(
    connection: Connection, scan: Scan, library_id: UUID, prefix: str, after: Place, limit: int
) -> list[Compared]:
    """Compare the next files below a prefix, after a place, with a scan.

    Returns those that are gone or back, and the last one whatever it is.
    """
    parameters = {
        "scan_id": scan.id,
        "started_at": scan.started_at,
        "library_id": library_id,
        "prefix": prefix,
        "after_key": after[0],
        "after_id": after[1],
        "limit": limit,
    }
    async with connection.cursor(row_factory=class_row(Compared)) as cursor:
        await cursor.execute(_COMPARE, parameters)
        return await cursor.fetchall()


async def add_to_scan(
    connection: Connection, scan_id: UUID, *, missing: int, returned: int
) -> None:
    """Count what a step of completing a scan has changed."""
    parameters = {"id": scan_id, "missing": missing, "returned": returned}
    await connection.execute(_ADD_TO_SCAN, parameters)


async def complete_scan(connection: Connection, scan_id: UUID) -> None:
    """End a scan."""
    await connection.execute(_COMPLETE_SCAN, {"id": scan_id})


async def find(
    connection: Connection, ids: Collection[UUID], library_id: UUID | None = None
) -> dict[UUID, FoundFile]:
    """Return files of live tracks, of one library or of all. Raises `NotFound` for the first."""
    parameters: dict[str, object] = {"ids": list(ids)}
    if library_id:
        parameters["library_id"] = library_id
    async with connection.cursor(row_factory=class_row(FoundFile)) as cursor:
        await cursor.execute(_FIND if library_id else _FIND_ANYWHERE, parameters)
        found = {file.id: file for file in await cursor.fetchall()}
    for file_id in ids:
        if file_id not in found:
            raise NotFound("file", file_id)
    return found


async def mark_missing(connection: Connection, ids: Iterable[UUID]) -> set[UUID]:
    """Mark files of locked tracks as missing; return those that were not."""
    return await _marked(connection, _MARK_MISSING, ids)


async def mark_present(connection: Connection, ids: Iterable[UUID]) -> set[UUID]:
    """Mark missing files of locked tracks as present, where their address is free; return them."""
    return await _marked(connection, _MARK_PRESENT, ids)


async def _marked(
    connection: Connection, statement: LiteralString, ids: Iterable[UUID]
) -> set[UUID]:
    rows = await (await connection.execute(statement, {"ids": list(ids)})).fetchall()
    return {row[0] for row in rows}
