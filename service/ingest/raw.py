"""What mutagen read out of a file, as text: each value under its name, with a word on the rest.

Pictures are kept apart. Bytes that only one program can read are left out, but counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, NamedTuple
from uuid import UUID

from mutagen.apev2 import APEBinaryValue, APEv2
from mutagen.asf import ASFTags
from mutagen.asf._attrs import ASFByteArrayAttribute, ASFGUIDAttribute
from mutagen.id3 import (
    APIC,
    COMM,
    ID3,
    PCNT,
    PCST,
    POPM,
    RVA2,
    SYLT,
    TCON,
    TXXX,
    UFID,
    USLT,
    WXXX,
    PairedTextFrame,
    TextFrame,
    UrlFrame,
)
from mutagen.mp4 import AtomDataType, MP4Tags

from service.ingest import cells
from service.ingest.mapping import Family
from service.ingest.pictures import Embedded, embedded
from service.ingest.tags import RawTags

#: Headings under which ID3 keeps the comment of the file, and no program's note to itself.
_PLAIN_COMMENTS: Final = frozenset({"", "description", "comment", "id3v1 comment"})
_PICTURES: Final = frozenset({"METADATA_BLOCK_PICTURE", "COVERART", "COVERARTMIME", "WM/PICTURE"})
_GENRES: Final = frozenset({"GENRE", "WM/GENRE", "©gen", "IGNR"})
_LONGEST_SHOWN: Final = 50
_UUID_BYTES: Final = 16
#: Genres up to this length are worth remembering.
_LONGEST_GENRE: Final = 100
_MP4_PAIRS: Final = frozenset({"trkn", "disk"})


class TagText(NamedTuple):
    """One value of one tag."""

    name: str
    value: str
    #: Read byte by byte as Latin-1, because the format declares that, or nothing at all.
    bytewise: bool = False


@dataclass(slots=True)
class Harvest:
    """The tags of one kind in one file."""

    family: Family
    texts: list[TagText] = field(default_factory=list)
    #: Names of tags that are no text, with how many there are.
    binary: Counter[str] = field(default_factory=Counter)
    #: Names of tags that are too broken to be read, or of no known kind, with how many there are.
    broken: Counter[str] = field(default_factory=Counter)
    pictures: list[Embedded] = field(default_factory=list)

    def raw(self) -> RawTags:
        """Return the values under their names."""
        found: dict[str, dict[str, None]] = {}
        for name, value, _ in self.texts:
            if value and not value.isspace():
                found.setdefault(name, {})[value] = None
        return RawTags(self.family, {name: tuple(values) for name, values in found.items()})

    def notes(self) -> Iterator[str]:
        """Yield what is lost."""
        for why, names in (("hold no text", self.binary), ("cannot be read", self.broken)):
            if names:
                told = ", ".join(f"{_shown(name)} ({names[name]})" for name in sorted(names))
                yield f"{self.family} tags that {why} are left out: {told}"


def _shown(name: str) -> str:
    """Return a name that may hold anything for a message."""
    return cells.clean_line(name)[:_LONGEST_SHOWN] or "?"


def harvest(tags: Any) -> Harvest:
    """Return the tags that mutagen read."""
    kinds = type(tags).__mro__
    if ID3 in kinds:
        found = Harvest(Family.ID3)
        # Only some of mutagen's classes count them.
        if lost := getattr(tags, "lost", None):
            found.broken.update(lost)
        # mutagen writes frames in the order of their size.
        found.texts.extend(_id3(sorted(tags.values(), key=_is_headed), found.binary))
    elif MP4Tags in kinds:
        found = Harvest(Family.MP4)
        found.texts.extend(_mp4(tags, found.binary))
    elif APEv2 in kinds:
        found = Harvest(Family.APE)
        found.texts.extend(_ape(tags, found.binary))
    elif ASFTags in kinds:
        found = Harvest(Family.ASF)
        found.texts.extend(_asf(tags, found.binary))
    else:
        # What is left is a list of pairs, or nothing.
        found = Harvest(Family.VORBIS)
        found.texts.extend(_vorbis(tags or ()))
    found.pictures.extend(embedded(tags))
    return found


def id3_frames(frames: Iterable[Any]) -> Harvest:
    """Return ID3 frames that stand for themselves, such as those of ID3v1."""
    found = Harvest(Family.ID3)
    found.texts.extend(_id3(frames, found.binary))
    return found


def whole_comments(content: bytes) -> Harvest:
    """Return the Vorbis comments before the first one that is broken."""
    found = Harvest(Family.VORBIS)
    at = 4 + int.from_bytes(content[:4], "little") + 4
    pairs = []
    while at + 4 <= len(content):
        end = at + 4 + int.from_bytes(content[at : at + 4], "little")
        key, equals, value = content[at + 4 : end].decode("utf-8", "replace").partition("=")
        if end > len(content) or not equals:
            break
        pairs.append((key, value))
        at = end
    found.texts.extend(_vorbis(pairs))
    found.pictures.extend(embedded(pairs))
    return found


def genre_names(value: str) -> Sequence[str]:
    """Return the genres that a text means: "17", "(17)Rock" and "(RX)" point into a list."""
    # The same few genres are in all the files of a library.
    return _known_genre_names(value) if len(value) <= _LONGEST_GENRE else _genre_names(value)


def _genre_names(value: str) -> Sequence[str]:
    return [name for name in TCON(encoding=3, text=[value]).genres if name != "Unknown"]


_known_genre_names: Final = lru_cache(maxsize=1_000)(_genre_names)


def _id3(frames: Iterable[Any], binary: Counter[str]) -> Iterator[TagText]:
    for frame in frames:
        found = _frame(frame)
        if found is None:
            binary[frame.FrameID] += 1
            continue
        bytewise = getattr(frame, "encoding", None) == 0
        yield from (TagText(name, str(value), bytewise) for name, value in found)


def _is_headed(frame: Any) -> bool:
    """Whether a frame is a comment under a heading, which comes after one that has none."""
    return COMM in type(frame).__mro__ and bool(frame.desc)


def frame_names(frame: Any) -> list[str]:
    """Return the names under which one ID3 frame says something."""
    return [name for name, _ in _frame(frame) or ()]


def _frame(frame: Any) -> Sequence[tuple[str, object]] | None:
    """Return what one ID3 frame says, or None when it holds no text."""
    name, kinds = frame.FrameID, type(frame).__mro__
    if TXXX in kinds:
        name, values = f"TXXX:{frame.desc.upper()}", list(dict.fromkeys(frame.text))
    elif TCON in kinds:
        values = [genre for text in frame.text for genre in genre_names(text)]
    elif COMM in kinds:
        plain = frame.desc.lower() in _PLAIN_COMMENTS
        name, values = name if plain else f"COMM:{frame.desc.upper()}", frame.text
    elif PairedTextFrame in kinds:
        return [(f"{name}:{role.upper()}", person) for role, person in frame.people]
    elif TextFrame in kinds:
        # Each value once: a broken frame may hold nothing for thousands of times.
        values = list(dict.fromkeys(map(str, frame.text)))
    elif APIC in kinds:
        values = []
    else:
        return _other_frame(frame, name, kinds)
    return [(name, value) for value in values]


def _other_frame(
    frame: Any, name: str, kinds: tuple[type, ...]
) -> Sequence[tuple[str, object]] | None:
    for kind, said in _SAID.items():
        if kind in kinds:
            return said(frame, name)
    return None


def _rating(frame: Any, name: str) -> Sequence[tuple[str, object]]:
    count = getattr(frame, "count", 0)
    return [(name, frame.rating), ("PCNT", count)] if count else [(name, frame.rating)]


def _gain(frame: Any, name: str) -> Sequence[tuple[str, object]]:
    heading = f"{name}:{frame.desc.upper()}"
    return [(heading, f"{frame.gain:.2f} dB"), (f"{heading}:PEAK", f"{frame.peak:.6f}")]


#: What frames say that are not made of text alone.
_SAID: Final[dict[type, Callable[[Any, str], Sequence[tuple[str, object]]]]] = {
    USLT: lambda frame, name: [(name, frame.text)],
    SYLT: lambda frame, name: [(name, _lrc(frame))],
    UFID: lambda frame, name: [
        (f"{name}:{frame.owner.upper()}", frame.data.decode("ascii", "replace"))
    ],
    WXXX: lambda frame, name: [(f"{name}:{frame.desc.upper()}", frame.url)],
    UrlFrame: lambda frame, name: [(name, frame.url)],
    POPM: _rating,
    PCNT: lambda frame, name: [(name, frame.count)],
    PCST: lambda frame, name: [(name, 1)],
    RVA2: _gain,
}


def _lrc(frame: Any) -> str:
    """Return synchronized lyrics as lines with their times, when these are milliseconds."""
    if frame.format != 2:
        return "".join(text for text, _ in frame.text)
    lines = ((text.strip("\n"), time / 1000) for text, time in frame.text)
    return "\n".join(f"[{int(at // 60):02}:{at % 60:05.2f}]{text}" for text, at in lines)


def _mp4(tags: Any, binary: Counter[str]) -> Iterator[TagText]:
    for key, values in tags.items():
        if key.startswith("----:"):
            name = f"----:{key.rpartition(':')[2].upper()}"
            for value in values:
                text = _freeform(value)
                if text is None:
                    binary[key.rpartition(":")[2]] += 1
                else:
                    yield TagText(name, text)
        elif key in _MP4_PAIRS:
            yield from (TagText(key, f"{number}/{total}") for number, total in values)
        elif isinstance(values, bool):
            yield TagText(key, str(int(values)))
        elif isinstance(values, list) and key != "covr":
            yield from _mp4_values(key, values, binary)


def _mp4_values(key: str, values: list[Any], binary: Counter[str]) -> Iterator[TagText]:
    for value in values:
        if isinstance(value, bytes):
            binary[key] += 1
        elif key in _GENRES:
            yield from (TagText(key, name) for name in genre_names(value))
        else:
            yield TagText(key, str(value))


def _freeform(value: Any) -> str | None:
    data = bytes(value)
    kind = getattr(value, "dataformat", AtomDataType.UTF8)
    if kind == AtomDataType.INTEGER:
        return str(int.from_bytes(data, "big", signed=True))
    if kind == AtomDataType.UTF16:
        return data.decode("utf-16-be", "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("utf-8", "replace") if kind == AtomDataType.UTF8 else None


def _ape(tags: Any, binary: Counter[str]) -> Iterator[TagText]:
    for key, value in tags.items():
        name = key.upper()
        if type(value) is APEBinaryValue:
            if not name.startswith("COVER ART"):
                binary[key] += 1
        elif name in _GENRES:
            yield from (TagText(name, genre) for text in value for genre in genre_names(text))
        else:
            yield from (TagText(name, text) for text in str(value).split("\0"))


def _asf(tags: Any, binary: Counter[str]) -> Iterator[TagText]:
    for key, value in tags:
        name = key.upper()
        if name in _PICTURES:
            continue
        if type(value) is ASFGUIDAttribute and value.data_size() == _UUID_BYTES:
            yield TagText(name, str(UUID(bytes_le=bytes(value))))
        elif type(value) in (ASFByteArrayAttribute, ASFGUIDAttribute):
            binary[key] += 1
        elif name in _GENRES:
            yield from (TagText(name, genre) for genre in genre_names(str(value)))
        else:
            yield TagText(name, str(value))


def _vorbis(tags: Iterable[tuple[str, str]]) -> Iterator[TagText]:
    for key, value in tags:
        name = key.upper()
        if name in _GENRES:
            yield from (TagText(name, genre) for genre in genre_names(value))
        elif name not in _PICTURES:
            yield TagText(name, value)
