"""Artists that turn out to be one: the others become it, and can become themselves again.

A merged artist has no row any more. What credits it credits the survivor, as the names stand; which
names these were is remembered, so that each can be given back, whatever else has changed since.
Merges take turns with imports, which know artists for as long as they last.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from uuid import UUID

from fonoteca.v1 import artist_pb2 as pb
from service.albums import merged_credits
from service.albums import store as albums
from service.artists import merge_records, store
from service.artists.codec import decode_artist, encode_artist, encode_draft, encode_snapshot
from service.artists.credits import store_credits
from service.artists.inheritance import (
    give_back,
    given_by,
    given_in_all,
    given_instead,
    with_given,
)
from service.artists.merge_records import MergedArtist
from service.artists.model import Artist, ArtistDraft, Credit, TakenName, given_back, given_over
from service.database import Connection
from service.errors import FailedPrecondition, NotFound
from service.search.index import reindex_artist
from service.search.store import fold
from service.suggest.store import settle_popularity
from service.tracks.document import give_credits
from service.tracks.store import get_credits, import_lock
from service.validation import Check
from service.wire.encoding import moment, require_etag, revision_of
from service.wire.merging import Merging, Unmerging


async def merge(connection: Connection, wanted: Merging) -> pb.MergeArtistsResponse:
    """Let artists become another one.

    Raises `NotFound`, `EtagMismatch`, and `FailedPrecondition` when one of them is the survivor, or
    when it would have too much.
    """
    await import_lock(connection)
    locked = await _lock(connection, wanted)
    survivor = locked[wanted.survivor_id]
    merged = list({locked[id_].id: locked[id_] for id_ in wanted.ids}.values())
    merged_ids = [artist.id for artist in merged]
    draft, records = await _inherited(connection, survivor, merged)
    await merge_records.give_up_places(connection, merged_ids)
    await store.update(connection, survivor.id, draft)
    await merge_records.add(connection, survivor.id, records)
    moved_tracks, moved_albums = await _hand_over(connection, survivor.id, merged_ids)
    await merge_records.remove(connection, merged_ids)
    await _tell_search(connection, [survivor.id])
    return pb.MergeArtistsResponse(
        artist=encode_artist(await store.get(connection, survivor.id)),
        moved_tracks=moved_tracks,
        moved_albums=moved_albums,
    )


async def _lock(connection: Connection, wanted: Merging) -> dict[UUID, Artist]:
    """Return the artists that are asked for, by the asked ids; refuse what cannot be merged."""
    leads_to = await merge_records.leading(connection, wanted.asked)
    for id_ in wanted.asked:
        if id_ not in leads_to:
            raise NotFound("artist", id_)
    survivor_id = leads_to[wanted.survivor_id]
    for id_ in wanted.ids:
        if leads_to[id_] == survivor_id:
            raise FailedPrecondition(f"artist {id_} is artist {survivor_id} already")
    await merge_records.hold_tracks(connection, {leads_to[id_] for id_ in wanted.ids})
    artists = await merge_records.lock(connection, set(leads_to.values()))
    for id_, given_etag in wanted.etags.items():
        require_etag(given_etag, artists[leads_to[id_]].revision)
    return {id_: artists[leads_to[id_]] for id_ in wanted.asked}


async def _inherited(
    connection: Connection, survivor: Artist, merged: Iterable[Artist]
) -> tuple[ArtistDraft, list[MergedArtist]]:
    """Return a survivor as it is to be, and what is to be remembered of those that become it."""
    names = list({name for artist in (survivor, *merged) for name in artist.draft.names})
    keys = dict(zip(names, await fold(connection, names), strict=True))
    draft, records = survivor.draft, []
    for artist in merged:
        given = given_by(artist.draft, draft, keys)
        draft = with_given(draft, given)
        said = encode_draft(given).SerializeToString()
        records.append(MergedArtist(artist, encode_snapshot(artist), said))
    return draft, records


async def _hand_over(
    connection: Connection, survivor_id: UUID, merged_ids: list[UUID]
) -> tuple[int, int]:
    """Give what merged artists are credited for to the survivor: so many tracks and albums."""
    former = await get_credits(connection, await merge_records.credits_of(connection, merged_ids))
    credits = {id_: given_over(of, merged_ids, survivor_id) for id_, of in former.items()}
    await store_credits(connection, credits.values())
    of_albums = await albums.lock_of_credits(connection, former)
    of_tracks = await merge_records.tracks_of_credits(connection, former)
    stood = {id_: _names_of(credit, merged_ids) for id_, credit in former.items()}
    await merge_records.add_taken(
        connection,
        [
            (artist_id, subject, name)
            for subject, of in (of_albums | of_tracks).items()
            for artist_id, name in stood[of]
        ],
    )
    await _give(
        connection,
        {id_: credits[of] for id_, of in of_tracks.items()},
        {id_: credits[of] for id_, of in of_albums.items()},
    )
    await merge_records.remove_credits(connection, former)
    return len(of_tracks), len(of_albums)


def _names_of(credit: Credit, artist_ids: Collection[UUID]) -> list[tuple[UUID, TakenName]]:
    """Return the names in a credit that are those of some artists, with these."""
    return [
        (name.artist_id, TakenName(position, name.name, name.role))
        for position, name in enumerate(credit.names)
        if name.artist_id and name.artist_id in artist_ids
    ]


async def _give(
    connection: Connection, of_tracks: Mapping[UUID, Credit], of_albums: Mapping[UUID, Credit]
) -> None:
    """Give tracks and albums other credits, which are stored."""
    await albums.set_credits(connection, of_albums)
    await give_credits(connection, of_tracks, of_albums)


async def _tell_search(connection: Connection, ids: Iterable[UUID]) -> None:
    """Make the tracks of artists findable by the names that these have now."""
    artist_ids = list(dict.fromkeys(ids))
    for artist_id in artist_ids:
        await reindex_artist(connection, artist_id)
    await settle_popularity(connection, artist_ids)


async def unmerge(connection: Connection, wanted: Unmerging) -> pb.UnmergeArtistsResponse:
    """Take merges back, one after the other.

    Raises `NotFound`, `EtagMismatch`, `FailedPrecondition` when one of the artists is not merged or
    its survivor is, and `AlreadyExists` when another artist has what must be unique.
    """
    await import_lock(connection)
    artists: list[pb.Artist] = []
    survivors: dict[UUID, pb.Artist] = {}
    for artist_id in wanted.ids:
        survivor, artist = await _unmerge(connection, artist_id, wanted.etags, survivors)
        survivors[survivor.id] = encode_artist(survivor)
        artists.append(encode_artist(artist))
    await _tell_search(connection, [*survivors, *wanted.ids])
    return pb.UnmergeArtistsResponse(artists=artists, survivors=survivors.values())


async def _unmerge(
    connection: Connection,
    artist_id: UUID,
    etags: Mapping[UUID, str],
    changed: Mapping[UUID, pb.Artist],
) -> tuple[Artist, Artist]:
    """Take one merge back; return the survivor and the artist. Etags hold for the first change."""
    found = await merge_records.get(connection, artist_id)
    survivor_id = found.survivor_id
    if found.leads_to != survivor_id:
        raise FailedPrecondition(
            f"artist {survivor_id} was merged into another one since: unmerge it first",
            {"artist_id": str(survivor_id)},
        )
    taken = await merge_records.taken_from(connection, artist_id)
    await merge_records.hold_subjects(connection, taken)
    survivor = await store.lock(connection, survivor_id)
    if survivor_id not in changed:
        require_etag(etags.get(artist_id, ""), survivor.revision)
    before, given = pb.Artist.FromString(found.artist), pb.Artist.FromString(found.given)
    left, draft = give_back(
        survivor.draft, decode_artist(Check(), before), decode_artist(Check(), given)
    )
    left = await _inherited_instead(connection, survivor, artist_id, left)
    await store.update(connection, survivor_id, left)
    await store.reinstate(
        connection, artist_id, draft, revision_of(before.etag), moment(before.create_time)
    )
    await _hand_back(connection, taken, survivor_id, artist_id)
    await merged_credits.give_back_names(connection, taken, survivor_id, artist_id)
    await merge_records.forget(connection, artist_id)
    return await store.get(connection, survivor_id), await store.get(connection, artist_id)


async def _inherited_instead(
    connection: Connection, survivor: Artist, leaving: UUID, left: ArtistDraft
) -> ArtistDraft:
    """Return what is left of a survivor, with what those have of the rest that are still it."""
    merged = [
        (of, decode_artist(Check(), pb.Artist.FromString(of.artist)))
        for of in await merge_records.merged_into(connection, survivor.id)
        if of.artist_id != leaving
    ]
    names = list({name for of in (survivor.draft, *(of for _, of in merged)) for name in of.names})
    keys = dict(zip(names, await fold(connection, names), strict=True))
    for record, other in merged:
        given = given_instead(other, survivor.draft, left, keys)
        left = with_given(left, given)
        earlier = decode_artist(Check(), pb.Artist.FromString(record.given))
        said = encode_draft(given_in_all(earlier, given)).SerializeToString()
        await merge_records.set_given(connection, record.artist_id, said)
    return left


async def _hand_back(
    connection: Connection, taken: merge_records.Taken, survivor_id: UUID, artist_id: UUID
) -> None:
    """Give an artist the names again that were its own and are still the survivor's."""
    of_albums = await albums.lock_credited(connection, taken)
    of_tracks = await merge_records.credits_of_tracks(connection, taken)
    subjects = of_albums | of_tracks
    former = await get_credits(connection, set(subjects.values()))
    credits = {
        subject: given_back(former[of], taken[subject], survivor_id, artist_id)
        for subject, of in subjects.items()
    }
    changed = {subject: of for subject, of in credits.items() if of.id != subjects[subject]}
    await store_credits(connection, changed.values())
    await _give(
        connection,
        {id_: of for id_, of in changed.items() if id_ in of_tracks},
        {id_: of for id_, of in changed.items() if id_ in of_albums},
    )
    await merge_records.remove_credits(connection, {subjects[id_] for id_ in changed})
