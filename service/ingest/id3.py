"""ID3 tags with the frames that mutagen does not know, and the bytes of those that it drops.

mutagen asks a table for each frame that it finds, and leaves out quietly what it cannot read. Our
table knows more frames, gives those that are only wrapped in something another try, and keeps the
others as they are, so that they are told of, and still there when the tag is written.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, NamedTuple

from mutagen import id3
from mutagen.id3 import Frames, Frames_2_2, ID3JunkFrameError, TextFrame

from service.ingest.id3_text import layout_of, text_frame

#: Podcasts as iTunes describes them in ID3v2.2, and what was written into 2.3 before 2.4 came.
_RENAMED: Final = {
    "PCS": "PCST", "TCT": "TCAT", "TDR": "TDRL", "TDS": "TDES", "TID": "TGID", "TKW": "TKWD",
    "WFD": "WFED", "XSOP": "TSOP", "XSOA": "TSOA", "XSOT": "TSOT", "XDOR": "TDOR",
}  # fmt: skip
#: Frames that mutagen reads and throws away, because later versions have none like them.
_OUTDATED: Final = frozenset({"RVA", "RVAD", "EQU", "EQUA", "TRD", "TRDA"})
_NAME_2_2: Final = 3
_NAME: Final = 4
_VERSION_2: Final = (2, 2, 0)
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
#: That a frame was kept free of what looks like the beginning of sound.
_UNSYNCHRONIZED: Final = 0x0002
#: That the content of a frame is packed, encrypted or escaped, or has its length before it.
_WRAPPED_3: Final = 0x00C0
_WRAPPED_4: Final = 0x000F
#: Frames of which mutagen makes something else when it brings tags up to version 2.4.
_OLD: Final = frozenset(
    {"APIC", "CHAP", "CTOC", "EQUA", "IPLS", "RVAD", "TDAT", "TIME", "TORY", "TRDA", "TSIZ", "TYER"}
)
#: Flags of version 2.3 that say how the content is packed; the others only move in 2.4.
_PACKED: Final = 0x00FF
#: Frames whose content is laid out in another way in later versions.
_OTHER_IN_2_2: Final = frozenset({"CRM", "LNK", "PIC"})
_HEAD: Final = 10
_HEAD_2_2: Final = 6


class _Raw(NamedTuple):
    """A frame that is kept as it is."""

    name: str
    flags: int
    content: bytes

    def in_version(self, version: int) -> bytes:
        """Return the frame as it stands in a tag of version 2.3 or 2.4."""
        size = len(self.content)
        if version == _VERSION_4[1]:
            size = sum((size >> 7 * place & 0x7F) << 8 * place for place in range(4))
        return self.name.encode() + size.to_bytes(4) + self.flags.to_bytes(2) + self.content


@dataclass(frozen=True, slots=True)
class _Frame:
    """A kind of frame, as mutagen uses it."""

    name: str
    kind: Any
    kept: list[_Raw]

    def __call__(self, **values: Any) -> Any:
        """Make a frame."""
        return self.kind(**values)

    def _fromData(self, header: Any, flags: int, data: bytes) -> Any:  # noqa: N802  (mutagen's)
        """Read a frame. Raises `ID3JunkFrameError`, also when it is outdated or holds a broken one.

        What cannot be read is kept, unless there is nothing to miss.
        """
        nested = len(self.kept)
        try:
            read = self._read(header, flags, data)
        except ID3JunkFrameError:
            text = data[_LANGUAGE_END if self.name in _WITH_LANGUAGE else 0 :]
            if text.strip(_EMPTY):
                self.kept.append(_Raw(self.name, flags, data))
            raise
        if len(self.kept) > nested or self.name in _OUTDATED:
            self.kept[nested:] = [_Raw(self.name, flags, data)]
            raise ID3JunkFrameError
        return read

    def _read(self, header: Any, flags: int, data: bytes) -> Any:
        """Read a frame, of a group and in no language too. Raises `ID3JunkFrameError`."""
        is_2_4 = header.version >= _VERSION_4
        grouped = _GROUPED_4 if is_2_4 else _GROUPED_3
        if flags & grouped and header.version >= _VERSION_3:
            data, flags = data[1:], flags & ~grouped
        layout = layout_of(self.kind)
        is_wrapped = flags & _WRAPPED_4 or header.f_unsynch if is_2_4 else flags & _WRAPPED_3
        if layout and not is_wrapped:
            frame = text_frame(self.kind, layout, data, before_2_4=not is_2_4)
            if frame is not None:
                return frame
        try:
            return self.kind._fromData(header, flags, data)  # noqa: SLF001
        except ID3JunkFrameError:
            if self.name not in _WITH_LANGUAGE or not data[_LANGUAGE_END:].strip(_EMPTY):
                raise
            known = data[:1] + _NO_LANGUAGE + data[_LANGUAGE_END:]
            return self.kind._fromData(header, flags, known)  # noqa: SLF001


@dataclass(frozen=True, slots=True)
class _Known:
    """The frames that are known in any version, as mutagen looks them up."""

    kept: list[_Raw] = field(default_factory=list)

    def __contains__(self, name: str) -> bool:
        return name in Frames

    def __getitem__(self, name: str) -> _Frame:
        """Return a kind of frame. Raises `KeyError`."""
        return _Frame(name, _kind(name), self.kept)


class Keeping:
    """A tag of mutagen that keeps what it cannot read; to be mixed into a class of these."""

    unknown_frames: list[bytes]
    version: tuple[int, int, int]
    f_unsynch: bool

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Read a tag, or make an empty one of nothing. Raises `mutagen.MutagenError`."""
        known = _Known()
        base: Any = super()
        # mutagen takes any argument for the wish to read.
        base.__init__(*args, **({**kwargs, "known_frames": known} if args or kwargs else {}))
        kept = [*map(self._raw, self.unknown_frames), *known.kept]
        if self.version < _VERSION_3:
            kept = [frame._replace(name=_later(frame.name)) for frame in kept]
        self._kept = kept
        #: Names of frames that are there and cannot be read, with how many there are.
        self.lost = Counter(frame.name for frame in self._kept)

    def __contains__(self, name: object) -> bool:
        """Whether there is such a frame; mutagen goes through an error for each that is not."""
        base: Any = super()
        keys: Any = base.keys
        return name in keys()

    def update_to_v24(self) -> None:
        """Make of old frames what stands for them in version 2.4."""
        base: Any = super()
        frames: Any = self
        if not _OLD.isdisjoint(name[:_NAME] for name in frames):
            base.update_to_v24()
        elif "TCON" in frames:
            # Numbers become names. There is nothing else to do with frames that are not old.
            frames["TCON"].genres = frames["TCON"].genres

    def keep_in(self, version: int) -> None:
        """Have what cannot be read stand in a tag of version 2.3 or 2.4, too, where it can."""
        frames = (self._carried(frame, version) for frame in self._kept)
        self.unknown_frames = [frame.in_version(version) for frame in frames if frame]
        # What mutagen asks before it writes them.
        self._unknown_v2_version = version

    def _raw(self, frame: bytes) -> _Raw:
        """Take a frame of no known kind apart."""
        if self.version < _VERSION_3:
            return _Raw(frame[:_NAME_2_2].decode("ascii", "replace"), 0, frame[_HEAD_2_2:])
        name = frame[:_NAME].decode("ascii", "replace")
        return _Raw(name, int.from_bytes(frame[8:_HEAD]), frame[_HEAD:])

    def _carried(self, frame: _Raw, version: int) -> _Raw | None:
        """Return a frame for a tag of another version, or None when it means nothing there."""
        old = self.version[1]
        if old == version:
            # What is written has no such mark for all frames at once.
            marked = _UNSYNCHRONIZED if old == _VERSION_4[1] and self.f_unsynch else 0
            return frame._replace(flags=frame.flags | marked)
        if old == _VERSION_2[1]:
            return frame if len(frame.name) == _NAME else None
        # Packed, encrypted or grouped content begins in another way.
        return None if frame.flags & _PACKED else frame._replace(flags=frame.flags >> 1)


class ID3(Keeping, id3.ID3):
    """A tag at the start of a file."""


class ID3File(id3.ID3FileType):
    """A file of any kind with a tag at its start."""

    ID3 = ID3


def _later(name: str) -> str:
    """Return what a frame of version 2.2 is called later, if all but its name stays."""
    kind: Any = Frames_2_2.get(name)
    return kind.__base__.__name__ if kind and name not in _OTHER_IN_2_2 else name


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
