"""AC-3: its channels, and how long it is without the tags at its end.

Which bits say that there is a channel of low frequencies depends on the channels before it; mutagen
looks at the same one in every file, and so takes mono for two channels and six for five.
"""

from __future__ import annotations

from typing import Any, BinaryIO, Final

from mutagen import ac3

from service.ingest.payload import between_tags

_PLAIN: Final = "ac-3"
#: Where the channels stand in the head of a frame, and how many there are in each arrangement.
_CHANNELS_AT: Final = 6
_CHANNELS: Final = (2, 1, 2, 3, 3, 4, 4, 5)
_STEREO: Final = 2
_MONO: Final = 1
_CENTRE: Final = 1
_SURROUND: Final = 4


class AC3:
    """A file, which has no tags of its own."""

    tags = None

    def __init__(self, stream: BinaryIO) -> None:
        """Raises `AC3Error`."""
        info: Any = ac3.AC3(stream).info
        size = stream.seek(0, 2)
        start, end = between_tags(stream, size)
        info.length *= (end - start) / (size - start)
        if info.codec == _PLAIN:
            stream.seek(_CHANNELS_AT)
            info.channels = _channels(int.from_bytes(stream.read(2)))
        self.info = info


def _channels(bits: int) -> int:
    """Return how many channels there are by the sixteen bits that begin with their arrangement."""
    arrangement, at = bits >> 13, 3
    if arrangement & _CENTRE and arrangement != _MONO:
        at += 2  # how loud the centre is
    if arrangement & _SURROUND:
        at += 2  # how loud the surround is
    if arrangement == _STEREO:
        at += 2  # whether there is a surround in it
    return _CHANNELS[arrangement] + (bits >> 15 - at & 1)
