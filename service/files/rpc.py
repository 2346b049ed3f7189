"""FileService: decode, call, encode."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Final
from uuid import UUID

from fonoteca.v1 import file_pb2 as pb
from fonoteca.v1 import file_pb2_grpc, track_pb2
from service.database import Connection, Database
from service.files import presence, store
from service.files.forget import forget
from service.files.model import (
    MAX_BATCH,
    MAX_CHECKED,
    MAX_PREFIXES,
    Hashes,
    Presence,
    Sight,
    Stat,
    State,
    Target,
)
from service.files.relink import relink
from service.requests import once
from service.tracks.codec import (
    decode_audio_hash,
    decode_content_hash,
    decode_file_size,
    decode_file_uri,
)
from service.tracks.model import MAX_FILE_URI
from service.validation import Check
from service.wire.encoding import library_or_default
from service.wire.page_token import PageTokens
from service.wire.router import Context
from service.wire.types import decode_timestamp

_PRESENCES: Final = {
    pb.FILE_PRESENCE_UNSPECIFIED: Presence.ANY,
    pb.FILE_PRESENCE_PRESENT: Presence.PRESENT,
    pb.FILE_PRESENCE_MISSING: Presence.MISSING,
}
_STATES: Final = {
    State.UNCHANGED: pb.FILE_STATE_UNCHANGED,
    State.UNREADABLE: pb.FILE_STATE_CHANGED,
    State.CHANGED: pb.FILE_STATE_CHANGED,
    State.UNKNOWN: pb.FILE_STATE_UNKNOWN,
}
_SAME_IN_STREAM: Final = "must be the same in all messages of the stream"

ScanKey = tuple[UUID, UUID | None]
"""The library and the scan of a stream."""


class FileServicer(file_pb2_grpc.FileServiceServicer):
    """Serves the files of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._page_tokens = PageTokens(database)

    async def ListFiles(
        self, request: pb.ListFilesRequest, context: Context
    ) -> pb.ListFilesResponse:
        check = Check()
        library_id = library_or_default(check, "library_id", request.library_id)
        prefix = check.text("uri_prefix", request.uri_prefix, max_length=MAX_FILE_URI)
        wanted = _decode_presence(check, request.presence)
        scan_id = check.optional_uuid("unseen_by_scan_id", request.unseen_by_scan_id)
        if scan_id and wanted is Presence.MISSING:
            check.fail("presence", "must not be MISSING with `unseen_by_scan_id`")
        size = check.page_size(request.page_size)
        check.done()
        position = await self._page_tokens.read(request)
        after = (str(position[0]), UUID(str(position[1]))) if position else store.start_of(prefix)
        async with self._database.read() as connection:
            files = await (
                presence.list_unseen(connection, library_id, scan_id, prefix, after, size + 1)
                if scan_id
                else store.list_after(connection, library_id, wanted, prefix, after, size + 1)
            )
        response = pb.ListFilesResponse(
            files=[_encode(file.document, file.id) for file in files[:size]]
        )
        if len(files) > size:
            last = files[size - 1]
            response.next_page_token = await self._page_tokens.issue(
                request, [last.key, str(last.id)]
            )
        return response

    async def GetFile(self, request: pb.GetFileRequest, context: Context) -> pb.File:
        check = Check()
        file_id = check.uuid("id", request.id)
        check.done()
        async with self._database.read() as connection:
            return _encode(await store.get(connection, file_id), file_id)

    async def CheckFiles(
        self, requests: AsyncIterator[pb.CheckFilesRequest], context: Context
    ) -> AsyncIterator[pb.CheckFilesResponse]:
        expected: ScanKey | None = None
        async for request in requests:
            seen, key = _decode_check(request, expected)
            if expected is None:
                await self._begin(*key)
            expected = key
            states = await self._check(*key, seen)
            yield pb.CheckFilesResponse(states=[_STATES[state] for state in states])

    async def MarkFilesMissing(
        self, request: pb.MarkFilesMissingRequest, context: Context
    ) -> pb.MarkFilesMissingResponse:
        check = Check()
        library_id = library_or_default(check, "library_id", request.library_id)
        ids = check.each("ids", _decode_id, request.ids, most=MAX_BATCH)
        scan_id = check.optional_uuid("scan_id", request.scan_id)
        prefixes = check.each("uri_prefixes", _prefix, request.uri_prefixes, most=MAX_PREFIXES)
        if bool(request.ids) == bool(request.scan_id):
            check.fail("scan_id", "must be given, or else `ids`, but not both")
        if bool(request.uri_prefixes) != bool(request.scan_id):
            check.fail("uri_prefixes", "must be given with `scan_id`, and not without it")
        check.done()
        outcome = await (
            self._complete(request, library_id, scan_id, prefixes)
            if scan_id
            else self._mark(request, library_id, ids)
        )
        return pb.MarkFilesMissingResponse(missing=outcome.missing, returned=outcome.returned)

    async def RelinkFile(self, request: pb.RelinkFileRequest, context: Context) -> pb.File:
        check = Check()
        file_id = check.uuid("id", request.id)
        target = _decode_target(check, request)
        check.done()

        async def point(connection: Connection) -> pb.File:
            return _file(await relink(connection, file_id, target), file_id)

        return await once(self._database, request, pb.File, point)

    async def ForgetFiles(
        self, request: pb.ForgetFilesRequest, context: Context
    ) -> pb.ForgetFilesResponse:
        check = Check()
        ids = check.each("ids", _decode_id, request.ids, most=MAX_BATCH)
        check.optional_uuid("request_id", request.request_id)
        if not request.ids:
            check.fail("ids", "must have at least one entry")
        check.done()

        async def drop(connection: Connection) -> pb.ForgetFilesResponse:
            done = await forget(connection, ids, delete_tracks=request.delete_tracks)
            return pb.ForgetFilesResponse(
                forgotten=done.files, deleted_track_ids=map(str, done.deleted)
            )

        return await once(self._database, request, pb.ForgetFilesResponse, drop)

    async def _begin(self, library_id: UUID, scan_id: UUID | None) -> None:
        await self._database.write(
            lambda connection: presence.begin_scan(connection, library_id, scan_id)
        )

    async def _check(
        self, library_id: UUID, scan_id: UUID | None, seen: Sequence[Sight]
    ) -> list[State]:
        if scan_id is None:
            async with self._database.read() as connection:
                return await presence.check(connection, library_id, None, seen)
        return await self._database.write(
            lambda connection: presence.check(connection, library_id, scan_id, seen)
        )

    async def _complete(
        self,
        request: pb.MarkFilesMissingRequest,
        library_id: UUID,
        scan_id: UUID,
        prefixes: Sequence[str],
    ) -> presence.Outcome:
        if not request.validate_only:
            return await presence.complete_scan(
                self._database, library_id, scan_id, prefixes, force=request.force
            )
        return await self._database.try_out(
            lambda connection: presence.preview_scan(
                connection, library_id, scan_id, prefixes, force=request.force
            )
        )

    async def _mark(
        self, request: pb.MarkFilesMissingRequest, library_id: UUID, ids: Sequence[UUID]
    ) -> presence.Outcome:
        return await self._database.write(
            lambda connection: presence.mark_missing(
                connection, library_id, ids, dry_run=request.validate_only
            )
        )


def _decode_presence(check: Check, value: pb.FilePresence.ValueType) -> Presence:
    if value not in _PRESENCES:
        check.fail("presence", f"{value} is no value of fonoteca.v1.FilePresence")
    return _PRESENCES.get(value, Presence.ANY)


def _decode_check(
    request: pb.CheckFilesRequest, expected: ScanKey | None
) -> tuple[tuple[Sight, ...], ScanKey]:
    """Read a message of a stream whose first message had the key `expected`."""
    check = Check()
    key = (
        library_or_default(check, "library_id", request.library_id),
        check.optional_uuid("scan_id", request.scan_id),
    )
    for index, field in enumerate(("library_id", "scan_id")):
        if expected and expected[index] != key[index]:
            check.fail(field, _SAME_IN_STREAM)
    seen = check.each("files", _sight, request.files, most=MAX_CHECKED)
    check.done()
    return seen, key


def _sight(check: Check, message: pb.CheckedFile) -> Sight:
    return Sight(decode_file_uri(check, message.uri), _stat(check, message))


def _stat(check: Check, message: pb.CheckedFile | pb.RelinkFileRequest) -> Stat:
    return Stat(
        decode_file_size(check, message.size_bytes),
        decode_timestamp(check, "modify_time", message, "modify_time"),
    )


def _decode_target(check: Check, request: pb.RelinkFileRequest) -> Target:
    return Target(
        decode_file_uri(check, request.uri),
        _stat(check, request),
        Hashes(
            decode_content_hash(check, request.content_hash),
            decode_audio_hash(check, request.audio_hash),
        ),
    )


def _decode_id(check: Check, value: str) -> UUID:
    return check.uuid("", value)


def _prefix(check: Check, value: str) -> str:
    return check.text("", value, max_length=MAX_FILE_URI, required=True)


def _encode(document: bytes, file_id: UUID) -> pb.File:
    return _file(track_pb2.Track.FromString(document), file_id)


def _file(track: track_pb2.Track, file_id: UUID) -> pb.File:
    """Return a file as the document of its track shows it."""
    return pb.File(
        audio=next(file for file in track.files if file.id == str(file_id)),
        track_id=track.id,
        library_id=track.library_id,
        track_title=track.title,
        track_artist=track.artist,
    )
