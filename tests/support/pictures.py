"""Pictures for tests."""

from __future__ import annotations

import io
from typing import Any

from mutagen.flac import Picture
from mutagen.id3 import APIC
from PIL import Image


def picture(
    width: int = 30, height: int = 20, *, color: str = "red", kind: str = "JPEG", **how: Any
) -> bytes:
    """Return a picture of one color; `how` are the options of the encoder."""
    stream = io.BytesIO()
    Image.new("RGB", (width, height), color).save(stream, kind, **how)
    return stream.getvalue()


def block(data: bytes, *, kind: int = 3, mime: str = "image/jpeg") -> Picture:
    """Return a picture as FLAC and Ogg keep it."""
    found = Picture()
    found.type, found.mime, found.data = kind, mime, data
    return found


def id3_picture(data: bytes, *, kind: int = 3, mime: str = "image/jpeg") -> APIC:
    """Return a picture as ID3 keeps it."""
    return APIC(encoding=3, mime=mime, type=kind, desc=str(kind), data=data)
