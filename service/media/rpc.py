"""IngestService: decode, call, encode."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Final
from uuid import UUID

from fonoteca.v1 import ingest_pb2 as pb
from fonoteca.v1 import ingest_pb2_grpc
from service.artwork.gallery import Gallery
from service.artwork.intake import ArtworkIntake
from service.artwork.shelf import shelf_at
from service.artwork.studio import Studio
from service.database import Database
from service.errors import invalid
from service.ingest.mapping import FACTS
from service.ingest.readers import read_found
from service.media.model import (
    MAX_FACTS,
    MAX_NAME_BYTES,
    MAX_PATH,
    MAX_TAGGED,
    TagsWanted,
    Upload,
)
from service.media.reading import Reader, ReadInto
from service.media.receiving import chunks
from service.media.roots import MediaRoots
from service.media.scanning import PathScan
from service.media.tagging import Tagging
from service.media.uploads import Uploads
from service.media.vault import Vault
from service.media.worker import Worker
from service.settings import Settings
from service.validation import Check
from service.wire.encoding import library_or_default
from service.wire.router import Context

_TELL_SECONDS: Final = 1.0
_LOOK_SECONDS: Final = 0.25


class IngestServicer(ingest_pb2_grpc.IngestServiceServicer):
    """Takes files into one database, and reads those that wait in the background."""

    def __init__(self, database: Database, settings: Settings, read: ReadInto = read_found) -> None:
        """Prepare to take files; `read` reads one of them, in another process."""
        self._database = database
        self._roots = MediaRoots(settings.media_roots)
        self._reader = Reader(max(settings.reading_processes, 1), read)
        self._max_size = settings.upload_max_bytes
        self._studio = Studio()
        shelf = shelf_at(settings.artwork_store_place)
        artwork = ArtworkIntake(database, Gallery(database, shelf, self._studio))
        vault = Vault(settings.media_store_dir)
        self._uploads = Uploads(database, vault, self._reader, artwork, settings.upload_room_bytes)
        self._tagging = Tagging(database, self._roots, self._reader)
        self._worker = Worker(database, self._roots, self._reader, artwork)
        self._is_working = settings.reading_processes > 0

    async def background(self) -> None:
        """Read the files that wait, if this server is to, until it is cancelled."""
        try:
            if self._is_working:
                await self._worker.run()
            else:
                await asyncio.get_running_loop().create_future()
        finally:
            await asyncio.to_thread(self._reader.close)
            await asyncio.to_thread(self._studio.close)

    async def IngestFile(
        self, requests: AsyncIterator[pb.IngestFileRequest], context: Context
    ) -> pb.IngestFileResponse:
        first = await anext(aiter(requests), None)
        upload = _decode_upload(first, self._max_size)
        return await self._uploads.take(upload, chunks(requests))

    async def ScanPath(
        self, request: pb.ScanPathRequest, context: Context
    ) -> AsyncIterator[pb.ScanPathResponse]:
        check = Check()
        library_id = library_or_default(check, "library_id", request.library_id)
        path = check.text("path", request.path, max_length=MAX_PATH, required=True)
        check.done()
        path = await asyncio.to_thread(self._roots.resolve, path)
        scan = PathScan(self._database, self._roots, library_id, path, full=request.full)
        told = time.monotonic()
        async for _ in scan.run():
            self._worker.wake()
            if time.monotonic() - told >= _TELL_SECONDS:
                told = time.monotonic()
                yield scan.take_message()
        while await scan.waiting() and request.wait:
            if time.monotonic() - told >= _TELL_SECONDS:
                told = time.monotonic()
                yield scan.take_message()
            await asyncio.sleep(_LOOK_SECONDS)
        yield scan.take_message()
        while scan.has_problems:
            yield scan.take_message()

    async def WriteTags(
        self, request: pb.WriteTagsRequest, context: Context
    ) -> AsyncIterator[pb.WriteTagsResponse]:
        async for tagged in self._tagging.write(_decode_wanted(request)):
            yield tagged


def _decode_wanted(request: pb.WriteTagsRequest) -> TagsWanted:
    """Read which tags are to be written. Raises `InvalidInput`."""
    check = Check()
    ids = check.each("track_ids", _decode_id, request.track_ids, most=MAX_TAGGED)
    if not request.track_ids:
        check.fail("track_ids", "must not be empty")
    elif len(set(ids)) < len(ids):
        check.fail("track_ids", "must not hold the same id twice")
    facts = check.each("facts", _decode_fact, request.facts, most=MAX_FACTS)
    check.done()
    return TagsWanted(ids, frozenset(facts), request.validate_only)


def _decode_id(check: Check, value: str) -> UUID:
    return check.uuid("", value)


def _decode_fact(check: Check, name: str) -> str:
    if name not in FACTS:
        check.fail("", "must be a fact of docs/tags.md, such as title")
    return name


def _decode_upload(first: pb.IngestFileRequest | None, max_size: int) -> Upload:
    """Read the description of a file, which is the first message. Raises `InvalidInput`."""
    if first is None or first.WhichOneof("part") != "description":
        raise invalid("description", "must be in the first message")
    check = Check()
    given = first.description
    library_id = library_or_default(check, "description.library_id", given.library_id)
    field = "description.file_name"
    name = check.text(field, given.file_name, max_length=MAX_NAME_BYTES, required=True)
    if "/" in name or name in (".", ".."):
        check.fail(field, "must be a name without folders")
    elif len(name.encode()) > MAX_NAME_BYTES:
        check.fail(field, f"must have at most {MAX_NAME_BYTES} bytes")
    size = check.whole("description.size_bytes", given.size_bytes, low=1, high=max_size)
    sha256 = check.sha256("description.sha256", given.sha256)
    check.done()
    return Upload(library_id, name, size, sha256)
