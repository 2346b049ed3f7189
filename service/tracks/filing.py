"""Files that an import brings go to the tracks that they are files of.

Who a file is, `identity` says; here it has its consequences: the track gets the file at its new
address, as the file that it was or as one more, and another track whose file was displaced shows
it as missing. What tags say of a track is what those of its first present file say; those of its
other files count for nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final
from uuid import UUID

from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.timestamp_pb2 import Timestamp
from uuid_utils.compat import uuid7

from fonoteca.v1 import track_pb2 as pb
from fonoteca.v1 import types_pb2
from service.database import Connection
from service.errors import AlreadyExists, DomainError, NotFound, invalid
from service.provenance.locks import Locks
from service.sources import FILE, file_source_id
from service.tracks import store
from service.tracks.identity import Arrival, Identification, Song, Verdict
from service.tracks.items import Item
from service.tracks.model import COMPLETED, FAILED, MAX_FILES, MAX_SOURCES, TrackDraft
from service.tracks.store import LockedDocument, SourceKey, SourceOwner
from service.tracks.write import Change, merged, with_file_ids, with_files
from service.wire.encoding import timestamp

_NO_MASK: Final = FieldMask()


Report = Callable[[Item, DomainError], None]


@dataclass(slots=True)
class Filed:
    """What the files of a batch change, and which of them each change is about.

    A change without items is that of a track whose file was displaced.
    """

    changes: list[Change] = field(default_factory=list)
    items: dict[UUID, list[Item]] = field(default_factory=dict)

    def add(self, change: Change, items: list[Item]) -> None:
        """Take in the change of one track."""
        self.changes.append(change)
        self.items[change.id] = items


@dataclass(slots=True)
class _Plan:
    """What becomes of the files of one track: those that go on elsewhere, are more, or are gone."""

    is_new: bool = False
    continued: dict[UUID, Item] = field(default_factory=dict)
    more: list[Item] = field(default_factory=list)
    gone: set[UUID] = field(default_factory=set)

    @property
    def items(self) -> list[Item]:
        """The items that are files of the track."""
        return [*self.continued.values(), *self.more]

    def add(self, item: Item, verdict: Verdict) -> None:
        """Take in one item."""
        if verdict.file_id:
            self.continued[verdict.file_id] = item
        else:
            self.more.append(item)
        self.is_new = self.is_new or verdict.track_id is None


async def file_items(
    connection: Connection,
    library_id: UUID,
    items: Sequence[Item],
    owners: Mapping[SourceKey, SourceOwner],
    report: Report,
) -> Filed:
    """Return what files change that are new or not as they were. Bad ones are reported.

    `owners` are the tracks that have their sources now. The tracks that change are locked.
    """
    arrivals = await _arrivals(connection, items)
    found = Identification(arrivals, await store.find_known_files(connection, library_id, arrivals))
    tracks = _tracks(found.verdicts)
    plans: dict[UUID, _Plan] = {}
    for item, verdict, track_id in zip(items, found.verdicts, tracks, strict=True):
        try:
            _require_own(item, track_id, owners)
        except DomainError as error:
            report(item, error)
        else:
            plans.setdefault(track_id, _Plan()).add(item, verdict)
    for file in found.gone:
        plans.setdefault(file.track_id, _Plan()).gone.add(file.id)
    taken = {item.key: track_id for track_id, plan in plans.items() for item in plan.items}
    for key in taken.keys() & owners.keys():
        plans.setdefault(owners[key].track_id, _Plan())
    locked = await store.lock(connection, plans)
    locks = await Locks.of(connection, plans)
    now = timestamp(await store.transaction_time(connection))
    filed = Filed()
    for track_id, plan in plans.items():
        lost = {key for key, new_id in taken.items() if new_id != track_id}
        try:
            change = _change(track_id, plan, locked.get(track_id), lost, now, locks, report)
        except DomainError as error:
            for item in plan.items:
                report(item, error)
        else:
            filed.add(change, plan.items)
    await locks.store_conflicts(connection)
    return filed


async def _arrivals(connection: Connection, items: Sequence[Item]) -> list[Arrival]:
    drafts = [item.draft for item in items]
    folded = await store.fold_songs(
        connection,
        [draft.title for draft in drafts],
        [draft.album.title if draft.album else None for draft in drafts],
    )
    return [
        Arrival(
            file.uri,
            file.content_hash,
            file.audio_hash,
            file.duration_ms,
            Song(title, album, draft.disc_number, draft.track_number),
        )
        for draft, (title, album) in zip(drafts, folded, strict=True)
        for file in draft.files
    ]


def _tracks(verdicts: Sequence[Verdict]) -> list[UUID]:
    """Return the track of each item: new ones get an id."""
    tracks: list[UUID] = []
    for verdict in verdicts:
        if verdict.like is not None:
            tracks.append(tracks[verdict.like])
        else:
            tracks.append(verdict.track_id or uuid7())
    return tracks


def _require_own(item: Item, track_id: UUID, owners: Mapping[SourceKey, SourceOwner]) -> None:
    """Raise `AlreadyExists` when a place in another system is another track's.

    The file itself, which comes first, is taken from it.
    """
    for index, source in enumerate(item.draft.sources[1:], 1):
        owner = owners.get((source.type, source.id))
        if owner and owner.track_id != track_id:
            message = f"track {owner.track_id} has what sources[{index}] says already"
            raise AlreadyExists("track", owner.track_id, message)


def _change(
    track_id: UUID,
    plan: _Plan,
    locked: LockedDocument | None,
    lost: Collection[SourceKey],
    now: Timestamp,
    locks: Locks,
    report: Report,
) -> Change:
    """Return what becomes of a track that loses the sources `lost`, whichever of them it has.

    Raises `NotFound` when it was deleted since it was found, and `InvalidInput`.
    """
    if plan.is_new:
        _limit(plan, 0, report)
        first = plan.more[0]
        return Change(track_id, _new(plan.more), by=first.by, conclusion=first.conclusion)
    if locked is None or locked.is_deleted:
        raise NotFound("track", track_id)
    current = pb.Track.FromString(locked.document)
    _limit(plan, len(current.files), report)
    files = [_next(file, plan, now) for file in current.files]
    files += [item.message.files[0] for item in plan.more]
    sources = _sources(current, plan, lost)
    says = _speaker(files, plan)
    if says is None:
        return Change(track_id, with_files(current, files, sources), current)
    wanted = pb.Track()
    wanted.CopyFrom(says.message)
    del wanted.files[:], wanted.sources[:]
    wanted.files.extend(files)
    wanted.sources.extend(sources)
    draft = with_file_ids(merged(current, wanted, _NO_MASK), wanted)
    draft = locks.respected(draft, says.message, current, says.by)
    if draft.status == FAILED and not any(file.content_hash for file in current.files):
        # What has failed was to read a file, and here is one that was read.
        draft = replace(draft, status=COMPLETED)
    return Change(track_id, draft, current, by=says.by, conclusion=says.conclusion)


def _limit(plan: _Plan, count: int, report: Report) -> None:
    """Report the items for which a track with `count` files has no room."""
    room = max(0, MAX_FILES - count)
    for item in plan.more[room:]:
        report(item, invalid("files", f"is one more than the {MAX_FILES} that a track can have"))
    del plan.more[room:]


def _new(items: Sequence[Item]) -> TrackDraft:
    """Return a new track with all its files: the tags of the first one say what it is."""
    drafts = [item.draft for item in items]
    sources = {(source.type, source.id): source for draft in drafts for source in draft.sources}
    if len(sources) > MAX_SOURCES:
        raise invalid("sources", f"must have at most {MAX_SOURCES} entries, has {len(sources)}")
    files = tuple(file for draft in drafts for file in draft.files)
    return replace(drafts[0], files=files, sources=tuple(sources.values()))


def _next(file: types_pb2.AudioFile, plan: _Plan, now: Timestamp) -> types_pb2.AudioFile:
    """Return a file of a track as it is from now on."""
    following = types_pb2.AudioFile()
    file_id = UUID(file.id)
    if item := plan.continued.get(file_id):
        following.CopyFrom(item.message.files[0])
        following.id = file.id
        return following
    following.CopyFrom(file)
    if file_id in plan.gone:
        following.missing_time.CopyFrom(now)
    return following


def _sources(
    current: pb.Track, plan: _Plan, lost: Collection[SourceKey]
) -> list[types_pb2.ExternalSource]:
    """Return the sources of a track: of its files, those that are still at their addresses."""
    left = {
        (FILE, file_source_id(file.uri))
        for file in current.files
        if UUID(file.id) in plan.gone or UUID(file.id) in plan.continued
    }
    said = {
        (source.type, source.id): source for item in plan.items for source in item.message.sources
    }
    kept = [
        said.pop((source.type, source.id), source)
        for source in current.sources
        if (source.type, source.id) in said
        or ((source.type, source.id) not in left and (source.type, source.id) not in lost)
    ]
    return [*kept, *said.values()]


def _speaker(files: Sequence[types_pb2.AudioFile], plan: _Plan) -> Item | None:
    """Return the item whose tags say what the track is: that of the first file that is there."""
    first = next((file for file in files if not file.HasField("missing_time")), None)
    if first is None:
        return None
    if first.id:
        return plan.continued.get(UUID(first.id))
    return plan.more[0]
