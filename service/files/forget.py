"""Missing files that nobody expects back."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from fonoteca.v1 import track_pb2 as track_pb
from service.database import Connection
from service.errors import FailedPrecondition
from service.files import store
from service.sources import FILE, file_source_id
from service.tracks import store as tracks
from service.tracks.write import Change, delete, save, with_files


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How many files were dropped, and which tracks were deleted with the last of theirs."""

    files: int
    deleted: tuple[UUID, ...]


async def forget(connection: Connection, ids: Sequence[UUID], *, delete_tracks: bool) -> Forgotten:
    """Drop missing files: all or none.

    Raises `NotFound`, and `FailedPrecondition` for a file that is not missing.
    """
    found = await store.find(connection, ids)
    locked = await tracks.lock(connection, {file.track_id for file in found.values()})
    changes = []
    bare = []
    for track_id, document in locked.items():
        current = track_pb.Track.FromString(document.document)
        change = _without(track_id, current, found.keys())
        changes.append(change)
        if not change.draft.files:
            bare.append(track_id)
    await save(connection, changes)
    if not delete_tracks:
        return Forgotten(len(found), ())
    for track_id in bare:
        await delete(connection, track_id, "")
    return Forgotten(len(found), tuple(bare))


def _without(track_id: UUID, current: track_pb.Track, gone: Collection[UUID]) -> Change:
    """Return the change of a track that drops files, and what they were as sources."""
    dropped = [file for file in current.files if UUID(file.id) in gone]
    for file in dropped:
        if not file.HasField("missing_time"):
            raise FailedPrecondition(f"file {file.id} is not missing")
    kept = [file for file in current.files if UUID(file.id) not in gone]
    silent = {file_source_id(file.uri) for file in dropped}
    silent -= {file_source_id(file.uri) for file in kept}
    sources = [
        source for source in current.sources if source.type != FILE or source.id not in silent
    ]
    return Change(track_id, with_files(current, kept, sources), current)
