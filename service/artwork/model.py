"""What a picture is, and which ones are taken."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

MAX_BYTES: Final = 32 << 20
MAX_PIXELS: Final = 64_000_000
"""Decoded, with an alpha channel, these are 256 MB."""

MAX_HASHES: Final = 1_000
MAX_FILES: Final = 1_000
MAX_LINKS: Final = 20
MAX_LISTED: Final = 100
MAX_TYPE: Final = 50
MAX_ETAG: Final = 100
SIZES: Final = (64, 128, 256, 512, 1024)
"""How many pixels the longer side of a smaller picture may have. Few, so that few are made."""

FRONT: Final = "front"
"""What a picture shows unless something else is said."""

EMBEDDED: Final = "EMBEDDED"
FOLDER: Final = "FOLDER"
WEBP: Final = "image/webp"


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that is kept."""

    hash: str
    mime_type: str
    width_px: int
    height_px: int
    size_bytes: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ShownPicture:
    """A picture of something, and what it shows; "" when that was not asked for."""

    picture: Picture
    type: str


@dataclass(frozen=True, slots=True)
class Upload:
    """A picture that is about to be sent."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Link:
    """A picture of a file."""

    hash: str
    type: str
    origin: str


@dataclass(frozen=True, slots=True)
class FileLinks:
    """All pictures of the files with one content."""

    content_hash: str
    links: tuple[Link, ...]


def standard_size(size_px: int) -> int:
    """Return the first of `SIZES` that is not less than what was asked for."""
    return next(size for size in SIZES if size >= size_px)


def smaller_name(picture_hash: str, size_px: int) -> str:
    """Return the name under which a smaller picture is kept."""
    return f"{picture_hash}.{size_px}.webp"


def names_of(picture_hash: str) -> list[str]:
    """Return all names under which a picture may be kept, the picture itself last."""
    return [*(smaller_name(picture_hash, size) for size in SIZES), picture_hash]


def best(pictures: list[ShownPicture], wanted: str) -> ShownPicture | None:
    """Return the first picture of a type; without one, the first front, else the first of all."""
    for kind in (wanted,) if wanted else (FRONT,):
        found = next((shown for shown in pictures if shown.type == kind), None)
        if found:
            return found
    return pictures[0] if pictures and not wanted else None
