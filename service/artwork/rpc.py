"""ArtworkService: decode, call, encode."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator

from fonoteca.v1 import artwork_pb2 as pb
from fonoteca.v1 import artwork_pb2_grpc
from service.artwork import store
from service.artwork.codec import decode_files, decode_upload, encode_picture
from service.artwork.gallery import Gallery, pieces_of
from service.artwork.model import (
    MAX_ETAG,
    MAX_HASHES,
    MAX_TYPE,
    SIZES,
    WEBP,
    ShownPicture,
    best,
    standard_size,
)
from service.artwork.shelf import shelf_at
from service.artwork.studio import Studio
from service.database import Database
from service.errors import NotFound
from service.media.receiving import chunks
from service.settings import Settings
from service.validation import Check
from service.wire.router import Context


class ArtworkServicer(artwork_pb2_grpc.ArtworkServiceServicer):
    """Serves the pictures of one database."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._studio = Studio()
        self._gallery = Gallery(database, shelf_at(settings.artwork_store_place), self._studio)

    async def background(self) -> None:
        """End with the server the process that decodes pictures."""
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            await asyncio.to_thread(self._studio.close)

    async def CheckArtwork(
        self, request: pb.CheckArtworkRequest, context: Context
    ) -> pb.CheckArtworkResponse:
        check = Check()
        if not 1 <= len(request.hashes) <= MAX_HASHES:
            check.fail("hashes", f"must have 1 to {MAX_HASHES} entries, has {len(request.hashes)}")
        else:
            for index, each in enumerate(request.hashes):
                check.sha256(f"hashes[{index}]", each)
        check.done()
        return pb.CheckArtworkResponse(unknown=await self._gallery.unknown(request.hashes))

    async def PutArtwork(
        self, requests: AsyncIterator[pb.PutArtworkRequest], context: Context
    ) -> pb.Artwork:
        upload = decode_upload(await anext(aiter(requests), None))
        picture = await self._gallery.put(upload, chunks(requests))
        return encode_picture(picture, self._gallery.uri(picture.hash))

    async def LinkArtwork(
        self, request: pb.LinkArtworkRequest, context: Context
    ) -> pb.LinkArtworkResponse:
        check = Check()
        files = decode_files(check, request)
        check.done()
        await self._database.write(lambda connection: store.link(connection, files))
        return pb.LinkArtworkResponse()

    async def ListArtwork(
        self, request: pb.ListArtworkRequest, context: Context
    ) -> pb.ListArtworkResponse:
        pictures = await self._pictures(Check(), request)
        return pb.ListArtworkResponse(
            artwork=[
                pb.ListedArtwork(
                    artwork=encode_picture(shown.picture, self._gallery.uri(shown.picture.hash)),
                    type=shown.type,
                )
                for shown in pictures
            ]
        )

    async def GetArtwork(
        self, request: pb.GetArtworkRequest, context: Context
    ) -> AsyncIterator[pb.GetArtworkResponse]:
        shown = await self._chosen(request)
        size_px = standard_size(request.size_px) if request.size_px else 0
        etag = f'"{shown.picture.hash}{f".{size_px}" if size_px else ""}"'
        header = pb.ArtworkHeader(
            artwork=encode_picture(shown.picture, self._gallery.uri(shown.picture.hash)),
            type=shown.type,
            mime_type=WEBP if size_px else shown.picture.mime_type,
            etag=etag,
            not_modified=request.if_none_match == etag,
        )
        if header.not_modified:
            yield pb.GetArtworkResponse(header=header)
            return
        with await self._gallery.open(shown.picture.hash, size_px) as stream:
            header.size_bytes = await asyncio.to_thread(stream.seek, 0, os.SEEK_END)
            await asyncio.to_thread(stream.seek, 0)
            yield pb.GetArtworkResponse(header=header)
            async for piece in pieces_of(stream):
                yield pb.GetArtworkResponse(chunk=piece)

    async def _chosen(self, request: pb.GetArtworkRequest) -> ShownPicture:
        """Return the picture that a request is about. Raises `InvalidInput`, `NotFound`."""
        check = Check()
        kind = check.text("type", request.type, max_length=MAX_TYPE)
        check.whole("size_px", request.size_px, low=0, high=SIZES[-1])
        check.text("if_none_match", request.if_none_match, max_length=MAX_ETAG)
        if request.WhichOneof("subject") == "hash":
            if kind:
                check.fail("type", "must be empty when a hash is given")
            picture_hash = check.sha256("hash", request.hash)
            check.done()
            async with self._database.read() as connection:
                return ShownPicture(await store.get(connection, picture_hash), "")
        found = best(await self._pictures(check, request), kind)
        if found is None:
            raise NotFound("artwork", f"of {request.album_id or request.track_id}")
        return found

    async def _pictures(
        self, check: Check, request: pb.ListArtworkRequest | pb.GetArtworkRequest
    ) -> list[ShownPicture]:
        """Return the pictures of an album or a track, best first."""
        of_album = request.WhichOneof("subject") == "album_id"
        field = "album_id" if of_album else "track_id"
        subject_id = check.uuid(field, request.album_id if of_album else request.track_id)
        check.done()
        async with self._database.read() as connection:
            if of_album:
                return await store.of_album(connection, subject_id)
            return await store.of_track(connection, subject_id)
