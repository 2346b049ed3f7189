"""The queue of files that wait to be read, in PostgreSQL.

It works as the queue of tracks does: the lease is the proof of a claim, and a server that dies
loses its leases by time alone.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from psycopg.rows import class_row
from uuid_utils.compat import uuid7

from service.database import Connection, load_statements
from service.media.model import Failure, QueuedFile
from service.tracks.model import MAX_ATTEMPTS

_SQL = load_statements(__package__)
_QUEUE = _SQL["queue_files"]
_CLAIM = _SQL["claim_files"]
_SPENT = _SQL["spent_files"]
_LOCK = _SQL["lock_files"]
_RELEASE = _SQL["release_files"]
_END = _SQL["end_files"]
_GIVE_UP = _SQL["give_up_files"]
_COUNT = _SQL["count_files"]
_FAILURES = _SQL["list_failures"]
_FIND_RECORDING = _SQL["find_recording"]
_LOCK_SENT_FILE = _SQL["lock_sent_file"]

_MAX_FAILURE: Final = 2_000


async def queue(
    connection: Connection, library_id: UUID, scan_id: UUID, files: Mapping[str, UUID]
) -> None:
    """Queue files, given by their addresses with the tracks that hold these."""
    await connection.execute(
        _QUEUE,
        {
            "library_id": library_id,
            "scan_id": scan_id,
            "ids": [uuid7() for _ in files],
            "uris": list(files),
            "track_ids": list(files.values()),
        },
    )


async def claim(
    connection: Connection, prefixes: Sequence[str], limit: int, lease_id: UUID, lease: timedelta
) -> list[QueuedFile]:
    """Claim up to `limit` of the oldest files below some addresses."""
    async with connection.cursor(row_factory=class_row(QueuedFile)) as cursor:
        await cursor.execute(
            _CLAIM,
            {
                "prefixes": list(prefixes),
                "limit": limit,
                "lease_id": lease_id,
                "lease": lease,
                "max_attempts": MAX_ATTEMPTS,
            },
        )
        return await cursor.fetchall()


async def spent(connection: Connection) -> list[QueuedFile]:
    """Return files whose last lease has ended without an answer, held against other claims."""
    async with connection.cursor(row_factory=class_row(QueuedFile)) as cursor:
        await cursor.execute(_SPENT, {"max_attempts": MAX_ATTEMPTS})
        return await cursor.fetchall()


async def lock(connection: Connection, ids: Sequence[UUID], lease_id: UUID) -> set[UUID]:
    """Return those of some files that the lease still holds, held against other claims."""
    rows = await connection.execute(_LOCK, {"ids": list(ids), "lease_id": lease_id})
    return {row[0] for row in await rows.fetchall()}


async def release(connection: Connection, ids: Sequence[UUID], lease_id: UUID) -> None:
    """Make claimed files available again, as if they had not been claimed."""
    await connection.execute(_RELEASE, {"ids": list(ids), "lease_id": lease_id})


async def end(connection: Connection, ids: Sequence[UUID]) -> None:
    """Take files out of the queue."""
    await connection.execute(_END, {"ids": list(ids)})


async def give_up(connection: Connection, failures: Mapping[UUID, str]) -> None:
    """Keep files out of the queue, with the reasons."""
    reasons = [reason[:_MAX_FAILURE] for reason in failures.values()]
    await connection.execute(_GIVE_UP, {"ids": list(failures), "failures": reasons})


async def count(connection: Connection, scan_id: UUID) -> tuple[int, int]:
    """Return how many files of a scan wait, and how many were given up."""
    row = await (await connection.execute(_COUNT, {"scan_id": scan_id})).fetchone()
    return (int(row[0]), int(row[1])) if row else (0, 0)


async def failures(
    connection: Connection, scan_id: UUID, told: Collection[UUID], limit: int
) -> list[Failure]:
    """Return up to `limit` files of a scan that were given up, but for those told already."""
    async with connection.cursor(row_factory=class_row(Failure)) as cursor:
        await cursor.execute(_FAILURES, {"scan_id": scan_id, "told": list(told), "limit": limit})
        return await cursor.fetchall()


async def find_recording(
    connection: Connection,
    library_id: UUID,
    track_id: UUID,
    *,
    audio_hash: str,
    content_hash: str,
) -> UUID | None:
    """Return another finished track of the library with the same audio, or the same bytes."""
    parameters = {
        "library_id": library_id,
        "track_id": track_id,
        "audio_hash": audio_hash,
        "content_hash": content_hash,
    }
    row = await (await connection.execute(_FIND_RECORDING, parameters)).fetchone()
    return row[0] if row else None


async def lock_sent_file(connection: Connection, content_hash: str) -> None:
    """Keep a file that was sent from being purged until the transaction ends."""
    await connection.execute(_LOCK_SENT_FILE, {"content_hash": content_hash})
