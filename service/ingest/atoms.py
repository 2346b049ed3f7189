"""The atoms of MPEG-4: found one by one, without believing their sizes, so that no file loops."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

_CONTAINERS: Final = frozenset(
    {b"moov", b"udta", b"trak", b"mdia", b"meta", b"ilst", b"stbl", b"minf",
     b"mvex", b"moof", b"traf"}
)  # fmt: skip
#: What is inside these ends within them. They may be many, and would be read again in each other.
_STRICT: Final = frozenset({b"moof", b"traf"})
#: In one file: a day of sound in fragments of two seconds has some 300,000.
_MOST_ATOMS: Final = 400_000


@dataclass(slots=True)
class _Walk:
    """How far the atoms of a file are known."""

    left: int
    #: Whether the atoms of the file, or of a fragment in it, could not be followed to their end.
    is_cut_off: bool = False


@dataclass(slots=True)
class Atom:
    """A part of the file, as mutagen expects it; the whole file is one without a name."""

    stream: BinaryIO
    name: bytes
    offset: int
    _dataoffset: int
    end: int
    #: Where the file ends. A part may reach beyond the one around it, as some writers miscount.
    _file_end: int
    _walk: _Walk
    _children: list[Atom] | None = None

    @property
    def length(self) -> int:
        return self.end - self.offset

    @property
    def datalength(self) -> int:
        return self.end - self._dataoffset

    @property
    def is_cut_off(self) -> bool:
        """Whether what was looked at in this file is less than there is, as far as is known yet."""
        return self._walk.is_cut_off

    @property
    def children(self) -> list[Atom] | None:
        if self._children is None and (not self.name or self.name in _CONTAINERS):
            self._children = list(self._parts())
        return self._children

    def read(self, stream: BinaryIO, most: int | None = None) -> tuple[bool, bytes]:
        """Return whether all could be read, and the content."""
        stream.seek(self._dataoffset)
        size = self.datalength if most is None else min(most, self.datalength)
        content = stream.read(size)
        return len(content) == size, content

    def findall(self, name: bytes) -> Iterator[Atom]:
        """Yield the children with a name."""
        return (child for child in self.children or () if child.name == name)

    def below(self, *names: bytes) -> Iterator[Atom]:
        """Yield all atoms at the end of a path."""
        if not names:
            yield self
            return
        for child in self.findall(names[0]):
            yield from child.below(*names[1:])

    def __getitem__(self, names: bytes | tuple[bytes, ...]) -> Atom:
        parts = names.split(b".") if isinstance(names, bytes) else names
        found = next(self.below(*parts), None)
        if found is None:
            raise KeyError(parts)
        return found

    def __contains__(self, names: bytes) -> bool:
        return next(self.below(*names.split(b".")), None) is not None

    def _parts(self) -> Iterator[Atom]:
        at = self._dataoffset + self._head()
        limit = self.end if self.name in _STRICT else self._file_end
        while at + 8 <= self.end:
            if not self._walk.left:
                self._walk.is_cut_off = True
                return
            self._walk.left -= 1
            self.stream.seek(at)
            head = self.stream.read(16)
            if len(head) < 8:
                return
            length, size = int.from_bytes(head[:4]), 8
            if length == 1 and len(head) == 16:
                length, size = int.from_bytes(head[8:]), 16
            elif length == 0 and not self.name:
                length = self.end - at
            if length < size:
                self._walk.is_cut_off |= not self.name or self.name in _STRICT
                return
            end = min(at + length, limit)
            yield Atom(self.stream, head[4:8], at, at + size, end, self._file_end, self._walk)
            at += length

    def _head(self) -> int:
        """Return the length of what stands before the children."""
        if self.name != b"meta":
            return 0
        self.stream.seek(self._dataoffset)
        # QuickTime leaves out the version.
        return 0 if self.stream.read(8)[4:] == b"hdlr" else 4


def atoms_of(stream: BinaryIO) -> Atom:
    """Return a whole file as an atom, whose children are those of the file."""
    end = stream.seek(0, 2)
    return Atom(stream, b"", 0, 0, end, end, _Walk(_MOST_ATOMS))
