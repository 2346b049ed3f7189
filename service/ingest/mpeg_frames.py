"""The frames of MPEG audio: how long one is, and whether it is sound or tells of the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_KILOBITS: Final[dict[tuple[bool, int], tuple[int, ...]]] = {
    (True, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""Bit rates by whether it is MPEG-1, and layer; the first one has the number 1."""

COMMON: Final = 0xFFFE_0C00
"""The bits that all frames of a file have in common: MPEG version, layer, sample rate."""

_RATES: Final = (44_100, 48_000, 32_000)
#: How often these rates are halved, by the bits that say the version; one of them means nothing.
_HALVED: Final = {0b11: 0, 0b10: 1, 0b00: 2}
_SYNC: Final = 0x7FF
_LAYER_3: Final = 0b01
_MONO: Final = 0b11
#: Where the name of an index stands: behind the description of sound, whose length depends on MPEG
#: version and channels, or always at the same place.
_XING_AT: Final = {(True, False): 36, (True, True): 21, (False, False): 21, (False, True): 13}
_XING: Final = (b"Xing", b"Info")
_VBRI_AT: Final = 36
_VBRI: Final = b"VBRI"


@dataclass(frozen=True, slots=True)
class Kind:
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
        if len(head) < 4 or value & COMMON != self.head or number in (0, 15):
            return 0, 0
        bits = _KILOBITS[self.is_mpeg_1, self.layer][number - 1] * 1000
        slot = 4 if self.layer == 1 else 1
        whole = self.samples // 8 // slot * bits // self.rate
        return bits, (whole + (value >> 9 & 1)) * slot


def index_bytes(start: bytes) -> int:
    """Return the length of the first frame of layer 3 if it is an index of the others, else 0.

    Programs that copy sound, or look for places in it, write one anew.
    """
    value = int.from_bytes(start[:4])
    halved = _HALVED.get(value >> 19 & 3)
    number = value >> 10 & 3
    if halved is None or number == len(_RATES) or value >> 17 & 3 != _LAYER_3:
        return 0
    kind = Kind(value & COMMON, halved == 0, 3, _RATES[number] >> halved)
    at = _XING_AT[halved == 0, value >> 6 & 3 == _MONO]
    if start[at : at + 4] in _XING or start[_VBRI_AT : _VBRI_AT + 4] == _VBRI:
        return kind.measure(start[:4])[1] if value >> 21 == _SYNC else 0
    return 0
