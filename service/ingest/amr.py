"""AMR, as phones record speech: frames of 20 ms, of which each tells its kind and so its length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import BinaryIO, Final

from service.ingest.payload import between_tags
from service.ingest.problems import SourceError

MAGIC: Final = b"#!AMR"
_NARROW: Final = b"#!AMR\n"
_WIDE: Final = b"#!AMR-WB\n"
#: Bytes of a frame by its kind, with the one that tells it.
_NARROW_BYTES: Final = (13, 14, 16, 18, 20, 21, 27, 32, 6, 1, 1, 1, 1, 1, 1, 1)
_WIDE_BYTES: Final = (18, 24, 33, 37, 41, 47, 51, 59, 61, 6, 6, 1, 1, 1, 1, 1)
_SECONDS: Final = 0.02
_PIECE: Final = 1 << 16
#: A day of sound.
_MOST_FRAMES: Final = 4_320_000


@dataclass(slots=True)
class AmrInfo:
    """What the frames say, in the words of mutagen."""

    length: float
    bitrate: int
    sample_rate: int
    codec: str
    channels: int = 1


@dataclass(slots=True)
class AMR:
    """A file, which has no tags of its own."""

    stream: BinaryIO
    info: AmrInfo = field(init=False)
    tags: None = None

    def __post_init__(self) -> None:
        """Raises `SourceError` when it has several channels, or is none."""
        self.stream.seek(0)
        content = self.stream.read(len(_WIDE))
        if content.startswith(_WIDE):
            head, sizes, rate, codec = _WIDE, _WIDE_BYTES, 16_000, "amr_wb"
        elif content.startswith(_NARROW):
            head, sizes, rate, codec = _NARROW, _NARROW_BYTES, 8_000, "amr_nb"
        else:
            raise SourceError("holds several channels, of which the length is not known")
        _, end = between_tags(self.stream, self.stream.seek(0, 2))
        room = end - len(head)
        seconds = _seconds(self.stream, len(head), end, sizes)
        bitrate = round(room * 8 / seconds) if seconds else 0
        self.info = AmrInfo(seconds, bitrate, rate, codec)


def _seconds(stream: BinaryIO, start: int, end: int, sizes: Sequence[int]) -> float:
    """Return how long the frames between two places are heard.

    What is behind very many of them is taken to go on as they do.
    """
    at, count = start, 0
    while at < end and count < _MOST_FRAMES:
        stream.seek(at)
        piece = stream.read(min(_PIECE, end - at))
        if not piece:
            break
        place = 0
        while place < len(piece):
            place += sizes[piece[place] >> 3 & 0xF]
            count += 1
        at += place
    return count * _SECONDS * max(1.0, (end - start) / (at - start)) if count else 0.0
