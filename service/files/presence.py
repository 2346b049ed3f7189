"""Whether files are there: what a scan sees of them, and what follows when it is complete.

A scan asks about every file that it finds (`check`) and then says that these were all
(`complete_scan`). Only then does what it has not seen become missing, so an interrupted scan says
nothing about what it did not come to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final
from uuid import UUID

from fonoteca.v1 import track_pb2 as pb
from service.database import Connection, Database
from service.errors import FailedPrecondition
from service.files import store
from service.files.model import Sight, State, state_of
from service.files.store import Compared, ListedFile, Place, Scan
from service.tracks import store as tracks
from service.wire.encoding import etag, revision_of, timestamp

_STEP: Final = 2_000
"""How many files a step of completing a scan looks at: the documents of as many tracks change."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many files became missing, and how many are present again."""

    missing: int
    returned: int


async def begin_scan(connection: Connection, library_id: UUID, scan_id: UUID | None) -> None:
    """Get ready to check files. Raises `NotFound` when the library does not exist."""
    await tracks.require_library(connection, library_id)
    if scan_id:
        await store.begin_scan(connection, scan_id, library_id)


async def check(
    connection: Connection, library_id: UUID, scan_id: UUID | None, seen: Sequence[Sight]
) -> list[State]:
    """Return the state of each file, and remember for the scan that it was seen.

    Raises `FailedPrecondition` when the scan is complete or belongs to another library.
    """
    known = await store.find_by_uri(connection, library_id, [sight.uri for sight in seen])
    states = []
    unchanged: dict[UUID, bool] = {}
    for sight in seen:
        file = known.get(sight.uri)
        state = state_of(sight.stat, file.stat if file else None)
        if file:
            unchanged[file.id] = state is State.UNCHANGED
            if file.is_unreadable and unchanged[file.id]:
                state = State.UNREADABLE
        states.append(state)
    if scan_id:
        await store.remember_seen(connection, scan_id, library_id, len(seen), unchanged)
    return states


async def list_unseen(
    connection: Connection, library_id: UUID, scan_id: UUID, prefix: str, after: Place, limit: int
) -> list[ListedFile]:
    """Return what `complete_scan` marks as missing, up to `limit` files, those after a place.

    Raises `NotFound` when the scan is not known, `FailedPrecondition` when it is complete.
    """
    scan = await store.get_scan(connection, scan_id, library_id)
    if scan.is_complete:
        raise FailedPrecondition(f"scan {scan_id} is complete: what it has seen is forgotten")
    return await store.list_unseen_after(connection, library_id, scan, prefix, after, limit)


async def mark_missing(
    connection: Connection, library_id: UUID, ids: Sequence[UUID], *, dry_run: bool
) -> Outcome:
    """Mark files as missing. Raises `NotFound` when one of them is not in the library."""
    found = await store.find(connection, ids, library_id)
    gone = [file for file in found.values() if not file.is_missing]
    if not dry_run:
        await _set_presence(connection, {file.id: file.track_id for file in gone}, {})
    return Outcome(missing=len(gone), returned=0)


async def complete_scan(
    database: Database, library_id: UUID, scan_id: UUID, prefixes: Sequence[str], *, force: bool
) -> Outcome:
    """Mark what a scan has not seen below `prefixes` as missing, and what is back as present.

    Raises `NotFound` when the scan is not known, `FailedPrecondition` when it has checked nothing
    and `force` is not set.
    """
    for prefix in prefixes:
        after: Place | None = store.start_of(prefix)
        while after:
            after = await database.write(
                partial(_step, library_id, scan_id, prefix, after, force=force)
            )

    async def end(connection: Connection) -> Outcome:
        scan = await _require_scan(connection, library_id, scan_id, force=force)
        if not scan.is_complete:
            await store.complete_scan(connection, scan_id)
        return Outcome(scan.missing, scan.returned)

    return await database.write(end)


async def preview_scan(
    connection: Connection, library_id: UUID, scan_id: UUID, prefixes: Sequence[str], *, force: bool
) -> Outcome:
    """Return what `complete_scan` would do. Raises as it does."""
    scan = await _require_scan(connection, library_id, scan_id, force=force)
    if scan.is_complete:
        return Outcome(scan.missing, scan.returned)
    gone: set[UUID] = set()
    back: set[UUID] = set()
    for prefix in prefixes:
        after: Place | None = store.start_of(prefix)
        while after:
            page = await store.compare_with_scan(connection, scan, library_id, prefix, after, _STEP)
            gone.update(file.id for file in page if file.is_gone)
            back.update(file.id for file in page if file.is_back)
            after = _end_of(page)
    return Outcome(len(gone), len(back))


async def _step(
    library_id: UUID,
    scan_id: UUID,
    prefix: str,
    after: Place,
    connection: Connection,
    *,
    force: bool,
) -> Place | None:
    """Go through files below a prefix until some change; return where to go on, if anywhere."""
    scan = await _require_scan(connection, library_id, scan_id, force=force)
    if scan.is_complete:
        return None
    following: Place | None = after
    changed: list[Compared] = []
    while following and not changed:
        page = await store.compare_with_scan(connection, scan, library_id, prefix, following, _STEP)
        changed = [file for file in page if file.is_gone or file.is_back]
        following = _end_of(page)
    if changed:
        missing, returned = await _set_presence(
            connection,
            gone={file.id: file.track_id for file in changed if file.is_gone},
            back={file.id: file.track_id for file in changed if file.is_back},
        )
        await store.add_to_scan(connection, scan_id, missing=missing, returned=returned)
    return following


async def _require_scan(
    connection: Connection, library_id: UUID, scan_id: UUID, *, force: bool
) -> Scan:
    scan = await store.lock_scan(connection, scan_id, library_id)
    if not scan.checked and not force:
        raise FailedPrecondition(
            "the scan has checked no file: see whether the folder is there, or set `force`"
        )
    return scan


def _end_of(page: Sequence[Compared]) -> Place | None:
    """Return the place after which more files may come."""
    return (page[-1].key, page[-1].id) if page and page[-1].total == _STEP else None


async def _set_presence(
    connection: Connection, gone: Mapping[UUID, UUID], back: Mapping[UUID, UUID]
) -> tuple[int, int]:
    """Mark files, given with their tracks, as gone or back; return how many of each have changed.

    The documents of the tracks show it.
    """
    if not gone and not back:
        return 0, 0
    locked = await tracks.lock(connection, {*gone.values(), *back.values()})
    missing = await store.mark_missing(connection, gone) if gone else set()
    returned = await store.mark_present(connection, back) if back else set()
    changed = {gone[file_id] for file_id in missing} | {back[file_id] for file_id in returned}
    now = timestamp(await tracks.transaction_time(connection))
    documents = {}
    for track_id in changed & locked.keys():
        message = pb.Track.FromString(locked[track_id].document)
        for file in message.files:
            if UUID(file.id) in missing:
                file.missing_time.CopyFrom(now)
            elif UUID(file.id) in returned:
                file.ClearField("missing_time")
        message.etag = etag(revision_of(message.etag) + 1)
        message.update_time.CopyFrom(now)
        documents[track_id] = message.SerializeToString()
    await tracks.set_documents(connection, documents)
    return len(missing), len(returned)
