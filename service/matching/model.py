"""What is matched, and what a match is: a track, how sure it is the one, and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final
from uuid import UUID

from service.sources import Source

MAX_BATCH: Final = 500
MAX_RUNNERS_UP: Final = 10
MAX_REF: Final = 200
MAX_ARTISTS: Final = 20
DEFAULT_CONFIDENCE: Final = 0.5


class Reason(IntEnum):
    """What speaks for or against a match; the numbers are those of MatchReason."""

    SAME_SOURCE = 1
    SAME_MBID = 2
    SAME_ISRC = 3
    SAME_TITLE = 4
    SAME_CORE_TITLE = 5
    SIMILAR_TITLE = 6
    SAME_ARTISTS = 7
    SOME_ARTISTS = 8
    SIMILAR_ARTIST = 9
    SAME_ALBUM = 10
    SAME_LENGTH = 11
    SWAPPED = 12
    OTHER_VERSION = 13
    OTHER_TITLE = 14
    OTHER_ARTIST = 15
    OTHER_ALBUM = 16
    OTHER_LENGTH = 17
    NO_ARTIST = 18
    AMBIGUOUS = 19


@dataclass(frozen=True, slots=True)
class Item:
    """A description as it was sent. What is not known is "", (), or None."""

    title: str
    artists: tuple[str, ...]
    album: str
    duration_ms: int | None
    isrc: str
    mbid: UUID | None
    source: Source | None


@dataclass(frozen=True, slots=True)
class Match:
    """A track, how sure it is the one, and why; the reasons in their order."""

    track_id: UUID
    confidence: float
    reasons: tuple[Reason, ...]
