"""What a playlist is, what it holds, and what can be done to its items."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

MAX_NAME: Final = 500
MAX_DESCRIPTION: Final = 10_000
MAX_OWNER: Final = 200
MAX_ADDED_BY: Final = 200
MAX_TAGS: Final = 100
MAX_TAG: Final = 100
MAX_ITEMS: Final = 100_000
MAX_EDIT: Final = 1_000
"""Items that one change adds, moves or removes at most."""


@dataclass(frozen=True, slots=True)
class PlaylistDraft:
    """What a caller decides about a playlist."""

    library_id: UUID
    name: str
    description: str
    owner: str
    is_public: bool
    is_collaborative: bool
    unique_tracks: bool
    tags: list[str]


@dataclass(frozen=True, slots=True)
class Playlist:
    """A playlist as stored.

    `version` grows by one with each change of its items, `revision` with each other change.
    """

    id: UUID
    library_id: UUID
    name: str
    description: str
    owner: str
    is_public: bool
    is_collaborative: bool
    unique_tracks: bool
    tags: list[str]
    item_count: int
    duration_ms: int
    version: int
    revision: int
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None


@dataclass(frozen=True, slots=True)
class LockedPlaylist:
    """What a change must know of a playlist that nobody else can change meanwhile."""

    id: UUID
    library_id: UUID
    item_count: int
    unique_tracks: bool
    version: int
    revision: int
    is_deleted: bool


@dataclass(frozen=True, slots=True)
class Item:
    """An entry of a playlist; `rank` puts it in order."""

    id: UUID
    track_id: UUID
    rank: int
    added_by: str
    added_at: datetime


@dataclass(frozen=True, slots=True)
class ListedItem(Item):
    """An entry with its track as stored; None while the track is deleted."""

    document: bytes | None


@dataclass(frozen=True, slots=True)
class Block:
    """Items next to each other, the first at `position`, in a list of that version."""

    items: list[Item]
    position: int
    version: int


@dataclass(frozen=True, slots=True)
class Addition:
    """Tracks to add before an item, or at the end.

    `expected_version`, here and below, is the version that the change is meant for; None is any.
    """

    playlist_id: UUID
    track_ids: tuple[UUID, ...]
    before: UUID | None
    added_by: str
    expected_version: int | None


@dataclass(frozen=True, slots=True)
class Move:
    """Items, each once, to put before another item or at the end, in this order."""

    playlist_id: UUID
    item_ids: tuple[UUID, ...]
    before: UUID | None
    expected_version: int | None


@dataclass(frozen=True, slots=True)
class Removal:
    """Items, each once, to remove."""

    playlist_id: UUID
    item_ids: tuple[UUID, ...]
    expected_version: int | None
