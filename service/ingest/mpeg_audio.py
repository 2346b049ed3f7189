"""MPEG audio without an index: how long it is when its bit rate changes.

Where no header tells the length, mutagen takes the bit rate of the first frame for that of all.
Here some frames are looked at in several places; when they differ, every frame is counted.
"""

from __future__ import annotations

from typing import Any, BinaryIO, Final

from mutagen import mp3

from service.ingest.frames import frames
from service.ingest.id3 import ID3
from service.ingest.mpeg_frames import COMMON, Kind
from service.ingest.payload import between_tags

_HEAD: Final = 4
#: Where frames are looked at, as shares of the file, and how many there.
_PLACES: Final = (0.0, 0.25, 0.5, 0.75)
_FRAMES: Final = 5


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
    head = int.from_bytes(stream.read(4)) & COMMON
    kind = Kind(head, info.version == 1, info.layer, info.sample_rate)
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


def _changes(stream: BinaryIO, kind: Kind, start: int, end: int) -> bool:
    """Whether frames in several places of a file have different bit rates."""
    seen: set[int] = set()
    for share in _PLACES:
        at = start + round((end - start) * share)
        seen.update(bits for bits, _ in frames(stream, kind.measure, _HEAD, at, most=_FRAMES))
    return len(seen) > 1
