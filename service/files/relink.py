"""A missing file is somewhere else, and somebody knows where."""

from __future__ import annotations

from uuid import UUID

from fonoteca.v1 import track_pb2 as track_pb
from fonoteca.v1 import types_pb2
from service.database import Connection
from service.errors import FailedPrecondition
from service.files import store
from service.files.model import Hashes, Target
from service.sources import FILE, file_source_id
from service.tracks import store as tracks
from service.tracks.write import Change, lock_live, save, with_files
from service.wire.encoding import timestamp


async def relink(connection: Connection, file_id: UUID, target: Target) -> track_pb.Track:
    """Let a missing file be where `target` says; return its track.

    Raises `NotFound`, `FailedPrecondition` when the file is not missing or is another one, and
    `AlreadyExists` when a file that is present has the address.
    """
    found = (await store.find(connection, [file_id]))[file_id]
    current = await lock_live(connection, found.track_id, "")
    file = next(file for file in current.files if file.id == str(file_id))
    _require_same(file, target)
    moved = types_pb2.AudioFile()
    moved.CopyFrom(file)
    _move(moved, target)
    files = [moved if other is file else other for other in current.files]
    sources = [
        _source_at(target.uri) if (source.type, source.id) == (FILE, file_source_id(file.uri))
        else source
        for source in current.sources
    ]  # fmt: skip
    change = Change(found.track_id, with_files(current, files, sources), current)
    others = await _give_up(connection, change, target.uri)
    [track, *_] = await save(connection, [change, *others])
    return track


def _require_same(file: types_pb2.AudioFile, target: Target) -> None:
    if not file.HasField("missing_time"):
        raise FailedPrecondition(f"file {file.id} is not missing")
    if Hashes(file.content_hash, file.audio_hash).contradict(target.hashes):
        raise FailedPrecondition(f"the hashes are not those of file {file.id}")


def _move(file: types_pb2.AudioFile, target: Target) -> None:
    file.ClearField("missing_time")
    file.ClearField("modify_time")
    file.uri = target.uri
    file.size_bytes = target.stat.size_bytes or file.size_bytes
    file.content_hash = target.hashes.content or file.content_hash
    file.audio_hash = target.hashes.audio or file.audio_hash
    if target.stat.modified_at:
        file.modify_time.CopyFrom(timestamp(target.stat.modified_at))


def _source_at(uri: str) -> types_pb2.ExternalSource:
    return types_pb2.ExternalSource(type=FILE, id=file_source_id(uri))


async def _give_up(connection: Connection, change: Change, uri: str) -> list[Change]:
    """Return the change of another track whose missing file was at the address before."""
    key = FILE, file_source_id(uri)
    owners = await tracks.find_by_source(connection, change.draft.library_id, [key])
    owner = owners.get(key)
    if owner is None or owner.track_id == change.id:
        return []
    current = await lock_live(connection, owner.track_id, "")
    if any(file.uri == uri and not file.HasField("missing_time") for file in current.files):
        return []  # it is there, so the address is taken, as `save` will say
    sources = [source for source in current.sources if (source.type, source.id) != key]
    return [Change(owner.track_id, with_files(current, current.files, sources), current)]
