"""What the catalogue says goes back into the tags of files below the media roots."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from functools import partial
from pathlib import Path
from typing import Final
from uuid import UUID

from uuid_utils.compat import uuid4

from fonoteca.v1 import ingest_pb2 as pb
from fonoteca.v1 import track_pb2, types_pb2
from service.artwork import store as artwork
from service.database import Connection, Database
from service.errors import DomainError, FailedPrecondition
from service.ingest.locations import FILE_SCHEME, local_path
from service.ingest.tag_writing import FactChange, Tagged, TagJob
from service.media.model import TagsWanted
from service.media.reading import Reader
from service.media.roots import MediaRoots
from service.tracks import store as tracks
from service.tracks.write import Change, lock_live, save, with_files

_OUTSIDE: Final = "does not lie below a media root of this server"


class Tagging:
    """Writes tags for one server."""

    def __init__(self, database: Database, roots: MediaRoots, reader: Reader) -> None:
        self._database = database
        self._roots = roots
        self._reader = reader

    async def write(self, wanted: TagsWanted) -> AsyncIterator[pb.WriteTagsResponse]:
        """Write, or preview, the tags of all files of some tracks; yields after each file.

        Raises `NotFound`, and `FailedPrecondition` when there are no media roots or a track is
        deleted.
        """
        self._roots.require()
        async with self._database.read() as connection:
            documents = await tracks.get_many(connection, wanted.track_ids)
        found = [track_pb2.Track.FromString(document) for document in documents]
        for track in found:
            if track.HasField("delete_time"):
                raise FailedPrecondition(f"track {track.id} is deleted: undelete it first")
        for track in found:
            for file in track.files:
                yield await self._write(track, file, wanted)

    async def _write(
        self, track: track_pb2.Track, file: types_pb2.AudioFile, wanted: TagsWanted
    ) -> pb.WriteTagsResponse:
        answer = pb.WriteTagsResponse(track_id=track.id, uri=file.uri)
        try:
            path = await asyncio.to_thread(self._path, file)
        except DomainError as error:
            answer.problem = str(error)
            return answer
        tagged = await self._tag(_job(path, track, file, wanted))
        answer.changes.extend(_encode(tagged.changes))
        answer.left_out.extend(_encode(tagged.left_out))
        answer.problem = tagged.error
        if tagged.content_hash:
            await self._database.write(partial(_remember, UUID(track.id), file.id, tagged))
            answer.written = True
        return answer

    async def _tag(self, job: TagJob) -> Tagged:
        path = Path(job.path)
        # Names that begin with a dot are left out by scans; the suffix tells how to read the copy.
        part = path.with_name(f".fonoteca-{uuid4()}{path.suffix}")
        try:
            return await self._reader.write_tags(job, str(part))
        finally:
            # Its writer has removed it, unless it has died.
            await asyncio.to_thread(part.unlink, missing_ok=True)

    def _path(self, file: types_pb2.AudioFile) -> Path:
        """Return where a file is. Raises `DomainError` when it cannot be written here."""
        if file.HasField("missing_time"):
            raise FailedPrecondition("is missing")
        if not file.uri.startswith(FILE_SCHEME):
            raise FailedPrecondition(_OUTSIDE)
        return Path(self._roots.resolve(local_path(file.uri)))


def _job(
    path: Path, track: track_pb2.Track, file: types_pb2.AudioFile, wanted: TagsWanted
) -> TagJob:
    return TagJob(
        path=str(path),
        track=track.SerializeToString(),
        size=file.size_bytes,
        modified_us=file.modify_time.ToMicroseconds(),
        facts=wanted.facts,
        preview=wanted.preview,
    )


async def _remember(track_id: UUID, file_id: str, tagged: Tagged, connection: Connection) -> None:
    """Let the catalogue know a file as it was written, so that no scan takes it for changed."""
    current = await lock_live(connection, track_id, "")
    files = []
    for file in current.files:
        written = types_pb2.AudioFile()
        written.CopyFrom(file)
        if file.id == file_id:
            await artwork.carry_over(connection, file.content_hash, tagged.content_hash)
            written.size_bytes = tagged.size
            written.content_hash = tagged.content_hash
            written.modify_time.FromMicroseconds(tagged.modified_us)
        files.append(written)
    await save(connection, [Change(track_id, with_files(current, files, current.sources), current)])


def _encode(changes: Iterable[FactChange]) -> list[pb.TagChange]:
    return [pb.TagChange(fact=each.fact, before=each.before, after=each.after) for each in changes]
