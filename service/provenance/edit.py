"""What people decide about the fields of a track: locks, undo, and which source is right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from fonoteca.v1 import provenance_pb2, track_pb2
from service.database import Connection
from service.errors import FailedPrecondition, NotFound
from service.provenance import store
from service.provenance.codec import encode_provenance
from service.provenance.fields import only, with_field
from service.provenance.model import Attribution, Contradiction, LastChange
from service.tracks.codec import decode_track
from service.tracks.model import TrackDraft
from service.tracks.resolve import missing_references
from service.tracks.write import Change, lock_live, save
from service.validation import Check


async def provenance_of(connection: Connection, track_id: UUID) -> provenance_pb2.TrackProvenance:
    """Return who says what a track is, deleted or not. Raises `NotFound`."""
    document, origin = await store.get_origin(connection, track_id)
    track = track_pb2.Track.FromString(document)
    return encode_provenance(track, origin, await store.states(connection, UUID(track.id)))


async def lock(
    connection: Connection, track_id: UUID, fields: Sequence[str], etag: str
) -> provenance_pb2.TrackProvenance:
    """Lock fields. Raises `NotFound`, `FailedPrecondition`, `EtagMismatch`."""
    current = await lock_live(connection, track_id, etag)
    await store.lock_fields(connection, UUID(current.id), fields)
    return await provenance_of(connection, UUID(current.id))


async def unlock(
    connection: Connection, track_id: UUID, fields: Sequence[str], etag: str
) -> provenance_pb2.TrackProvenance:
    """Unlock fields. Raises `NotFound`, `FailedPrecondition`, `EtagMismatch`."""
    current = await lock_live(connection, track_id, etag)
    await store.unlock_fields(connection, UUID(current.id), fields)
    return await provenance_of(connection, UUID(current.id))


async def revert(connection: Connection, track_id: UUID, field: str, etag: str) -> track_pb2.Track:
    """Undo the last change of a field.

    Raises `NotFound`, `EtagMismatch`, and `FailedPrecondition` when there is nothing to undo.
    """
    current = await lock_live(connection, track_id, etag)
    track_id = UUID(current.id)
    state = (await store.states(connection, track_id)).get(field)
    if state is None or state.change is None or not state.change.can_undo:
        raise FailedPrecondition(f"no change of {field} of track {track_id} can be undone")
    change = state.change
    before = track_pb2.Track.FromString(change.before)
    track = await _give(connection, current, field, before, None)
    await store.take_change(connection, track_id, field, change.number)
    await _lock_after_undo(connection, current, field, change)
    return track


async def resolve_conflict(
    connection: Connection, conflict_id: UUID, etag: str, *, accept: bool
) -> track_pb2.Track:
    """Decide a conflict for the source, or for the catalogue.

    Raises `NotFound`, `EtagMismatch`, and `FailedPrecondition` when the track is deleted or merged.
    """
    track_id = (await store.get_conflict(connection, conflict_id)).track_id
    current = await lock_live(connection, track_id, etag)
    if UUID(current.id) != track_id:
        raise FailedPrecondition(f"track {track_id} was merged into {current.id}: unmerge it first")
    conflict = await store.get_conflict(connection, conflict_id)  # as it is while the track is held
    if not accept:
        await store.dismiss_conflict(connection, conflict_id)
        return current
    said = track_pb2.Track.FromString(conflict.said)
    track = await _give(connection, current, conflict.field, said, conflict.by)
    await store.unlock_fields(connection, track_id, [conflict.field])
    await store.delete_conflict(connection, conflict_id)
    return track


async def _lock_after_undo(
    connection: Connection, current: track_pb2.Track, field: str, change: LastChange
) -> None:
    """Bring back the lock that was there before a person's change; lock what a program changed.

    So the program does not do it again: what it says is a conflict that is decided already.
    """
    track_id = UUID(current.id)
    if change.by.is_person:
        if not change.was_locked:
            await store.unlock_fields(connection, track_id, [field])
        return
    await store.lock_fields(connection, track_id, [field])
    said = only(current, field).SerializeToString(deterministic=True)
    library_id = UUID(current.library_id)
    contradiction = Contradiction(track_id, library_id, field, change.by, said)
    await store.add_conflicts(connection, [contradiction], dismissed=True)


async def _give(
    connection: Connection,
    current: track_pb2.Track,
    field: str,
    other: track_pb2.Track,
    by: Attribution | None,
) -> track_pb2.Track:
    """Give a field of a track the value that it has in another message, and save it."""
    check = Check()
    draft = decode_track(check, with_field(current, other, field), is_new=False)
    check.done()
    draft = await _without_missing(connection, draft)
    [track] = await save(connection, [Change(UUID(current.id), draft, current, by=by)])
    return track


async def _without_missing(connection: Connection, draft: TrackDraft) -> TrackDraft:
    """Return a draft that names artists and albums that are gone by name, as they were known."""
    missing = await missing_references(connection, [draft])
    if not missing:
        return draft
    credits = tuple(
        replace(name, artist_id=None) if name.artist_id in missing else name
        for name in draft.credits
    )
    album = draft.album
    if album and album.id in missing:
        if not album.title:
            raise NotFound("album", album.id)
        album = replace(album, id=None)
    if album:
        names = (
            replace(name, artist_id=None) if name.artist_id in missing else name
            for name in album.credits
        )
        album = replace(album, credits=tuple(names))
    return replace(draft, credits=credits, album=album)
