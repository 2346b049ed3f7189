"""AlbumService: decode, call, encode."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from fonoteca.v1 import album_pb2 as pb
from fonoteca.v1 import album_pb2_grpc
from service.albums import duplicates, merge, merge_records, store
from service.albums.change import change
from service.albums.codec import (
    OUTPUT_ONLY,
    decode_album,
    encode_album,
    encode_draft,
    encode_merged,
)
from service.albums.model import MAX_TITLE
from service.database import Connection, Database
from service.requests import once
from service.tracks.document import track_message
from service.validation import Check
from service.wire.encoding import require_etag
from service.wire.enums import EnumNames
from service.wire.masks import masked
from service.wire.merging import decode_merging, decode_unmerging
from service.wire.page_token import PageTokens
from service.wire.router import Context
from service.wire.types import decode_source

_TIERS: Final = EnumNames(pb.AlbumDuplicateTier)


class AlbumServicer(album_pb2_grpc.AlbumServiceServicer):
    """Serves the albums of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._page_tokens = PageTokens(database)

    async def GetAlbum(self, request: pb.GetAlbumRequest, context: Context) -> pb.Album:
        check = Check()
        album_id = check.uuid("id", request.id)
        check.done()
        async with self._database.read() as connection:
            return encode_album(await store.get(connection, album_id))

    async def ListAlbums(
        self, request: pb.ListAlbumsRequest, context: Context
    ) -> pb.ListAlbumsResponse:
        check = Check()
        size = check.page_size(request.page_size)
        artist_id = check.optional_uuid("artist_id", request.artist_id)
        prefix = check.text("title_prefix", request.title_prefix, max_length=MAX_TITLE)
        source = (
            decode_source(check, "source", request.source) if request.HasField("source") else None
        )
        check.done()
        position = await self._page_tokens.read(request)
        start = (str(position[0]), UUID(str(position[1]))) if position else store.START
        async with self._database.read() as connection:
            if source:
                albums = await store.list_by_source(
                    connection, source, artist_id=artist_id, prefix=prefix
                )
            else:
                albums = await store.list_from(
                    connection, start, size + 1, artist_id=artist_id, prefix=prefix
                )
        response = pb.ListAlbumsResponse(albums=map(encode_album, albums[:size]))
        if len(albums) > size:
            following = albums[size]
            response.next_page_token = await self._page_tokens.issue(
                request, [following.title_key, str(following.id)]
            )
        return response

    async def UpdateAlbum(self, request: pb.UpdateAlbumRequest, context: Context) -> pb.Album:
        check = Check()
        album_id = check.uuid("album.id", request.album.id)
        check.done()

        async def update(connection: Connection) -> pb.Album:
            current = await store.lock(connection, album_id)
            require_etag(request.album.etag, current.revision)
            message = masked(
                encode_draft(current.draft),
                request.album,
                request.update_mask,
                ignored=OUTPUT_ONLY,
            )
            check = Check()
            wanted = check.within("album", decode_album, message)
            check.done()
            return encode_album(await change(connection, current, wanted))

        return await once(self._database, request, pb.Album, update)

    async def ListAlbumTracks(
        self, request: pb.ListAlbumTracksRequest, context: Context
    ) -> pb.ListAlbumTracksResponse:
        check = Check()
        album_id = check.uuid("album_id", request.album_id)
        library_id = check.optional_uuid("library_id", request.library_id)
        size = check.page_size(request.page_size)
        check.done()
        after = _track_position(await self._page_tokens.read(request))
        async with self._database.read() as connection:
            tracks = await store.list_tracks(connection, album_id, library_id, after, size + 1)
        response = pb.ListAlbumTracksResponse(
            tracks=[track_message(track.document, full=False) for track in tracks[:size]]
        )
        if len(tracks) > size:
            last = tracks[size - 1]
            response.next_page_token = await self._page_tokens.issue(
                request, [last.disc, last.number, last.title_key, str(last.id)]
            )
        return response

    async def ListDuplicateAlbums(
        self, request: pb.ListDuplicateAlbumsRequest, context: Context
    ) -> pb.ListDuplicateAlbumsResponse:
        check = Check()
        tier = _TIERS.decode_required(check, "tier", request.tier)
        size = check.page_size(request.page_size)
        check.done()
        position = await self._page_tokens.read(request)
        after = (str(position[0]), UUID(str(position[1]))) if position else None
        async with self._database.read() as connection:
            page = await duplicates.find(connection, tier, after, size)
        response = pb.ListDuplicateAlbumsResponse(groups=page.groups)
        if page.following:
            key, first = page.following
            response.next_page_token = await self._page_tokens.issue(request, [key, str(first)])
        return response

    async def MergeAlbums(
        self, request: pb.MergeAlbumsRequest, context: Context
    ) -> pb.MergeAlbumsResponse:
        wanted = decode_merging(
            request.survivor_id, "album_ids", request.album_ids, request.etags, request.request_id
        )

        async def merge_albums(connection: Connection) -> pb.MergeAlbumsResponse:
            return await merge.merge(connection, wanted)

        return await once(self._database, request, pb.MergeAlbumsResponse, merge_albums)

    async def UnmergeAlbums(
        self, request: pb.UnmergeAlbumsRequest, context: Context
    ) -> pb.UnmergeAlbumsResponse:
        wanted = decode_unmerging("album_ids", request.album_ids, request.etags, request.request_id)

        async def unmerge(connection: Connection) -> pb.UnmergeAlbumsResponse:
            return await merge.unmerge(connection, wanted)

        return await once(self._database, request, pb.UnmergeAlbumsResponse, unmerge)

    async def ListMergedAlbums(
        self, request: pb.ListMergedAlbumsRequest, context: Context
    ) -> pb.ListMergedAlbumsResponse:
        check = Check()
        album_id = check.uuid("id", request.id)
        size = check.page_size(request.page_size)
        check.done()
        position = await self._page_tokens.read(request)
        after = UUID(str(position[0])) if position else UUID(int=0)
        async with self._database.read() as connection:
            merges = await merge_records.list_merged(connection, album_id, after, size + 1)
        response = pb.ListMergedAlbumsResponse(albums=map(encode_merged, merges[:size]))
        if len(merges) > size:
            response.next_page_token = await self._page_tokens.issue(
                request, [str(merges[size - 1].album_id)]
            )
        return response


def _track_position(position: list[str | int | float | None] | None) -> store.TrackPosition:
    if position is None:
        return store.FIRST
    disc, number, title_key, track_id = map(str, position)
    return int(disc), int(number), title_key, UUID(track_id)
