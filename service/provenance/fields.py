"""Single fields of a track: taken out of a message, compared, and put back.

A field is a path of Track. All of them lead to a field of the message itself, but for the values of
`features`, each of which has a source of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message

from fonoteca.v1 import track_pb2 as pb
from service.provenance.model import FEATURES, FIELDS
from service.tracks.model import NO_FEATURES, TrackDraft
from service.wire.masks import masked

_TOP: Final = tuple(field for field in FIELDS if "." not in field)
_OF_FEATURES: Final = tuple(field.partition(".")[2] for field in FIELDS if "." in field)
_IN_DRAFT: Final = {"duration": "duration_ms"}


def only(track: pb.Track, field: str) -> pb.Track:
    """Return a track that has one field and nothing else."""
    return with_field(pb.Track(), track, field)


def with_field(track: pb.Track, other: pb.Track, field: str) -> pb.Track:
    """Return a track with one field as another track has it."""
    result = masked(track, other, FieldMask(paths=[field]), ignored=())
    if not result.features.ListFields():
        result.ClearField(FEATURES)
    return result


def has_field(track: pb.Track, field: str) -> bool:
    """Whether a field has a value."""
    return bool(only(track, field).ListFields())


def changed_fields(before: pb.Track, after: pb.Track) -> Iterator[str]:
    """Yield the fields in which two tracks differ. Runs for every track that an import changes."""
    old, new = _values(before), _values(after)
    for name in _TOP:
        if old.get(name) != new.get(name):
            yield name
    if old.get(FEATURES) != new.get(FEATURES):
        old, new = _values(before.features), _values(after.features)
        for name in _OF_FEATURES:
            if old.get(name) != new.get(name):
                yield f"{FEATURES}.{name}"


def value_of(draft: TrackDraft, field: str) -> Any:
    """Return what a draft says of a field."""
    head, _, name = field.partition(".")
    if name:
        return getattr(draft.features, name)
    return getattr(draft, _IN_DRAFT.get(head, head))


def with_value(draft: TrackDraft, field: str, value: Any) -> TrackDraft:
    """Return a draft that says something else of a field."""
    head, _, name = field.partition(".")
    if not name:
        return replace(draft, **{_IN_DRAFT.get(head, head): value})
    features = replace(draft.features, **{name: value})
    return replace(draft, features=NO_FEATURES if features == NO_FEATURES else features)


def _values(message: Message) -> dict[str, Any]:
    return {field.name: value for field, value in message.ListFields()}
