"""Albums that turn out to be one: the others become it, and can become themselves again.

A merged album has no row any more. Its tracks and folders are the survivor's, and what names it by
title and artist, or by MusicBrainz id, means the survivor, so that no import makes it again. Merges
take turns with imports, which know albums for as long as they last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from fonoteca.v1 import album_pb2 as pb
from service.albums import merge_records, store
from service.albums.codec import encode_album, encode_draft
from service.albums.inheritance import (
    give_back,
    given_by,
    given_in_all,
    given_instead,
    with_given,
)
from service.albums.merge_records import MergedAlbum
from service.albums.merged_credits import come_back, inherit, led
from service.albums.model import Album, AlbumDraft
from service.artists.credits import resolve_credits
from service.database import Connection
from service.errors import FailedPrecondition, NotFound
from service.search.index import reindex
from service.suggest.store import settle_popularity
from service.tracks.document import refresh_album, show_album
from service.tracks.store import import_lock
from service.wire.encoding import moment, require_etag, revision_of
from service.wire.merging import Merging, Unmerging


async def merge(connection: Connection, wanted: Merging) -> pb.MergeAlbumsResponse:
    """Let albums become another one.

    Raises `NotFound`, `EtagMismatch`, and `FailedPrecondition` when one of them is the survivor, or
    when it would have too much.
    """
    await import_lock(connection)
    locked = await _lock(connection, wanted)
    survivor = locked[wanted.survivor_id]
    merged = list({locked[id_].id: locked[id_] for id_ in wanted.ids}.values())
    merged_ids = [album.id for album in merged]
    draft, records = survivor.draft, []
    for album in merged:
        given = given_by(album.draft, draft)
        draft = with_given(draft, given)
        kept = encode_album(album).SerializeToString()
        await inherit(connection, survivor.id, album.id, kept, given)
        records.append(MergedAlbum(album.id, kept, encode_draft(given).SerializeToString()))
    await merge_records.add(connection, survivor.id, records)
    await merge_records.give_up_places(connection, merged_ids)
    await _update(connection, survivor, draft)
    moved = await merge_records.hand_over(connection, survivor.id, merged_ids)
    await show_album(connection, survivor.id, moved)
    await merge_records.remove(connection, merged_ids)
    await _tell_search(connection, [survivor.id], moved)
    survivor = await store.get(connection, survivor.id)
    return pb.MergeAlbumsResponse(album=encode_album(survivor), moved_tracks=len(moved))


async def _lock(connection: Connection, wanted: Merging) -> dict[UUID, Album]:
    """Return the albums that are asked for, by the asked ids; refuse what cannot be merged."""
    leads_to = await merge_records.leading(connection, wanted.asked)
    for id_ in wanted.asked:
        if id_ not in leads_to:
            raise NotFound("album", id_)
    survivor_id = leads_to[wanted.survivor_id]
    for id_ in wanted.ids:
        if leads_to[id_] == survivor_id:
            raise FailedPrecondition(f"album {id_} is album {survivor_id} already")
    await store.hold_tracks(connection, wanted.asked)
    albums = {album.id: album for album in await store.lock_many(connection, wanted.asked)}
    for id_, given_etag in wanted.etags.items():
        require_etag(given_etag, albums[leads_to[id_]].revision)
    return {id_: albums[leads_to[id_]] for id_ in wanted.asked}


async def _update(connection: Connection, current: Album, draft: AlbumDraft) -> None:
    """Give a locked album other values, and show them on the tracks that it has."""
    [credit] = await resolve_credits(connection, [draft.credits])
    album = await store.update(connection, current.id, draft, credit)
    if album.shown_on_tracks != current.shown_on_tracks:
        await refresh_album(connection, album.id)


async def _tell_search(
    connection: Connection, album_ids: Sequence[UUID], moved: Sequence[UUID]
) -> None:
    await reindex(connection, moved)
    await settle_popularity(connection, album_ids)


async def unmerge(connection: Connection, wanted: Unmerging) -> pb.UnmergeAlbumsResponse:
    """Take merges back, one after the other.

    Raises `NotFound`, `EtagMismatch`, `FailedPrecondition` when one of the albums is not merged,
    its survivor is, or an artist in its credit was purged, and `AlreadyExists` when another album
    has what must be unique.
    """
    await import_lock(connection)
    albums: list[pb.Album] = []
    survivors: dict[UUID, pb.Album] = {}
    for album_id in wanted.ids:
        survivor, album = await _unmerge(connection, album_id, wanted.etags, survivors)
        survivors[survivor.id] = encode_album(survivor)
        albums.append(encode_album(album))
    return pb.UnmergeAlbumsResponse(albums=albums, survivors=survivors.values())


async def _unmerge(
    connection: Connection,
    album_id: UUID,
    etags: Mapping[UUID, str],
    changed: Mapping[UUID, pb.Album],
) -> tuple[Album, Album]:
    """Take one merge back; return the survivor and the album. Etags hold for the first change."""
    found = await merge_records.get(connection, album_id)
    survivor_id = found.survivor_id
    if found.leads_to != survivor_id:
        raise FailedPrecondition(
            f"album {survivor_id} was merged into another one since: unmerge it first",
            {"album_id": str(survivor_id)},
        )
    survivor = await store.lock(connection, survivor_id)
    if survivor_id not in changed:
        require_etag(etags.get(album_id, ""), survivor.revision)
    left, draft = give_back(
        survivor.draft,
        await come_back(connection, album_id, found.album),
        await led(connection, found.given),
    )
    left = await _inherited_instead(connection, survivor, album_id, left)
    await _update(connection, survivor, left)
    [credit] = await resolve_credits(connection, [draft.credits])
    before = pb.Album.FromString(found.album)
    revision, created_at = revision_of(before.etag), moment(before.create_time)
    await store.reinstate(connection, album_id, draft, credit, revision, created_at)
    moved = await merge_records.hand_back(connection, survivor_id, album_id)
    await merge_records.forget(connection, album_id)
    await show_album(connection, album_id, moved)
    await _tell_search(connection, [survivor_id, album_id], moved)
    return await store.get(connection, survivor_id), await store.get(connection, album_id)


async def _inherited_instead(
    connection: Connection, survivor: Album, leaving: UUID, left: AlbumDraft
) -> AlbumDraft:
    """Return what is left of a survivor, with what those have of the rest that are still it."""
    for record in await merge_records.merged_into(connection, survivor.id):
        if record.album_id == leaving:
            continue
        other = await led(connection, record.album)
        given = given_instead(other, survivor.draft, left)
        left = with_given(left, given)
        await inherit(connection, survivor.id, record.album_id, record.album, given)
        earlier = await led(connection, record.given)
        said = encode_draft(given_in_all(earlier, given)).SerializeToString()
        await merge_records.remember(connection, record.album_id, record.album, said)
    return left
