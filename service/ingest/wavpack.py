"""WavPack: its sound, as its blocks describe it.

mutagen looks at the first block and takes it for all. But the first one may be empty, more than two
channels are spread over several blocks, and a rate that is not a common one stands behind the head.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO, Final

from mutagen import wavpack

from service.ingest.chunks import TOO_OLD_WAVPACK, WAVPACK
from service.ingest.problems import SourceError

#: The first version that is read, and where a head says it.
_OLDEST: Final = 0x402
_VERSION_END: Final = 10
_HEAD: Final = 32
#: Size, the highest bytes of two numbers, length of the file, place, length, flags; a checksum.
_LAYOUT: Final = struct.Struct("<4xI2xBBIIIIxxxx")
_RATES: Final = (
    6000, 8000, 9600, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000,
    192000,
)  # fmt: skip
_MONO: Final = 0x4
_FIRST_OF_GROUP: Final = 0x800
_DSD: Final = 0x8000_0000
_UNKNOWN: Final = 0xFFFF_FFFF
#: What may follow the head of a block, by its number.
_CHANNELS: Final = 0x0D
_DSD_SOUND: Final = 0x0E
_RATE: Final = 0x27
#: Blocks that are looked at for sound, and how much of one for what it says.
_MOST_EMPTY: Final = 64
_MOST_BYTES: Final = 4096
_MOST_BLOCKS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class _Block:
    """The head of a block."""

    start: int
    size: int
    #: In the whole file, and before and in this block. All count a sample once for all channels.
    total: int
    index: int
    samples: int
    flags: int


class WavPackInfo(wavpack.WavPackInfo):
    """What the blocks say."""

    def __init__(self, fileobj: BinaryIO) -> None:
        """Raises `WavPackHeaderError`, `SourceError`."""
        start = fileobj.tell()
        head = fileobj.read(_VERSION_END)
        if head.startswith(WAVPACK) and int.from_bytes(head[-2:], "little") < _OLDEST:
            raise SourceError(TOO_OLD_WAVPACK)
        block = _first_with_sound(fileobj, start)
        if block is None:
            raise wavpack.WavPackHeaderError("not a WavPack file")
        said = _said(fileobj, block)
        ticks = int.from_bytes(said.get(_RATE, b"")[:3], "little") or _common_rate(block.flags)
        if dsd := bool(block.flags & _DSD):
            # Eight samples of one bit are a tick, and DSD says how often the rate is doubled.
            ticks <<= said.get(_DSD_SOUND, b"\0")[0] & 0xF
        unused = block.flags >> 13 & 0x1F
        self.sample_rate = ticks * 8 if dsd else ticks
        self.bits_per_sample = 1 if dsd else max(0, 8 * (block.flags & 3) + 8 - unused)
        self.channels = said.get(_CHANNELS, b"\0")[0] or (1 if block.flags & _MONO else 2)
        self.length = _samples(fileobj, start, block) / ticks if ticks else 0.0


class WavPack(wavpack.WavPack):
    """A file; its tags are read by mutagen."""

    _Info = WavPackInfo


def _blocks(stream: BinaryIO, start: int) -> Iterator[_Block]:
    for _ in range(_MOST_BLOCKS):
        stream.seek(start)
        head = stream.read(_HEAD)
        if len(head) < _HEAD or not head.startswith(b"wvpk"):
            return
        size, index_high, total_high, total, index, samples, flags = _LAYOUT.unpack(head)
        if total != _UNKNOWN:
            # Forty bits, of which the value that means "not known" is left out.
            total += (total_high << 32) - total_high
        yield _Block(start, size + 8, total, index_high << 32 | index, samples, flags)
        start += size + 8


def _first_with_sound(stream: BinaryIO, start: int) -> _Block | None:
    """Return the first block with sound; where there is none, the last one that was looked at."""
    found = None
    for found in islice(_blocks(stream, start), _MOST_EMPTY):
        if found.samples:
            break
    return found


def _common_rate(flags: int) -> int:
    number = flags >> 23 & 0xF
    return _RATES[number] if number < len(_RATES) else 0


def _said(stream: BinaryIO, block: _Block) -> dict[int, bytes]:
    """Return what follows the head of a block before the sound, by its number."""
    stream.seek(block.start + _HEAD)
    # A block may claim to be smaller than its head.
    content = stream.read(max(0, min(_MOST_BYTES, block.size - _HEAD)))
    said: dict[int, bytes] = {}
    at = 0
    while at + 4 <= len(content):
        number, wide = content[at] & 0x3F, bool(content[at] & 0x80)
        length = 2 * int.from_bytes(content[at + 1 : at + (4 if wide else 2)], "little")
        at += 4 if wide else 2
        said.setdefault(number, content[at : at + length])
        at += length
    return said


def _samples(stream: BinaryIO, start: int, first: _Block) -> int:
    """Return how long the sound is; where the file does not tell, its blocks are added up."""
    if first.total != _UNKNOWN and first.index == 0:
        return first.total
    groups = (block for block in _blocks(stream, start) if block.flags & _FIRST_OF_GROUP)
    return sum(block.samples for block in groups)
