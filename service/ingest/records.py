"""A whole track as a record of its fields, so that nothing of it is lost between two catalogues.

The fields have the names and the values of the contract, as JSON. In JSON Lines a record is a
line; in CSV it is a row, in which text stands as it is and every other value as JSON. A record is
told from the row of any other table by its field `sources`: a table says `source_id`.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from google.protobuf import json_format
from google.protobuf.descriptor import FieldDescriptor

from fonoteca.v1.track_pb2 import (
    TRACK_STATUS_FAILED,
    TRACK_STATUS_PENDING,
    TRACK_STATUS_PROCESSING,
    Track,
)

#: The field that every record has.
SOURCES: Final = "sources"
#: The system that a track is said to come from when it comes from no other.
THIS_SYSTEM: Final = "fonoteca"
#: What a catalogue gives a track, and another one gives anew.
_ASSIGNED: Final = (
    "id", "library_id", "failure_reason", "etag", "create_time", "update_time", "delete_time",
)  # fmt: skip
#: The fields of a record, in the order of the contract.
FIELDS: Final = tuple(
    field.name for field in Track.DESCRIPTOR.fields if field.name not in _ASSIGNED
)
_PLAIN: Final = frozenset(
    field.name
    for field in Track.DESCRIPTOR.fields
    if field.cpp_type == FieldDescriptor.CPPTYPE_STRING and not field.is_repeated
)
#: What waits, is with a worker or was given up, waits in another catalogue.
_WAITING: Final = frozenset({TRACK_STATUS_PROCESSING, TRACK_STATUS_FAILED})


def record_of(track: Track) -> dict[str, object]:
    """Return what is to be known of a track elsewhere: all but ids, versions and times."""
    said = Track()
    said.CopyFrom(track)
    for name in _ASSIGNED:
        said.ClearField(name)
    for credit in (*said.credits, *said.album.credits):
        credit.ClearField("artist_id")
    for file in said.files:
        file.ClearField("id")
    if said.HasField("album"):
        said.album.ClearField("id")
    if not said.sources:
        said.sources.add(type=THIS_SYSTEM, id=track.id)
    if said.status in _WAITING:
        said.status = TRACK_STATUS_PENDING
    return json_format.MessageToDict(said, preserving_proto_field_name=True)


def track_of(record: Mapping[str, object]) -> Track:
    """Return the track of a record. Raises `ValueError` when it is none."""
    try:
        return json_format.ParseDict(dict(record), Track())
    except json_format.ParseError as error:
        raise ValueError(str(error)) from None


def line_of(track: Track) -> str:
    """Return the record of a track as a line of JSON."""
    return json.dumps(record_of(track), ensure_ascii=False, separators=(",", ":"))


def cells_of(track: Track) -> list[str]:
    """Return the record of a track as the cells of a row, one for each of `FIELDS`."""
    record = record_of(track)
    return [_cell(name, record.get(name)) for name in FIELDS]


def track_of_cells(names: Sequence[str], cells: Sequence[str]) -> Track:
    """Return the track of a row, whose columns are fields. Raises `ValueError` when it is none."""
    record: dict[str, object] = {}
    for name, cell in zip(names, cells, strict=True):
        if cell:
            record[name] = cell if name in _PLAIN else _value(name, cell)
    return track_of(record)


def is_record(row: Mapping[str, object]) -> bool:
    """Whether an object is a whole track, and not the row of any other table."""
    return isinstance(row.get(SOURCES), list)


def are_fields(names: Collection[str], without: str) -> bool:
    """Whether columns are those of records; a table has the column `without`."""
    return SOURCES in names and without not in names


def _cell(name: str, value: object) -> str:
    if value is None:
        return ""
    if name in _PLAIN:
        return str(value)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _value(name: str, cell: str) -> object:
    try:
        return json.loads(cell)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{name} is not JSON: {error}") from None
