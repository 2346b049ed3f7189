"""The sending side of `ImportTracks`: batches of tracks, each stored whole or not at all.

A stream of tracks is cut into batches. Each batch is one call and so one transaction: when it is
acknowledged it is stored, and when anything goes wrong it can be sent again, because repeating an
import changes nothing. Batches are built ahead in a thread while the server works on the last one.
"""

from __future__ import annotations

import random
import re
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from queue import Full, Queue
from typing import Final, Generic, TypeVar

import grpc
from google.rpc.error_details_pb2 import BadRequest, RetryInfo
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status

from fonoteca.v1.track_pb2 import ImportTracksRequest, ImportTracksResponse, Track
from fonoteca.v1.track_pb2_grpc import TrackServiceStub
from service.ingest.problems import SourceError

T = TypeVar("T")
#: Where a track was found: a line, a path.
Place = TypeVar("Place")
R = TypeVar("R")

#: Large enough that a transaction's fixed cost vanishes, small enough that little is lost with one.
BATCH_TRACKS = 50_000
BATCH_BYTES = 32 << 20
MESSAGE_TRACKS = 500
#: Half of what a server accepts in one message by default; no track needs the other half.
MESSAGE_BYTES = 2 << 20

#: An import may have to wait for another one.
CALL_TIMEOUT_SECONDS = 900
ATTEMPTS = 6
_FIRST_PAUSE_SECONDS = 0.25
_LONGEST_PAUSE_SECONDS = 10.0
_TRANSIENT = frozenset({grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.ABORTED})
_POLL_SECONDS = 0.2
_TRACK_PREFIX: Final = re.compile(r"^(?:tracks\[\d+\]|track)\.")


@dataclass(frozen=True, slots=True)
class Batch(Generic[Place]):
    """Tracks that are sent in one call."""

    messages: tuple[ImportTracksRequest, ...]
    #: Where each track was found, in the order of the messages.
    places: Sequence[Place]
    #: Which share of the whole source has been read with this batch, 0 to 1.
    fraction: float


@dataclass(frozen=True, slots=True)
class Refusal(Generic[Place]):
    """A track that the server did not take."""

    place: Place
    error: Status


@dataclass(frozen=True, slots=True)
class Outcome(Generic[Place]):
    """What became of one batch."""

    created: int
    updated: int
    unchanged: int
    refused: int
    #: Why, in the order of the batch; of many, the server explains only the first ones.
    refusals: tuple[Refusal[Place], ...]


class _Builder(Generic[Place]):
    """Collects tracks until they make a batch."""

    def __init__(self, library_id: str, *, validate_only: bool, size: int) -> None:
        self._library_id = library_id
        self._validate_only = validate_only
        self._size = size
        self._waiting: list[Track] = []
        self._start()

    def _start(self) -> None:
        self._messages: list[ImportTracksRequest] = []
        self._places: list[Place] = []
        self._weight = 0

    def add(self, place: Place, track: Track) -> bool:
        """Take one track; return whether the batch is full."""
        self._places.append(place)
        self._waiting.append(track)
        full = len(self._places) >= self._size
        if full or len(self._waiting) == MESSAGE_TRACKS:
            self._pack()
        return full or self._weight >= BATCH_BYTES

    def take(self, fraction: float) -> Batch[Place]:
        """Return the batch and start the next one."""
        self._pack()
        batch = Batch(tuple(self._messages), self._places, fraction)
        self._start()
        return batch

    def _pack(self) -> None:
        if self._waiting:
            message = ImportTracksRequest(
                library_id=self._library_id,
                validate_only=self._validate_only,
                tracks=self._waiting,
            )
            self._waiting = []
            weight = message.ByteSize()
            self._weight += weight
            self._messages += [message] if weight <= MESSAGE_BYTES else split(message)


def batches(
    entries: Iterable[tuple[Place, Track]],
    *,
    library_id: str = "",
    validate_only: bool = False,
    fraction: Callable[[], float] = lambda: 0.0,
    size: int = BATCH_TRACKS,
) -> Generator[Batch[Place], None, None]:
    """Cut a stream of tracks into batches.

    When the source breaks off, what came before is a batch still, and the error follows.
    """
    builder: _Builder[Place] = _Builder(library_id, validate_only=validate_only, size=size)
    failure: SourceError | None = None
    try:
        for place, track in entries:
            if builder.add(place, track):
                yield builder.take(fraction())
    except SourceError as error:
        failure = error
    last = builder.take(fraction())
    if last.places:
        yield last
    if failure:
        raise failure


def split(message: ImportTracksRequest) -> Iterator[ImportTracksRequest]:
    """Cut a message until every piece is small enough to be received."""
    count = len(message.tracks)
    if count < 2 or message.ByteSize() <= MESSAGE_BYTES:
        yield message
        return
    for part in (message.tracks[: count // 2], message.tracks[count // 2 :]):
        yield from split(
            ImportTracksRequest(
                library_id=message.library_id, validate_only=message.validate_only, tracks=part
            )
        )


def ahead(items: Generator[T, None, None], depth: int = 2) -> Generator[T, None, None]:
    """Yield the items, while a thread already prepares the next ones.

    Closing the generator stops the thread. What the items raise is raised here.
    """
    queue: Queue[tuple[T] | Exception | None] = Queue(maxsize=depth)
    stopped = threading.Event()

    def put(item: tuple[T] | Exception | None) -> bool:
        while not stopped.is_set():
            try:
                queue.put(item, timeout=_POLL_SECONDS)
            except Full:
                continue
            return True
        return False

    def produce() -> None:
        end: Exception | None = None
        try:
            with closing(items):
                for item in items:
                    # The tuple tells an item from an error, whatever the items are.
                    if not put((item,)):
                        break
        except Exception as error:  # noqa: BLE001  (raised again in the other thread)
            end = error
        put(end)

    thread = threading.Thread(target=produce, name="ahead", daemon=True)
    thread.start()
    try:
        while (item := queue.get()) is not None:
            if isinstance(item, Exception):
                raise item
            yield item[0]
    finally:
        stopped.set()
        thread.join()


class ImportClient:
    """Sends batches to one server, again where that may help."""

    def __init__(
        self,
        channel: grpc.Channel,
        *,
        explain_all: bool = False,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        """Use a channel. `explain_all` asks again until every refusal is explained."""
        self._stub = TrackServiceStub(channel)
        self._explain_all = explain_all
        self._pause = pause

    def send(
        self, batch: Batch[Place], on_sent: Callable[[int], None] = lambda count: None
    ) -> Outcome[Place]:
        """Import one batch.

        `on_sent` hears after each message how many tracks are sent. Raises `grpc.RpcError` when
        the batch was not stored: at once when another try cannot help, else after several.
        """
        response = self._call_until_stored(batch.messages, on_sent)
        found = self._refused(batch.messages, response)
        return Outcome(
            response.created,
            response.updated,
            response.unchanged,
            response.failed,
            tuple(Refusal(batch.places[position], found[position]) for position in sorted(found)),
        )

    def _call_until_stored(
        self, messages: Sequence[ImportTracksRequest], on_sent: Callable[[int], None]
    ) -> ImportTracksResponse:
        for attempt in range(1, ATTEMPTS):
            try:
                return self._call(messages, on_sent)
            except grpc.RpcError as error:
                seconds = pause_before_retry(error, attempt)
                if seconds is None:
                    raise
                self._pause(seconds)
        return self._call(messages, on_sent)

    def _call(
        self, messages: Sequence[ImportTracksRequest], on_sent: Callable[[int], None]
    ) -> ImportTracksResponse:
        sent = 0

        def stream() -> Iterator[ImportTracksRequest]:
            nonlocal sent
            for message in messages:
                yield message
                sent += len(message.tracks)
                on_sent(sent)

        call = self._stub.ImportTracks.future(stream(), timeout=CALL_TIMEOUT_SECONDS)
        try:
            return call.result()
        except KeyboardInterrupt:
            call.cancel()
            raise

    def _refused(
        self, messages: Sequence[ImportTracksRequest], response: ImportTracksResponse
    ) -> dict[int, Status]:
        """Return why tracks were refused, by their positions in the batch.

        A response explains a limited number, in no order that matters; so the server is asked again
        about the tracks that it did not speak of, without storing them, until none is missing.
        """
        found: dict[int, Status] = {}
        rest = list(range(sum(len(message.tracks) for message in messages)))
        missing = response.failed
        while response.errors:
            found |= {rest[error.index]: error.error for error in response.errors}
            missing -= len(response.errors)
            if missing <= 0 or not self._explain_all:
                break
            rest = [position for position in rest if position not in found]
            response = self._call_until_stored(_selected(messages, rest), lambda count: None)
        return found


def _selected(
    messages: Sequence[ImportTracksRequest], positions: Sequence[int]
) -> Sequence[ImportTracksRequest]:
    """Return some tracks of a batch as a call that stores nothing."""
    wanted, start, selected = set(positions), 0, []
    for message in messages:
        tracks = [track for place, track in enumerate(message.tracks, start) if place in wanted]
        start += len(message.tracks)
        if tracks:
            selected.append(
                ImportTracksRequest(
                    library_id=message.library_id, validate_only=True, tracks=tracks
                )
            )
    return selected


def violations(error: Status) -> Iterator[tuple[str, str]]:
    """Yield the fields of Track that an error is about, each with what is wrong."""
    bad_request = BadRequest()
    for detail in error.details:
        if detail.Unpack(bad_request):
            for violation in bad_request.field_violations:
                yield _TRACK_PREFIX.sub("", violation.field), violation.description
            return
    yield "", error.message


def until_answered(
    pause: Callable[[float], None], first: Callable[[], R], again: Callable[[], R] | None = None
) -> R:
    """Return the answer to a call, made once more where that may help; `again` is then another."""
    call = first
    for attempt in range(1, ATTEMPTS):
        try:
            return call()
        except grpc.RpcError as error:
            seconds = pause_before_retry(error, attempt)
            if seconds is None:
                raise
            pause(seconds)
            call = again or first
    return call()


def pause_before_retry(error: grpc.RpcError, attempt: int) -> float | None:
    """Return how many seconds to wait before try `attempt` + 1, or None when it cannot help."""
    hint = _retry_hint(error)
    if hint is None and status_code(error) not in _TRANSIENT:
        return None
    longest = min(_FIRST_PAUSE_SECONDS * 2 ** (attempt - 1), _LONGEST_PAUSE_SECONDS)
    # Half of it by chance, so that clients that failed together do not come back together.
    return max(hint or 0.0, random.uniform(longest / 2, longest))  # noqa: S311  (no secret)


def status_code(error: grpc.RpcError) -> grpc.StatusCode:
    """Return the status of a failed call."""
    code = error.code() if isinstance(error, grpc.Call) else None
    return code if isinstance(code, grpc.StatusCode) else grpc.StatusCode.UNKNOWN


def _retry_hint(error: grpc.RpcError) -> float | None:
    status = rpc_status.from_call(error) if isinstance(error, grpc.Call) else None
    if status is None:
        return None
    hint = RetryInfo()
    hints = (hint.retry_delay.ToTimedelta() for detail in status.details if detail.Unpack(hint))
    return next((delay.total_seconds() for delay in hints), None)
