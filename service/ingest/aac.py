"""AAC as it is broadcast: frames in a row (ADTS), of which every one is counted.

mutagen guesses the length by the first hundred, and wants one of them near the start.
"""

from __future__ import annotations

from typing import Any, BinaryIO, Final

from mutagen import aac

from service.ingest.frames import first_frame, frames

_HEAD: Final = 7
_OLDER: Final = b"ADIF"
_RATES: Final = (
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000,
    7_350,
)  # fmt: skip
_CHANNELS: Final = (0, 1, 2, 3, 4, 5, 6, 8)
_SAMPLES: Final = 1024


class AACInfo(aac.AACInfo):
    """What the frames say, or else the head of a file of the older kind (ADIF)."""

    def __init__(self, fileobj: BinaryIO) -> None:
        """Raises `AACError`."""
        fileobj.seek(0)
        is_older = fileobj.read(len(_OLDER)) == _OLDER
        start = -1 if is_older else first_frame(fileobj, _measure, _HEAD, 0)
        if start < 0:
            fileobj.seek(0)
            super().__init__(fileobj)
        else:
            _count(fileobj, start, self)


class AAC:
    """A file, which has no tags of its own."""

    tags = None

    def __init__(self, stream: BinaryIO) -> None:
        """Raises `AACError`."""
        self.info = AACInfo(stream)


def _count(stream: BinaryIO, start: int, info: Any) -> None:
    """Write down what the frames from a place on say."""
    stream.seek(start)
    head = stream.read(_HEAD)
    info.sample_rate = _RATES[head[2] >> 2 & 0xF]
    info.channels = _CHANNELS[(head[2] & 1) << 2 | head[3] >> 6]
    samples, total = 0, 0
    for count, size in frames(stream, _measure, _HEAD, start):
        samples, total = samples + count, total + size
    info.length = samples / info.sample_rate
    info.bitrate = round(total * 8 / info.length)


def _measure(head: bytes) -> tuple[int, int]:
    """Return the samples and the bytes of a frame that begins like this; zeros if none does."""
    if len(head) < _HEAD or head[0] != 0xFF or head[1] & 0xF6 != 0xF0:
        return 0, 0
    size = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
    if head[2] >> 2 & 0xF >= len(_RATES) or size < _HEAD:
        return 0, 0
    return _SAMPLES * ((head[6] & 3) + 1), size
