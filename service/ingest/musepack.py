"""Musepack: its parser, kept from going round in circles.

The head of stream version 8 is made of packets that tell their sizes. One that claims to be smaller
than its own head would be read again and again.
"""

from __future__ import annotations

from typing import BinaryIO, Final

from mutagen import musepack

_KEY: Final = 2
_LAST: Final = (b"AP", b"SE")
_MOST_PACKETS: Final = 1_000
_LONGEST_NUMBER: Final = 9


class MusepackInfo(musepack.MusepackInfo):
    """What the head says."""

    def __init__(self, fileobj: BinaryIO) -> None:
        """Raises `MusepackHeaderError`."""
        start = fileobj.tell()
        if fileobj.read(4) == b"MPCK":
            _require_progress(fileobj)
        fileobj.seek(start)
        super().__init__(fileobj)


class Musepack(musepack.Musepack):
    """A file; its tags are read by mutagen."""

    _Info = MusepackInfo


def _require_progress(stream: BinaryIO) -> None:
    """Raise `MusepackHeaderError` when a packet has no room for its head."""
    for _ in range(_MOST_PACKETS):
        head = stream.read(_KEY + _LONGEST_NUMBER)
        if len(head) <= _KEY or head.startswith(_LAST):
            return
        size, width = 0, 0
        for digit in head[_KEY:]:
            size, width = size << 7 | digit & 0x7F, width + 1
            if digit < 0x80:
                break
        if size < _KEY + width:
            raise musepack.MusepackHeaderError("a packet has no room for its own head")
        stream.seek(size - len(head), 1)
    raise musepack.MusepackHeaderError("there are too many packets")
