"""What a library is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

DEFAULT_LIBRARY_ID: Final = UUID("00000000-0000-7000-8000-000000000001")
"""The library "default", which exists from the first migration on."""

MAX_NAME: Final = 200
MAX_SOURCE_FOLDER: Final = 4_000
MAX_STRATEGY: Final = 100


@dataclass(frozen=True, slots=True)
class LibraryDraft:
    """What a caller decides about a library."""

    name: str
    source_folder: str
    processing_strategy: str


@dataclass(frozen=True, slots=True)
class Library:
    """A library as stored; `revision` grows by one with each change."""

    id: UUID
    name: str
    source_folder: str
    processing_strategy: str
    revision: int
    created_at: datetime
    updated_at: datetime
