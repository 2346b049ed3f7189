"""The queue of tracks that wait for a worker, in PostgreSQL.

A task is the place of a track in the queue, and the lease is the proof of a claim. A worker that
dies loses its lease by time alone: the task is then available again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from psycopg.rows import class_row
from uuid_utils.compat import uuid4

from service.database import Connection, load_statements
from service.errors import Aborted
from service.tracks.model import MAX_ATTEMPTS

_SQL = load_statements(__package__)
_CLAIM = _SQL["claim_tasks"]
_CLAIM_ANYWHERE = _SQL["claim_tasks_anywhere"]
_SPENT = _SQL["spent_tasks"]
_LOCK = _SQL["lock_task"]
_RELEASE = _SQL["release_task"]
_END = _SQL["end_tasks"]


@dataclass(frozen=True, slots=True)
class Task:
    """A task: who has it, until when, and how often it was claimed."""

    track_id: UUID
    attempts: int
    lease_id: UUID | None
    available_at: datetime


async def claim(
    connection: Connection, library_id: UUID | None, limit: int, lease: timedelta
) -> dict[UUID, Task]:
    """Claim up to `limit` of the oldest available tasks, of one library or of all."""
    parameters: dict[str, object] = {
        "limit": limit,
        "lease": lease,
        "lease_id": uuid4(),
        "max_attempts": MAX_ATTEMPTS,
    }
    if library_id:
        parameters["library_id"] = library_id
    async with connection.cursor(row_factory=class_row(Task)) as cursor:
        await cursor.execute(_CLAIM if library_id else _CLAIM_ANYWHERE, parameters)
        return {task.track_id: task for task in await cursor.fetchall()}


async def spent(connection: Connection) -> list[UUID]:
    """Return tracks whose last lease has ended without an answer, held against other claims."""
    rows = await connection.execute(_SPENT, {"max_attempts": MAX_ATTEMPTS})
    return [row[0] for row in await rows.fetchall()]


async def require_lease(connection: Connection, track_id: UUID, lease_id: UUID) -> Task:
    """Return a task, held against other claims. Raises `Aborted` unless the lease is current."""
    async with connection.cursor(row_factory=class_row(Task)) as cursor:
        await cursor.execute(_LOCK, {"id": track_id})
        task = await cursor.fetchone()
    if task is None or task.lease_id != lease_id:
        raise Aborted("the lease is not the current one: claim the track again")
    return task


async def release(connection: Connection, track_id: UUID) -> None:
    """Make a claimed task available again."""
    await connection.execute(_RELEASE, {"id": track_id})


async def end(connection: Connection, ids: Sequence[UUID]) -> None:
    """Take tasks out of the queue."""
    await connection.execute(_END, {"ids": list(ids)})
