"""Tags that stand before or behind the sound of a file of any kind: ID3, APEv2, Lyrics3.

They were made for MP3, and programs put them on everything. mutagen reads each of them; where it
looks for one only on the files that should have it, this module looks on the others.
"""

from __future__ import annotations

import io
import re
import struct
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, Final, cast

import mutagen
from mutagen import id3
from mutagen.apev2 import BINARY, APEv2, APEValue
from mutagen.id3 import ParseID3v1

from service.ingest.id3 import ID3
from service.ingest.mapping import Family
from service.ingest.raw import Harvest, TagText, harvest, id3_frames

#: How much of the end of a file is looked at: ID3v1, the foot of APEv2 and of Lyrics3.
TAIL_BYTES: Final = 256
_ID3V1_BYTES: Final = 128
_ID3_HEAD: Final = 10
_ID3_FOOTER_FLAG: Final = 0x10
#: Unsynchronized, or with an extended header.
_ID3_FLAGS: Final = 0xC0
_MOST_TAGS: Final = 16
#: The head of an ID3 tag: a version, flags, a size; and how far from the start one is looked for.
_DISPLACED: Final = re.compile(rb"ID3[\2-\4]\0[\0\x80][\0-\x7f]{4}")
_MOST_RUBBISH: Final = 4096
_LONGEST_CUT_TAG: Final = 16 << 20
_APE: Final = b"APETAGEX"
_APE_HEAD: Final = 32
#: Size and flags before the name of each item.
_APE_ITEM: Final = 8
_APE_2: Final = 2000
_LYRICS3: Final = re.compile(rb"(\d{6})LYRICS200(?=$|TAG)", re.DOTALL)
_LYRICS3_OLD: Final = re.compile(rb"LYRICSEND(?=$|TAG)", re.DOTALL)
_LYRICS3_LONGEST: Final = 5_100 + 20
_LYRICS3_FIELD: Final = re.compile(rb"([A-Z]{3})(\d{5})")
#: Fields of Lyrics3 and the frames of ID3 that say the same.
_LYRICS3_NAMES: Final = {
    b"LYR": "USLT", b"ETT": "TIT2", b"EAR": "TPE1", b"EAL": "TALB", b"AUT": "TEXT", b"INF": "COMM",
}  # fmt: skip


class _Shifted(io.RawIOBase):
    """A stream that begins where another one has its sound, for parsers that expect it at 0."""

    def __init__(self, stream: BinaryIO, start: int) -> None:
        super().__init__()
        self._stream = stream
        self._start = start
        stream.seek(start)

    def read(self, size: int = -1, /) -> bytes:
        return self._stream.read(size)

    def seek(self, offset: int, whence: int = 0, /) -> int:
        if whence == 0:
            offset += self._start
        return self._stream.seek(offset, whence) - self._start

    def tell(self) -> int:
        return self._stream.tell() - self._start

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True


def shifted(stream: BinaryIO, start: int) -> BinaryIO:
    """Return the part of a stream that begins at `start` as a stream of its own."""
    if isinstance(stream, io.BytesIO):
        return io.BytesIO(stream.getvalue()[start:])
    return cast("BinaryIO", _Shifted(stream, start))


def sound_start(stream: BinaryIO, header: bytes) -> int:
    """Return where a file goes on after the ID3 tags at its start."""
    start = 0
    for _ in range(_MOST_TAGS):
        if not header.startswith(b"ID3") or len(header) < _ID3_HEAD:
            return start
        size = 0
        for byte in header[6:10]:
            size = size << 7 | byte & 0x7F
        start += _ID3_HEAD + size + (_ID3_HEAD if header[5] & _ID3_FOOTER_FLAG else 0)
        stream.seek(start)
        header = stream.read(_ID3_HEAD)
    return start


def head_tags(stream: BinaryIO) -> Harvest | None:
    """Return the ID3 tag at the start of a file, or None when there is none that can be read."""
    stream.seek(0)
    if stream.read(3) != b"ID3":
        return None
    sources: tuple[Callable[[], BinaryIO], ...] = (lambda: stream, lambda: _cut_tag(stream))
    for source in sources:
        try:
            whole = source()
            whole.seek(0)
            return harvest(ID3(whole, load_v1=False))
        except mutagen.MutagenError:
            continue
    return None


def displaced_tags(stream: BinaryIO) -> Harvest | None:
    """Return the ID3 tag that begins a little behind the start of a file, as rubbish makes it."""
    stream.seek(0)
    found = _DISPLACED.search(stream.read(_MOST_RUBBISH))
    return head_tags(shifted(stream, found.start())) if found else None


def _cut_tag(stream: BinaryIO) -> BinaryIO:
    """Return what is there of a tag that claims to be longer or something else, as a whole tag."""
    stream.seek(0)
    content = bytearray(stream.read(_LONGEST_CUT_TAG).ljust(_ID3_HEAD, b"\0"))
    size = len(content) - _ID3_HEAD
    # Flags that no version has make mutagen refuse the whole tag.
    content[5] &= _ID3_FLAGS
    content[6:10] = (size >> shift & 0x7F for shift in (21, 14, 7, 0))
    return io.BytesIO(content)


def end_tags(stream: BinaryIO, size: int, known: Any) -> Iterator[Harvest]:
    """Yield the tags at the end of a file, but for the kind that `known` is already."""
    stream.seek(max(0, size - TAIL_BYTES))
    tail = stream.read(TAIL_BYTES)
    if _APE in tail and not isinstance(known, APEv2):
        yield from _ape(stream, size, tail)
    if b"LYRICS" in tail and (lyrics := _lyrics3(stream, size, tail)):
        yield lyrics
    if b"3DI" in tail:
        yield from _appended_id3(stream, size, tail)
    if not isinstance(known, id3.ID3):
        frames = ParseID3v1(tail[-_ID3V1_BYTES:]) if tail[-_ID3V1_BYTES:-125] == b"TAG" else None
        if frames:
            yield id3_frames(frames.values())


def _ape(stream: BinaryIO, size: int, tail: bytes) -> Iterator[Harvest]:
    """Yield an APE tag; of a broken or an old one, what can be read of it."""
    try:
        stream.seek(0)
        yield harvest(APEv2(stream))
    except mutagen.MutagenError:
        yield from _broken_ape(stream, size, tail)


def _broken_ape(stream: BinaryIO, size: int, tail: bytes) -> Iterator[Harvest]:
    foot = tail.rfind(_APE)
    version, length = struct.unpack_from("<II", tail.ljust(foot + _APE_HEAD), foot + len(_APE))
    start = size - len(tail) + foot + _APE_HEAD - length
    if start >= 0 and length > _APE_HEAD:
        stream.seek(start)
        yield _ape_items(stream.read(length - _APE_HEAD), is_old=version < _APE_2)


def _ape_items(content: bytes, *, is_old: bool) -> Harvest:
    """Return the items of an APE tag that can be read; an old one does not tell its encoding."""
    tags: Any = APEv2()
    broken: Counter[str] = Counter()
    at = 0
    while (end := content.find(b"\0", at + _APE_ITEM)) >= 0:
        size, flags = struct.unpack_from("<II", content, at)
        name = content[at + _APE_ITEM : end].decode("latin-1")
        at = end + 1 + size
        value = content[end + 1 : at]
        try:
            is_text = flags >> 1 & 3 != BINARY
            text = value.decode("latin-1" if is_old else "utf-8") if is_text else ""
            tags[name] = text if is_text else APEValue(value, BINARY)
        except (KeyError, UnicodeDecodeError):
            broken[name] += 1
    found = harvest(tags)
    found.broken += broken
    if is_old:
        found.texts = [text._replace(bytewise=True) for text in found.texts]
    return found


def _appended_id3(stream: BinaryIO, size: int, tail: bytes) -> Iterator[Harvest]:
    """Yield an ID3 tag that ends with a footer, at the end or before ID3v1."""
    footer = tail.rfind(b"3DI")
    length = 0
    for byte in tail[footer + 6 : footer + 10]:
        length = length << 7 | byte & 0x7F
    start = size - len(tail) + footer - length - _ID3_HEAD
    if start > 0 and (found := head_tags(shifted(stream, start))):
        yield found


def _lyrics3(stream: BinaryIO, size: int, tail: bytes) -> Harvest | None:
    found = Harvest(Family.ID3)
    if match := _LYRICS3.search(tail):
        length = int(match[1])
        start = size - len(tail) + match.start() - length
        stream.seek(max(0, start))
        content = stream.read(length).removeprefix(b"LYRICSBEGIN")
        position = 0
        while field := _LYRICS3_FIELD.match(content, position):
            position = field.end() + int(field[2])
            if name := _LYRICS3_NAMES.get(field[1]):
                value = content[field.end() : position].decode("latin-1")
                found.texts.append(TagText(name, value, bytewise=True))
    elif match := _LYRICS3_OLD.search(tail):
        end = size - len(tail) + match.start()
        stream.seek(max(0, end - _LYRICS3_LONGEST))
        _, begin, lyrics = stream.read(min(end, _LYRICS3_LONGEST)).rpartition(b"LYRICSBEGIN")
        if begin:
            found.texts.append(TagText("USLT", lyrics.decode("latin-1"), bytewise=True))
    return found if found.texts else None
