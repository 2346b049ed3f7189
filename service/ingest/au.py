"""AU: a head of a few numbers, a text, and the sound."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import BinaryIO, Final

from service.ingest.mapping import Family
from service.ingest.problems import SourceError
from service.ingest.raw import Harvest, TagText
from service.ingest.stream_info import StreamInfo

MAGIC: Final = b".snd"
#: Where the sound begins, its bytes, its encoding, rate and channels.
_LAYOUT: Final = struct.Struct(">4xIIIII")
_UNKNOWN: Final = 0xFFFF_FFFF
_LONGEST_TEXT: Final = 1 << 20
#: Codecs and bits of a sample by the number of the encoding.
_ENCODINGS: Final = {
    1: ("ulaw", 8), 2: ("pcm", 8), 3: ("pcm", 16), 4: ("pcm", 24), 5: ("pcm", 32),
    6: ("pcm_float", 32), 7: ("pcm_float", 64), 23: ("adpcm", 4), 24: ("adpcm", 8),
    25: ("adpcm", 3), 26: ("adpcm", 5), 27: ("alaw", 8),
}  # fmt: skip


@dataclass(slots=True)
class AU:
    """One file."""

    stream: BinaryIO
    info: StreamInfo = field(init=False)
    tags: Harvest = field(default_factory=lambda: Harvest(Family.AIFF))

    def __post_init__(self) -> None:
        """Raises `SourceError` when the head is cut off, or of an encoding that nobody knows."""
        end = self.stream.seek(0, 2)
        self.stream.seek(0)
        head = self.stream.read(_LAYOUT.size)
        if len(head) < _LAYOUT.size:
            raise SourceError("does not describe its sound")
        start, size, encoding, rate, channels = _LAYOUT.unpack(head)
        if encoding not in _ENCODINGS:
            raise SourceError(f"has sound of the unknown encoding {encoding}")
        codec, bits = _ENCODINGS[encoding]
        present = max(0, end - start)
        bitrate = rate * channels * bits
        length = min(present, present if size == _UNKNOWN else size) * 8 / bitrate if bitrate else 0
        self.info = StreamInfo(length, rate, channels, bits, bitrate, codec)
        text = self.stream.read(max(0, min(start - _LAYOUT.size, _LONGEST_TEXT)))
        if note := text.partition(b"\0")[0].decode("utf-8", "replace").strip():
            self.tags.texts.append(TagText("ANNO", note))


def sound_start(head: bytes) -> int:
    """Return where the sound begins in a file with this head."""
    return int.from_bytes(head[4:8])
