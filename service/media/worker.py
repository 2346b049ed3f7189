"""Reads the files that wait, whoever has queued them.

The servers of a catalogue share one queue: each takes files below its own media roots, with a
lease. A server that dies loses its leases by time alone, and the files are taken up again.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Final, TypeAlias
from uuid import UUID

from uuid_utils.compat import uuid4

from fonoteca.v1 import track_pb2 as pb
from service.artwork.intake import ArtworkIntake, PicturesOfFile
from service.database import Connection, Database
from service.errors import DomainError
from service.ingest.files import Reading
from service.ingest.locations import Found, local_path
from service.media import store
from service.media.intake import take_in
from service.media.model import QueuedFile
from service.media.reading import Reader
from service.media.roots import MediaRoots
from service.tracks import store as tracks
from service.tracks import tasks, write
from service.tracks.model import COMPLETED, FAILED, MAX_ATTEMPTS, PROCESSING

_LOG: Final = logging.getLogger(__name__)

_LEASE: Final = timedelta(minutes=15)
_FILES_EACH: Final = 16
"""How many files a round has for each process that reads: enough that storing them is cheap."""

_POLL_SECONDS: Final = 2.0
_SPENT: Final = f"no server finished it in {MAX_ATTEMPTS} tries"
_MAX_REASON: Final = 2_000

_Read: TypeAlias = tuple[QueuedFile, pb.Track]
"""A file of the queue, and the track that was read from it."""


class Worker:
    """Reads waiting files for one server."""

    def __init__(
        self, database: Database, roots: MediaRoots, reader: Reader, artwork: ArtworkIntake
    ) -> None:
        self._database = database
        self._roots = roots
        self._reader = reader
        self._artwork = artwork
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Look at once whether files wait."""
        self._woken.set()

    async def run(self) -> None:
        """Read files until it is cancelled; what is in hand then goes back to the queue."""
        while True:
            if not await self._try_round():
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._woken.wait(), _POLL_SECONDS)
            self._woken.clear()

    async def _try_round(self) -> bool:
        """Read some files; return whether there were any. Whatever goes wrong is only logged."""
        try:
            return await self.round()
        except DomainError as error:
            _LOG.warning("files could not be taken in for now: %s", error)
        except Exception:  # noqa: BLE001  (the next files may be better)
            _LOG.exception("files could not be taken in")
        return False

    async def round(self) -> bool:
        """Claim some files, read and store them; return whether there were any."""
        lease_id = uuid4()
        files = await self._database.write(partial(self._claim, lease_id))
        if not files:
            return False
        try:
            readings = await self._read(files)
            await self._artwork.bring(self._reader.box, _pictures(readings))
            await self._database.write(partial(_store, lease_id, files, readings))
        except asyncio.CancelledError:
            ids = [file.id for file in files]
            await self._database.write(lambda c: store.release(c, ids, lease_id))
            raise
        return True

    async def _claim(self, lease_id: UUID, connection: Connection) -> list[QueuedFile]:
        if spent := await store.spent(connection):
            await _give_up(connection, spent, {file.id: _SPENT for file in spent})
        limit = self._reader.count * _FILES_EACH
        files = await store.claim(connection, self._roots.prefixes, limit, lease_id, _LEASE)
        waiting = await _unfinished(connection, files)
        await tasks.set_status(connection, sorted(waiting), PROCESSING, "")
        return files

    async def _read(self, files: Sequence[QueuedFile]) -> list[Reading]:
        """Read files in as many parts as there are readers."""
        parts = [files[start :: self._reader.count] for start in range(self._reader.count)]
        found = await asyncio.gather(*(self._read_part(part) for part in parts if part))
        readings = {
            file.id: reading
            for part, of_part in zip(filter(None, parts), found, strict=True)
            for file, reading in zip(part, of_part, strict=True)
        }
        return [readings[file.id] for file in files]

    async def _read_part(self, files: Sequence[QueuedFile]) -> list[Reading]:
        found = await asyncio.to_thread(lambda: [self._inside(file) for file in files])
        readable = [each for each in found if each]
        readings = iter(await self._reader.read(readable) if readable else [])
        return [
            next(readings) if each else Reading(file.uri, error="lies outside the media roots")
            for file, each in zip(files, found, strict=True)
        ]

    def _inside(self, file: QueuedFile) -> Found | None:
        """Return a file as it lies there, unless it lies outside the media roots by now."""
        path = local_path(file.uri)
        # A folder on the way may have become a link since the file was found.
        if not self._roots.holds(os.path.realpath(path)):
            return None
        return Found(file.uri, path, _size(path), 0)


def _size(path: str) -> int:
    """Return the size of a file, by which its reader gets time; 0 when it is gone."""
    try:
        return os.stat(path).st_size  # noqa: PTH116
    except OSError:
        return 0


def _pictures(readings: Sequence[Reading]) -> list[PicturesOfFile]:
    """Return the pictures of the files that could be read, by the hashes of these."""
    return [
        (pb.Track.FromString(reading.track).files[0].content_hash, reading.pictures)
        for reading in readings
        if not reading.error
    ]


async def _store(
    lease_id: UUID,
    files: Sequence[QueuedFile],
    readings: Sequence[Reading],
    connection: Connection,
) -> None:
    """Store what was read of files that the lease still holds."""
    await tracks.import_lock(connection)  # so that nobody stores a copy of a recording meanwhile
    held = await store.lock(connection, [file.id for file in files], lease_id)
    read = {file: reading for file, reading in zip(files, readings, strict=True) if file.id in held}
    failures = {file.id: reading.error for file, reading in read.items() if reading.error}
    live = await tracks.lock(connection, sorted({file.track_id for file in read}))
    good = [
        (file, pb.Track.FromString(reading.track))
        for file, reading in read.items()
        if not reading.error and file.track_id in live and not live[file.track_id].is_deleted
    ]
    failures |= await _take_in(connection, good)
    await _give_up(connection, list(read), failures)
    await store.end(connection, sorted(held - failures.keys()))


async def _take_in(connection: Connection, files: Sequence[_Read]) -> dict[UUID, str]:
    """Import what was read; return the files of which the catalogue takes no track, and why."""
    waiting = await _unfinished(connection, [file for file, _ in files])
    failures: dict[UUID, str] = {}
    for batch in _batches(files):
        for file, track in batch:
            if file.track_id in waiting:
                await _settle(connection, file, track)
        library_id = batch[0][0].library_id
        response = await take_in(connection, library_id, [track for _, track in batch])
        for error in response.errors:
            failures[batch[error.index][0].id] = error.error.message
    return failures


def _batches(files: Sequence[_Read]) -> Iterator[list[_Read]]:
    """Yield files that can be imported together: of one library, and no two of one recording.

    A copy comes after what it is a copy of, which is then a recording that the catalogue has.
    """
    rest = list(files)
    while rest:
        batch: list[_Read] = []
        later: list[_Read] = []
        seen: set[str] = set()
        for file, track in rest:
            [audio] = track.files
            hashes = {audio.content_hash, audio.audio_hash} - {""}
            is_other = file.library_id != rest[0][0].library_id
            (later if is_other or hashes & seen else batch).append((file, track))
            seen |= hashes
        yield batch
        rest = later


async def _settle(connection: Connection, file: QueuedFile, track: pb.Track) -> None:
    """Let a waiting track be complete, or give way to the track that has the recording already."""
    [read] = track.files
    known = await store.find_recording(
        connection,
        file.library_id,
        file.track_id,
        audio_hash=read.audio_hash,
        content_hash=read.content_hash,
    )
    if known:
        await write.delete(connection, file.track_id, "")
    else:
        await tasks.set_status(connection, [file.track_id], COMPLETED, "")


async def _unfinished(connection: Connection, files: Sequence[QueuedFile]) -> set[UUID]:
    """Return the tracks of files that are live and not yet complete, held against changes."""
    ids = sorted({file.track_id for file in files})
    locked = await tracks.lock(connection, ids)
    return {
        track_id
        for track_id, track in locked.items()
        if not track.is_deleted
        and pb.Track.FromString(track.document).status != pb.TRACK_STATUS_COMPLETED
    }


async def _give_up(
    connection: Connection, files: Sequence[QueuedFile], failures: Mapping[UUID, str]
) -> None:
    """Take files out of the queue with the reasons, and let the tracks that wait for them fail."""
    given_up = [file for file in files if file.id in failures]
    waiting = await _unfinished(connection, given_up)
    for file in given_up:
        if file.track_id in waiting:
            reason = failures[file.id][:_MAX_REASON]
            await tasks.set_status(connection, [file.track_id], FAILED, reason)
    await store.give_up(connection, failures)
