"""What an album is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from service.artists.model import Credit, CreditedName
from service.sources import Source

MAX_TITLE: Final = 1_000
MAX_LABEL: Final = 500
MAX_CATALOG_NUMBER: Final = 100
MAX_TOTAL_TRACKS: Final = 2**15 - 1
"""The range of the column."""

MAX_COVERS: Final = 50
MAX_COVER_URI: Final = 2_000
MAX_COVER_TYPE: Final = 50
MAX_COVER_MIME_TYPE: Final = 100
FRONT: Final = "front"
"""What a cover shows unless something else is said."""


@dataclass(frozen=True, slots=True)
class AlbumCover:
    """A picture of an album; its size in pixels is None when it is not known."""

    uri: str
    type: str
    width_px: int | None
    height_px: int | None
    mime_type: str


@dataclass(frozen=True, slots=True)
class AlbumDraft:
    """What a caller decides about an album. `release_date` is a partial date such as "1999-03"."""

    title: str
    credits: tuple[CreditedName, ...]
    type: str
    release_date: str | None
    total_tracks: int | None
    mbid: UUID | None
    barcode: str
    label: str
    catalog_number: str
    covers: tuple[AlbumCover, ...]
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Album:
    """An album as stored; `title_key` is the folded title, `revision` counts the changes."""

    id: UUID
    draft: AlbumDraft
    credit: Credit | None
    title_key: str
    revision: int
    created_at: datetime
    updated_at: datetime

    @property
    def shown_on_tracks(self) -> tuple[str, UUID | None, UUID | None]:
        """What tracks repeat of their album: title, credit and MusicBrainz id."""
        return self.draft.title, self.credit.id if self.credit else None, self.draft.mbid
