"""What is queued for reading, and the limits of what may be sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

MAX_PATH: Final = 4_000
MAX_NAME_BYTES: Final = 255
MAX_CHUNK_BYTES: Final = 4 << 20
MAX_PROBLEMS: Final = 100
"""How many problems one message of progress has."""

MAX_TAGGED: Final = 1_000
MAX_FACTS: Final = 100


@dataclass(frozen=True, slots=True)
class QueuedFile:
    """A file that waits to be read, and the track that holds its address."""

    id: UUID
    library_id: UUID
    track_id: UUID
    uri: str


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that was given up, and why."""

    id: UUID
    uri: str
    failure: str


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that is about to be sent."""

    library_id: UUID
    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class TagsWanted:
    """Whose files are to say which facts; without facts, all of which the catalogue has a value."""

    track_ids: tuple[UUID, ...]
    facts: frozenset[str]
    preview: bool
