"""Where a track, artist or album is found in other systems."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

MAX_SOURCES: Final = 100
MAX_SOURCE_ID: Final = 500
MAX_SOURCE_URI: Final = 2_000

FILE: Final = "file"
"""The type of a source that is a file: what its tags say comes from there."""


_DISC_FOLDER: Final = re.compile(
    r"(cd|dis[ck]|dvd|vinyl|lp|side)[ _.-]*[0-9a-d]{1,2}\b", re.IGNORECASE
)


def is_disc_folder(name: str) -> bool:
    """Whether a folder is by its name one disc of the album that the folder above holds."""
    return _DISC_FOLDER.match(name) is not None


def file_source_id(uri: str) -> str:
    """Return the id of a file as a source: its address, or a hash of it if that is too long."""
    if len(uri) <= MAX_SOURCE_ID:
        return uri
    return f"sha256:{hashlib.sha256(uri.encode()).hexdigest()}"


@dataclass(frozen=True, slots=True)
class Source:
    """A place in another system, of which `type` is the name; `uri` may be ""."""

    type: str
    id: str
    uri: str = ""
    unavailable: bool = False
    synced_at: datetime | None = None
