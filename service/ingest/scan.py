"""A scan: what lies in some places becomes tracks, and what no longer lies there is marked.

A scan has three parts. It looks at every file without opening it and asks the catalogue which ones
it knows (`CheckFiles`); it asks which ones it has not met (`ListFiles`) and says that it has seen
all (`MarkFilesMissing`), so that a file that has moved is known to be gone from where it was; then
it reads the new and the changed files and sends them (`ImportTracks`). Nothing is remembered on
this side: a scan that broke off is run again, and what it had stored is then unchanged.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from itertools import islice
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory
from typing import Final, TypeAlias

import grpc
from google.protobuf.timestamp_pb2 import Timestamp

from fonoteca.v1 import file_pb2 as pb
from fonoteca.v1.file_pb2_grpc import FileServiceStub
from fonoteca.v1.track_pb2 import Track
from service.ingest.artwork import ArtworkClient
from service.ingest.buckets import Bucket
from service.ingest.client import (
    ATTEMPTS,
    Batch,
    ImportClient,
    Outcome,
    ahead,
    batches,
    pause_before_retry,
    status_code,
    until_answered,
    violations,
)
from service.ingest.folders import FolderWalk
from service.ingest.locations import Found, is_remote, local_path, shown_address
from service.ingest.pictures import FoundPicture, notes_on
from service.ingest.problems import Problem, SourceError
from service.ingest.readers import Readers, read_found
from service.ingest.spool import Spool

CHECK_TIMEOUT_SECONDS: Final = 3_600
MARK_TIMEOUT_SECONDS: Final = 600
MAX_PLACES: Final = 100
"""How many places one scan may have: the server takes so many at once."""

#: Reading a file takes longer than storing it, so little is lost when a scan is interrupted.
_BATCH_FILES: Final = 400
_CHECK_FILES: Final = 1_000
_LIST_FILES: Final = 500
_MAX_URI: Final = 4_000
#: Messages whose answer is awaited while the next files are looked at.
_CHECKS_UNDER_WAY: Final = 4


class Fate(StrEnum):
    """What became of a file, or that it is gone from its address."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    FAILED = "failed"
    SKIPPED = "skipped"
    MISSING = "missing"


_FATES: Final = {
    pb.FILE_STATE_UNKNOWN: Fate.NEW,
    pb.FILE_STATE_CHANGED: Fate.CHANGED,
    pb.FILE_STATE_UNCHANGED: Fate.UNCHANGED,
}


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one file, and why."""

    file: str
    uri: str
    fate: Fate
    reasons: tuple[str, ...] = ()

    def as_record(self) -> dict[str, object]:
        """Return what is known, as one line of a report."""
        record: dict[str, object] = {"file": self.file, "fate": self.fate.value}
        if self.uri:
            record["uri"] = self.uri
        if self.reasons:
            record["reasons"] = self.reasons
        return record


@dataclass(frozen=True, slots=True)
class Sighting:
    """A file that is read, what the catalogue said of it, and what was left out of its track."""

    found: Found
    fate: Fate
    notes: tuple[str, ...] = ()
    content_hash: str = ""
    pictures: tuple[FoundPicture, ...] = ()

    def result(self, refused: Mapping[str, str]) -> Result:
        """Return the result once its track is stored; `refused` are pictures that were not."""
        notes = self.notes + notes_on(self.pictures, refused)
        return Result(self.found.shown, self.found.uri, self.fate, notes)


OnResult: TypeAlias = Callable[[Result], None]


@dataclass(slots=True)
class Tally:
    """How far a scan is, and what it has done to the catalogue."""

    #: How many files were found.
    found: int = 0
    #: How many files that were met had each fate.
    files: Counter[Fate] = field(default_factory=Counter)
    #: How many files are to be read; None while files are still looked for.
    to_read: int | None = None
    #: How many of those have been read and stored, or have failed.
    read: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    #: Files that were marked as missing, and files that are there again.
    missing: int = 0
    returned: int = 0

    @property
    def done(self) -> int:
        """How many files have met their fate."""
        return self.files.total()

    @property
    def fraction(self) -> float:
        """Which share of the files has been read, 0 to 1."""
        if self.to_read is None:
            return 0.0
        return self.read / self.to_read if self.to_read else 1.0


class Scan:
    """One scan into one library."""

    def __init__(
        self,
        channel: grpc.Channel,
        library_id: str,
        on_result: OnResult,
        *,
        jobs: int,
        full: bool = False,
        dry_run: bool = False,
        allow_empty: bool = False,
    ) -> None:
        """Prepare a scan; `on_result` hears of every file, in more than one thread but one by one.

        `full` reads unchanged files too, `dry_run` stores nothing, and `allow_empty` believes
        places without a single audio file, where otherwise a drive is taken to be missing.
        """
        self.tally = Tally()
        self.walk = FolderWalk(self._left_out)
        self._files = FileServiceStub(channel)
        self._tracks = ImportClient(channel, explain_all=True)
        self._channel = channel
        self._library_id = library_id
        self._on_result = on_result
        self._jobs = jobs
        self._full = full
        self._dry_run = dry_run
        self._allow_empty = allow_empty
        self._scan_id = str(uuid.uuid4())
        self._incomplete = False
        self._prefixes: list[str] = []
        self._lock = threading.Lock()

    def run(self, places: Sequence[str]) -> None:
        """Scan folders, files and URLs, at most `MAX_PLACES`.

        Raises `SourceError` when a place cannot be read at all, and `grpc.RpcError`; what was
        stored until then stays.
        """
        if len(places) > MAX_PLACES:
            raise SourceError(f"at most {MAX_PLACES} places can be scanned together")
        with Spool[tuple[Found, Fate]]() as wanted:
            for found, state in self._checked(filter(self._has_room, self._found(places))):
                if state is not Fate.UNCHANGED:
                    wanted.add((found, state))
                elif self._full or not found.modified_us:
                    wanted.add((found, Fate.CHANGED))
                else:
                    self._settle(Result(found.shown, found.uri, state))
            self._complete(places)
            self.tally.to_read = len(wanted)
            self._store(wanted)

    def _found(self, places: Sequence[str]) -> Iterator[Found]:
        """Yield what lies in the places, and keep what is below each of them in mind."""
        yield from self.walk.files(local_path(place) for place in places if not is_remote(place))
        self._prefixes += self.walk.prefixes
        for place in filter(is_remote, places):
            bucket = Bucket(place, self._left_out, allow_empty=self._allow_empty)
            yield from bucket.files()
            self._prefixes += bucket.prefixes

    def _has_room(self, found: Found) -> bool:
        """Whether the catalogue can hold an address; says so when it cannot."""
        self.tally.found += 1
        if len(found.uri) <= _MAX_URI:
            return True
        reason = f"its address has more than {_MAX_URI:,} characters"
        self._settle(Result(found.shown, found.uri, Fate.FAILED, (reason,)))
        return False

    def _checked(self, files: Iterable[Found]) -> Iterator[tuple[Found, Fate]]:
        """Yield each file with what the catalogue says of it."""
        asked: deque[Sequence[Found]] = deque()
        failures = 0
        with closing(ahead(_chunks(files))) as chunks:
            while True:
                try:
                    for chunk, answer in self._answers(chunks, asked):
                        failures = 0
                        yield from zip(chunk, _fates(answer), strict=True)
                except grpc.RpcError as error:
                    failures += 1
                    seconds = pause_before_retry(error, failures)
                    if seconds is None or failures == ATTEMPTS:
                        raise
                    time.sleep(seconds)
                else:
                    return

    def _answers(
        self, chunks: Iterable[Sequence[Found]], asked: deque[Sequence[Found]]
    ) -> Iterator[tuple[Sequence[Found], pb.CheckFilesResponse]]:
        """Yield answers of one call; `asked` are the chunks that wait for one, also afterwards."""
        questions: SimpleQueue[pb.CheckFilesRequest | None] = SimpleQueue()
        answers = self._files.CheckFiles(iter(questions.get, None), timeout=CHECK_TIMEOUT_SECONDS)
        try:
            for chunk in asked:
                questions.put(self._question(chunk))
            for chunk in chunks:
                questions.put(self._question(chunk))
                asked.append(chunk)
                if len(asked) >= _CHECKS_UNDER_WAY:
                    answer = next(answers)
                    yield asked.popleft(), answer
            questions.put(None)
            for answer in answers:
                yield asked.popleft(), answer
        finally:
            questions.put(None)
            answers.cancel()

    def _question(self, files: Sequence[Found]) -> pb.CheckFilesRequest:
        return pb.CheckFilesRequest(
            library_id=self._library_id,
            scan_id=self._scan_id,
            files=[
                pb.CheckedFile(
                    uri=file.uri,
                    size_bytes=file.size,
                    modify_time=_timestamp(file.modified_us),
                )
                for file in files
            ],
        )

    def _complete(self, places: Sequence[str]) -> None:
        """Have marked as missing what was not seen, unless something could not be looked at."""
        if not self._prefixes:
            return
        if self._incomplete:
            self._note(places, "could not be looked at as a whole: nothing is marked as missing")
            return
        request = pb.MarkFilesMissingRequest(
            library_id=self._library_id,
            scan_id=self._scan_id,
            uri_prefixes=self._prefixes,
            force=self._allow_empty,
            validate_only=self._dry_run,
        )
        with Spool[str]() as unseen:
            # Where nothing was found at all, nothing is marked either.
            for uri in self._unseen() if self.tally.found or self._allow_empty else ():
                unseen.add(uri)
            try:
                response = until_answered(
                    time.sleep,
                    partial(self._files.MarkFilesMissing, request, timeout=MARK_TIMEOUT_SECONDS),
                )
            except grpc.RpcError as error:
                if status_code(error) is not grpc.StatusCode.FAILED_PRECONDITION:
                    raise
                self._note(places, "there is no audio here: nothing is marked as missing")
                return
            self.tally.missing = response.missing
            self.tally.returned = response.returned
            for uri in unseen:
                with self._lock:
                    self._on_result(Result(shown_address(uri), uri, Fate.MISSING))

    def _unseen(self) -> Iterator[str]:
        """Yield the addresses of the files that were not met where the scan has looked."""
        for prefix in _outermost(self._prefixes):
            request = pb.ListFilesRequest(
                library_id=self._library_id,
                uri_prefix=prefix,
                unseen_by_scan_id=self._scan_id,
                page_size=_LIST_FILES,
            )
            while True:
                page = until_answered(
                    time.sleep,
                    partial(self._files.ListFiles, request, timeout=MARK_TIMEOUT_SECONDS),
                )
                yield from (file.audio.uri for file in page.files)
                if not page.next_page_token:
                    break
                request.page_token = page.next_page_token

    def _store(self, wanted: Spool[tuple[Found, Fate]]) -> None:
        if not wanted:
            return
        with TemporaryDirectory(prefix="fonoteca-", ignore_cleanup_errors=True) as box:
            artwork = None if self._dry_run else ArtworkClient(self._channel, Path(box))
            read = partial(read_found, box=Path(box)) if artwork else read_found
            readers = Readers(min(self._jobs, len(wanted)), read)
            prepared = ahead(
                batches(
                    self._read(readers, wanted),
                    library_id=self._library_id,
                    validate_only=self._dry_run,
                    size=_BATCH_FILES,
                )
            )
            # The readers end first: the thread that prepares batches may be waiting for one.
            with closing(prepared), readers:
                for batch in prepared:
                    # First, so that whatever is in the catalogue has its pictures.
                    refused = artwork.send(_pictures(batch)) if artwork else {}
                    self._answered(batch, self._tracks.send(batch), refused)

    def _read(
        self, readers: Readers, wanted: Spool[tuple[Found, Fate]]
    ) -> Iterator[tuple[Sighting, Track]]:
        """Yield the tracks of the files that can be read."""
        fates = iter(wanted)
        waiting: deque[Fate] = deque()

        def files() -> Iterator[Found]:
            for found, fate in fates:
                waiting.append(fate)
                yield found

        with closing(readers.read(files())) as readings:
            for found, reading in readings:
                fate = waiting.popleft()
                if reading.error:
                    self._read_one(Result(found.shown, found.uri, Fate.FAILED, (reading.error,)))
                else:
                    track = Track.FromString(reading.track)
                    content_hash = track.files[0].content_hash
                    yield (
                        Sighting(found, fate, reading.notes, content_hash, reading.pictures),
                        track,
                    )

    def _answered(
        self, batch: Batch[Sighting], outcome: Outcome[Sighting], no_pictures: Mapping[str, str]
    ) -> None:
        self.tally.created += outcome.created
        self.tally.updated += outcome.updated
        self.tally.unchanged += outcome.unchanged
        refused = {refusal.place.found.uri: refusal.error for refusal in outcome.refusals}
        for sighting in batch.places:
            found = sighting.found
            if error := refused.get(found.uri):
                told = (f"{field}: {what}" if field else what for field, what in violations(error))
                self._read_one(Result(found.shown, found.uri, Fate.FAILED, tuple(told)))
            else:
                self._read_one(sighting.result(no_pictures))

    def _note(self, places: Sequence[str], message: str) -> None:
        self._settle(Result(", ".join(places), "", Fate.SKIPPED, (message,)))

    def _left_out(self, problem: Problem) -> None:
        """Take note of what the walk could not look at, or left out."""
        self._incomplete |= not problem.note
        fate = Fate.SKIPPED if problem.note else Fate.FAILED
        self._settle(Result(problem.file, "", fate, (problem.message,)))

    def _read_one(self, result: Result) -> None:
        self._settle(result, read=1)

    def _settle(self, result: Result, *, read: int = 0) -> None:
        # Files are read in one thread while the answers of the server come in another.
        with self._lock:
            self.tally.files[result.fate] += 1
            self.tally.read += read
            self._on_result(result)


def _chunks(files: Iterable[Found]) -> Generator[list[Found], None, None]:
    """Yield the files in chunks; where there are none, one that is empty, which begins the scan."""
    rest = iter(files)
    yield list(islice(rest, _CHECK_FILES))
    while chunk := list(islice(rest, _CHECK_FILES)):
        yield chunk


def _pictures(batch: Batch[Sighting]) -> list[tuple[str, Sequence[FoundPicture]]]:
    """Return the pictures of files, by their contents; a new file without any says nothing."""
    return [
        (sighting.content_hash, sighting.pictures)
        for sighting in batch.places
        if sighting.pictures or sighting.fate is Fate.CHANGED
    ]


def _outermost(prefixes: Iterable[str]) -> list[str]:
    """Return the beginnings of addresses, without those that begin like another one."""
    found: list[str] = []
    for prefix in sorted(set(prefixes)):
        if not found or not prefix.startswith(found[-1]):
            found.append(prefix)
    return found


def _fates(answer: pb.CheckFilesResponse) -> Iterator[Fate]:
    return (_FATES[state] for state in answer.states)


def _timestamp(microseconds: int) -> Timestamp:
    seconds, rest = divmod(microseconds, 1_000_000)
    return Timestamp(seconds=seconds, nanos=rest * 1_000)
