"""PlaylistService: decode, call, encode."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast
from uuid import UUID

from fonoteca.v1 import playlist_pb2 as pb
from fonoteca.v1 import playlist_pb2_grpc
from service.database import Connection, Database
from service.errors import AlreadyExists, VersionMismatch
from service.playlists import edit, store
from service.playlists.codec import encode_playlist
from service.playlists.model import (
    MAX_ADDED_BY,
    MAX_DESCRIPTION,
    MAX_EDIT,
    MAX_NAME,
    MAX_OWNER,
    MAX_TAG,
    MAX_TAGS,
    Addition,
    Block,
    Item,
    ListedItem,
    Move,
    PlaylistDraft,
    Removal,
)
from service.playlists.ranks import HIGHEST, LOWEST
from service.requests import once
from service.tracks.document import track_message
from service.validation import Check
from service.wire.encoding import (
    library_or_default,
    require_etag,
    timestamp,
)
from service.wire.masks import masked
from service.wire.page_token import PageTokens
from service.wire.router import Context

_OUTPUT_ONLY = (
    "id",
    "item_count",
    "duration",
    "version",
    "etag",
    "create_time",
    "update_time",
    "delete_time",
)


class PlaylistServicer(playlist_pb2_grpc.PlaylistServiceServicer):
    """Serves the playlists of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._page_tokens = PageTokens(database)

    async def CreatePlaylist(
        self, request: pb.CreatePlaylistRequest, context: Context
    ) -> pb.Playlist:
        draft = _decode(request.playlist)

        async def create(connection: Connection) -> pb.Playlist:
            playlist_id = await store.create(connection, draft)
            return encode_playlist(await store.get(connection, playlist_id))

        return await once(self._database, request, pb.Playlist, create)

    async def GetPlaylist(self, request: pb.GetPlaylistRequest, context: Context) -> pb.Playlist:
        check = Check()
        playlist_id = check.uuid("id", request.id)
        check.done()
        async with self._database.read() as connection:
            return encode_playlist(await store.get(connection, playlist_id))

    async def ListPlaylists(
        self, request: pb.ListPlaylistsRequest, context: Context
    ) -> pb.ListPlaylistsResponse:
        check = Check()
        wanted = _decode_filter(check, request)
        size = check.page_size(request.page_size)
        check.done()
        position = await self._page_tokens.read(request)
        before = UUID(str(position[0])) if position else None
        async with self._database.read() as connection:
            playlists = await store.list_before(connection, wanted, before, size + 1)
        response = pb.ListPlaylistsResponse(playlists=map(encode_playlist, playlists[:size]))
        if len(playlists) > size:
            response.next_page_token = await self._page_tokens.issue(
                request, [str(playlists[size - 1].id)]
            )
        return response

    async def UpdatePlaylist(
        self, request: pb.UpdatePlaylistRequest, context: Context
    ) -> pb.Playlist:
        check = Check()
        playlist_id = check.uuid("playlist.id", request.playlist.id)
        check.done()

        async def update(connection: Connection) -> pb.Playlist:
            locked = await store.lock_live(connection, playlist_id)
            require_etag(request.playlist.etag, locked.revision)
            current = encode_playlist(await store.get(connection, playlist_id))
            wanted = masked(current, request.playlist, request.update_mask, ignored=_OUTPUT_ONLY)
            draft = _decode_change(wanted, current)
            if draft.unique_tracks and not locked.unique_tracks:
                await edit.require_unique(connection, playlist_id)
            await store.update(connection, playlist_id, draft)
            return encode_playlist(await store.get(connection, playlist_id))

        return await once(self._database, request, pb.Playlist, update)

    async def DeletePlaylist(
        self, request: pb.DeletePlaylistRequest, context: Context
    ) -> pb.Playlist:
        check = Check()
        playlist_id = check.uuid("id", request.id)
        check.done()

        async def delete(connection: Connection) -> pb.Playlist:
            locked = await store.lock_live(connection, playlist_id)
            require_etag(request.etag, locked.revision)
            await store.set_deleted(connection, playlist_id, deleted=True)
            return encode_playlist(await store.get(connection, playlist_id))

        return await once(self._database, request, pb.Playlist, delete)

    async def UndeletePlaylist(
        self, request: pb.UndeletePlaylistRequest, context: Context
    ) -> pb.Playlist:
        check = Check()
        playlist_id = check.uuid("id", request.id)
        check.done()

        async def undelete(connection: Connection) -> pb.Playlist:
            locked = await store.lock(connection, playlist_id)
            if not locked.is_deleted:
                raise AlreadyExists("playlist", playlist_id, "the playlist is not deleted")
            require_etag(request.etag, locked.revision)
            await store.set_deleted(connection, playlist_id, deleted=False)
            return encode_playlist(await store.get(connection, playlist_id))

        return await once(self._database, request, pb.Playlist, undelete)

    async def AddPlaylistItems(
        self, request: pb.AddPlaylistItemsRequest, context: Context
    ) -> pb.AddPlaylistItemsResponse:
        addition = _decode_addition(request)

        async def add(connection: Connection) -> pb.AddPlaylistItemsResponse:
            block = await edit.add(connection, addition)
            return pb.AddPlaylistItemsResponse(items=_encode_block(block), version=block.version)

        return await once(self._database, request, pb.AddPlaylistItemsResponse, add)

    async def ListPlaylistItems(
        self, request: pb.ListPlaylistItemsRequest, context: Context
    ) -> pb.ListPlaylistItemsResponse:
        check = Check()
        playlist_id = check.uuid("playlist_id", request.playlist_id)
        size = check.page_size(request.page_size)
        check.done()
        token = await self._page_tokens.read(request)
        # A page begins after a rank, so it costs the same at any depth; its position comes along.
        version, after, first = cast("list[int]", token) if token else (None, LOWEST, 0)
        async with self._database.read() as connection:
            page = await store.list_items(connection, playlist_id, after, size + 1)
        if version not in (None, page.version):
            raise VersionMismatch(page.version)
        items = page.items[:size]
        response = pb.ListPlaylistItemsResponse(version=page.version, items=_listed(items, first))
        if len(page.items) > size:
            response.next_page_token = await self._page_tokens.issue(
                request, [page.version, items[-1].rank, first + size]
            )
        return response

    async def MovePlaylistItems(
        self, request: pb.MovePlaylistItemsRequest, context: Context
    ) -> pb.MovePlaylistItemsResponse:
        change = _decode_move(request)

        async def move(connection: Connection) -> pb.MovePlaylistItemsResponse:
            block = await edit.move(connection, change)
            return pb.MovePlaylistItemsResponse(items=_encode_block(block), version=block.version)

        return await once(self._database, request, pb.MovePlaylistItemsResponse, move)

    async def RemovePlaylistItems(
        self, request: pb.RemovePlaylistItemsRequest, context: Context
    ) -> pb.RemovePlaylistItemsResponse:
        check = Check()
        removal = Removal(
            playlist_id=check.uuid("playlist_id", request.playlist_id),
            item_ids=_decode_item_ids(check, request.item_ids),
            expected_version=_decode_version(check, request),
        )
        check.done()

        async def remove(connection: Connection) -> pb.RemovePlaylistItemsResponse:
            return pb.RemovePlaylistItemsResponse(version=await edit.remove(connection, removal))

        return await once(self._database, request, pb.RemovePlaylistItemsResponse, remove)


def _decode(message: pb.Playlist) -> PlaylistDraft:
    check = Check()
    draft = check.within("playlist", _draft, message)
    check.done()
    return draft


def _decode_change(message: pb.Playlist, current: pb.Playlist) -> PlaylistDraft:
    """Read the new values of a playlist; those that cannot be changed may be left out."""
    check = Check()
    if message.library_id not in ("", current.library_id):
        check.fail("playlist.library_id", "cannot be changed")
    if message.owner not in ("", current.owner):
        check.fail("playlist.owner", "cannot be changed")
    draft = check.within("playlist", _draft, message)
    check.done()
    return draft


def _draft(check: Check, message: pb.Playlist) -> PlaylistDraft:
    return PlaylistDraft(
        library_id=library_or_default(check, "library_id", message.library_id),
        name=check.text("name", message.name, max_length=MAX_NAME, required=True),
        description=check.text("description", message.description, max_length=MAX_DESCRIPTION),
        owner=check.text("owner", message.owner, max_length=MAX_OWNER),
        is_public=message.public,
        is_collaborative=message.collaborative,
        unique_tracks=message.unique_tracks,
        tags=_decode_tags(check, message.tags),
    )


def _decode_tags(check: Check, tags: Sequence[str]) -> list[str]:
    if len(tags) > MAX_TAGS:
        check.fail("tags", f"must have at most {MAX_TAGS} entries, has {len(tags)}")
        return []
    for index, tag in enumerate(tags):
        check.text(f"tags[{index}]", tag, max_length=MAX_TAG, required=True)
    if len(set(tags)) < len(tags):
        check.fail("tags", "must not hold the same tag twice")
    return list(tags)


def _decode_filter(check: Check, request: pb.ListPlaylistsRequest) -> store.Filter:
    return store.Filter(
        library_id=check.optional_uuid("library_id", request.library_id),
        owner=check.text("owner", request.owner, max_length=MAX_OWNER) or None,
        tag=check.text("tag", request.tag, max_length=MAX_TAG) or None,
        with_deleted=request.show_deleted,
    )


def _decode_addition(request: pb.AddPlaylistItemsRequest) -> Addition:
    check = Check()
    addition = Addition(
        playlist_id=check.uuid("playlist_id", request.playlist_id),
        track_ids=_decode_ids(check, "track_ids", request.track_ids),
        before=check.optional_uuid("before_item_id", request.before_item_id),
        added_by=check.text("added_by", request.added_by, max_length=MAX_ADDED_BY),
        expected_version=_decode_version(check, request),
    )
    check.done()
    return addition


def _decode_move(request: pb.MovePlaylistItemsRequest) -> Move:
    check = Check()
    change = Move(
        playlist_id=check.uuid("playlist_id", request.playlist_id),
        item_ids=_decode_item_ids(check, request.item_ids),
        before=check.optional_uuid("before_item_id", request.before_item_id),
        expected_version=_decode_version(check, request),
    )
    if change.before in change.item_ids:
        check.fail("before_item_id", "must not be one of the items that are moved")
    check.done()
    return change


def _decode_ids(check: Check, field: str, values: Sequence[str]) -> tuple[UUID, ...]:
    """Read the ids that a change of items names, 1 to `MAX_EDIT`."""
    if 1 <= len(values) <= MAX_EDIT:
        return tuple(check.uuid(f"{field}[{index}]", value) for index, value in enumerate(values))
    check.fail(field, f"must have 1 to {MAX_EDIT} entries, has {len(values)}")
    return ()


def _decode_item_ids(check: Check, values: Sequence[str]) -> tuple[UUID, ...]:
    ids = _decode_ids(check, "item_ids", values)
    if len(set(ids)) < len(ids):
        check.fail("item_ids", "must not hold the same item twice")
    return ids


def _decode_version(
    check: Check,
    request: pb.AddPlaylistItemsRequest
    | pb.MovePlaylistItemsRequest
    | pb.RemovePlaylistItemsRequest,
) -> int | None:
    if not request.HasField("expected_version"):
        return None
    return check.whole("expected_version", request.expected_version, low=0, high=HIGHEST)


def _encode_item(item: Item, position: int) -> pb.PlaylistItem:
    return pb.PlaylistItem(
        id=str(item.id),
        position=position,
        track_id=str(item.track_id),
        added_by=item.added_by,
        add_time=timestamp(item.added_at),
    )


def _encode_block(block: Block) -> list[pb.PlaylistItem]:
    return [_encode_item(item, number) for number, item in enumerate(block.items, block.position)]


def _listed(items: Sequence[ListedItem], first: int) -> list[pb.PlaylistItem]:
    """Return items, the first of which is at position `first`, with their tracks."""
    messages = []
    for position, item in enumerate(items, first):
        message = _encode_item(item, position)
        if item.document is not None:
            message.track.CopyFrom(track_message(item.document, full=False))
        messages.append(message)
    return messages
