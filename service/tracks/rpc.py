"""TrackService: decode, call, encode."""

from __future__ import annotations

from collections.abc import AsyncIterator, Hashable, Sequence
from datetime import timedelta
from typing import Final, TypeVar
from uuid import UUID

from fonoteca.v1 import track_pb2 as pb
from fonoteca.v1 import track_pb2_grpc
from service.database import Connection, Database
from service.errors import invalid
from service.libraries.model import DEFAULT_LIBRARY_ID
from service.provenance.codec import decode_source
from service.provenance.model import BY_RULE, BY_USER
from service.query import parse
from service.requests import once
from service.tracks import duplicates, merge, store, tasks, write
from service.tracks.candidates import Key
from service.tracks.codec import decode_track
from service.tracks.document import track_message
from service.tracks.importing import Import
from service.tracks.listing import Deleted, list_tracks, order_of, place_of, position_of
from service.tracks.model import (
    MAX_BATCH,
    MAX_IMPORT_BATCH,
    MAX_REASON,
    TrackDraft,
)
from service.validation import Check
from service.wire.encoding import timestamp
from service.wire.enums import EnumNames
from service.wire.merging import decode_merging, decode_unmerging
from service.wire.page_token import PageTokens
from service.wire.router import Context

_DEFAULT_LEASE = timedelta(minutes=5)
_MIN_LEASE = timedelta(seconds=1)
_MAX_LEASE = timedelta(hours=24)

_TIERS: Final = EnumNames(pb.DuplicateTier)
_SAME_IN_STREAM = "must be the same in all messages of the stream"

T = TypeVar("T")


class TrackServicer(track_pb2_grpc.TrackServiceServicer):
    """Serves the tracks of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._page_tokens = PageTokens(database)

    async def CreateTrack(self, request: pb.CreateTrackRequest, context: Context) -> pb.Track:
        draft = _decode_new(request)

        async def create(connection: Connection) -> pb.Track:
            [track] = await write.create(connection, [draft])
            return track

        return await once(self._database, request, pb.Track, create, pipelined=True)

    async def GetTrack(self, request: pb.GetTrackRequest, context: Context) -> pb.Track:
        check = Check()
        track_id = check.uuid("id", request.id)
        full = _is_full(check, request.view, default=pb.TRACK_VIEW_FULL)
        check.done()
        async with self._database.read() as connection:
            document = await store.get(connection, track_id)
        return track_message(document, full=full)

    async def BatchGetTracks(
        self, request: pb.BatchGetTracksRequest, context: Context
    ) -> pb.BatchGetTracksResponse:
        check = Check()
        ids = check.each("ids", _decode_id, _batch(check, "ids", request.ids), most=MAX_BATCH)
        full = _is_full(check, request.view)
        check.done()
        async with self._database.read() as connection:
            documents = await store.get_many(connection, ids)
        return pb.BatchGetTracksResponse(
            tracks=[track_message(document, full=full) for document in documents]
        )

    async def ListTracks(
        self, request: pb.ListTracksRequest, context: Context
    ) -> pb.ListTracksResponse:
        check = Check()
        library_id = check.optional_uuid("library_id", request.library_id)
        size = check.page_size(request.page_size)
        full = _is_full(check, request.view)
        check.done()
        query, order = parse(request.filter), order_of(request.order_by)
        position = await self._page_tokens.read(request)
        after = place_of(position) if position else None
        async with self._database.read() as connection:
            rows = await list_tracks(
                connection, library_id, query, order, after, size + 1,
                deleted=_deleted(request),
            )  # fmt: skip
        response = pb.ListTracksResponse(
            tracks=[track_message(row.document, full=full) for row in rows[:size]]
        )
        if len(rows) > size:
            last = position_of(rows[size - 1].place)
            response.next_page_token = await self._page_tokens.issue(request, last)
        return response

    async def UpdateTrack(self, request: pb.UpdateTrackRequest, context: Context) -> pb.Track:
        check = Check()
        check.uuid("track.id", request.track.id)
        check.optional_uuid("request_id", request.request_id)
        by = check.within("source", decode_source, request.source) or BY_USER
        check.done()

        async def update(connection: Connection) -> pb.Track:
            return await write.update(connection, request.track, request.update_mask, by)

        return await once(self._database, request, pb.Track, update, pipelined=True)

    async def DeleteTrack(self, request: pb.DeleteTrackRequest, context: Context) -> pb.Track:
        check = Check()
        track_id = check.uuid("id", request.id)
        check.done()

        async def delete(connection: Connection) -> pb.Track:
            return await write.delete(connection, track_id, request.etag)

        return await once(self._database, request, pb.Track, delete, pipelined=True)

    async def UndeleteTrack(self, request: pb.UndeleteTrackRequest, context: Context) -> pb.Track:
        check = Check()
        track_id = check.uuid("id", request.id)
        check.done()

        async def undelete(connection: Connection) -> pb.Track:
            return await write.undelete(connection, track_id, request.etag)

        return await once(self._database, request, pb.Track, undelete, pipelined=True)

    async def BatchCreateTracks(
        self, request: pb.BatchCreateTracksRequest, context: Context
    ) -> pb.BatchCreateTracksResponse:
        check = Check()
        tracks = _batch(check, "tracks", request.tracks)
        drafts = check.each("tracks", _decode_draft, tracks, most=MAX_BATCH)
        _share_nothing(check, drafts)
        check.done()

        async def create(connection: Connection) -> pb.BatchCreateTracksResponse:
            return pb.BatchCreateTracksResponse(tracks=await write.create(connection, drafts))

        return await once(
            self._database, request, pb.BatchCreateTracksResponse, create, pipelined=True
        )

    async def ImportTracks(
        self, requests: AsyncIterator[pb.ImportTracksRequest], context: Context
    ) -> pb.ImportTracksResponse:
        first = await anext(aiter(requests), None)
        if first is None:
            raise invalid("tracks", "must have at least one entry in the stream")
        library_id = _library_of(first, None)
        async with self._database.transaction(dry_run=first.validate_only) as connection:
            run = Import(connection, library_id)
            await run.begin()
            try:
                await run.add(first.tracks)
                async for request in requests:
                    _library_of(request, library_id)
                    if request.validate_only != first.validate_only:
                        raise invalid("validate_only", _SAME_IN_STREAM)
                    await run.add(request.tracks)
                await run.end()
            finally:
                await run.cancel()
        return run.response

    async def ListDuplicates(
        self, request: pb.ListDuplicatesRequest, context: Context
    ) -> pb.ListDuplicatesResponse:
        check = Check()
        library_id = check.optional_uuid("library_id", request.library_id)
        tier = _TIERS.decode_required(check, "tier", request.tier)
        size = check.page_size(request.page_size)
        check.done()
        after = _group_position(await self._page_tokens.read(request))
        async with self._database.read() as connection:
            page = await duplicates.find(connection, tier, library_id, after, size)
        response = pb.ListDuplicatesResponse(groups=page.groups)
        if page.following:
            key, first = page.following
            response.next_page_token = await self._page_tokens.issue(
                request, [*key.values, str(key.library_id), str(first)]
            )
        return response

    async def MergeTracks(
        self, request: pb.MergeTracksRequest, context: Context
    ) -> pb.MergeTracksResponse:
        wanted = decode_merging(
            request.survivor_id, "track_ids", request.track_ids, request.etags, request.request_id
        )

        async def merge_tracks(connection: Connection) -> pb.MergeTracksResponse:
            return await merge.merge(connection, wanted)

        return await once(self._database, request, pb.MergeTracksResponse, merge_tracks)

    async def UnmergeTracks(
        self, request: pb.UnmergeTracksRequest, context: Context
    ) -> pb.UnmergeTracksResponse:
        wanted = decode_unmerging("track_ids", request.track_ids, request.etags, request.request_id)

        async def unmerge(connection: Connection) -> pb.UnmergeTracksResponse:
            return await merge.unmerge(connection, wanted)

        return await once(self._database, request, pb.UnmergeTracksResponse, unmerge)

    async def ListMergedTracks(
        self, request: pb.ListMergedTracksRequest, context: Context
    ) -> pb.ListMergedTracksResponse:
        check = Check()
        track_id = check.uuid("id", request.id)
        size = check.page_size(request.page_size)
        check.done()
        position = await self._page_tokens.read(request)
        after = UUID(str(position[0])) if position else UUID(int=0)
        async with self._database.read() as connection:
            merges = await store.list_merged(connection, track_id, after, size + 1)
        response = pb.ListMergedTracksResponse(tracks=map(_encode_merge, merges[:size]))
        if len(merges) > size:
            last = response.tracks[-1].track.id
            response.next_page_token = await self._page_tokens.issue(request, [last])
        return response

    async def ClaimTracks(
        self, request: pb.ClaimTracksRequest, context: Context
    ) -> pb.ClaimTracksResponse:
        check = Check()
        library_id = check.optional_uuid("library_id", request.library_id)
        limit = check.whole("max_tracks", request.max_tracks or 1, low=1, high=MAX_BATCH)
        lease = _lease(check, request)
        check.done()

        async def claim(connection: Connection) -> pb.ClaimTracksResponse:
            claimed = await tasks.claim(connection, library_id, limit, lease)
            return pb.ClaimTracksResponse(tracks=claimed)

        return await self._database.write(claim)

    async def CompleteTrack(self, request: pb.CompleteTrackRequest, context: Context) -> pb.Track:
        check = Check()
        check.uuid("track.id", request.track.id)
        lease_id = check.uuid("lease_id", request.lease_id)
        by = check.within("source", decode_source, request.source) or BY_RULE
        check.done()
        return await self._database.write(
            lambda connection: tasks.complete(
                connection, request.track, request.update_mask, lease_id, by
            )
        )

    async def FailTrack(self, request: pb.FailTrackRequest, context: Context) -> pb.Track:
        check = Check()
        track_id = check.uuid("id", request.id)
        lease_id = check.uuid("lease_id", request.lease_id)
        reason = check.text("reason", request.reason, max_length=MAX_REASON, required=True)
        check.done()
        return await self._database.write(
            lambda connection: tasks.fail(
                connection, track_id, lease_id, reason, retry=request.retry
            )
        )


def _decode_new(request: pb.CreateTrackRequest) -> TrackDraft:
    check = Check()
    draft = check.within("track", _decode_draft, request.track)
    check.optional_uuid("request_id", request.request_id)
    check.done()
    return draft


def _decode_draft(check: Check, message: pb.Track) -> TrackDraft:
    return decode_track(check, message, is_new=True)


def _group_position(
    position: Sequence[str | int | float | None] | None,
) -> duplicates.Position | None:
    if position is None:
        return None
    *values, library_id, first = map(str, position)
    return Key(tuple(values), UUID(library_id)), UUID(first)


def _encode_merge(merged: store.ListedMerge) -> pb.MergedTrack:
    return pb.MergedTrack(
        track=track_message(merged.document, full=False),
        survivor_id=str(merged.survivor_id),
        merge_time=timestamp(merged.merged_at),
    )


def _share_nothing(check: Check, drafts: Sequence[TrackDraft]) -> None:
    """Note the sources and files that several tracks of a batch have in one library."""
    owners: dict[tuple[UUID, Hashable], int] = {}
    for index, draft in enumerate(drafts):
        keys = [(f"sources[{i}]", (s.type, s.id)) for i, s in enumerate(draft.sources)]
        addresses = [(f"files[{i}]", file.uri) for i, file in enumerate(draft.files)]
        for field, key in (*keys, *addresses):
            owner = owners.setdefault((draft.library_id, key), index)
            if owner != index:
                check.fail(f"tracks[{index}].{field}", f"is also that of tracks[{owner}]")


def _decode_id(check: Check, value: str) -> UUID:
    return check.uuid("", value)


def _batch(check: Check, field: str, values: Sequence[T]) -> Sequence[T]:
    """Return the values of a batch, which must not be empty."""
    if not values:
        check.fail(field, "must have at least one entry")
    return values


def _deleted(request: pb.ListTracksRequest) -> Deleted:
    if request.only_deleted:
        return Deleted.ONLY
    return Deleted.SHOWN if request.show_deleted else Deleted.HIDDEN


def _is_full(check: Check, view: int, default: int = pb.TRACK_VIEW_BASIC) -> bool:
    """Whether a response is to hold the lyrics."""
    if view not in pb.TrackView.values():
        check.fail("view", "must be TRACK_VIEW_BASIC or TRACK_VIEW_FULL")
    return (view or default) == pb.TRACK_VIEW_FULL


def _lease(check: Check, request: pb.ClaimTracksRequest) -> timedelta:
    if not request.HasField("lease_duration"):
        return _DEFAULT_LEASE
    given = request.lease_duration
    lease = timedelta(milliseconds=check.milliseconds("lease_duration", given.seconds, given.nanos))
    if not _MIN_LEASE <= lease <= _MAX_LEASE:
        check.fail("lease_duration", "must be from 1 second to 24 hours")
    return lease


def _library_of(request: pb.ImportTracksRequest, expected: UUID | None) -> UUID:
    """Return the library of a stream, which is that of its first message."""
    check = Check()
    library_id = check.optional_uuid("library_id", request.library_id) or DEFAULT_LIBRARY_ID
    if expected not in (None, library_id):
        check.fail("library_id", _SAME_IN_STREAM)
    if len(request.tracks) > MAX_IMPORT_BATCH:
        check.fail("tracks", f"must have at most {MAX_IMPORT_BATCH} entries a message")
    check.done()
    return library_id
