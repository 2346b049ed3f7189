"""What a file is to a scan, and what makes two files the same."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Final

MAX_BATCH: Final = 1_000
MAX_CHECKED: Final = 5_000
MAX_PREFIXES: Final = 100


class Presence(Enum):
    """Which files a list has."""

    ANY = "any"
    PRESENT = "present"
    MISSING = "missing"


class State(Enum):
    """What a check finds out about a file."""

    UNCHANGED = "unchanged"
    #: As it was when a server was to read it, and could not.
    UNREADABLE = "unreadable"
    CHANGED = "changed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Stat:
    """What is known of a file without opening it; None is not known."""

    size_bytes: int | None
    modified_at: datetime | None


@dataclass(frozen=True, slots=True)
class Sight:
    """A file as a scan sees it."""

    uri: str
    stat: Stat


@dataclass(frozen=True, slots=True)
class Hashes:
    """What tells one file from another; None is not known."""

    content: str | None
    audio: str | None

    def contradict(self, other: Hashes) -> bool:
        """Whether the two are of different recordings: the same bytes are the same one.

        Of other bytes the audio decides, where both tell it.
        """
        if not self.content or self.content != other.content:
            if self.audio and other.audio:
                return self.audio != other.audio
            return bool(self.content and other.content)
        return False


def state_of(seen: Stat, known: Stat | None) -> State:
    """Compare a file with what is known of its address. What is not known is not the same."""
    if known is None:
        return State.UNKNOWN
    if None in (seen.size_bytes, seen.modified_at) or seen != known:
        return State.CHANGED
    return State.UNCHANGED


@dataclass(frozen=True, slots=True)
class Target:
    """Where a missing file is now, and what is known of it there."""

    uri: str
    stat: Stat
    hashes: Hashes
