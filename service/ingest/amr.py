"""AMR, as phones record speech: frames of 20 ms, of which each tells its kind and so its length."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import BinaryIO, Final

from service.ingest.problems import SourceError

MAGIC: Final = b"#!AMR"
_NARROW: Final = b"#!AMR\n"
_WIDE: Final = b"#!AMR-WB\n"
#: Bytes of a frame by its kind, with the one that tells it.
_NARROW_BYTES: Final = (13, 14, 16, 18, 20, 21, 27, 32, 6, 1, 1, 1, 1, 1, 1, 1)
_WIDE_BYTES: Final = (18, 24, 33, 37, 41, 47, 51, 59, 61, 6, 6, 1, 1, 1, 1, 1)
_SECONDS: Final = 0.02
_MOST_BYTES: Final = 1 << 28


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
        content = self.stream.read(_MOST_BYTES)
        if content.startswith(_WIDE):
            head, sizes, rate, codec = _WIDE, _WIDE_BYTES, 16_000, "amr_wb"
        elif content.startswith(_NARROW):
            head, sizes, rate, codec = _NARROW, _NARROW_BYTES, 8_000, "amr_nb"
        else:
            raise SourceError("holds several channels, of which the length is not known")
        at, count = len(head), 0
        while at < len(content):
            at += sizes[content[at] >> 3 & 0xF]
            count += 1
        seconds = count * _SECONDS
        bitrate = round((len(content) - len(head)) * 8 / seconds) if seconds else 0
        self.info = AmrInfo(seconds, bitrate, rate, codec)
