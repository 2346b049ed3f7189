"""Tracks as rows: the tuples that COPY takes, in the order of its columns.

The rows of an import are copied in binary, which costs a fifth of passing them as parameters; those
of a few tracks are parameters, which travel with other statements: lists, or for a single track
values, which the driver takes in half the time. Getters of the standard library pick whole groups
of columns at once, because this runs for every track of an import.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any, Final, TypeVar
from uuid import UUID

from service.tracks.model import Attribute, Track

T = TypeVar("T")

Row = tuple[Any, ...]

SourceOfTrack = tuple[UUID, str, str]
"""A track, and type and id of one of its external sources."""

Fingerprints = Mapping[SourceOfTrack, bytes | None]
"""Hashes of what imports said about tracks."""

_DRAFT: Final = {
    "library_id": "uuid",
    "title": "text",
    "disc_number": "int2",
    "disc_total": "int2",
    "track_number": "int2",
    "track_total": "int2",
    "release_date": "text",
    "original_release_date": "text",
    "duration_ms": "int4",
    "isrc": "text",
    "mbid": "uuid",
    "lyrics": "text",
    "language": "text",
    "explicit": "bool",
    "popularity": "float8",
    "status": "text",
    "label": "text",
    "comment": "text",
}
_FEATURES: Final = {
    "tempo_bpm": "float8",
    "key": "int2",
    "mode": "text",
    "time_signature": "int2",
    "loudness_lufs": "float8",
    "energy": "float8",
    "danceability": "float8",
    "valence": "float8",
    "acousticness": "float8",
    "instrumentalness": "float8",
    "liveness": "float8",
    "speechiness": "float8",
}
_TRACK: Final = {"id": "uuid", "failure_reason": "text", "created_at": "timestamptz"}
_REFERENCES: Final = {"credit_id": "uuid", "album_id": "uuid", "document": "bytea"}
_ORIGIN: Final = {"origin_kind": "text", "origin_name": "text"}
_SOURCE: Final = {
    "type": "text",
    "id": "text",
    "uri": "text",
    "unavailable": "bool",
    "synced_at": "timestamptz",
}
_FILE: Final = {
    "id": "uuid",
    "uri": "text",
    "size_bytes": "int8",
    "mime_type": "text",
    "format": "text",
    "codec": "text",
    "duration_ms": "int4",
    "sample_rate_hz": "int4",
    "channels": "int2",
    "bit_depth": "int2",
    "bitrate_bps": "int8",
    "modified_at": "timestamptz",
    "content_hash": "text",
    "audio_hash": "text",
    "missing_at": "timestamptz",
}
_VALUES: Final = {
    "text_value": "text",
    "number_value": "float8",
    "integer_value": "int8",
    "flag_value": "bool",
    "time_value": "timestamptz",
}
_COLUMN_OF: Final[Mapping[type, int]] = {str: 0, float: 1, int: 2, bool: 3, datetime: 4}
_CHILD: Final = {"track_id": "uuid", "position": "int2"}

Columns = Mapping[str, str]
"""The columns of a table in the order of its rows, and their types."""

TRACK_COLUMNS: Final[Columns] = _DRAFT | _FEATURES | _TRACK | _REFERENCES | _ORIGIN
GENRE_COLUMNS: Final[Columns] = _CHILD | {"genre_id": "int4"}
SOURCE_COLUMNS: Final[Columns] = (
    _CHILD | {"library_id": "uuid"} | _SOURCE | {"fingerprint": "bytea"}
)
FILE_COLUMNS: Final[Columns] = _CHILD | {"library_id": "uuid"} | _FILE
ATTRIBUTE_COLUMNS: Final[Columns] = (
    _CHILD | {"key": "text"} | _VALUES | {"source": "text", "confidence": "float8"}
)

_of_draft = attrgetter(*_DRAFT)
_of_features = attrgetter(*_FEATURES)
_of_track = attrgetter(*_TRACK)
_of_source = attrgetter(*_SOURCE)
_of_file = attrgetter(*_FILE)
_ID: Final = list(TRACK_COLUMNS).index("id")
_NEVER_UPDATED: Final = frozenset({"library_id", "created_at", *_ORIGIN})


def track_row(track: Track, document: bytes) -> Row:
    """Return the row of a track, in the order of `copy_tracks`."""
    draft = track.draft
    return (
        *_of_draft(draft),
        *_of_features(draft.features),
        *_of_track(track),
        track.credit.id if track.credit else None,
        track.album.id if track.album else None,
        document,
        track.origin.kind,
        track.origin.name,
    )


def id_of(row: Row) -> UUID:
    """Return the id of a row of `track_row`."""
    track_id: UUID = row[_ID]
    return track_id


def lists(columns: Columns, rows: Iterable[Row]) -> dict[str, list[Any]]:
    """Return rows as the parameters of a statement: a list for each column."""
    turned = zip(columns, zip(*rows, strict=True), strict=True)
    return {name: list(values) for name, values in turned}


def values(row: Row) -> dict[str, str | bytes | None]:
    """Return a row of `track_row` as the parameters of a statement for one track.

    Numbers are text, too: what has a type of its own makes another statement than NULL does, which
    is parsed and planned again.
    """
    return dict(zip(TRACK_COLUMNS, map(_as_text, row), strict=True))


def updates(parameters: Mapping[str, T]) -> dict[str, T]:
    """Return those parameters of tracks that a change takes; the keys are names of columns."""
    return {name: value for name, value in parameters.items() if name not in _NEVER_UPDATED}


def _as_text(value: str | bytes | float | UUID | datetime | None) -> str | bytes | None:
    return value if value is None or isinstance(value, str | bytes) else str(value)


def genre_rows(tracks: Sequence[Track]) -> list[Row]:
    """Return the genres of tracks, in the order of `copy_track_genres`."""
    return [
        (track.id, position, genre.id)
        for track in tracks
        for position, genre in enumerate(track.genres)
    ]


def source_rows(tracks: Sequence[Track], fingerprints: Fingerprints) -> list[Row]:
    """Return the external sources of tracks, in the order of `copy_track_sources`."""
    return [
        (
            track.id,
            position,
            track.draft.library_id,
            *_of_source(source),
            fingerprints.get((track.id, source.type, source.id)),
        )
        for track in tracks
        for position, source in enumerate(track.draft.sources)
    ]


def file_rows(tracks: Sequence[Track]) -> list[Row]:
    """Return the files of tracks, in the order of `copy_audio_files`."""
    return [
        (track.id, position, track.draft.library_id, *_of_file(file))
        for track in tracks
        for position, file in enumerate(track.files)
    ]


def attribute_rows(tracks: Sequence[Track]) -> list[Row]:
    """Return the other facts about tracks, in the order of `copy_track_attributes`."""
    return [
        (
            track.id,
            position,
            attribute.key,
            *_value_columns(attribute),
            attribute.source,
            attribute.confidence,
        )
        for track in tracks
        for position, attribute in enumerate(track.draft.attributes)
    ]


def _value_columns(attribute: Attribute) -> list[Any]:
    """Return a column for each type of value, all but one of them empty."""
    cells: list[Any] = [None] * len(_VALUES)
    cells[_COLUMN_OF[type(attribute.value)]] = attribute.value
    return cells
