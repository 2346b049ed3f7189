"""MPEG-4: the sound and the tags, wherever a program has put them.

mutagen reads what iTunes writes. Phones, QuickTime and ffmpeg keep texts elsewhere, streams keep
their length in pieces, and much of what is about has one atom that is broken. So the atoms are
found one by one, without believing their sizes, and mutagen reads what is in them.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, BinaryIO, Final

from mutagen.mp4 import AtomDataType, MP4Info, MP4NoTrackError, MP4Tags

from service.ingest.atoms import Atom, atoms_of
from service.ingest.mapping import FREE, Family
from service.ingest.mpeg4_samples import fragments_seconds
from service.ingest.problems import SourceError
from service.ingest.raw import Harvest, TagText, harvest

_LONGEST_TEXT: Final = 1 << 20
#: Where lists of tags may be, that of iTunes first.
_PLACES: Final[tuple[tuple[bytes, ...], ...]] = (
    (b"moov", b"udta", b"meta"), (b"moov", b"meta"), (b"moov", b"trak", b"udta", b"meta"),
    (b"meta",),
)  # fmt: skip
#: Where texts stand without such a list.
_BARE_PLACES: Final[tuple[tuple[bytes, ...], ...]] = (
    (b"moov", b"udta"), (b"moov", b"trak", b"udta"),
)  # fmt: skip
#: Items of a list that mutagen names otherwise, or that are none.
_NO_TAGS: Final = frozenset({"----", "gnre", "free"})
_NUMBERS: Final = frozenset({b"trkn", b"disk"})
#: Atoms of 3GP that hold one text, and the names of those of iTunes that say the same.
_PHONE_TEXTS: Final = {
    b"titl": "©nam", b"perf": "©ART", b"auth": "©wrt", b"albm": "©alb", b"gnre": "©gen",
    b"dscp": "©cmt", b"cprt": "cprt",
}  # fmt: skip
#: Languages from here on are packed letters, and the text is Unicode; below, it is that of a Mac.
_PACKED_LANGUAGE: Final = 0x400
_QUICKTIME: Final = "com.apple.quicktime."
_NO_SOUND: Final = "does not describe its sound: it is cut off, or one piece of a stream"


@dataclass(slots=True)
class MP4:
    """One file."""

    stream: BinaryIO
    info: Any = field(default_factory=MP4Info)
    tags: Harvest = field(default_factory=lambda: Harvest(Family.MP4))

    def __post_init__(self) -> None:
        """Raises `SourceError` without a description of the sound."""
        atoms = atoms_of(self.stream)
        if b"moov" not in atoms:
            raise SourceError(_NO_SOUND)
        with suppress(MP4NoTrackError):
            self.info.load(atoms, self.stream)
        if b"moov.mvex" in atoms and not self.info.length:
            self.info.length = fragments_seconds(atoms)
        self.tags = _tags(atoms)


def mp4_tags(stream: BinaryIO) -> Harvest:
    """Return the tags of a file whose sound cannot be read."""
    return _tags(atoms_of(stream))


# --------------------------------------------------------------------------------------- tags


def _tags(atoms: Atom) -> Harvest:
    found = Harvest(Family.MP4)
    for meta in (meta for place in _PLACES for meta in atoms.below(*place)):
        names = next(meta.findall(b"keys"), None)
        for items in meta.findall(b"ilst"):
            if names:
                found.texts.extend(_keyed(items, names, found))
            else:
                _itunes(_List(meta, items), found)
    for place in _BARE_PLACES:
        for user_data in atoms.below(*place):
            found.texts.extend(_bare(user_data))
    return found


@dataclass(frozen=True, slots=True)
class _List:
    """The way to one list of tags, which mutagen looks for under the names of iTunes."""

    meta: Atom
    items: Atom

    def path(self, *_names: bytes) -> list[Atom]:
        return [self.meta, self.items]

    def each(self) -> Iterator[tuple[Atom, _List]]:
        """Yield the items, each with a list of its own."""
        for item in self.items.children or ():
            alone = replace(self.items, _children=[item])
            yield item, _List(replace(self.meta, _children=[alone]), alone)


def _itunes(tagged: _List, found: Harvest) -> None:
    """Add a list of tags; if it cannot be read as a whole, tag by tag."""
    stream = tagged.items.stream
    tags = MP4Tags()
    try:
        tags.load(tagged, stream)
    # mutagen reports only some of what broken atoms make it do.
    except Exception:  # noqa: BLE001
        tags.clear()
        for item, alone in tagged.each():
            try:
                tags.load(alone, stream)
            except Exception:  # noqa: BLE001
                _take_number(item, tags, found)
    read = harvest(tags)
    found.texts += read.texts
    found.binary += read.binary
    found.pictures += read.pictures
    for item in tagged.items.children or ():
        name = item.name.decode("latin-1")
        if name in tags or name in _NO_TAGS:
            continue
        if text := _local_text(item):
            found.texts.append(TagText(name, text, bytewise=True))
        else:
            found.broken[name] += 1


def _take_number(item: Atom, tags: Any, found: Harvest) -> None:
    """Add a number without its total, which mutagen does not take."""
    _, content = item.read(item.stream, 20)
    if item.name in _NUMBERS and len(content) == 20:
        tags[item.name.decode()] = [(int.from_bytes(content[16:]), 0)]
    elif item.name == b"----":
        found.broken["----"] += 1


def _local_text(item: Atom) -> str:
    """Return, byte by byte, a text that is said to be UTF-8 and is not; or nothing."""
    _, content = item.read(item.stream, _LONGEST_TEXT)
    is_text = content[4:8] == b"data" and int.from_bytes(content[8:12]) == AtomDataType.UTF8
    return content[16 : int.from_bytes(content[:4])].decode("latin-1") if is_text else ""


def _keyed(items: Atom, names: Atom, found: Harvest) -> Iterator[TagText]:
    """Yield tags whose names stand in a list of their own, as QuickTime and ffmpeg write them."""
    _, content = names.read(names.stream, _LONGEST_TEXT)
    keys, at = [], 8
    while at + 8 <= len(content) and (length := int.from_bytes(content[at : at + 4])) >= 8:
        keys.append(content[at + 8 : at + length].decode("utf-8", "replace"))
        at += length
    for item in items.children or ():
        place = int.from_bytes(item.name) - 1
        if place < len(keys):
            name = keys[place].removeprefix(_QUICKTIME).upper()
            text = _data_text(item)
            if text is None:
                found.binary[name] += 1
            else:
                yield TagText(f"{FREE[Family.MP4]}{name}", text)


def _data_text(item: Atom) -> str | None:
    """Return the text or the whole number in an item of a list, None for anything else."""
    _, content = item.read(item.stream, _LONGEST_TEXT)
    kind, value = int.from_bytes(content[8:12]), content[16:]
    if kind == AtomDataType.UTF8:
        return value.decode("utf-8", "replace")
    if kind == AtomDataType.UTF16:
        return value.decode("utf-16-be", "replace")
    return str(int.from_bytes(value, signed=True)) if kind == AtomDataType.INTEGER else None


def _bare(user_data: Atom) -> Iterator[TagText]:
    """Yield texts that stand without a list, as phones (3GP) and QuickTime write them."""
    for atom in user_data.children or ():
        _, content = atom.read(atom.stream, _LONGEST_TEXT)
        if atom.name[:1] == b"\xa9":
            for text in _mac_texts(content):
                yield TagText(atom.name.decode("latin-1"), text)
        elif atom.name in _PHONE_TEXTS:
            text, rest = _phone_text(content[6:])
            yield TagText(_PHONE_TEXTS[atom.name], text)
            if atom.name == b"albm" and rest:
                yield TagText("trkn", str(rest[0]))
        elif atom.name == b"yrrc" and len(content) >= 6:
            yield TagText("©day", str(int.from_bytes(content[4:6])))


def _mac_texts(content: bytes) -> Iterator[str]:
    at = 0
    while at + 4 <= len(content):
        length, language = struct.unpack_from(">HH", content, at)
        text = content[at + 4 : at + 4 + length]
        if language >= _PACKED_LANGUAGE:
            yield _phone_text(text)[0]
        else:
            yield text.decode("mac_roman")
        at += 4 + length


def _phone_text(content: bytes) -> tuple[str, bytes]:
    """Return a text of UTF-8, or of UTF-16 with its mark, and what is behind its end."""
    if content.startswith(b"\xfe\xff"):
        units = [content[at : at + 2] for at in range(2, len(content), 2)]
        end = units.index(b"\0\0") if b"\0\0" in units else len(units)
        return b"".join(units[:end]).decode("utf-16-be", "replace"), content[4 + 2 * end :]
    text, _, rest = content.partition(b"\0")
    return text.decode("utf-8", "replace"), rest
