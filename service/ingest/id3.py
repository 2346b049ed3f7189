"""ID3 tags with the frames that mutagen does not know, and a word on those that it drops.

mutagen asks a table for each frame that it finds, and leaves out quietly what it cannot read. Our
table knows more frames, gives those that are only wrapped in something another try, and counts the
others.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from mutagen import id3
from mutagen.id3 import Frames, Frames_2_2, ID3JunkFrameError, TextFrame

#: Podcasts as iTunes describes them in ID3v2.2, and what was written into 2.3 before 2.4 came.
_RENAMED: Final = {
    "PCS": "PCST", "TCT": "TCAT", "TDR": "TDRL", "TDS": "TDES", "TID": "TGID", "TKW": "TKWD",
    "WFD": "WFED", "XSOP": "TSOP", "XSOA": "TSOA", "XSOT": "TSOT", "XDOR": "TDOR",
}  # fmt: skip
#: Frames that mutagen reads and throws away, because later versions have none like them.
_OUTDATED: Final = frozenset({"RVA", "RVAD", "EQU", "EQUA", "TRD", "TRDA"})
_NAME_2_2: Final = 3
_NAME: Final = 4
_VERSION_3: Final = (2, 3, 0)
_VERSION_4: Final = (2, 4, 0)
#: Frames with a language behind the encoding; the language may be anything but three letters.
_WITH_LANGUAGE: Final = frozenset({"COM", "COMM", "ULT", "USLT"})
_LANGUAGE_END: Final = 4
_NO_LANGUAGE: Final = b"und"
#: Encodings and ends of texts, which are nothing to miss.
_EMPTY: Final = b"\0\1\2\3\xff\xfe"
#: That a frame belongs to a group, whose number then stands before its content.
_GROUPED_3: Final = 0x0020
_GROUPED_4: Final = 0x0040


@dataclass(frozen=True, slots=True)
class _Frame:
    """A kind of frame, as mutagen uses it."""

    name: str
    kind: Any
    lost: Counter[str]

    def __call__(self, **values: Any) -> Any:
        """Make a frame."""
        return self.kind(**values)

    def _fromData(self, header: Any, flags: int, data: bytes) -> Any:  # noqa: N802  (mutagen's)
        """Read a frame. Raises `ID3JunkFrameError`."""
        grouped = _GROUPED_4 if header.version >= _VERSION_4 else _GROUPED_3
        if flags & grouped and header.version >= _VERSION_3:
            data, flags = data[1:], flags & ~grouped
        try:
            read = self.kind._fromData(header, flags, data)  # noqa: SLF001
        except ID3JunkFrameError:
            with_language = self.name in _WITH_LANGUAGE
            if not data[_LANGUAGE_END if with_language else 0 :].strip(_EMPTY):
                raise
            if with_language and data[1:_LANGUAGE_END] != _NO_LANGUAGE:
                known = data[:1] + _NO_LANGUAGE + data[_LANGUAGE_END:]
                return self._fromData(header, flags, known)
            self.lost[self.name] += 1
            raise
        if self.name in _OUTDATED:
            self.lost[self.name] += 1
        return read


@dataclass(frozen=True, slots=True)
class _Known:
    """The frames that are known in any version, as mutagen looks them up."""

    lost: Counter[str] = field(default_factory=Counter)

    def __contains__(self, name: str) -> bool:
        return name in Frames

    def __getitem__(self, name: str) -> _Frame:
        """Return a kind of frame. Raises `KeyError`."""
        return _Frame(name, _kind(name), self.lost)


class ID3(id3.ID3):
    """A tag."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Read a tag, or make an empty one of nothing. Raises `mutagen.MutagenError`."""
        known = _Known()
        base: Any = super()
        # mutagen takes any argument for the wish to read.
        base.__init__(*args, **({**kwargs, "known_frames": known} if args or kwargs else {}))
        length = _NAME if self.version >= _VERSION_3 else _NAME_2_2
        #: Names of frames that are there and cannot be read, with how many there are.
        self.lost = known.lost
        self.lost.update(frame[:length].decode("ascii", "replace") for frame in self.unknown_frames)


@lru_cache(maxsize=1024)
def _kind(name: str) -> Any:
    """Return the class of a frame; what begins with T is text, whatever it means."""
    # Some write later versions with the names of 2.2, and a space.
    short = name.rstrip()
    if found := Frames.get(_RENAMED.get(short, name)) or Frames_2_2.get(name):
        return found
    if older := Frames_2_2.get(short):
        later: Any = older.__base__
        return Frames[later.__name__]
    if len(name) == _NAME and name.startswith("T") and name.isalnum() and name.isupper():
        return type(name, (TextFrame,), {})
    raise KeyError(name)
