"""Tracks out of a catalogue, a page at a time, into a file that an import reads again."""

from __future__ import annotations

import csv
import gzip
import io
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, Final, cast

import grpc

from fonoteca.v1.track_pb2 import TRACK_VIEW_FULL, ListTracksRequest, ListTracksResponse, Track
from fonoteca.v1.track_pb2_grpc import TrackServiceStub
from service.ingest.client import ATTEMPTS, pause_before_retry, status_code
from service.ingest.records import FIELDS, cells_of, line_of

_PAGE_TRACKS: Final = 500
_PAGE_SECONDS: Final = 120
#: What takes half as long as the best compression and saves nearly as much.
_COMPRESSION: Final = 6

Write = Callable[[Sequence[Track]], None]
"""Writes some tracks to a file."""


class Form(StrEnum):
    """How tracks are written."""

    JSON_LINES = "JSON Lines"
    CSV = "CSV"


@dataclass(frozen=True, slots=True)
class Shape:
    """How a file of tracks is written."""

    form: Form
    gzipped: bool = False


_FORMS: Final = {
    ".jsonl": Form.JSON_LINES,
    ".ndjson": Form.JSON_LINES,
    ".json": Form.JSON_LINES,
    ".csv": Form.CSV,
}


def shape_of(path: Path) -> Shape | None:
    """Return how a file of this name is written, or None when the name does not tell."""
    gzipped = path.suffix.lower() == ".gz"
    named = path.with_suffix("") if gzipped else path
    form = _FORMS.get(named.suffix.lower())
    return Shape(form, gzipped) if form else None


@contextmanager
def writing(stream: BinaryIO, shape: Shape) -> Iterator[Write]:
    """Yield what writes tracks to an open file; at the end of the block the file is complete."""
    raw = stream
    if shape.gzipped:
        # Without name and time, the same tracks make the same bytes.
        raw = cast("BinaryIO", gzip.GzipFile("", "wb", _COMPRESSION, stream, mtime=0))
    text = io.TextIOWrapper(raw, encoding="utf-8", newline="")
    try:
        yield _csv(text) if shape.form is Form.CSV else _json_lines(text)
    finally:
        # Closing the compression leaves the file below it open; who opened that closes it.
        text.close() if shape.gzipped else text.detach()


def _json_lines(text: io.TextIOWrapper) -> Write:
    return lambda tracks: text.writelines(f"{line_of(track)}\n" for track in tracks)


def _csv(text: io.TextIOWrapper) -> Write:
    writer = csv.writer(text)
    writer.writerow(FIELDS)
    return lambda tracks: writer.writerows(map(cells_of, tracks))


def pages(
    channel: grpc.Channel, library_id: str, filter_: str
) -> Generator[Sequence[Track], None, None]:
    """Yield the live tracks of a library that match a filter, oldest first, a page at a time.

    A page that is too large for one message is asked for in parts. Raises `grpc.RpcError`.
    """
    request = ListTracksRequest(
        library_id=library_id, filter=filter_, page_size=_PAGE_TRACKS, view=TRACK_VIEW_FULL
    )
    stub = TrackServiceStub(channel)
    while True:
        response = _page(stub, request)
        yield response.tracks
        if not response.next_page_token:
            return
        request.page_token = response.next_page_token
        request.page_size = min(request.page_size * 2, _PAGE_TRACKS)


def _page(stub: TrackServiceStub, request: ListTracksRequest) -> ListTracksResponse:
    """Return one page, of half the size whenever it is too large, after some tries if need be."""
    attempt = 1
    while True:
        try:
            return stub.ListTracks(request, timeout=_PAGE_SECONDS)
        except grpc.RpcError as error:
            seconds = pause_before_retry(error, attempt)
            too_large = status_code(error) is grpc.StatusCode.RESOURCE_EXHAUSTED
            if seconds is not None and attempt < ATTEMPTS:
                attempt += 1
                time.sleep(seconds)
            elif too_large and request.page_size > 1:
                request.page_size //= 2
            else:
                raise
