"""The packets of the audio in an Ogg file, without its pages and its comments.

Retagging changes the comment packet, and with it the pages: their number, sizes, sequence and
checksums. The packets of the audio stay.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_PAGE_HEAD: Final = 27
_CAPTURE: Final = b"OggS"
_FIRST_PAGE: Final = 0x02
_COMMENTS: Final = 1
"""Which packet of a stream holds the comments, counted from 0."""

_PROBLEM: Final = "its Ogg pages are broken or cut off"
_AUDIO: Final = (b"\x01vorbis", b"OpusHead", b"Speex   ", b"\x7fFLAC")


@dataclass(slots=True)
class _Stream:
    """One logical stream: whether it is audio, and which packet comes next."""

    is_audio: bool
    #: After this packet, all are audio.
    last_comment: int = _COMMENTS
    packet: int = 0


class AudioPackets:
    """Takes the bytes of a file piece by piece, and gives those of its audio packets."""

    def __init__(self) -> None:
        #: Why these may not be the packets alone; empty when they are.
        self.problem = ""
        self._rest = b""
        self._streams: dict[bytes, _Stream] = {}

    def feed(self, piece: memoryview) -> Iterator[memoryview]:
        """Yield what is audio in the next bytes; the beginning of a page is kept for later."""
        data = self._rest + piece
        view = memoryview(data)
        at = 0
        while (body := _body(data, at)) is not None:
            if body < 0:
                self.problem = _PROBLEM
                at = _next_page(data, at + 1)
                continue
            table = data[at + _PAGE_HEAD : body]
            end = body + sum(table)
            if end > len(data):
                break
            yield from self._packets(view, at, body, table)
            at = end
        self._rest = data[at:]

    def end(self) -> Iterator[memoryview]:
        """Yield what is left of a page that is not complete."""
        if self._rest:
            self.problem = _PROBLEM
            yield memoryview(self._rest)

    def _packets(
        self, view: memoryview, page: int, body: int, table: bytes
    ) -> Iterator[memoryview]:
        serial = bytes(view[page + 14 : page + 18])
        end = body + sum(table)
        if view[page + 5] & _FIRST_PAGE:
            self._streams[serial] = _begun(bytes(view[body : min(end, body + 16)]))
        stream = self._streams.get(serial)
        if stream is None or not stream.is_audio:
            return
        if stream.packet > stream.last_comment:
            yield view[body:end]
            return
        at = body
        for length in table:
            if not _COMMENTS <= stream.packet <= stream.last_comment:
                yield view[at : at + length]
            at += length
            stream.packet += length < 255  # a shorter segment ends its packet


def _body(data: bytes, at: int) -> int | None:
    """Return where the body of a page begins; -1: it is no page; None: more bytes are needed."""
    if data[at : at + 4] != _CAPTURE[: len(data) - at]:
        return -1
    if len(data) < at + _PAGE_HEAD:
        return None
    body = at + _PAGE_HEAD + data[at + 26]
    return body if body <= len(data) else None


def _next_page(data: bytes, at: int) -> int:
    found = data.find(_CAPTURE, at)
    return found if found >= 0 else max(at, len(data) - len(_CAPTURE) + 1)


def _begun(first: bytes) -> _Stream:
    """Return the stream that begins with this packet. FLAC says how many header packets follow."""
    if first.startswith(b"\x7fFLAC"):
        return _Stream(is_audio=True, last_comment=max(_COMMENTS, int.from_bytes(first[7:9])))
    return _Stream(is_audio=first.startswith(_AUDIO))
