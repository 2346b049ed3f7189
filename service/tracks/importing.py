"""An import: tracks from another system, recognized by their first external source.

When that source is a file, `filing` says which track it is.

One `Import` is one stream and one transaction. What a source said is remembered as a fingerprint,
so that a source that says the same again changes nothing, not even what a user has edited since.

Half of the time of an import is Python's and half is PostgreSQL's, so both have to work at once: a
few batches are under way, one of which has its turn with the connection while the others are read
or put together. Reading yields every few tracks, for the sake of that turn and of all other calls.

New words come into the vocabulary at the end, and each once: to index a word takes half as long as
to index a track, and it would be written again for each better tier that it is found in. Nor has
anybody else who writes the same word to wait longer than that takes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from hashlib import blake2b
from typing import Final
from uuid import UUID

from google.protobuf.field_mask_pb2 import FieldMask
from uuid_utils.compat import uuid7

from fonoteca.v1 import track_pb2 as pb
from service.credits.reading import split_credits
from service.database import Connection
from service.errors import AlreadyExists, DomainError, NotFound, invalid
from service.provenance.locks import Locks
from service.search.index import WaitingWords, add_words, reindex_album
from service.tracks import store
from service.tracks.codec import decode_track
from service.tracks.document import refresh_album
from service.tracks.filing import Filed, file_items
from service.tracks.grouping import group_albums, mix
from service.tracks.items import Belonging, Item
from service.tracks.resolve import Known, missing_references, resolve
from service.tracks.rows import SourceOfTrack
from service.tracks.store import SourceKey, SourceOwner
from service.tracks.write import Batch, Change, merged, store_batch
from service.validation import Check
from service.wire.status import to_status

MAX_ERRORS: Final = 1_000
"""How many refused tracks are explained; all are counted."""

_BATCH: Final = 2_000
"""How many tracks are stored together, however many a message has: each step has its price."""

_BATCHES_UNDER_WAY: Final = 3
_YIELD_EVERY: Final = 10
_YIELD_EVERY_WORDS: Final = 50
_MAX_WORDS: Final = 50_000
"""How many new words wait for the end of the import: some 20 MB."""

_MAX_KNOWN: Final = 20_000
"""How many credits are remembered: some 10 MB."""

_NO_MASK: Final = FieldMask()

Changes = tuple[list[Change], dict[SourceOfTrack, bytes], dict[UUID, int]]
"""What a batch changes, the fingerprints of what it says about these tracks, and how many items
each change is about when that is not one."""


class Import:
    """The state of one import into one library."""

    def __init__(self, connection: Connection, library_id: UUID) -> None:
        self.response = pb.ImportTracksResponse()
        self._connection = connection
        self._library_id = library_id
        self._known = Known()
        self._seen: dict[Belonging, tuple[int, bytes]] = {}
        self._changed: dict[UUID, int] = {}
        self._filed: set[UUID] = set()
        self._mixed: set[UUID] = set()
        self._filing = asyncio.Lock()
        self._words = WaitingWords()
        self._next_index = 0
        self._waiting: list[Item] = []
        self._turn = asyncio.Lock()
        self._free = asyncio.Semaphore(_BATCHES_UNDER_WAY)
        self._batches: list[asyncio.Task[None]] = []

    async def begin(self) -> None:
        """Wait for other imports to end. Raises `NotFound` when the library does not exist."""
        await store.require_library(self._connection, self._library_id)
        await store.import_lock(self._connection)

    async def add(self, messages: Sequence[pb.Track]) -> None:
        """Read a batch; store it in the background. Raises what went wrong with an earlier one."""
        self._waiting += await self._read(messages)
        if len(self._waiting) >= _BATCH:
            await self._begin_batch()

    async def end(self) -> None:
        """Wait until all batches are stored. Raises what went wrong with the first that was not."""
        await self._begin_batch()
        await asyncio.wait(self._batches)
        self._raise_failure()
        await add_words(self._connection, self._words.take())
        for album_id in await mix(self._connection, self._mixed):
            await refresh_album(self._connection, album_id)
            await reindex_album(self._connection, album_id)

    async def _begin_batch(self) -> None:
        """Store what was read so far in the background, as soon as there is room."""
        await self._free.acquire()
        self._raise_failure()
        items, self._waiting = self._waiting, []
        batch = asyncio.create_task(self._store(items))
        self._batches.append(batch)
        batch.add_done_callback(lambda _: self._free.release())

    async def cancel(self) -> None:
        """Stop what is under way, before the connection goes back to the pool."""
        for batch in self._batches:
            batch.cancel()
        await asyncio.gather(*self._batches, return_exceptions=True)

    def _raise_failure(self) -> None:
        for batch in self._batches:
            if batch.done():
                batch.result()
        self._batches = [batch for batch in self._batches if not batch.done()]

    async def _read(self, messages: Sequence[pb.Track]) -> list[Item]:
        """Check a batch; report the bad tracks and return the good ones."""
        items = []
        for message in messages:
            index = self._next_index
            self._next_index += 1
            try:
                item = self._item(index, message)
            except DomainError as error:
                self._report(index, message, error)
            else:
                if item:
                    items.append(item)
            if index % _YIELD_EVERY == 0:
                await asyncio.sleep(0)
        return items

    def _item(self, index: int, message: pb.Track) -> Item | None:
        """Return one checked track, or None when the stream held exactly the same before."""
        serialized = message.SerializeToString(deterministic=True)
        fingerprint = blake2b(serialized, digest_size=16).digest()
        message.library_id = str(self._library_id)
        check = Check()
        draft = decode_track(check, message, is_new=True)
        if not message.sources:
            check.fail("sources", "must have an entry that says which track it is")
        check.done()
        item = Item(index, message, draft, fingerprint)
        return item if self._is_new(item) else None

    def _is_new(self, item: Item) -> bool:
        """Whether the stream did not hold exactly the same before.

        Raises `InvalidInput` when another track of the stream has one of its sources or files.
        """
        belongings = item.belongings
        for belonging, field in belongings.items():
            if seen := self._seen.get(belonging):
                index, fingerprint = seen
                if fingerprint != item.fingerprint:
                    raise invalid(field, f"is also that of track {index} of this import")
                self.response.unchanged += 1
                return False
        self._seen.update(dict.fromkeys(belongings, (item.index, item.fingerprint)))
        return True

    async def _store(self, items: Sequence[Item]) -> None:
        """Store a batch that was read. Which file is which depends on all that came before it."""
        others = [item for item in items if not item.is_file]
        await self._store_all(others, self._changes)
        if len(others) < len(items):
            async with self._filing:
                files = [item for item in items if item.is_file]
                await self._store_all(files, self._file_changes)

    async def _store_all(
        self,
        items: Sequence[Item],
        find_changes: Callable[[Sequence[Item]], Awaitable[Changes]],
    ) -> None:
        """Store items of one kind."""
        if len(self._known.credits.credits) > _MAX_KNOWN:
            self._known = Known()  # batches under way keep the old one
        known = self._known
        changes, said, counts = await find_changes(items)
        if not changes:
            return
        async with self._turn:
            resolved = await resolve(self._connection, [change.draft for change in changes], known)
            now = await store.transaction_time(self._connection)
        batch = Batch()
        for start in range(0, len(changes), _YIELD_EVERY):
            end = start + _YIELD_EVERY
            batch.add(changes[start:end], resolved[start:end], now)
            await asyncio.sleep(0)
        same = {
            change.id
            for change, message in zip(changes, batch.messages, strict=True)
            if change.current and _is_same(message, change.current)
        }
        self.response.unchanged += sum(counts.get(track_id, 1) for track_id in same)
        self.response.updated += sum(counts.get(track_id, 1) for track_id in batch.known - same)
        async with self._turn:
            if same:
                news = {key: what for key, what in said.items() if key[0] in same}
                if news:
                    await store.set_fingerprints(self._connection, news)
            words = await store_batch(self._connection, batch.without(same), said, many=True)
        for start in range(0, len(words), _YIELD_EVERY_WORDS):
            self._words.note(words[start : start + _YIELD_EVERY_WORDS])
            await asyncio.sleep(0)
        if len(self._words) > _MAX_WORDS:
            async with self._turn:
                await add_words(self._connection, self._words.take())

    async def _changes(self, items: Sequence[Item]) -> Changes:
        """Return what a batch changes."""
        async with self._turn:
            owners = await self._owners(items)
            held = await store.find_by_file(
                self._connection,
                self._library_id,
                [file.uri for item in items for file in item.draft.files],
            )
            missing = await missing_references(self._connection, [item.draft for item in items])
        holders: dict[Belonging, UUID] = {key: owner.track_id for key, owner in owners.items()}
        holders.update(held)
        changes: list[Change] = []
        changed: list[tuple[UUID, Item]] = []
        said: dict[SourceOfTrack, bytes] = {}
        for number, item in enumerate(items):
            if number % _YIELD_EVERY == 0:
                await asyncio.sleep(0)
            owner = owners.get(item.key)
            if owner and owner.fingerprint == item.fingerprint:
                self.response.unchanged += 1
                continue
            track_id = owner.track_id if owner else uuid7()
            try:
                _require_own(item, track_id, holders)
                _require_references(item, missing)
                if owner:
                    self._require_first(item, track_id)
            except DomainError as error:
                self._report(item.index, item.message, error)
                continue
            said[track_id, *item.key] = item.fingerprint
            if owner:
                changed.append((track_id, item))
            else:
                changes.append(Change(track_id, item.draft, by=item.by))
        self.response.created += len(changes)
        if changed:
            async with self._turn:
                changes += await self._updates(changed)
        return changes, said, {}

    async def _file_changes(self, items: Sequence[Item]) -> Changes:
        """Return what a batch of files changes: those of one track are one change."""
        async with self._turn:
            return await self._changes_of_files(items)

    async def _changes_of_files(self, items: Sequence[Item]) -> Changes:
        """The same, for whoever has the turn."""
        owners = await self._owners(items)
        missing = await missing_references(self._connection, [item.draft for item in items])
        news = []
        for item in items:
            owner = owners.get(item.key)
            if owner and owner.fingerprint == item.fingerprint:
                self.response.unchanged += 1
                continue
            try:
                _require_references(item, missing)
            except DomainError as error:
                self._refuse(item, error)
            else:
                news.append(item)
        if not news:
            return [], {}, {}
        news = await split_credits(self._connection, news)
        filed = await file_items(self._connection, self._library_id, news, owners, self._refuse)
        changes, mixed = await group_albums(
            self._connection,
            [change for change in filed.changes if self._may_file(change, filed)],
            self._known.credits,
        )
        self._mixed |= mixed
        said = {
            (change.id, *item.key): item.fingerprint
            for change in changes
            for item in filed.items[change.id]
        }
        counts = {change.id: len(filed.items[change.id]) for change in changes}
        for change in changes:
            if not change.current:
                self.response.created += 1
                self.response.updated += counts[change.id] - 1
        return changes, said, counts

    async def _owners(self, items: Sequence[Item]) -> dict[SourceKey, SourceOwner]:
        """Return the live tracks that have the sources of items."""
        return await store.find_by_source(
            self._connection,
            self._library_id,
            [(source.type, source.id) for item in items for source in item.draft.sources],
        )

    def _may_file(self, change: Change, filed: Filed) -> bool:
        """Whether the stream has not changed a track by what another system says of it."""
        index = self._changed.get(change.id)
        if index is None:
            self._filed.add(change.id)
            return True
        for item in filed.items[change.id]:
            self._refuse(
                item, invalid("sources[0]", f"is a source of track {index} of this import")
            )
        return False

    def _refuse(self, item: Item, error: DomainError) -> None:
        self._report(item.index, item.message, error)

    def _require_first(self, item: Item, track_id: UUID) -> None:
        """Raise `InvalidInput` when the stream knew the track by another source before."""
        index = self._changed.setdefault(track_id, item.index)
        if index != item.index:
            raise invalid("sources[0]", f"is a source of track {index} of this import")
        if track_id in self._filed:
            raise invalid("sources[0]", "is a source of a track whose file is in this import")

    async def _updates(self, changed: Sequence[tuple[UUID, Item]]) -> list[Change]:
        """Return the changes of tracks about which their source says something new."""
        ids = [track_id for track_id, _ in changed]
        locked = await store.lock(self._connection, ids)
        locks = await Locks.of(self._connection, ids)
        changes = []
        for track_id, item in changed:
            try:
                if track_id not in locked or locked[track_id].is_deleted:  # since it was found
                    raise NotFound("track", track_id)
                current = pb.Track.FromString(locked[track_id].document)
                draft = merged(current, _with_sources(item.message, current), _NO_MASK)
                draft = locks.respected(draft, item.message, current, item.by)
            except DomainError as error:
                self._report(item.index, item.message, error)
            else:
                changes.append(Change(track_id, draft, current, by=item.by))
        await locks.store_conflicts(self._connection)
        return changes

    def _report(self, index: int, message: pb.Track, error: DomainError) -> None:
        """Count a bad track, and say why for the first ones."""
        self.response.failed += 1
        if len(self.response.errors) < MAX_ERRORS:
            reported = self.response.errors.add(index=index, error=to_status(error))
            if message.sources:
                reported.source.CopyFrom(message.sources[0])
                reported.source.ClearField("uri")


def _require_own(item: Item, track_id: UUID, holders: Mapping[Belonging, UUID]) -> None:
    """Raise `AlreadyExists` when a source or file of a track is another's."""
    for belonging, field in item.belongings.items() if holders else ():
        holder = holders.get(belonging, track_id)
        if holder != track_id:
            raise AlreadyExists("track", holder, f"track {holder} has what {field} says already")


def _require_references(item: Item, missing: Mapping[UUID, str]) -> None:
    """Raise `NotFound` when a track refers to an artist or album that does not exist."""
    for reference in item.draft.references if missing else ():
        if reference in missing:
            raise NotFound(missing[reference], reference)


def _is_same(message: pb.Track, current: pb.Track) -> bool:
    """Whether a track is to become what it is."""
    same = pb.Track()
    same.CopyFrom(message)
    same.etag = current.etag
    same.update_time.CopyFrom(current.update_time)
    return same == current


def _with_sources(message: pb.Track, current: pb.Track) -> pb.Track:
    """Return what an import says of a track, without taking sources away that others have given."""
    said = {(source.type, source.id): source for source in message.sources}
    sources = [said.pop((source.type, source.id), source) for source in current.sources]
    wanted = pb.Track()
    wanted.CopyFrom(message)
    del wanted.sources[:]
    wanted.sources.extend([*sources, *said.values()])
    return wanted
