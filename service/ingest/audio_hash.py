"""What tells one file from another: the hash of its bytes, and that of its audio alone.

Both come from one pass over the file. The audio hash survives retagging and changes of padding or
framing; it begins with its scheme, and only hashes of one scheme can be equal: `flac-md5:` is the
checksum of the decoded samples that FLAC files hold, `sha256:` that of the encoded audio.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO, Final

from service.ingest.ogg import AudioPackets
from service.ingest.payload import Payload, Range, find_payload

_PIECE_BYTES: Final = 1 << 20
#: Below this, starting a thread takes longer than it saves.
_WORTH_A_THREAD: Final = 8 << 20
_NO_AUDIO: Final = "holds no audio that could be told from that of other files"

Wait = Callable[[], object]
"""Returns when it is done."""


@dataclass(frozen=True, slots=True)
class FileHashes:
    """The hashes of one file, as AudioFile has them; `audio` is empty when there is no audio."""

    content: str
    audio: str
    notes: tuple[str, ...] = ()


def hash_file(stream: BinaryIO) -> FileHashes:
    """Read a file to its end and return its hashes. Raises `OSError` only, whatever it holds."""
    size = stream.seek(0, 2)
    payload = find_payload(stream, size)
    content = hashlib.sha256()
    audio = _AudioDigest(payload)
    stream.seek(0)
    with _beside(content.update, size) as feed_content:
        at = 0
        while piece := stream.read(_PIECE_BYTES):
            wait = feed_content(piece)
            audio.feed(memoryview(piece), at)
            wait()
            at += len(piece)
    return FileHashes(content.hexdigest(), *audio.end())


class _AudioDigest:
    """Hashes the audio in a file that comes piece by piece."""

    def __init__(self, payload: Payload) -> None:
        self._payload = payload
        self._digest = hashlib.sha256()
        self._is_empty = True
        self._ranges = [] if payload.flac_md5 else list(reversed(payload.ranges))
        self._ogg = AudioPackets() if payload.is_ogg else None

    def feed(self, piece: memoryview, at: int) -> None:
        """Take the bytes of the file that begin at the position `at`."""
        for part in _within(self._ranges, piece, at):
            if self._ogg is None:
                self._add(part)
                continue
            for packets in self._ogg.feed(part):
                self._add(packets)

    def end(self) -> tuple[str, tuple[str, ...]]:
        """Return the hash with its scheme, and notes about what was odd."""
        notes = self._payload.notes
        if self._payload.flac_md5:
            return f"flac-md5:{self._payload.flac_md5.hex()}", notes
        if self._ogg:
            for part in self._ogg.end():
                self._add(part)
            if self._ogg.is_broken:
                notes = (*notes, "its Ogg pages are broken or cut off")
        if self._is_empty:
            return "", (*notes, _NO_AUDIO)
        return f"sha256:{self._digest.hexdigest()}", notes

    def _add(self, part: memoryview) -> None:
        self._digest.update(part)
        self._is_empty = self._is_empty and not part


def _within(ranges: list[Range], piece: memoryview, at: int) -> Iterator[memoryview]:
    """Yield what the ranges, the last one first, have in a piece; drop those that have passed."""
    end = at + len(piece)
    while ranges and ranges[-1][0] < end:
        start, stop = ranges[-1]
        if max(start, at) < min(stop, end):
            yield piece[max(start, at) - at : min(stop, end) - at]
        if stop > end:
            return
        ranges.pop()


@contextmanager
def _beside(update: Callable[[bytes], None], size: int) -> Iterator[Callable[[bytes], Wait]]:
    """Yield what updates a hash, in a thread when the file is large, and how to wait for that.

    Hashing lets go of the interpreter, so both hashes of a file take as long as one of them.
    """
    if size < _WORTH_A_THREAD:
        yield lambda piece: partial(update, piece)
        return
    with ThreadPoolExecutor(1) as pool:
        yield lambda piece: pool.submit(update, piece).result
