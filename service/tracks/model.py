"""What a track is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias
from uuid import UUID

from service.artists.model import Credit, CreditedName
from service.provenance.model import Attribution
from service.sources import Source

MAX_TITLE: Final = 1_000
MAX_LYRICS: Final = 100_000
MAX_LANGUAGE: Final = 35
MAX_LABEL: Final = 500
MAX_COMMENT: Final = 10_000
MAX_GENRE: Final = 100
MAX_GENRES: Final = 50
MAX_NUMBER: Final = 9_999
MAX_FILES: Final = 100
MAX_FILE_URI: Final = 4_000
MAX_SOURCES: Final = 100
MAX_ATTRIBUTES: Final = 1_000
MAX_REASON: Final = 2_000
MAX_BATCH: Final = 1_000
MAX_IMPORT_BATCH: Final = 5_000
MAX_ATTEMPTS: Final = 5
"""How often a track is handed out to workers before it is given up."""

PENDING: Final = "PENDING"
PROCESSING: Final = "PROCESSING"
COMPLETED: Final = "COMPLETED"
FAILED: Final = "FAILED"

Place: TypeAlias = tuple[str | float | UUID, ...]
"""Where a track stands in an order: its sort keys, then its id."""


@dataclass(frozen=True, slots=True)
class AlbumChoice:
    """The album of a track as a caller names it: by id, by MBID, or by title and artists."""

    id: UUID | None
    title: str
    credits: tuple[CreditedName, ...]
    mbid: UUID | None


@dataclass(frozen=True, slots=True)
class AlbumOfTrack:
    """The album of a track as stored."""

    id: UUID
    title: str
    credit: Credit | None
    mbid: UUID | None


@dataclass(frozen=True, slots=True)
class AudioFeatures:
    """What an analysis heard; None is not known. Units as in the proto."""

    tempo_bpm: float | None = None
    key: int | None = None
    mode: str | None = None
    time_signature: int | None = None
    loudness_lufs: float | None = None
    energy: float | None = None
    danceability: float | None = None
    valence: float | None = None
    acousticness: float | None = None
    instrumentalness: float | None = None
    liveness: float | None = None
    speechiness: float | None = None


NO_FEATURES: Final = AudioFeatures()


@dataclass(frozen=True, slots=True)
class AudioFile:
    """The bytes of a recording, somewhere. Without an id it is new."""

    id: UUID | None
    uri: str
    size_bytes: int | None
    mime_type: str | None
    format: str | None
    codec: str | None
    duration_ms: int | None
    sample_rate_hz: int | None
    channels: int | None
    bit_depth: int | None
    bitrate_bps: int | None
    modified_at: datetime | None
    content_hash: str | None
    audio_hash: str | None
    missing_at: datetime | None


@dataclass(frozen=True, slots=True)
class Attribute:
    """A fact without a field of its own. The type of `value` is the type of the fact."""

    key: str
    value: str | float | int | bool | datetime
    source: str | None
    confidence: float | None


@dataclass(frozen=True, slots=True)
class TrackDraft:
    """What a caller decides about a track. None and () are "not known"."""

    library_id: UUID
    title: str
    credits: tuple[CreditedName, ...]
    album: AlbumChoice | None
    disc_number: int | None
    disc_total: int | None
    track_number: int | None
    track_total: int | None
    genres: tuple[str, ...]
    release_date: str | None
    original_release_date: str | None
    duration_ms: int | None
    isrc: str | None
    mbid: UUID | None
    lyrics: str | None
    language: str | None
    explicit: bool | None
    features: AudioFeatures
    popularity: float | None
    status: str
    files: tuple[AudioFile, ...]
    sources: tuple[Source, ...]
    attributes: tuple[Attribute, ...]
    label: str | None
    comment: str | None

    @property
    def artist_references(self) -> set[UUID]:
        """The artists that are given by id."""
        names = (*self.credits, *(self.album.credits if self.album else ()))
        return {name.artist_id for name in names if name.artist_id}

    @property
    def references(self) -> set[UUID]:
        """The artists and albums that are given by id."""
        album_id = self.album.id if self.album else None
        return self.artist_references | ({album_id} if album_id else set())


@dataclass(frozen=True, slots=True)
class GenreOfTrack:
    """A genre by its row and its one spelling."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Track:
    """A track as stored: a draft whose artists, album and genres are rows of their own."""

    id: UUID
    draft: TrackDraft
    credit: Credit | None
    album: AlbumOfTrack | None
    genres: tuple[GenreOfTrack, ...]
    files: tuple[AudioFile, ...]
    failure_reason: str | None
    revision: int
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None
    origin: Attribution
    """Who said, when it was made, what it is; not read when it exists already."""
