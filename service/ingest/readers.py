"""Reads files in processes of their own, so that a file can only harm its reader.

A reader has so much memory and so much time. One that dies or takes too long takes nobody with it:
the pool replaces it, and each file that it had in hand is read once more by itself. The file that
fails again is the culprit, and its reading says why. A file for which the others in hand left too
little time or memory is read by itself, too.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import CancelledError, Future
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Self, TypeAlias

from pebble import ProcessExpired

from fonoteca.v1.track_pb2 import Track
from service.ingest.buckets import fetch
from service.ingest.files import Reading, read_track, read_tracks
from service.ingest.locations import Found, file_name
from service.ingest.problems import SourceError
from service.ingest.processes import LimitedProcesses
from service.ingest.tag_writing import Tagged, TagJob, write_tags
from service.sources import MAX_SOURCE_URI, file_source_id

Read: TypeAlias = Callable[[Sequence[Found]], list[Reading]]
"""What reads some files. It travels to the readers, so it must be a function of a module."""

MEMORY_BYTES: Final = 3 << 30
"""Address space of a reader: pictures and tags of 100 MiB are copied a few times."""

SECONDS: Final = 90
"""How long a reader may take for what it has in hand, besides the time that its bytes take."""

_SLOWEST_BYTES_PER_SECOND: Final = 2 << 20
#: How many files are handed out at once, since each way to a reader and back costs time, and what
#: is read together costs less; of large ones fewer, so that all readers have work until the end.
_CHUNK: Final = 64
_CHUNK_BYTES: Final = 32 << 20
#: What a file of a bucket counts besides its bytes: to fetch it takes longer than to read it.
_FETCH_BYTES: Final = 4 << 20
#: Chunks that are under way for each reader: one in work, and some so that none has to wait.
_WINDOW: Final = 3

_Reading: TypeAlias = Future[list[Reading]]


def read_found(files: Sequence[Found], *, box: Path | None = None) -> list[Reading]:
    """Read files where they are, or copies of those elsewhere; never raises `Exception`.

    Their pictures are left in the folder `box`, if there is one.
    """
    local = iter(read_tracks([found.path for found in files if found.is_local], box))
    return [next(local) if found.is_local else _fetched(found, box) for found in files]


def _fetched(found: Found, box: Path | None) -> Reading:
    """Read a copy of a file that is elsewhere."""
    name = file_name(found.path)
    try:
        with TemporaryDirectory(prefix="fonoteca-") as folder:
            copy = Path(folder, name)
            fetch(found.path, copy)
            return relocated(read_track(str(copy), box), found)
    except SourceError as error:
        return Reading(found.path, error=str(error))
    except OSError as error:
        return Reading(found.path, error=f"cannot be fetched: {error.strerror or error}")


def relocated(reading: Reading, found: Found) -> Reading:
    """Return what was read from a copy as that of the file that was found."""
    if reading.error:
        return Reading(found.path, error=reading.error)
    track = Track.FromString(reading.track)
    [file], [source] = track.files, track.sources
    file.uri = found.uri
    source.uri = found.uri if len(found.uri) <= MAX_SOURCE_URI else ""
    source.id = file_source_id(found.uri)
    file.ClearField("modify_time")
    if found.modified_us:
        file.modify_time.FromMicroseconds(found.modified_us)
    return reading._replace(path=found.path, track=track.SerializeToString())


class Readers:
    """A pool of readers. Close it, or use it as a context, so that none stays behind."""

    def __init__(
        self,
        count: int,
        read: Read = read_found,
        *,
        seconds: float = SECONDS,
        memory_bytes: int = MEMORY_BYTES,
    ) -> None:
        self._count = count
        self._read = read
        self._seconds = seconds
        self._processes = LimitedProcesses(count, memory_bytes)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the readers, whatever they are at; who waits for a reading gets `SourceError`."""
        self._processes.close()

    def submit(self, files: Sequence[Found]) -> _Reading:
        """Hand out files; the future has their readings, or what happened to the reader."""
        limit = self._limit(sum(file.size for file in files))
        return self._processes.submit(_read_some, self._read, list(files), seconds=limit)

    def write_tags(self, job: TagJob, part: str) -> Future[Tagged]:
        """Hand out a file whose tags are to be written, and where its copy is to be."""
        return self._processes.submit(write_tags, job, part, seconds=self._limit(job.size))

    def _limit(self, size: int) -> float:
        """Return how many seconds a reader may take for so many bytes."""
        return self._seconds + size / _SLOWEST_BYTES_PER_SECOND

    def read(self, files: Iterable[Found]) -> Generator[tuple[Found, Reading], None, None]:
        """Yield each file with its reading, in their order, reading ahead a little."""
        rest = iter(files)
        pending: deque[tuple[list[Found], _Reading]] = deque()
        try:
            while True:
                while len(pending) < self._count * _WINDOW:
                    chunk = _chunk(rest)
                    if not chunk:
                        break
                    pending.append((chunk, self.submit(chunk)))
                if not pending:
                    return
                chunk, future = pending.popleft()
                yield from zip(chunk, self._outcome(chunk, future), strict=True)
        finally:
            for _, future in pending:
                future.cancel()

    def _outcome(self, chunk: Sequence[Found], future: _Reading) -> Iterator[Reading]:
        try:
            readings = _result(future)
        except (TimeoutError, ProcessExpired):
            return map(self._read_again, chunk)
        return (
            self._read_again(found) if reading.was_crowded else reading
            for found, reading in zip(chunk, readings, strict=True)
        )

    def _read_again(self, found: Found) -> Reading:
        """Read one file by itself."""
        try:
            return _result(self.submit([found]))[0]
        except (TimeoutError, ProcessExpired) as error:
            return blamed(found, error)


def blamed(found: Found, error: TimeoutError | ProcessExpired) -> Reading:
    """Return the reading of a file that has ended its reader, twice."""
    if isinstance(error, TimeoutError):
        return Reading(found.path, error="could not be read in time")
    return Reading(found.path, error="crashes the program that reads it")


def _chunk(files: Iterator[Found]) -> list[Found]:
    """Return the next files to hand out; none when there are no more."""
    chunk: list[Found] = []
    size = 0
    for found in islice(files, _CHUNK):
        chunk.append(found)
        size += found.size if found.is_local else found.size + _FETCH_BYTES
        if size >= _CHUNK_BYTES:
            break
    return chunk


def _result(future: _Reading) -> list[Reading]:
    try:
        return future.result()
    except CancelledError:
        raise SourceError("the reading was stopped") from None
    except BrokenProcessPool as error:
        raise SourceError(f"no process can be started to read the files: {error}") from error


def _read_some(read: Read, files: Sequence[Found]) -> list[Reading]:
    return read(files)
