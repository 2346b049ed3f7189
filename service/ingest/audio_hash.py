"""What tells one file from another: the hash of its bytes, and that of its audio alone.

Both come from one pass over the file. The audio hash survives retagging and changes of padding or
framing; it begins with its scheme, and only hashes of one scheme can be equal: `flac-md5:` is the
checksum of the decoded samples that FLAC files hold, `sha256:` that of the encoded audio.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from typing import BinaryIO, Final

from service.ingest.mpeg4_samples import Range
from service.ingest.payload import Payload

_PIECE_BYTES: Final = 1 << 20
#: Below this, starting a thread takes longer than it saves.
_WORTH_A_THREAD: Final = 8 << 20
_NO_AUDIO: Final = "holds no audio that could be told from that of other files"


@dataclass(frozen=True, slots=True)
class FileHashes:
    """The hashes of one file, as AudioFile has them; `audio` is empty when there is no audio."""

    content: str
    audio: str
    notes: tuple[str, ...] = ()


def hash_file(stream: BinaryIO, payload: Payload) -> FileHashes:
    """Read a file, in which the audio was found, to its end and return its hashes.

    Raises `OSError` only, whatever it holds.
    """
    size = stream.seek(0, 2)
    audio = _AudioDigest(payload)
    if isinstance(stream, BytesIO):
        whole = stream.getvalue()
        audio.feed(memoryview(whole), 0)
        return FileHashes(hashlib.sha256(whole).hexdigest(), *audio.end())
    content = hashlib.sha256()
    if size < _WORTH_A_THREAD:
        for at, piece in _pieces(stream):
            content.update(piece)
            audio.feed(memoryview(piece), at)
    else:
        # Hashing lets go of the interpreter, so both hashes take as long as one of them.
        with ThreadPoolExecutor(1) as pool:
            for at, piece in _pieces(stream):
                done = pool.submit(content.update, piece)
                audio.feed(memoryview(piece), at)
                done.result()
    return FileHashes(content.hexdigest(), *audio.end())


def _pieces(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Yield a file piece by piece, each with where it begins."""
    at = stream.seek(0)
    while piece := stream.read(_PIECE_BYTES):
        yield at, piece
        at += len(piece)


class _AudioDigest:
    """Hashes the audio in a file that comes piece by piece."""

    def __init__(self, payload: Payload) -> None:
        self._payload = payload
        self._digest = hashlib.sha256()
        self._is_empty = True
        self._ranges = [] if payload.flac_md5 else list(reversed(payload.ranges))
        self._unwrapper = payload.unwrap() if payload.unwrap else None

    def feed(self, piece: memoryview, at: int) -> None:
        """Take the bytes of the file that begin at the position `at`."""
        for part in _within(self._ranges, piece, at):
            if self._unwrapper is None:
                self._add(part)
                continue
            for audio in self._unwrapper.feed(part):
                self._add(audio)

    def end(self) -> tuple[str, tuple[str, ...]]:
        """Return the hash with its scheme, and notes about what was odd."""
        notes = self._payload.notes
        if self._payload.flac_md5:
            return f"flac-md5:{self._payload.flac_md5.hex()}", notes
        if self._unwrapper:
            for part in self._unwrapper.end():
                self._add(part)
            if self._unwrapper.problem:
                notes = (*notes, self._unwrapper.problem)
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
