"""ArtistService: decode, call, encode."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from fonoteca.v1 import artist_pb2 as pb
from fonoteca.v1 import artist_pb2_grpc
from service.artists import duplicates, merge, merge_records, store
from service.artists.change import change
from service.artists.codec import (
    OUTPUT_ONLY,
    decode_artist,
    encode_artist,
    encode_draft,
    encode_merged,
)
from service.artists.model import MAX_NAME
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

_TIERS: Final = EnumNames(pb.ArtistDuplicateTier)


class ArtistServicer(artist_pb2_grpc.ArtistServiceServicer):
    """Serves the artists of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._page_tokens = PageTokens(database)

    async def GetArtist(self, request: pb.GetArtistRequest, context: Context) -> pb.Artist:
        check = Check()
        artist_id = check.uuid("id", request.id)
        check.done()
        async with self._database.read() as connection:
            return encode_artist(await store.get(connection, artist_id))

    async def ListArtists(
        self, request: pb.ListArtistsRequest, context: Context
    ) -> pb.ListArtistsResponse:
        check = Check()
        size = check.page_size(request.page_size)
        prefix = check.text("name_prefix", request.name_prefix, max_length=MAX_NAME)
        source = (
            decode_source(check, "source", request.source) if request.HasField("source") else None
        )
        check.done()
        position = await self._page_tokens.read(request)
        start = (str(position[0]), str(position[1])) if position else store.START
        async with self._database.read() as connection:
            if source:
                artists = await store.list_by_source(connection, source, prefix=prefix)
            else:
                artists = await store.list_from(connection, start, size + 1, prefix=prefix)
        response = pb.ListArtistsResponse(artists=map(encode_artist, artists[:size]))
        if len(artists) > size:
            following = artists[size]
            response.next_page_token = await self._page_tokens.issue(
                request, [following.name_key, following.draft.disambiguation]
            )
        return response

    async def UpdateArtist(self, request: pb.UpdateArtistRequest, context: Context) -> pb.Artist:
        check = Check()
        artist_id = check.uuid("artist.id", request.artist.id)
        check.done()

        async def update(connection: Connection) -> pb.Artist:
            current = await store.lock(connection, artist_id)
            require_etag(request.artist.etag, current.revision)
            message = masked(
                encode_draft(current.draft),
                request.artist,
                request.update_mask,
                ignored=OUTPUT_ONLY,
            )
            check = Check()
            wanted = check.within("artist", decode_artist, message)
            check.done()
            return encode_artist(await change(connection, current, wanted))

        return await once(self._database, request, pb.Artist, update)

    async def ListArtistTracks(
        self, request: pb.ListArtistTracksRequest, context: Context
    ) -> pb.ListArtistTracksResponse:
        check = Check()
        artist_id = check.uuid("artist_id", request.artist_id)
        library_id = check.optional_uuid("library_id", request.library_id)
        size = check.page_size(request.page_size)
        check.done()
        position = await self._page_tokens.read(request)
        before = (str(position[0]), UUID(str(position[1]))) if position else store.NEWEST
        async with self._database.read() as connection:
            tracks = await store.list_tracks(connection, artist_id, library_id, before, size + 1)
        response = pb.ListArtistTracksResponse(
            tracks=[track_message(track.document, full=False) for track in tracks[:size]]
        )
        if len(tracks) > size:
            last = tracks[size - 1]
            response.next_page_token = await self._page_tokens.issue(
                request, [last.released, str(last.id)]
            )
        return response

    async def ListDuplicateArtists(
        self, request: pb.ListDuplicateArtistsRequest, context: Context
    ) -> pb.ListDuplicateArtistsResponse:
        check = Check()
        tier = _TIERS.decode_required(check, "tier", request.tier)
        size = check.page_size(request.page_size)
        check.done()
        position = await self._page_tokens.read(request)
        after = (str(position[0]), UUID(str(position[1]))) if position else None
        async with self._database.read() as connection:
            page = await duplicates.find(connection, tier, after, size)
        response = pb.ListDuplicateArtistsResponse(groups=page.groups)
        if page.following:
            key, first = page.following
            response.next_page_token = await self._page_tokens.issue(request, [key, str(first)])
        return response

    async def MergeArtists(
        self, request: pb.MergeArtistsRequest, context: Context
    ) -> pb.MergeArtistsResponse:
        wanted = decode_merging(
            request.survivor_id, "artist_ids", request.artist_ids, request.etags, request.request_id
        )

        async def merge_artists(connection: Connection) -> pb.MergeArtistsResponse:
            return await merge.merge(connection, wanted)

        return await once(self._database, request, pb.MergeArtistsResponse, merge_artists)

    async def UnmergeArtists(
        self, request: pb.UnmergeArtistsRequest, context: Context
    ) -> pb.UnmergeArtistsResponse:
        wanted = decode_unmerging(
            "artist_ids", request.artist_ids, request.etags, request.request_id
        )

        async def unmerge(connection: Connection) -> pb.UnmergeArtistsResponse:
            return await merge.unmerge(connection, wanted)

        return await once(self._database, request, pb.UnmergeArtistsResponse, unmerge)

    async def ListMergedArtists(
        self, request: pb.ListMergedArtistsRequest, context: Context
    ) -> pb.ListMergedArtistsResponse:
        check = Check()
        artist_id = check.uuid("id", request.id)
        size = check.page_size(request.page_size)
        check.done()
        position = await self._page_tokens.read(request)
        after = UUID(str(position[0])) if position else UUID(int=0)
        async with self._database.read() as connection:
            merges = await merge_records.list_merged(connection, artist_id, after, size + 1)
        response = pb.ListMergedArtistsResponse(artists=map(encode_merged, merges[:size]))
        if len(merges) > size:
            response.next_page_token = await self._page_tokens.issue(
                request, [str(merges[size - 1].artist_id)]
            )
        return response
