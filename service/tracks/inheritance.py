"""What a track gets from one that becomes it, and how it gives that back.

A survivor takes everything that can be had once only, files and sources, and of the rest what it
does not know itself. So nothing of its own is overwritten, and a merge is taken back by removing
what was given, unless somebody has changed it since.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, MutableSequence
from typing import Final, TypeVar

from google.protobuf.field_mask_pb2 import FieldMask

from fonoteca.v1 import track_pb2 as pb
from fonoteca.v1 import types_pb2
from service.artists.model import MAX_CREDITS
from service.errors import FailedPrecondition
from service.sources import FILE, MAX_SOURCES, file_source_id
from service.tracks.model import MAX_ATTRIBUTES, MAX_FILES, MAX_GENRES

T = TypeVar("T")

_FACTS: Final = (
    "album",
    "release_date",
    "original_release_date",
    "duration",
    "isrc",
    "mbid",
    "lyrics",
    "language",
    "explicit",
    "features",
    "popularity",
    "label",
    "comment",
)
_POSITIONS: Final = ("disc_number", "disc_total", "track_number", "track_total")
"""Facts that hold on one album only."""

_DISPLAYED: Final = (types_pb2.CREDIT_ROLE_PRIMARY, types_pb2.CREDIT_ROLE_FEATURED)
_MOST: Final = {
    "files": MAX_FILES,
    "sources": MAX_SOURCES,
    "attributes": MAX_ATTRIBUTES,
    "genres": MAX_GENRES,
    "credits": MAX_CREDITS,
}


def inherit(survivor: pb.Track, merged: pb.Track) -> pb.Track:
    """Give a survivor what it lacks of a track that becomes it; return what that was.

    Raises `FailedPrecondition` when it would have more than a track can have.
    """
    given = pb.Track(
        files=merged.files,
        sources=merged.sources,
        credits=_lacking(survivor, merged),
        genres=[genre for genre in merged.genres if genre not in survivor.genres],
    )
    keys = {attribute.key for attribute in survivor.attributes}
    given.attributes.extend(fact for fact in merged.attributes if fact.key not in keys)
    on_same_album = not survivor.HasField("album") or survivor.album.id == merged.album.id
    wanted = (*_FACTS, *_POSITIONS) if on_same_album else _FACTS
    known = {field.name for field, _ in survivor.ListFields()}
    missing = FieldMask(paths=[name for name in wanted if name not in known])
    missing.MergeMessage(merged, given)
    survivor.MergeFrom(given)
    _require_room(survivor)
    return given


def give_back(survivor: pb.Track, merged: pb.Track, given: pb.Track) -> None:
    """Take from a survivor what it was given and still has, and let `merged` be as it was.

    Files and sources that the survivor has lost since are lost for both.
    """
    for field, _ in given.ListFields():
        if not field.is_repeated and _is_unchanged(field.name, survivor, given):
            FieldMask(paths=[field.name]).MergeMessage(
                pb.Track(), survivor, replace_message_field=True
            )
    _remove(survivor.genres, given.genres, str)
    _remove(survivor.credits, given.credits, _name_and_role)
    _remove(survivor.attributes, given.attributes, _content)
    files = _remove(survivor.files, given.files, _file_id)
    addresses = [types_pb2.ExternalSource(type=FILE, id=file_source_id(file.uri)) for file in files]
    sources = _remove(survivor.sources, [*given.sources, *addresses], _place)
    del merged.files[:], merged.sources[:]
    merged.files.extend(files)
    merged.sources.extend(sources)


def _lacking(survivor: pb.Track, merged: pb.Track) -> list[types_pb2.CreditedName]:
    """Return the names that a survivor does not credit: all, or those that are not displayed.

    Who is displayed is one statement of a catalogue, to which nothing can be added.
    """
    if not survivor.credits:
        return list(merged.credits)
    known = {(name.artist_id, name.role) for name in survivor.credits}
    return [
        name
        for name in merged.credits
        if name.role not in _DISPLAYED and (name.artist_id, name.role) not in known
    ]


def _require_room(survivor: pb.Track) -> None:
    for field, most in _MOST.items():
        count = len(getattr(survivor, field))
        if count > most:
            raise FailedPrecondition(
                f"track {survivor.id} would have {count} {field}, and can have {most}",
                {"field": field, "limit": str(most)},
            )


def _is_unchanged(name: str, survivor: pb.Track, given: pb.Track) -> bool:
    if name == "album":  # which may have been renamed since
        return survivor.album.id == given.album.id
    return bool(getattr(survivor, name) == getattr(given, name))


def _remove(
    values: MutableSequence[T], given: Iterable[T], key: Callable[[T], Hashable]
) -> list[T]:
    """Remove the values that were given, by their keys; return them as they are now."""
    keys = {key(value) for value in given}
    removed = [value for value in values if key(value) in keys]
    kept = [value for value in values if key(value) not in keys]
    del values[:]
    values.extend(kept)
    return removed


def _name_and_role(name: types_pb2.CreditedName) -> Hashable:
    return name.artist_id, name.name, name.role


def _content(attribute: types_pb2.Attribute) -> Hashable:
    return attribute.SerializeToString(deterministic=True)


def _file_id(file: types_pb2.AudioFile) -> Hashable:
    return file.id


def _place(source: types_pb2.ExternalSource) -> Hashable:
    return source.type, source.id
