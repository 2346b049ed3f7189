"""LibraryService: decode, call, encode."""

from __future__ import annotations

from google.protobuf.empty_pb2 import Empty

from fonoteca.v1 import library_pb2 as pb
from fonoteca.v1 import library_pb2_grpc
from service.database import Connection, Database
from service.libraries import store
from service.libraries.model import (
    MAX_NAME,
    MAX_SOURCE_FOLDER,
    MAX_STRATEGY,
    Library,
    LibraryDraft,
)
from service.requests import once
from service.validation import Check
from service.wire.encoding import etag, require_etag, timestamp
from service.wire.masks import masked
from service.wire.page_token import PageTokens
from service.wire.router import Context

_OUTPUT_ONLY = ("id", "etag", "create_time", "update_time")


class LibraryServicer(library_pb2_grpc.LibraryServiceServicer):
    """Serves the libraries of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._page_tokens = PageTokens(database)

    async def CreateLibrary(self, request: pb.CreateLibraryRequest, context: Context) -> pb.Library:
        draft = _decode(request.library)

        async def create(connection: Connection) -> pb.Library:
            return _encode(await store.create(connection, draft))

        return await once(self._database, request, pb.Library, create)

    async def GetLibrary(self, request: pb.GetLibraryRequest, context: Context) -> pb.Library:
        check = Check()
        by_name = request.WhichOneof("key") == "name"
        if by_name:
            name = check.text("name", request.name, max_length=MAX_NAME, required=True)
        else:
            library_id = check.uuid("id", request.id)
        check.done()
        async with self._database.read() as connection:
            if by_name:
                return _encode(await store.get_by_name(connection, name))
            return _encode(await store.get(connection, library_id))

    async def ListLibraries(
        self, request: pb.ListLibrariesRequest, context: Context
    ) -> pb.ListLibrariesResponse:
        check = Check()
        size = check.page_size(request.page_size)
        check.done()
        position = await self._page_tokens.read(request)
        after = str(position[0]) if position else ""
        async with self._database.read() as connection:
            libraries = await store.list_after(connection, after, size + 1)
        response = pb.ListLibrariesResponse(libraries=map(_encode, libraries[:size]))
        if len(libraries) > size:
            response.next_page_token = await self._page_tokens.issue(
                request, [libraries[size - 1].name]
            )
        return response

    async def UpdateLibrary(self, request: pb.UpdateLibraryRequest, context: Context) -> pb.Library:
        check = Check()
        library_id = check.uuid("library.id", request.library.id)
        check.done()

        async def update(connection: Connection) -> pb.Library:
            current = await store.lock(connection, library_id)
            require_etag(request.library.etag, current.revision)
            wanted = masked(
                _encode(current), request.library, request.update_mask, ignored=_OUTPUT_ONLY
            )
            return _encode(await store.update(connection, library_id, _decode(wanted)))

        return await once(self._database, request, pb.Library, update)

    async def DeleteLibrary(self, request: pb.DeleteLibraryRequest, context: Context) -> Empty:
        check = Check()
        library_id = check.uuid("id", request.id)
        check.done()

        async def delete(connection: Connection) -> Empty:
            current = await store.lock(connection, library_id)
            require_etag(request.etag, current.revision)
            await store.delete(connection, library_id, force=request.force)
            return Empty()

        return await once(self._database, request, Empty, delete)


def _decode(message: pb.Library) -> LibraryDraft:
    check = Check()
    draft = LibraryDraft(
        name=check.text("library.name", message.name, max_length=MAX_NAME, required=True),
        source_folder=check.text(
            "library.source_folder", message.source_folder, max_length=MAX_SOURCE_FOLDER
        ),
        processing_strategy=check.text(
            "library.processing_strategy", message.processing_strategy, max_length=MAX_STRATEGY
        ),
    )
    check.done()
    return draft


def _encode(library: Library) -> pb.Library:
    return pb.Library(
        id=str(library.id),
        name=library.name,
        source_folder=library.source_folder,
        processing_strategy=library.processing_strategy,
        etag=etag(library.revision),
        create_time=timestamp(library.created_at),
        update_time=timestamp(library.updated_at),
    )
