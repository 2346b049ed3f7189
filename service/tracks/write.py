"""Changes of tracks: names are resolved, rows and documents written, search brought up to date.

Every change of what a track says ends in `save`, which is given whole tracks, in batches; a single
track is a batch of one. All of it happens in the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from google.protobuf.field_mask_pb2 import FieldMask
from uuid_utils.compat import uuid7

from fonoteca.v1 import track_pb2 as pb
from fonoteca.v1 import types_pb2
from service.database import Connection
from service.errors import AlreadyExists, FailedPrecondition, NotFound, invalid
from service.provenance import store as provenance
from service.provenance.fields import changed_fields, only
from service.provenance.locks import Locks
from service.provenance.model import BY_USER, Attribution, Conclusion, FieldChange
from service.search.index import (
    NewWord,
    add_words,
    hold_names,
    index_entries,
    index_tracks,
    unindex_tracks,
    word_row,
)
from service.tracks import store
from service.tracks.codec import OUTPUT_ONLY, decode_named, decode_track, encode_track
from service.tracks.model import FAILED, PENDING, AudioFile, Track, TrackDraft
from service.tracks.resolve import Known, Resolved, resolve
from service.tracks.rows import Fingerprints
from service.validation import Check
from service.wire.encoding import etag, moment, require_etag, revision_of, timestamp
from service.wire.masks import masked

_LISTS: Final = ("genres", "sources", "files", "attributes")
"""The fields of a track that are rows of their own."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a track is to become; `current` is what it is, or None when it is new.

    `by` says so, and is remembered as the source of the fields that change; None when that is seen
    to elsewhere. Of one field, a rule may say more than `by` did. What `comes_back` from a merge
    has none of its files and sources any more, whatever `current` says.
    """

    id: UUID
    draft: TrackDraft
    current: pb.Track | None = None
    failure_reason: str = ""
    by: Attribution | None = BY_USER
    conclusion: Conclusion | None = None
    comes_back: bool = False


async def create(
    connection: Connection, drafts: Sequence[TrackDraft], by: Attribution = BY_USER
) -> list[pb.Track]:
    """Store new tracks: all of them or none.

    Raises `AlreadyExists` when a live track of the library has one of their sources or files, and
    `NotFound` when a library, artist or album does not exist.
    """
    return await save(connection, [Change(uuid7(), draft, by=by) for draft in drafts])


async def update(
    connection: Connection, wanted: pb.Track, mask: FieldMask, by: Attribution = BY_USER
) -> pb.Track:
    """Change the fields of a track that `mask` names; those that are locked only for a person.

    Raises `NotFound`, `EtagMismatch`, `FailedPrecondition` when the track is deleted, and what
    `save` raises.
    """
    locked, began_at = await store.begin_changing(connection, UUID(wanted.id))
    current = _live(locked, UUID(wanted.id), wanted.etag)
    draft = await allowed(connection, merged(current, wanted, mask), wanted, current, by)
    change = Change(UUID(current.id), draft, current, by=by)
    [track] = await save(connection, [change], began_at=began_at)
    return track


async def allowed(
    connection: Connection,
    draft: TrackDraft,
    wanted: pb.Track,
    current: pb.Track,
    by: Attribution,
) -> TrackDraft:
    """Return what one track may become: `draft`, but for what is locked, which `wanted` said."""
    if by.is_person:
        return draft
    locks = await Locks.of(connection, [UUID(current.id)])
    draft = locks.respected(draft, wanted, current, by)
    await locks.store_conflicts(connection)
    return draft


def merged(current: pb.Track, wanted: pb.Track, mask: FieldMask) -> TrackDraft:
    """Return a track as it is after an update. Raises `InvalidInput`."""
    for path in mask.paths:
        if path.startswith("album."):
            raise invalid(
                "update_mask", f"{path!r} belongs to the album: name `album`, or use UpdateAlbum"
            )
    check = Check()
    message = masked(current, wanted, mask, ignored=OUTPUT_ONLY)
    draft = check.within("track", lambda c, m: decode_track(c, m, is_new=False), message)
    check.done()
    return draft


def with_files(
    current: pb.Track,
    files: Iterable[types_pb2.AudioFile],
    sources: Iterable[types_pb2.ExternalSource],
) -> TrackDraft:
    """Return a track as it is with other files and sources. Files that it keeps have their ids.

    Raises `InvalidInput` when it has too many.
    """
    message = pb.Track()
    message.CopyFrom(current)
    del message.files[:], message.sources[:]
    message.files.extend(files)
    message.sources.extend(sources)
    return with_file_ids(merged(current, message, FieldMask(paths=["files", "sources"])), message)


def with_file_ids(draft: TrackDraft, message: pb.Track) -> TrackDraft:
    """Return a draft whose files have the ids that the message gives them.

    Callers of the service cannot choose ids, so drafts are read without them.
    """
    ids = (UUID(file.id) if file.id else None for file in message.files)
    files = tuple(replace(file, id=file_id) for file, file_id in zip(draft.files, ids, strict=True))
    return replace(draft, files=files)


async def delete(connection: Connection, track_id: UUID, given_etag: str) -> pb.Track:
    """Hide a track. Raises `NotFound` when it is hidden already, `EtagMismatch`."""
    locked, began_at = await store.begin_changing(connection, track_id)
    if locked.is_deleted:
        raise NotFound("track", track_id)
    message = _next(locked.document, given_etag, await began_at())
    message.delete_time.CopyFrom(message.update_time)
    await unindex_tracks(connection, [locked.id])
    await store.delete(connection, locked.id, message.SerializeToString())
    return message


async def undelete(connection: Connection, track_id: UUID, given_etag: str) -> pb.Track:
    """Bring a hidden track back.

    Raises `NotFound`, `EtagMismatch`, and `AlreadyExists` when it is not hidden or when a live
    track has taken one of its sources or files.
    """
    locked, began_at = await store.begin_changing(connection, track_id)
    if not locked.is_deleted:
        raise AlreadyExists("track", track_id, f"track {track_id} is not deleted")
    message = _next(locked.document, given_etag, await began_at())
    message.ClearField("delete_time")
    check = Check()
    draft = decode_track(check, message, is_new=False)
    check.done()
    await _require_free(connection, [Change(locked.id, draft)])
    await store.undelete(connection, locked.id, message.SerializeToString())
    await hold_names(connection, [locked.id])
    await index_tracks(connection, [locked.id])
    return message


async def lock_live(connection: Connection, track_id: UUID, given_etag: str) -> pb.Track:
    """Return the track that an id leads to and that is about to change, held against other changes.

    Raises `NotFound`, `EtagMismatch`, and `FailedPrecondition` when it is deleted.
    """
    return _live(await store.lock_one(connection, track_id), track_id, given_etag)


def _live(locked: store.LockedDocument, asked: UUID, given_etag: str) -> pb.Track:
    """Return the locked track that the id asked for leads to.

    Raises `EtagMismatch`, and `FailedPrecondition` when it is deleted.
    """
    if locked.is_deleted:
        raise FailedPrecondition(f"track {asked} is deleted: undelete it first")
    current = pb.Track.FromString(locked.document)
    require_etag(given_etag, revision_of(current.etag))
    return current


async def save(
    connection: Connection,
    changes: Sequence[Change],
    fingerprints: Fingerprints | None = None,
    *,
    began_at: store.TimeOfChange | None = None,
) -> list[pb.Track]:
    """Store tracks as they are to be, and return them as callers see them.

    Tracks that exist must be locked. `fingerprints` are what imports said of sources that come from
    other tracks; `began_at` is what `begin_changing` returned, where it locked the only track there
    is. Raises `AlreadyExists` when another live track of the library has one of their sources or
    files, and `NotFound` when an artist, an album, or the library of a new track does not exist.
    """
    if began_at is None:
        libraries = {change.draft.library_id for change in changes if not change.current}
        began_at = await store.begin_saving(connection, libraries)
    await _require_free(connection, changes)
    known = await _hold_named(connection, changes)
    resolved = await resolve(connection, [change.draft for change in changes], known)
    batch = Batch()
    batch.add(changes, resolved, await began_at())
    words = await store_batch(connection, batch, fingerprints)
    await add_words(connection, [word_row(*word) for word in words])
    return batch.messages


@dataclass(slots=True)
class Batch:
    """Tracks that are ready to be stored: as rows see them, and as callers do."""

    tracks: list[Track] = field(default_factory=list)
    messages: list[pb.Track] = field(default_factory=list)
    known: set[UUID] = field(default_factory=set)
    whole: set[UUID] = field(default_factory=set)
    """Known tracks whose genres, sources, files and attributes stay as they are."""
    sung: set[UUID] = field(default_factory=set)
    """Tracks that have lyrics, or had some."""
    changes: list[FieldChange] = field(default_factory=list)

    def add(self, changes: Sequence[Change], resolved: Sequence[Resolved], now: datetime) -> None:
        """Put changes and the rows behind their names together. Needs nothing but the processor."""
        tracks = [_track(change, of, now) for change, of in zip(changes, resolved, strict=True)]
        messages = list(map(encode_track, tracks))
        self.tracks += tracks
        self.messages += messages
        for change, message in zip(changes, messages, strict=True):
            if message.lyrics or (change.current and change.current.lyrics):
                self.sung.add(change.id)
            if change.current:
                self.known.add(change.id)
                if not change.comes_back and all(
                    getattr(message, name) == getattr(change.current, name) for name in _LISTS
                ):
                    self.whole.add(change.id)
                self.changes += _field_changes(change, change.current, message)
            elif made := change.conclusion:
                self.changes.append(FieldChange(change.id, made.field, made.by, made.before))

    def without(self, ids: Collection[UUID]) -> Batch:
        """Return the rest of the batch."""
        if not ids:
            return self
        kept = [index for index, track in enumerate(self.tracks) if track.id not in ids]
        return Batch(
            [self.tracks[index] for index in kept],
            [self.messages[index] for index in kept],
            self.known.difference(ids),
            self.whole.difference(ids),
            self.sung.difference(ids),
            [change for change in self.changes if change.track_id not in ids],
        )


async def store_batch(
    connection: Connection,
    batch: Batch,
    fingerprints: Fingerprints | None = None,
    *,
    many: bool = False,
) -> list[NewWord]:
    """Store a batch, make it findable, and let workers claim what is pending.

    `many` tracks are stored in a way that pays for them, and that a pipeline does not allow.
    Returns the words that the vocabulary still lacks.
    """
    documents = [message.SerializeToString() for message in batch.messages]
    said_anew = {track_id for track_id, _, _ in fingerprints or ()}
    await store.save(
        connection,
        batch.tracks,
        documents,
        known=batch.known,
        whole=batch.whole - said_anew,
        fingerprints=fingerprints,
        many=many,
    )
    await provenance.add_changes(connection, batch.changes)
    pending = [track for track in batch.tracks if track.draft.status == PENDING]
    await store.enqueue(connection, pending)
    return await index_entries(connection, [track.id for track in batch.tracks], sung=batch.sung)


async def _hold_named(connection: Connection, changes: Iterable[Change]) -> Known:
    """Keep what stored tracks name from being renamed; a change rarely names anything else."""
    known = Known()
    stored = {change.id: change.current for change in changes if change.current}
    if stored:
        await hold_names(connection, list(stored))
    for current in stored.values():
        known.learn(*decode_named(current))
    return known


def _field_changes(change: Change, current: pb.Track, message: pb.Track) -> list[FieldChange]:
    """Return which fields of a track a change gives another value."""
    by, made = change.by, change.conclusion
    if by is None:
        return []
    return [
        FieldChange(
            change.id,
            name,
            made.by if made and made.field == name else by,
            only(current, name).SerializeToString(),
        )
        for name in changed_fields(current, message)
    ]


def _track(change: Change, parts: Resolved, now: datetime) -> Track:
    """Put a change and the rows behind its names together."""
    current = change.current
    file_ids = {file.uri: UUID(file.id) for file in current.files} if current else {}
    reason = change.failure_reason or (current.failure_reason if current else "")
    return Track(
        id=change.id,
        draft=change.draft,
        credit=parts.credit,
        album=parts.album,
        genres=parts.genres,
        files=tuple(_with_id(file, file_ids) for file in change.draft.files),
        failure_reason=reason if change.draft.status == FAILED else None,
        revision=revision_of(current.etag) + 1 if current else 1,
        created_at=moment(current.create_time) if current else now,
        updated_at=now,
        deleted_at=None,
        origin=change.by or BY_USER,
    )


def _with_id(file: AudioFile, known: Mapping[str, UUID]) -> AudioFile:
    """Return a file with its id: that which it has, or that of the file at the same address."""
    return replace(file, id=file.id or known.get(file.uri) or uuid7())


def _next(document: bytes, given_etag: str, now: datetime) -> pb.Track:
    """Return a stored track as its next revision. Raises `EtagMismatch`."""
    message = pb.Track.FromString(document)
    revision = revision_of(message.etag)
    require_etag(given_etag, revision)
    message.etag = etag(revision + 1)
    message.update_time.CopyFrom(timestamp(now))
    return message


async def _require_free(connection: Connection, changes: Sequence[Change]) -> None:
    """Raise `AlreadyExists` when a source or file of a track is another's.

    One of the changes may take what another one gives up. What two of them share is the caller's to
    refuse; the indexes would refuse it too.
    """
    changing = {change.id for change in changes}
    for library_id in {change.draft.library_id for change in changes}:
        own = [change for change in changes if change.draft.library_id == library_id]
        sources = [(source.type, source.id) for change in own for source in change.draft.sources]
        owners = await store.find_by_source(connection, library_id, sources)
        for key, owner in owners.items():
            if owner.track_id not in changing:
                raise _taken(owner.track_id, f"the source {key[0]}:{key[1]}")
        uris = [file.uri for change in own for file in change.draft.files if not file.missing_at]
        holders = await store.find_by_file(connection, library_id, uris)
        for track_id in holders.values():
            if track_id not in changing:
                raise _taken(track_id, "a file at the same address")


def _taken(owner_id: UUID, what: str) -> AlreadyExists:
    return AlreadyExists("track", owner_id, f"track {owner_id} has {what} already")
