"""MPEG audio without an index: how long it is when its bit rate changes.

Where no header tells the length, mutagen takes the bit rate of the first frame for that of all.
Here some frames are looked at in several places; when they differ, every frame is counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, BinaryIO, Final

from mutagen import mp3

from service.ingest.frames import frames
from service.ingest.id3 import ID3
from service.ingest.payload import between_tags

_KILOBITS: Final[dict[tuple[bool, int], tuple[int, ...]]] = {
    (True, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""Bit rates by whether it is MPEG-1, and layer; the first one has the number 1."""

#: What all frames of a file have in common: MPEG version, layer, sample rate.
_COMMON: Final = 0xFFFE_0C00
_HEAD: Final = 4
#: Where frames are looked at, as shares of the file, and how many there.
_PLACES: Final = (0.0, 0.25, 0.5, 0.75)
_FRAMES: Final = 5


@dataclass(frozen=True, slots=True)
class _Kind:
    """What the frames of a file have in common."""

    head: int
    is_mpeg_1: bool
    layer: int
    rate: int

    @property
    def samples(self) -> int:
        """How many samples of each channel a frame has."""
        if self.layer == 1:
            return 384
        return 576 if self.layer == 3 and not self.is_mpeg_1 else 1152

    def measure(self, head: bytes) -> tuple[int, int]:
        """Return bit rate and bytes of a frame that begins like this; zeros if none does."""
        value = int.from_bytes(head)
        number = value >> 12 & 0xF
        if len(head) < 4 or value & _COMMON != self.head or number in (0, 15):
            return 0, 0
        bits = _KILOBITS[self.is_mpeg_1, self.layer][number - 1] * 1000
        slot = 4 if self.layer == 1 else 1
        whole = self.samples // 8 // slot * bits // self.rate
        return bits, (whole + (value >> 9 & 1)) * slot


class MPEGInfo(mp3.MPEGInfo):
    """What frames say."""

    def __init__(self, fileobj: BinaryIO, offset: int | None = None) -> None:
        """Raises `HeaderNotFoundError`."""
        super().__init__(fileobj, offset)
        if self.length <= 0 or self.bitrate_mode is mp3.BitrateMode.UNKNOWN:
            _survey(fileobj, self)


class MP3(mp3.MP3):
    """A file."""

    ID3 = ID3
    _Info = MPEGInfo


def _survey(stream: BinaryIO, info: Any) -> None:
    """Put right what mutagen has made of the first frames."""
    start = info.frame_offset
    stream.seek(start)
    head = int.from_bytes(stream.read(4)) & _COMMON
    kind = _Kind(head, info.version == 1, info.layer, info.sample_rate)
    size = stream.seek(0, 2)
    if info.length > 0 and info.length != 8 * (size - start) / float(info.bitrate):
        return  # a header tells it
    _, end = between_tags(stream, size)
    if info.length > 0 and not _changes(stream, kind, start, end):
        # Tags at the end are no sound, however many pictures are in them.
        info.length = max(0, end - start) * 8 / info.bitrate
        return
    sizes = [size for _, size in frames(stream, kind.measure, _HEAD, start)]
    info.length = len(sizes) * kind.samples / kind.rate
    info.bitrate = round(sum(sizes) * 8 / info.length) if sizes else 0
    info.bitrate_mode = mp3.BitrateMode.VBR


def _changes(stream: BinaryIO, kind: _Kind, start: int, end: int) -> bool:
    """Whether frames in several places of a file have different bit rates."""
    seen: set[int] = set()
    for share in _PLACES:
        at = start + round((end - start) * share)
        seen.update(bits for bits, _ in frames(stream, kind.measure, _HEAD, at, most=_FRAMES))
    return len(seen) > 1
