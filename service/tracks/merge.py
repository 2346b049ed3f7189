"""Tracks that turn out to be one: the others become it, and can become themselves again.

A merged track keeps its row, hidden like a deleted one, and with it everything that is not handed
over. So taking a merge back needs to know only what was.
"""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from google.protobuf.field_mask_pb2 import FieldMask

from fonoteca.v1 import track_pb2 as pb
from service.albums.merge_records import leading as leading_albums
from service.artists.merge_records import leading as leading_artists
from service.database import Connection
from service.errors import Aborted, FailedPrecondition, NotFound
from service.playlists import store as playlists
from service.provenance.model import BY_MERGE
from service.search.index import unindex_tracks
from service.tracks import store
from service.tracks.inheritance import give_back, inherit
from service.tracks.model import TrackDraft
from service.tracks.store import LockedDocument
from service.tracks.write import Change, allowed, lock_live, merged, save, with_file_ids
from service.wire.encoding import require_etag, revision_of
from service.wire.merging import Merging, Unmerging

_EVERYTHING = FieldMask(paths=["*"])


async def merge(connection: Connection, wanted: Merging) -> pb.MergeTracksResponse:
    """Let tracks become another one.

    Raises `NotFound`, `EtagMismatch`, and `FailedPrecondition` when one of them is deleted or the
    survivor itself, or when it would have too much.
    """
    await playlists.hold_lists_of_tracks(connection, wanted.ids)
    locked = await store.lock_leading(connection, wanted.asked)
    _check(wanted, locked)
    current = pb.Track.FromString(locked[wanted.survivor_id].document)
    others = {locked[id_].id: locked[id_] for id_ in wanted.ids}
    survivor = pb.Track()
    survivor.CopyFrom(current)
    given = {
        track_id: inherit(survivor, pb.Track.FromString(of.document)).SerializeToString()
        for track_id, of in others.items()
    }
    survivor_id = UUID(current.id)
    said = await store.retire(connection, survivor_id, given)
    await unindex_tracks(connection, list(others))
    moved, dropped = await playlists.replace_tracks(connection, survivor_id, list(others))
    fingerprints = {(survivor_id, *key): value for key, value in said.items()}
    draft = await allowed(connection, _draft(current, survivor), survivor, current, BY_MERGE)
    change = Change(survivor_id, draft, current, by=BY_MERGE)
    [track] = await save(connection, [change], fingerprints)
    return pb.MergeTracksResponse(track=track, moved_items=moved, dropped_items=dropped)


def _check(wanted: Merging, locked: Mapping[UUID, LockedDocument]) -> None:
    """Refuse what cannot be merged."""
    for id_ in wanted.asked:
        if id_ not in locked:
            raise NotFound("track", id_)
        if locked[id_].is_deleted:
            raise FailedPrecondition(f"track {id_} is deleted: undelete it first")
    survivor = locked[wanted.survivor_id]
    library_id = pb.Track.FromString(survivor.document).library_id
    for id_ in wanted.ids:
        if locked[id_].id == survivor.id:
            raise FailedPrecondition(f"track {id_} is track {survivor.id} already")
        if pb.Track.FromString(locked[id_].document).library_id != library_id:
            raise FailedPrecondition(f"track {id_} belongs to another library")
    for id_, given_etag in wanted.etags.items():
        message = pb.Track.FromString(locked[id_].document)
        require_etag(given_etag, revision_of(message.etag))


async def unmerge(connection: Connection, wanted: Unmerging) -> pb.UnmergeTracksResponse:
    """Take merges back, one after the other.

    Raises `NotFound`, `EtagMismatch`, and `FailedPrecondition` when one of the tracks is not
    merged, or its survivor is not there.
    """
    tracks: list[pb.Track] = []
    survivors: dict[str, pb.Track] = {}
    for track_id in wanted.ids:
        found = await store.get_merge(connection, track_id)
        given_etag = "" if str(found.survivor_id) in survivors else wanted.etags.get(track_id, "")
        survivor, track = await _unmerge(connection, track_id, found.survivor_id, given_etag)
        survivors[survivor.id] = survivor
        tracks.append(track)
    return pb.UnmergeTracksResponse(tracks=tracks, survivors=survivors.values())


async def _unmerge(
    connection: Connection, track_id: UUID, survivor_id: UUID, given_etag: str
) -> tuple[pb.Track, pb.Track]:
    """Take one merge back; return the survivor and the track."""
    await playlists.hold_lists_of_merge(connection, track_id)
    locked = await store.lock(connection, [survivor_id, track_id])
    if (onward := locked[survivor_id].merged_into) is not None:
        raise FailedPrecondition(
            f"track {survivor_id} was merged into track {onward} since: unmerge it first",
            {"track_id": str(survivor_id)},
        )
    current = await lock_live(connection, survivor_id, given_etag)
    found = await store.get_merge(connection, track_id)
    if found.survivor_id != survivor_id:
        raise Aborted("the track was merged otherwise meanwhile")
    before = pb.Track.FromString(locked[track_id].document)
    survivor, track = pb.Track(), pb.Track()
    survivor.CopyFrom(current)
    track.CopyFrom(before)
    give_back(survivor, track, await _led_on(connection, pb.Track.FromString(found.given)))
    said = await store.fingerprints_of(connection, survivor_id)
    await playlists.return_track(connection, survivor_id, track_id)
    await store.reinstate(connection, track_id)
    draft = await allowed(connection, _draft(current, survivor), survivor, current, BY_MERGE)
    changes = [
        Change(survivor_id, draft, current, by=BY_MERGE),
        Change(track_id, _draft(before, track), before, by=None, comes_back=True),
    ]
    fingerprints = {(track_id, *key): value for key, value in said.items()}
    [survivor, track] = await save(connection, changes, fingerprints)
    return survivor, track


async def _led_on(connection: Connection, given: pb.Track) -> pb.Track:
    """Return what a survivor got as it has it now: artists and album may have been merged since."""
    asked = [UUID(name.artist_id) for name in given.credits]
    artists = await leading_artists(connection, asked) if asked else {}
    for name in given.credits:
        name.artist_id = str(artists[UUID(name.artist_id)])
    if given.album.id:
        [album_id] = (await leading_albums(connection, [UUID(given.album.id)])).values()
        given.album.id = str(album_id)
    return given


def _draft(current: pb.Track, wanted: pb.Track) -> TrackDraft:
    return with_file_ids(merged(current, wanted, _EVERYTHING), wanted)
