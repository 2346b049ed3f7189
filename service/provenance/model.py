"""What is known of where the fields of a track come from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from service.sources import FILE, Source

TAG: Final = "TAG"
IMPORT: Final = "IMPORT"
USER: Final = "USER"
RULE: Final = "RULE"

MAX_NAME: Final = 600
MAX_UNDO: Final = 20
"""How many changes of a field can be undone."""

FEATURES: Final = "features"
FIELDS: Final = (
    "title", "credits", "album", "disc_number", "disc_total", "track_number", "track_total",
    "genres", "release_date", "original_release_date", "duration", "isrc", "mbid", "lyrics",
    "language", "explicit",
    *(
        f"{FEATURES}.{name}"
        for name in (
            "tempo_bpm", "key", "mode", "time_signature", "loudness_lufs", "energy", "danceability",
            "valence", "acousticness", "instrumentalness", "liveness", "speechiness",
        )
    ),
    "popularity", "attributes", "label", "comment",
)  # fmt: skip
"""What a source can say of a track, as paths of the message, in the order in which it is listed."""


@dataclass(frozen=True, slots=True)
class Attribution:
    """Who says something: the kind of source, which one, and how sure it is, 0 to 1."""

    kind: str
    name: str = ""
    confidence: float | None = None

    @property
    def is_person(self) -> bool:
        """Whether a person says so, whom no program overrules."""
        return self.kind == USER


BY_USER: Final = Attribution(USER)
BY_RULE: Final = Attribution(RULE)
BY_MERGE: Final = Attribution(RULE, "merge")


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A change of a field. `before` is a serialized track that has only the field as it was."""

    track_id: UUID
    field: str
    by: Attribution
    before: bytes


@dataclass(frozen=True, slots=True)
class Conclusion:
    """A field that a rule has made of what a source said, and what the source said.

    `before` is a serialized track that has only the field.
    """

    field: str
    by: Attribution
    before: bytes


@dataclass(frozen=True, slots=True)
class LastChange:
    """The last change of a field; whether it can be undone, and whether the field was locked."""

    number: int
    by: Attribution
    changed_at: datetime
    before: bytes
    was_locked: bool
    can_undo: bool


@dataclass(frozen=True, slots=True)
class FieldState:
    """What is known of a field beyond the origin of its track."""

    locked_at: datetime | None
    change: LastChange | None


@dataclass(frozen=True, slots=True)
class Guard:
    """The fields of a track that are locked, and those of which a source says something else."""

    locked: frozenset[str]
    conflicting: frozenset[str]


@dataclass(frozen=True, slots=True)
class Contradiction:
    """What a source says of a locked field: a serialized track that has only the field."""

    track_id: UUID
    library_id: UUID
    field: str
    by: Attribution
    said: bytes


@dataclass(frozen=True, slots=True)
class Conflict:
    """A contradiction as stored, with the document of the track that it is about."""

    id: UUID
    track_id: UUID
    field: str
    by: Attribution
    said: bytes
    said_at: datetime
    dismissed_at: datetime | None
    document: bytes


def attribution_of(source: Source) -> Attribution:
    """Return who speaks in an import: the tags of a file, or another system."""
    return Attribution(TAG if source.type == FILE else IMPORT, f"{source.type}:{source.id}")


def fields_named(path: str) -> tuple[str, ...]:
    """Return the fields that a path stands for; none when there is no such path."""
    if path == "*":
        return FIELDS
    if path == FEATURES:
        return tuple(field for field in FIELDS if field.startswith(f"{FEATURES}."))
    return (path,) if path in FIELDS else ()


def in_order(fields: Iterable[str]) -> list[str]:
    """Return fields in the order in which they are listed."""
    wanted = set(fields)
    return [field for field in FIELDS if field in wanted]
