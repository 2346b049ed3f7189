"""ProvenanceService: decode, call, encode."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final
from uuid import UUID

from fonoteca.v1 import provenance_pb2 as pb
from fonoteca.v1 import provenance_pb2_grpc, track_pb2
from service.database import Connection, Database
from service.provenance import edit, store
from service.provenance.codec import decode_after, decode_field, decode_fields, encode_conflict
from service.requests import once
from service.validation import Check
from service.wire.page_token import PageTokens
from service.wire.router import Context

_ACCEPTS: Final = {pb.CONFLICT_RESOLUTION_KEEP: False, pb.CONFLICT_RESOLUTION_ACCEPT: True}

FieldsRequest = pb.LockTrackFieldsRequest | pb.UnlockTrackFieldsRequest
Edit = Callable[[Connection, UUID, list[str], str], Awaitable[pb.TrackProvenance]]


class ProvenanceServicer(provenance_pb2_grpc.ProvenanceServiceServicer):
    """Serves the provenance of the tracks of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._page_tokens = PageTokens(database)

    async def GetTrackProvenance(
        self, request: pb.GetTrackProvenanceRequest, context: Context
    ) -> pb.TrackProvenance:
        check = Check()
        track_id = check.uuid("id", request.id)
        check.done()
        async with self._database.snapshot() as connection:
            return await edit.provenance_of(connection, track_id)

    async def LockTrackFields(
        self, request: pb.LockTrackFieldsRequest, context: Context
    ) -> pb.TrackProvenance:
        return await self._edit_fields(request, edit.lock)

    async def UnlockTrackFields(
        self, request: pb.UnlockTrackFieldsRequest, context: Context
    ) -> pb.TrackProvenance:
        return await self._edit_fields(request, edit.unlock)

    async def RevertTrackField(
        self, request: pb.RevertTrackFieldRequest, context: Context
    ) -> track_pb2.Track:
        check = Check()
        track_id = check.uuid("id", request.id)
        field = decode_field(check, "field", request.field)
        check.done()

        async def revert(connection: Connection) -> track_pb2.Track:
            return await edit.revert(connection, track_id, field, request.etag)

        return await once(self._database, request, track_pb2.Track, revert)

    async def ListTrackConflicts(
        self, request: pb.ListTrackConflictsRequest, context: Context
    ) -> pb.ListTrackConflictsResponse:
        check = Check()
        library_id = check.optional_uuid("library_id", request.library_id)
        track_id = check.optional_uuid("track_id", request.track_id)
        size = check.page_size(request.page_size)
        check.done()
        after = decode_after(await self._page_tokens.read(request))
        async with self._database.read() as connection:
            found = await store.list_conflicts(
                connection, library_id, track_id, after, size + 1,
                with_dismissed=request.show_dismissed,
            )  # fmt: skip
        response = pb.ListTrackConflictsResponse(conflicts=map(encode_conflict, found[:size]))
        if len(found) > size:
            last = str(found[size - 1].id)
            response.next_page_token = await self._page_tokens.issue(request, [last])
        return response

    async def ResolveTrackConflict(
        self, request: pb.ResolveTrackConflictRequest, context: Context
    ) -> track_pb2.Track:
        check = Check()
        conflict_id = check.uuid("id", request.id)
        accept = _ACCEPTS.get(request.resolution)
        if accept is None:
            check.fail("resolution", "must be CONFLICT_RESOLUTION_KEEP or _ACCEPT")
        check.done()

        async def resolve(connection: Connection) -> track_pb2.Track:
            return await edit.resolve_conflict(
                connection, conflict_id, request.etag, accept=bool(accept)
            )

        return await once(self._database, request, track_pb2.Track, resolve)

    async def _edit_fields(self, request: FieldsRequest, edit_fields: Edit) -> pb.TrackProvenance:
        check = Check()
        track_id = check.uuid("id", request.id)
        fields = decode_fields(check, "fields", request.fields)
        check.done()

        async def work(connection: Connection) -> pb.TrackProvenance:
            return await edit_fields(connection, track_id, fields, request.etag)

        return await once(self._database, request, pb.TrackProvenance, work)
