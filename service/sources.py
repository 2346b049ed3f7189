"""Where a track, artist or album is found in other systems."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

MAX_SOURCES: Final = 100
MAX_SOURCE_ID: Final = 500
MAX_SOURCE_URI: Final = 2_000


@dataclass(frozen=True, slots=True)
class Source:
    """A place in another system, of which `type` is the name; `uri` may be ""."""

    type: str
    id: str
    uri: str = ""
    unavailable: bool = False
    synced_at: datetime | None = None
