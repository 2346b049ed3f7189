"""A scan of a folder of the server: what is new or changed there is queued for reading."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Generator, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from typing import Final
from uuid import UUID

from uuid_utils.compat import uuid4

from fonoteca.v1 import ingest_pb2 as pb
from fonoteca.v1 import track_pb2, types_pb2
from service.database import Connection, Database
from service.errors import FailedPrecondition
from service.files import presence
from service.files.model import Sight, Stat, State
from service.ingest.folders import FolderWalk
from service.ingest.locations import Found
from service.ingest.problems import Problem
from service.ingest.spool import Spool
from service.media import store
from service.media.model import MAX_PROBLEMS
from service.media.roots import MediaRoots
from service.provenance.model import RULE, Attribution
from service.tracks import queue, write
from service.tracks import store as tracks
from service.tracks.codec import decode_track
from service.tracks.model import MAX_FILE_URI
from service.validation import Check

_STEP: Final = 500
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_BY_FILE_NAME: Final = Attribution(RULE, "file name")
_NOTHING_SEEN: Final = "there is no audio here: nothing is marked as missing"
_NOT_ALL_SEEN: Final = "could not be looked at as a whole: nothing is marked as missing"


class PathScan:
    """One scan of one folder or file into one library."""

    def __init__(
        self, database: Database, roots: MediaRoots, library_id: UUID, path: str, *, full: bool
    ) -> None:
        """Prepare to scan a real path below a media root; `full` queues unchanged files too."""
        self.progress = pb.ScanPathResponse()
        self._database = database
        self._library_id = library_id
        self._path = path
        self._full = full
        self._id = uuid4()
        self._walk = FolderWalk(self._left_out, within=roots.holds)
        self._problems: list[pb.ScanProblem] = []
        self._told: set[UUID] = set()
        self._is_whole = True

    async def run(self) -> AsyncIterator[None]:
        """Look at all files, then queue what is to be read; yields after each step.

        Raises `NotFound` when the library does not exist.
        """
        await self._database.write(
            partial(presence.begin_scan, library_id=self._library_id, scan_id=self._id)
        )
        with Spool[Found]() as wanted:
            chunks = _chunks(self._walk.files([self._path]))
            while chunk := await asyncio.to_thread(next, chunks, None):
                await self._check(chunk, wanted)
                yield
            await self._complete()
            for chunk in _chunks(wanted):
                await self._database.write(partial(self._queue, chunk))
                yield
        self.progress.complete = True

    async def waiting(self) -> int:
        """Return how many of the queued files are still to be read; count those given up."""
        async with self._database.read() as connection:
            waiting, failed = await store.count(connection, self._id)
            room = MAX_PROBLEMS - len(self._problems)
            found = await store.failures(connection, self._id, self._told, max(room, 0))
        self.progress.waiting, self.progress.failed = waiting, failed
        self._told.update(failure.id for failure in found)
        self._problems += [pb.ScanProblem(uri=each.uri, reason=each.failure) for each in found]
        return waiting

    def take_message(self) -> pb.ScanPathResponse:
        """Return how far it is, with the problems that were found since the last time."""
        message = pb.ScanPathResponse()
        message.CopyFrom(self.progress)
        message.problems.extend(self._problems[:MAX_PROBLEMS])
        self._problems = self._problems[MAX_PROBLEMS:]
        return message

    @property
    def has_problems(self) -> bool:
        """Whether problems wait to be told."""
        return bool(self._problems)

    async def _check(self, files: Sequence[Found], wanted: Spool[Found]) -> None:
        files = [file for file in files if self._has_room(file)]
        sights = [Sight(file.uri, Stat(file.size, _moment(file.modified_us))) for file in files]
        states = await self._database.write(
            lambda connection: presence.check(connection, self._library_id, self._id, sights)
        )
        self.progress.found += len(files)
        for file, state in zip(files, states, strict=True):
            if state in (State.UNCHANGED, State.UNREADABLE) and not self._full:
                self.progress.unchanged += 1
            else:
                wanted.add(file)

    def _has_room(self, file: Found) -> bool:
        """Whether the catalogue can hold an address; says so when it cannot."""
        if len(file.uri) <= MAX_FILE_URI:
            return True
        self._tell(file.shown, f"its address has more than {MAX_FILE_URI:,} characters")
        return False

    async def _complete(self) -> None:
        """Mark what was not seen as missing, unless something could not be looked at."""
        if not self._is_whole:
            self._tell(self._path, _NOT_ALL_SEEN)
        elif self._walk.prefixes:
            try:
                outcome = await presence.complete_scan(
                    self._database, self._library_id, self._id, self._walk.prefixes, force=False
                )
                self.progress.missing = outcome.missing
            except FailedPrecondition:
                self._tell(self._path, _NOTHING_SEEN)

    async def _queue(self, files: Sequence[Found], connection: Connection) -> None:
        """Queue files, each with the track that has its address, or with a new one that waits."""
        await tracks.import_lock(connection)
        uris = [file.uri for file in files]
        holders = await tracks.find_by_file(connection, self._library_id, uris)
        drafts = [
            decode_track(Check(), _waiting_track(self._library_id, file), is_new=True)
            for file in files
            if file.uri not in holders
        ]
        made = await write.create(connection, drafts, _BY_FILE_NAME)
        # They wait for the servers of the catalogue, and not for other workers.
        await queue.end(connection, [UUID(track.id) for track in made])
        holders |= {track.files[0].uri: UUID(track.id) for track in made}
        await store.queue(connection, self._library_id, self._id, holders)
        self.progress.queued += len(files)
        self.progress.waiting += len(files)

    def _left_out(self, problem: Problem) -> None:
        self._is_whole &= problem.note
        self._tell(problem.file, problem.message)

    def _tell(self, uri: str, reason: str) -> None:
        self._problems.append(pb.ScanProblem(uri=uri, reason=reason))


def _chunks(files: Iterator[Found] | Spool[Found]) -> Generator[list[Found], None, None]:
    rest = iter(files)
    while chunk := list(islice(rest, _STEP)):
        yield chunk


def _waiting_track(library_id: UUID, file: Found) -> track_pb2.Track:
    """Return the track of a file that was not read yet, named after the file.

    Nothing but its file says which track it is: what else is known of the address may be another's.
    """
    audio = types_pb2.AudioFile(uri=file.uri, size_bytes=file.size)
    audio.modify_time.FromMicroseconds(file.modified_us)
    return track_pb2.Track(
        library_id=str(library_id),
        title=file.shown.rpartition("/")[2],
        status=track_pb2.TRACK_STATUS_PENDING,
        files=[audio],
    )


def _moment(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)
