"""The way of a track into the catalogue: claimed by a worker, then completed or given up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from google.protobuf.field_mask_pb2 import FieldMask

from fonoteca.v1 import track_pb2 as pb
from service.database import Connection
from service.provenance.model import Attribution
from service.tracks import queue, store
from service.tracks.codec import STATUS_NUMBERS
from service.tracks.model import COMPLETED, FAILED, MAX_ATTEMPTS, PENDING, PROCESSING
from service.tracks.write import Change, allowed, lock_live, merged, save
from service.wire.encoding import etag, revision_of, timestamp

_SPENT_REASON = f"no worker finished it in {MAX_ATTEMPTS} tries"


async def claim(
    connection: Connection, library_id: UUID | None, limit: int, lease: timedelta
) -> list[pb.ClaimedTrack]:
    """Hand out up to `limit` of the oldest waiting tracks; give up those nobody could finish."""
    if spent := await queue.spent(connection):
        await queue.end(connection, spent)
        await set_status(connection, spent, FAILED, _SPENT_REASON)
    tasks = await queue.claim(connection, library_id, limit, lease)
    tracks = await set_status(connection, list(tasks), PROCESSING, "")
    return [
        pb.ClaimedTrack(
            track=track,
            lease_id=str(tasks[track_id].lease_id),
            lease_expire_time=timestamp(tasks[track_id].available_at),
            attempt=tasks[track_id].attempts,
        )
        for track_id, track in sorted(tracks.items())
    ]


async def complete(
    connection: Connection,
    wanted: pb.Track,
    mask: FieldMask,
    lease_id: UUID,
    by: Attribution,
) -> pb.Track:
    """End the processing of a track, with what `by` found out. Raises `Aborted`."""
    track_id = UUID(wanted.id)
    await queue.require_lease(connection, track_id, lease_id)
    current = await lock_live(connection, track_id, "")
    draft = await allowed(connection, merged(current, wanted, mask), wanted, current, by)
    draft = replace(draft, status=COMPLETED)
    await queue.end(connection, [track_id])
    [track] = await save(connection, [Change(track_id, draft, current, by=by)])
    return track


async def fail(
    connection: Connection, track_id: UUID, lease_id: UUID, reason: str, *, retry: bool
) -> pb.Track:
    """Give a track up, or back to the queue when another try may help. Raises `Aborted`."""
    task = await queue.require_lease(connection, track_id, lease_id)
    if retry and task.attempts < MAX_ATTEMPTS:
        await queue.release(connection, track_id)
        tracks = await set_status(connection, [track_id], PENDING, "")
    else:
        await queue.end(connection, [track_id])
        tracks = await set_status(connection, [track_id], FAILED, reason)
    return tracks[track_id]


async def set_status(
    connection: Connection, ids: Sequence[UUID], status: str, reason: str
) -> dict[UUID, pb.Track]:
    """Give tracks a status, and return them as they are then."""
    if not ids:
        return {}
    now = timestamp(await store.transaction_time(connection))
    tracks = {}
    for track_id, locked in (await store.lock(connection, ids)).items():
        track = pb.Track.FromString(locked.document)
        track.status = STATUS_NUMBERS[status]
        track.failure_reason = reason
        track.etag = etag(revision_of(track.etag) + 1)
        track.update_time.CopyFrom(now)
        tracks[track_id] = track
    await store.set_status(
        connection,
        status,
        reason or None,
        {track_id: track.SerializeToString() for track_id, track in tracks.items()},
    )
    return tracks
