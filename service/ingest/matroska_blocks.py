"""The frames of the first sound in a Matroska file, without what is around them.

How frames are put into blocks, blocks into clusters, and what a cluster says of its place differs
from program to program. The frames stay.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

_SEGMENT, _CLUSTER, _GROUP = 0x18538067, 0x1F43B675, 0xA0
#: Of these only the content matters, so that they may be of unknown size.
_OPENED: Final = frozenset({_SEGMENT, _CLUSTER, _GROUP})
_SIMPLE_BLOCK, _BLOCK = 0xA3, 0xA1
_TRACKS, _ENTRY, _NUMBER, _TYPE = 0x1654AE6B, 0xAE, 0xD7, 0x83
_ENCODINGS, _ENCODING, _COMPRESSION = 0x6D80, 0x6240, 0x5034
_ALGORITHM, _SETTINGS = 0x4254, 0x4255
_BLOCKS: Final = frozenset({_SIMPLE_BLOCK, _BLOCK})
_AUDIO: Final = 2
#: The way of packing that leaves out how each frame begins, and says it once for all.
_STRIPPED: Final = 3
#: No block of sound and no list of tracks is larger.
_LARGEST: Final = 16 << 20
_LONGEST_NUMBER: Final = 8
#: What frames leave out is the beginning of their head. As it is hashed with each of them, a longer
#: one would make much out of a small file.
_LONGEST_BEGINNING: Final = 64
#: What is behind the number of the track in a block: a time and flags.
_BLOCK_HEAD: Final = 3
_LACING: Final = 0x06
_XIPH, _EBML = 0x02, 0x06
_PROBLEM: Final = "its blocks are broken or cut off"


class _Element(NamedTuple):
    name: int
    start: int
    #: How many bytes it has; -1 when it does not tell.
    size: int


class _CutError(Exception):
    """There are fewer bytes than a number needs."""


class _BrokenError(Exception):
    """The file is no Matroska from here on."""


class AudioBlocks:
    """Takes the bytes of a file piece by piece, and gives those of its audio frames."""

    def __init__(self) -> None:
        #: Why these may not be the frames alone; empty when they are.
        self.problem = ""
        self._rest = b""
        self._skip = 0
        #: The number of the sound; None before the list of tracks, 0 when there is none in it.
        self._track: int | None = None
        self._beginning = b""

    def feed(self, piece: memoryview) -> Iterator[memoryview]:
        """Yield what is audio in the next bytes; the beginning of an element is kept for later."""
        if self.problem:
            yield piece
            return
        passed = min(self._skip, len(piece))
        self._skip -= passed
        data = memoryview(self._rest + piece[passed:])
        self._rest = b""
        at = 0
        try:
            while at < len(data):
                name, start, size = _element(data, at)
                if name in _OPENED:
                    at = start
                    continue
                end = start + size
                if name == _TRACKS and self._track is None:
                    self._track, self._beginning = _sound_track(_whole(data, start, size))
                elif name in _BLOCKS and self._is_sound(data, start, size):
                    yield from self._frames(_whole(data, start, size))
                elif size < 0:
                    raise _BrokenError
                at = end
        except _CutError:
            self._rest = bytes(data[at:])
        except _BrokenError:
            self.problem = _PROBLEM
            yield data[at:]
        self._skip += max(0, at - len(data))

    def end(self) -> Iterator[memoryview]:
        """Yield what is left of an element that is not complete."""
        if self._rest or self._skip:
            self.problem = _PROBLEM
            yield memoryview(self._rest)

    def _is_sound(self, data: memoryview, start: int, size: int) -> bool:
        """Return whose a block is, of which no more than its beginning need be there.

        Raises `_CutError`, `_BrokenError`.
        """
        if self._track is None:
            raise _BrokenError
        head = _whole(data, start, min(size, _LONGEST_NUMBER))
        try:
            return _number(head, 0)[0] == self._track != 0
        except _CutError:
            raise _BrokenError from None

    def _frames(self, block: memoryview) -> Iterator[memoryview]:
        """Yield the frames of a block, or some of them as one. Raises `_BrokenError`."""
        _, at = _number(block, 0)
        try:
            lacing = block[at + _BLOCK_HEAD - 1] & _LACING
            content, sizes = _laced(block[at + _BLOCK_HEAD :], lacing)
        except (_CutError, IndexError):
            raise _BrokenError from None
        if not self._beginning:
            yield content
            return
        if not all(sizes):
            raise _BrokenError
        for size in sizes:
            yield memoryview(self._beginning)
            yield content[:size]
            content = content[size:]


def _sound_track(tracks: memoryview) -> tuple[int, bytes]:
    """Return the number of the first track of sound, and what its frames leave out.

    The number is 0 when there is none. Raises `_BrokenError`.
    """
    try:
        for name, entry in _children(tracks):
            told = dict(_children(entry)) if name == _ENTRY else {}
            if int.from_bytes(told.get(_TYPE, b"")) == _AUDIO:
                number = int.from_bytes(told.get(_NUMBER, b""))
                beginning = _left_out(told.get(_ENCODINGS))
                if not number or len(beginning) > _LONGEST_BEGINNING:
                    raise _BrokenError
                return number, beginning
    except _CutError:
        raise _BrokenError from None
    return 0, b""


def _left_out(encodings: memoryview | None) -> bytes:
    for name, encoding in _children(encodings) if encodings else ():
        packing = dict(_children(encoding)).get(_COMPRESSION) if name == _ENCODING else None
        told = dict(_children(packing)) if packing else {}
        if int.from_bytes(told.get(_ALGORITHM, b"")) == _STRIPPED:
            return bytes(told.get(_SETTINGS, b""))
    return b""


def _children(content: memoryview) -> Iterator[tuple[int, memoryview]]:
    at = 0
    while at < len(content):
        name, start, size = _element(content, at)
        yield name, _whole(content, start, size)
        at = start + size


def _whole(data: memoryview, start: int, size: int) -> memoryview:
    """Return the content of an element. Raises `_CutError`, `_BrokenError`."""
    if not 0 <= size <= _LARGEST:
        raise _BrokenError
    if start + size > len(data):
        raise _CutError
    return data[start : start + size]


def _laced(content: memoryview, lacing: int) -> tuple[memoryview, list[int]]:
    """Return the frames that share a block, one behind the other, and the size of each.

    Raises `_CutError`, `_BrokenError`, `IndexError`.
    """
    if not lacing:
        return content, [len(content)]
    count, at = content[0] + 1, 1
    sizes: list[int] = []
    if lacing == _XIPH:
        for _ in range(count - 1):
            size = 0
            while content[at] == 255:
                size, at = size + 255, at + 1
            sizes.append(size + content[at])
            at += 1
    elif lacing == _EBML:
        for number in range(count - 1):
            before = at
            size, at = _number(content, at)
            # Behind the first one only the differences stand, from the middle of what there is.
            middle = (1 << 7 * (at - before) - 1) - 1
            sizes.append(sizes[-1] + size - middle if number else size)
    else:
        sizes = [(len(content) - at) // count] * (count - 1)
    # All but the last one are told.
    sizes.append(len(content) - at - sum(sizes))
    if min(sizes) < 0:
        raise _BrokenError
    return content[at:], sizes


def _element(data: memoryview, at: int) -> _Element:
    """Return the element that begins at a place. Raises `_CutError`, `_BrokenError`."""
    width = _width(data, at)
    name = int.from_bytes(data[at : at + width])
    size, start = _number(data, at + width)
    return _Element(name, start, size)


def _width(data: memoryview, at: int) -> int:
    if at >= len(data):
        raise _CutError
    width = 9 - data[at].bit_length()
    if width > 8:
        raise _BrokenError
    if at + width > len(data):
        raise _CutError
    return width


def _number(data: memoryview, at: int) -> tuple[int, int]:
    """Return a number, -1 for the one that means "not known", and where it ends."""
    width = _width(data, at)
    most = (1 << 7 * width) - 1
    value = int.from_bytes(data[at : at + width]) & most
    return -1 if value == most else value, at + width
