"""Sources, states and conflicts of fields as callers see them."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from google.protobuf.field_mask_pb2 import FieldMask

from fonoteca.v1 import provenance_pb2 as pb
from fonoteca.v1 import track_pb2, types_pb2
from service.provenance.fields import has_field, only
from service.provenance.model import (
    FIELDS,
    MAX_NAME,
    TAG,
    Attribution,
    Conflict,
    FieldState,
    fields_named,
    in_order,
)
from service.validation import Check
from service.wire.encoding import timestamp
from service.wire.enums import EnumNames

_KINDS: Final = EnumNames(types_pb2.FieldSourceKind)
_UNKNOWN: Final = "UNSPECIFIED"
_NO_STATE: Final = FieldState(None, None)
_GUESSED: Final = "rule:encoding"
"""The source of the attributes that say that text was read in an encoding that was guessed."""


def decode_source(check: Check, message: types_pb2.FieldSource) -> Attribution | None:
    """Read who says something; None when the caller does not say."""
    kind = _KINDS.decode(check, "kind", message.kind)
    name = check.text("name", message.name, max_length=MAX_NAME)
    confidence = None
    if message.HasField("confidence"):
        confidence = check.number("confidence", message.confidence, low=0, high=1)
    if kind != _UNKNOWN:
        return Attribution(kind, name, confidence)
    if name or confidence is not None:
        check.fail("kind", "must be given with a name or a confidence")
    return None


def decode_field(check: Check, field: str, path: str) -> str:
    """Read the path of one field that has a source."""
    if path not in FIELDS:
        check.fail(field, f"{path!r} is no field that has a source")
    return path


def decode_fields(check: Check, field: str, mask: FieldMask) -> list[str]:
    """Read the paths of fields that have sources, at least one."""
    if not mask.paths:
        check.fail(field, "must name at least one field")
    for path in mask.paths:
        if not fields_named(path):
            check.fail(field, f"{path!r} is no field that has a source")
    return in_order(name for path in mask.paths for name in fields_named(path))


def encode_source(by: Attribution | None) -> types_pb2.FieldSource:
    """Return a source as callers see it; None is one that is not known."""
    if by is None:
        return types_pb2.FieldSource()
    return types_pb2.FieldSource(
        kind=_KINDS.encode(by.kind), name=by.name, confidence=by.confidence
    )


def encode_provenance(
    track: track_pb2.Track, origin: Attribution | None, states: dict[str, FieldState]
) -> pb.TrackProvenance:
    """Return who says what a track is."""
    return pb.TrackProvenance(
        track_id=track.id,
        etag=track.etag,
        fields=[
            _encode_field(track, field, origin, states.get(field, _NO_STATE))
            for field in FIELDS
            if field in states or has_field(track, field)
        ],
    )


def _encode_field(
    track: track_pb2.Track, field: str, origin: Attribution | None, state: FieldState
) -> pb.FieldProvenance:
    change = state.change
    message = pb.FieldProvenance(field=field, source=encode_source(change.by if change else origin))
    message.state_time.CopyFrom(timestamp(change.changed_at) if change else track.create_time)
    if state.locked_at:
        message.lock_time.CopyFrom(timestamp(state.locked_at))
    if change and change.can_undo:
        message.previous.ParseFromString(change.before)
        message.previous.SetInParent()
    if message.source.kind == _KINDS.encode(TAG) and not message.source.HasField("confidence"):
        _add_confidence(message.source, track, field)
    return message


def _add_confidence(source: types_pb2.FieldSource, track: track_pb2.Track, field: str) -> None:
    """Say how sure the encoding of text is, when the reader of the file had to guess it.

    All text of a file has the same encoding, which shows in characters that are not ASCII.
    """
    if field == "attributes" or str(only(track, field)).isascii():
        return
    for attribute in track.attributes:
        if attribute.source == _GUESSED:
            source.confidence = attribute.confidence
            return


def encode_conflict(conflict: Conflict) -> pb.TrackConflict:
    """Return a conflict as callers see it."""
    track = track_pb2.Track.FromString(conflict.document)
    message = pb.TrackConflict(
        id=str(conflict.id),
        track_id=str(conflict.track_id),
        field=conflict.field,
        source=encode_source(conflict.by),
        state_time=timestamp(conflict.said_at),
        said=track_pb2.Track.FromString(conflict.said),
        current=only(track, conflict.field),
        track_title=track.title,
        track_artist=track.artist,
    )
    if conflict.dismissed_at:
        message.dismiss_time.CopyFrom(timestamp(conflict.dismissed_at))
    return message


def decode_after(position: list[str | int | float | None] | None) -> UUID:
    """Return the id after which a page begins."""
    return UUID(str(position[0])) if position else UUID(int=0)
