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
_WANTED: Final = frozenset({_SIMPLE_BLOCK, _BLOCK, _TRACKS})
_AUDIO: Final = 2
#: The way of packing that leaves out how each frame begins, and says it once for all.
_STRIPPED: Final = 3
#: No block and no list of tracks is larger.
_LARGEST: Final = 16 << 20
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
        self._track = 0
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
                if name in _WANTED:
                    yield from self._taken(name, _whole(data, start, size))
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

    def _taken(self, name: int, content: memoryview) -> Iterator[memoryview]:
        """Yield the frames of a block, or look which ones are the sound. Raises `_BrokenError`."""
        try:
            if name != _TRACKS:
                yield from self._frames(content)
            elif not self._track:
                self._track, self._beginning = _sound_track(content)
        except (_CutError, IndexError):
            raise _BrokenError from None

    def _frames(self, block: memoryview) -> Iterator[memoryview]:
        track, at = _number(block, 0)
        if track != self._track:
            return
        flags = block[at + _BLOCK_HEAD - 1]
        for frame in _laced(block[at + _BLOCK_HEAD :], flags & _LACING):
            if self._beginning:
                yield memoryview(self._beginning)
            yield frame


def _sound_track(tracks: memoryview) -> tuple[int, bytes]:
    """Return the number of the first track of sound, and what its frames leave out."""
    for name, entry in _children(tracks):
        told = dict(_children(entry)) if name == _ENTRY else {}
        if int.from_bytes(told.get(_TYPE, b"")) == _AUDIO:
            return int.from_bytes(told.get(_NUMBER, b"")), _left_out(told.get(_ENCODINGS))
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


def _laced(content: memoryview, lacing: int) -> Iterator[memoryview]:
    """Yield the frames that share a block, which tells the sizes of all but the last one."""
    if not lacing:
        yield content
        return
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
    for size in sizes:
        if not 0 <= size <= len(content) - at:
            raise _BrokenError
        yield content[at : at + size]
        at += size
    yield content[at:]


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
