"""Pictures that go with an audio file: in its tags, and beside it in its folder.

Many files share one picture. So their bytes do not travel with the files: they are left in a
folder under their hash, once for each content, for whoever sends them.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import struct
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from tempfile import mkstemp
from typing import Any, Final, NamedTuple

import mutagen
from mutagen.apev2 import APEv2
from mutagen.asf import ASFTags
from mutagen.flac import Picture
from mutagen.id3 import ID3
from mutagen.mp4 import MP4Cover, MP4Tags

from service.sources import is_disc_folder

MAX_PICTURES: Final = 20
"""How many pictures of one file are taken."""

MAX_BYTES: Final = 32 << 20
FRONT: Final = "front"
OTHER: Final = "other"

_TOO_LARGE: Final = f"it has more than {MAX_BYTES >> 20} MiB"

_TYPES: Final = {
    1: "icon", 2: "icon", 3: FRONT, 4: "back", 5: "booklet", 6: "medium", 7: "artist", 8: "artist",
    9: "conductor", 10: "artist", 11: "composer", 12: "lyricist", 13: "location",
    14: "recording", 15: "performance", 16: "screen", 18: "illustration", 19: "logo", 20: "logo",
}  # fmt: skip
"""What a picture shows, by the numbers of ID3, which FLAC and ASF use as well."""

_APE_TYPES: Final = {name.title(): name for name in {*_TYPES.values(), OTHER}} | {
    "Media": "medium", "Leaflet": "booklet", "Lead Artist": "artist", "Band": "artist",
}  # fmt: skip
_MP4_MIMES: Final = {MP4Cover.FORMAT_JPEG: "image/jpeg", MP4Cover.FORMAT_PNG: "image/png"}
_MAGIC: Final = (
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "image/webp"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
    (re.compile(rb"BM"), "image/bmp"),
    (re.compile(rb"II\*\0|MM\0\*"), "image/tiff"),
)
_SAME_MIMES: Final = {"image/jpg": "image/jpeg", "image/x-png": "image/png"}

_SUFFIXES: Final = frozenset({".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"})
_NAMES: Final = {
    "back": "back", "rear": "back", "cd": "medium", "disc": "medium", "disk": "medium",
    "medium": "medium", "booklet": "booklet", "inlay": "booklet", "artist": "artist",
    "cover": FRONT, "front": FRONT, "folder": FRONT, "album": FRONT, "albumart": FRONT,
    "artwork": FRONT,
}  # fmt: skip
"""What a picture in a folder shows, by the words of its name; of several, the first one here."""

_IDLE_WORDS: Final = frozenset({"art", "large", "small", "the"})


class Embedded(NamedTuple):
    """A picture in a tag."""

    type: str
    #: Media type as the tag claims it; "" when it claims none.
    mime: str
    data: bytes


@dataclass(frozen=True, slots=True)
class FoundPicture:
    """A picture of a file; its bytes were left under its hash."""

    hash: str
    type: str
    is_embedded: bool


# -------------------------------------------------------------------------------- in tags


def embedded(tags: Any) -> Iterator[Embedded]:
    """Yield the pictures in the tags that mutagen read; broken ones are left out."""
    kinds = type(tags).__mro__
    if ID3 in kinds:
        for frame in tags.getall("APIC"):
            yield Embedded(_TYPES.get(frame.type, OTHER), frame.mime, frame.data)
    elif MP4Tags in kinds:
        for cover in tags.get("covr", ()):
            claimed = _MP4_MIMES.get(getattr(cover, "imageformat", 0), "")
            yield Embedded(FRONT, claimed, bytes(cover))
    elif APEv2 in kinds:
        yield from _ape(tags)
    elif ASFTags in kinds:
        yield from _asf(tags)
    else:
        yield from _vorbis(tags or ())


def of_blocks(pictures: Iterable[Picture]) -> Iterator[Embedded]:
    """Yield the pictures that FLAC keeps beside its tags."""
    for picture in pictures:
        yield Embedded(_TYPES.get(picture.type, OTHER), picture.mime, picture.data)


def _ape(tags: Any) -> Iterator[Embedded]:
    for key, value in tags.items():
        if key.lower().startswith("cover art"):
            name = key[len("cover art") :].strip(" ()").title()
            # A file name, a zero byte, the picture.
            yield Embedded(_APE_TYPES.get(name, OTHER), "", bytes(value).partition(b"\0")[2])


def _asf(tags: Any) -> Iterator[Embedded]:
    for value in tags.get("WM/Picture", ()):
        with suppress(struct.error, ValueError):
            data = bytes(value.value)
            kind, size = struct.unpack_from("<bI", data)
            mime_end = _wide_end(data, 5)
            end = _wide_end(data, mime_end)
            mime = data[5 : mime_end - 2].decode("utf-16-le", "replace")
            yield Embedded(_TYPES.get(kind, OTHER), mime, data[end : end + size])


def _wide_end(data: bytes, start: int) -> int:
    """Return where a text of two-byte characters that begins at `start` ends, its zero included."""
    for end in range(start, len(data) - 1, 2):
        if data[end : end + 2] == b"\0\0":
            return end + 2
    raise ValueError("a text without end")


def _vorbis(tags: Iterable[tuple[str, str]]) -> Iterator[Embedded]:
    for key, value in tags:
        name = key.upper()
        with suppress(ValueError, mutagen.MutagenError):
            if name == "METADATA_BLOCK_PICTURE":
                yield from of_blocks([Picture(base64.b64decode(value))])
            elif name == "COVERART":
                yield Embedded(FRONT, "", base64.b64decode(value))


# -------------------------------------------------------------------------------- in folders


@dataclass(frozen=True, slots=True)
class _Beside:
    """A picture in a folder. Equal ones hold the same bytes."""

    path: str
    type: str
    size: int
    modified_ns: int


def _beside(path: str) -> tuple[_Beside, ...]:
    """Return the pictures in the folder of a file; for a disc without a front, also its album's."""
    folder = os.path.dirname(path)  # noqa: PTH120  (a Path takes ten times as long)
    found = _pictures_in(folder)
    is_disc = is_disc_folder(os.path.basename(folder))  # noqa: PTH119
    if is_disc and all(picture.type != FRONT for picture in found):
        found += _pictures_in(os.path.dirname(folder))  # noqa: PTH120
    return found


def _pictures_in(folder: str) -> tuple[_Beside, ...]:
    """Return the pictures in a folder, which is only listed when it has changed."""
    return _listed(folder, os.stat(folder).st_mtime_ns)  # noqa: PTH116


@lru_cache(maxsize=16)
def _listed(folder: str, _modified_ns: int) -> tuple[_Beside, ...]:
    """Return the pictures in a folder, in the order of the types and names. Links are left out."""
    found = []
    with os.scandir(folder) as entries:
        for entry in entries:
            kind = shown_by(entry.name)
            if kind and entry.is_file(follow_symlinks=False):
                status = entry.stat(follow_symlinks=False)
                found.append(_Beside(entry.path, kind, status.st_size, status.st_mtime_ns))
    order = list(_NAMES.values())[::-1]
    return tuple(sorted(found, key=lambda each: (order.index(each.type), each.path)))


def shown_by(name: str) -> str | None:
    """Return what a picture in a folder shows, by its name; None when it is none of an album."""
    stem, dot, suffix = name.lower().rpartition(".")
    if f"{dot}{suffix}" not in _SUFFIXES:
        return None
    words = set(re.findall(r"[^\W\d_]+", stem))
    known = words & _NAMES.keys()
    if not known or words - known - _IDLE_WORDS:
        return None
    return next(kind for word, kind in _NAMES.items() if word in known)


# -------------------------------------------------------------------------------- together


def collect(
    path: str, pictures: Iterable[Embedded], box: Path
) -> tuple[tuple[FoundPicture, ...], list[str]]:
    """Leave the pictures in a file and beside it in the folder `box`.

    Returns them, and what is wrong with which.
    """
    found: dict[FoundPicture, None] = {}
    notes: list[str] = []
    for picture in pictures:
        if reason := _refusal(picture.data):
            notes.append(f"its picture ({picture.type}) is left out: {reason}")
        else:
            notes += _lies(picture)
            found[FoundPicture(_leave(box, picture.data), picture.type, is_embedded=True)] = None
    for each in _beside(path):
        picture_hash, reason = _take(box, each)
        if reason:
            notes.append(f"{os.path.basename(each.path)} is left out: {reason}")  # noqa: PTH119
        else:
            found[FoundPicture(picture_hash, each.type, is_embedded=False)] = None
    if len(found) > MAX_PICTURES:
        notes.append(f"{len(found) - MAX_PICTURES} of its pictures are left out: too many")
    return tuple(found)[:MAX_PICTURES], notes


def notes_on(pictures: Iterable[FoundPicture], refused: Mapping[str, str]) -> tuple[str, ...]:
    """Return a note for each picture of a file that the server has refused, with the reason."""
    return tuple(
        f"its picture ({picture.type}) is left out: {refused[picture.hash]}"
        for picture in pictures
        if picture.hash in refused
    )


@lru_cache(maxsize=64)
def _take(box: Path, picture: _Beside) -> tuple[str, str]:
    """Leave a picture of a folder; return its hash, and what is wrong with it."""
    if picture.size > MAX_BYTES:
        return "", _TOO_LARGE
    try:
        data = Path(picture.path).read_bytes()
    except OSError as error:
        return "", f"it cannot be read: {error.strerror}"
    reason = _refusal(data)
    return ("", reason) if reason else (_leave(box, data), "")


def _refusal(data: bytes) -> str:
    """Return why bytes are not taken as a picture, as far as that shows without decoding them."""
    if len(data) > MAX_BYTES:
        return _TOO_LARGE
    return "" if _mime(data) else "it is no picture of a known kind"


def _lies(picture: Embedded) -> Iterator[str]:
    """Yield what a tag claims wrongly."""
    claimed = _SAME_MIMES.get(picture.mime.lower(), picture.mime.lower())
    told = _mime(picture.data)
    if claimed.startswith("image/") and claimed != told:
        yield f"its picture ({picture.type}) is {told}, although its tag says {claimed[:50]}"


def _mime(data: bytes) -> str:
    """Return the media type that the first bytes tell, "" when they tell none."""
    return next((mime for magic, mime in _MAGIC if magic.match(data)), "")


def _leave(box: Path, data: bytes) -> str:
    """Leave a picture under its hash; what is there under a name is whole."""
    picture_hash = hashlib.sha256(data).hexdigest()
    place = box / picture_hash
    if not place.exists():
        descriptor, name = mkstemp(dir=box)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(data)
            # Unlike a rename, this leaves alone what another process has put there meanwhile.
            with suppress(FileExistsError):
                place.hardlink_to(name)
        finally:
            Path(name).unlink()
    return picture_hash
