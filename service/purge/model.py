"""What can be purged, and in which order: what goes may be all that keeps the next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum


class Kind(StrEnum):
    """What goes: each kind may be all that keeps one of the next.

    A playlist keeps its tracks, a track its album, artists and files, an album its artists and
    pictures, a file its pictures and its bytes.
    """

    PLAYLISTS = "playlists"
    TRACKS = "tracks"
    ALBUMS = "albums"
    ARTISTS = "artists"
    LINKS = "picture_links"
    PICTURES = "pictures"
    SENT_FILES = "sent_files"


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch that was looked at: where it ended, None at the end of all, and how much went."""

    last: str | None
    gone: int


def days_ago(days: float) -> datetime:
    """Return what was a number of days ago."""
    return datetime.now(UTC) - timedelta(days=days)
