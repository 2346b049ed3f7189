"""Merged albums: what a survivor gets, where old ids and names lead, and how it is taken back."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from random import Random
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from grpc import StatusCode
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from fonoteca.v1 import album_pb2 as pb
from fonoteca.v1 import artist_pb2, artwork_pb2, artwork_pb2_grpc, track_pb2, types_pb2
from service.database import Connection, Database
from tests.support.documents import documents_agree
from tests.support.errors import raises_status
from tests.support.scanned import bring, only, song
from tests.support.upkeep import faults
from tests.support.writing import credited, found

if TYPE_CHECKING:
    from fonoteca.v1.album_pb2_grpc import AlbumServiceAsyncStub
    from fonoteca.v1.artist_pb2_grpc import ArtistServiceAsyncStub
    from fonoteca.v1.artwork_pb2_grpc import ArtworkServiceAsyncStub
    from fonoteca.v1.search_pb2_grpc import SearchServiceAsyncStub
    from fonoteca.v1.track_pb2_grpc import TrackServiceAsyncStub
    from tests.conftest import NewTrack

UNKNOWN = "01920000-0000-7000-8000-000000000000"


async def merge(
    albums: AlbumServiceAsyncStub, survivor: str, *merged: str, **fields: Any
) -> pb.MergeAlbumsResponse:
    request = pb.MergeAlbumsRequest(survivor_id=survivor, album_ids=merged, **fields)
    return await albums.MergeAlbums(request)


async def unmerge(
    albums: AlbumServiceAsyncStub, *merged: str, **fields: Any
) -> pb.UnmergeAlbumsResponse:
    return await albums.UnmergeAlbums(pb.UnmergeAlbumsRequest(album_ids=merged, **fields))


async def get(albums: AlbumServiceAsyncStub, album_id: str) -> pb.Album:
    return await albums.GetAlbum(pb.GetAlbumRequest(id=album_id))


async def get_track(tracks: TrackServiceAsyncStub, track_id: str) -> track_pb2.Track:
    return await tracks.GetTrack(track_pb2.GetTrackRequest(id=track_id))


async def change(albums: AlbumServiceAsyncStub, album_id: str, **fields: Any) -> pb.Album:
    return await albums.UpdateAlbum(
        pb.UpdateAlbumRequest(
            album=pb.Album(id=album_id, **fields), update_mask=FieldMask(paths=list(fields))
        )
    )


async def on(new_track: NewTrack, title: str, artist: str = "Band", **fields: Any) -> str:
    """Create a track on an album of this title; return the album."""
    track = await new_track(
        f"On {title}", artist=artist, album=track_pb2.TrackAlbum(title=title), **fields
    )
    return track.album.id


def source(name: str) -> types_pb2.ExternalSource:
    return types_pb2.ExternalSource(type="discogs", id=name)


def told(message: Any) -> Any:
    """Return a message without what every change changes."""
    rest = type(message)()
    rest.CopyFrom(message)
    rest.ClearField("etag")
    rest.ClearField("update_time")
    return rest


async def test_a_survivor_gets_tracks_places_and_what_it_does_not_know(
    albums: AlbumServiceAsyncStub,
    tracks: TrackServiceAsyncStub,
    search: SearchServiceAsyncStub,
    new_track: NewTrack,
    connection: Connection,
) -> None:
    own = await on(new_track, "Ten", track_number=1)
    merged = await on(new_track, "Ten Deluxe Edition", track_number=7)
    await change(
        albums,
        own,
        label="Epic",
        covers=[pb.AlbumCover(uri="https://one.example")],
        sources=[source("1")],
    )
    await change(
        albums,
        merged,
        label="Sony",
        barcode="886974560722",
        mbid=str(uuid4()),
        type=pb.ALBUM_TYPE_ALBUM,
        release_date=types_pb2.PartialDate(year=1991),
        total_tracks=11,
        catalog_number="ZK 47857",
        covers=[pb.AlbumCover(uri=f"https://{name}.example") for name in ("one", "two")],
        sources=[source("2")],
    )
    before = await get(albums, merged)
    response = await merge(albums, own, merged)
    result = response.album
    assert result == await get(albums, own)
    assert response.moved_tracks == 1
    assert (result.title, result.label, result.barcode) == ("Ten", "Epic", before.barcode)
    assert (result.mbid, result.type, result.total_tracks) == (before.mbid, before.type, 11)
    assert (result.release_date, result.catalog_number) == (before.release_date, "ZK 47857")
    assert [of.uri for of in result.covers] == ["https://one.example", "https://two.example"]
    assert [of.id for of in result.sources] == ["1", "2"]
    listed = await albums.ListAlbumTracks(pb.ListAlbumTracksRequest(album_id=own))
    assert [(of.track_number, of.album.title) for of in listed.tracks] == [(1, "Ten"), (7, "Ten")]
    assert {of.album.mbid for of in listed.tracks} == {before.mbid}
    assert len((await albums.ListAlbums(pb.ListAlbumsRequest())).albums) == 1
    assert await found(search, "on ten deluxe") == {listed.tracks[1].id}  # the title of the track
    [kept] = (await albums.ListMergedAlbums(pb.ListMergedAlbumsRequest(id=own))).albums
    assert (kept.album, kept.survivor_id) == (before, own)
    await documents_agree(connection)


async def test_old_ids_lead_to_the_survivor(
    albums: AlbumServiceAsyncStub,
    tracks: TrackServiceAsyncStub,
    new_track: NewTrack,
    channel: grpc.aio.Channel,
) -> None:
    one, two, last = [await on(new_track, title) for title in ("One", "Two", "Last")]
    await merge(albums, two, one)
    await merge(albums, last, two)  # on it goes
    artwork: ArtworkServiceAsyncStub = artwork_pb2_grpc.ArtworkServiceStub(channel)
    for old in (one, two):
        assert (await get(albums, old)).id == last
        assert (await change(albums, old, label="Epic")).id == last
        listed = await albums.ListAlbumTracks(pb.ListAlbumTracksRequest(album_id=old))
        assert len(listed.tracks) == 3
        chosen = await tracks.ListTracks(track_pb2.ListTracksRequest(filter=f"album_id:{old}"))
        assert len(chosen.tracks) == 3
        made = await new_track("By id", album=track_pb2.TrackAlbum(id=old))
        assert (made.album.id, made.album.title) == (last, "Last")
        await tracks.DeleteTrack(track_pb2.DeleteTrackRequest(id=made.id))
        await artwork.ListArtwork(artwork_pb2.ListArtworkRequest(album_id=old))
    page = await albums.ListMergedAlbums(pb.ListMergedAlbumsRequest(id=one, page_size=1))
    rest = await albums.ListMergedAlbums(
        pb.ListMergedAlbumsRequest(id=one, page_size=1, page_token=page.next_page_token)
    )
    assert [of.album.id for of in (*page.albums, *rest.albums)] == sorted([one, two])
    assert not rest.next_page_token


async def test_names_of_a_merged_album_lead_to_the_survivor(
    albums: AlbumServiceAsyncStub, new_track: NewTrack
) -> None:
    mbid = str(uuid4())
    own = await on(new_track, "Ten", artist="Pearl Jam")
    merged = await on(new_track, "Ten Redux", artist="Pearl Jam")
    await change(albums, own, mbid=str(uuid4()))
    await change(albums, merged, mbid=mbid)
    await merge(albums, own, merged)
    assert await on(new_track, "ten redux", artist="Pearl Jam") == own
    by_mbid = track_pb2.TrackAlbum(title="Whatever", mbid=mbid)
    assert (await new_track(album=by_mbid)).album.id == own
    assert await on(new_track, "Ten Redux", artist="Another") not in (own, merged)


async def test_names_lead_on_when_the_artist_was_merged_too(
    albums: AlbumServiceAsyncStub, artists: ArtistServiceAsyncStub, new_track: NewTrack
) -> None:
    own = await on(new_track, "Ten", artist="Pearl Jam")
    merged = await on(new_track, "Ten Redux", artist="Perl Jam")
    [band, misspelt] = [(await get(albums, of)).credits[0].artist_id for of in (own, merged)]
    await merge(albums, own, merged)
    request = artist_pb2.MergeArtistsRequest(survivor_id=band, artist_ids=[misspelt])
    await artists.MergeArtists(request)
    assert await on(new_track, "Ten Redux", artist="Pearl Jam") == own
    await unmerge(albums, merged)
    assert (await get(albums, merged)).credits[0].artist_id == band
    assert await on(new_track, "Ten Redux", artist="Perl Jam") == merged


async def test_scans_do_not_make_a_merged_album_again(
    albums: AlbumServiceAsyncStub, tracks: TrackServiceAsyncStub, connection: Connection
) -> None:
    first = [song(f"one/{name}", "Queen", of="Queen", album="Hits") for name in ("a", "b")]
    other = [song(f"two/{name}", "Queen", of="Queen", album="Hits I") for name in ("c", "d")]
    await bring(tracks, *first, *other)
    own, merged = (await only(tracks, "a")).album.id, (await only(tracks, "c")).album.id
    await merge(albums, own, merged)
    for again in other:
        again.comment = "retagged"
    late = song("two/e", "Queen", of="Queen", album="Hits I")
    elsewhere = song("three/f", "Queen", of="Queen", album="Hits I")
    await bring(tracks, *other, late, elsewhere)
    assert {(await only(tracks, name)).album.id for name in "abcde"} == {own}
    assert (await only(tracks, "f")).album.id not in (own, merged)  # another folder: another album
    await unmerge(albums, merged)
    assert {(await only(tracks, name)).album.id for name in "abe"} == {own}
    assert {(await only(tracks, name)).album.id for name in "cd"} == {merged}
    await bring(tracks, song("two/g", "Queen", of="Queen", album="Hits I"))
    assert (await only(tracks, "g")).album.id == merged
    await documents_agree(connection)


async def test_a_folder_joins_what_became_of_its_album(
    albums: AlbumServiceAsyncStub, tracks: TrackServiceAsyncStub, new_track: NewTrack
) -> None:
    own = await on(new_track, "Hits", artist="Queen")
    await merge(albums, own, await on(new_track, "Hits I", artist="Queen"))
    await bring(
        tracks,
        song("one/a", "Queen", of="Queen", album="Hits"),
        song("two/b", "Queen", of="Queen", album="Hits I"),
    )
    assert {(await only(tracks, name)).album.id for name in "ab"} == {own}


async def test_taken_back_an_album_has_what_was_its_own(
    albums: AlbumServiceAsyncStub,
    tracks: TrackServiceAsyncStub,
    new_track: NewTrack,
    connection: Connection,
) -> None:
    own = await on(new_track, "One")
    kept = await new_track("Kept", artist="Band", album=track_pb2.TrackAlbum(title="Two"))
    gone = await new_track("Gone", artist="Band", album=track_pb2.TrackAlbum(title="Two"))
    merged = kept.album.id
    covers = [pb.AlbumCover(uri="https://two.example")]
    date = types_pb2.PartialDate(year=1999)
    await change(
        albums, merged, barcode="123456", sources=[source("2")], covers=covers, release_date=date
    )
    before, own_before = await get(albums, merged), await get(albums, own)
    await merge(albums, own, merged)
    await change(albums, own, release_date=types_pb2.PartialDate(year=2001))
    elsewhere = track_pb2.Track(id=gone.id, album=track_pb2.TrackAlbum(title="Else"))
    await tracks.UpdateTrack(track_pb2.UpdateTrackRequest(track=elsewhere))
    response = await unmerge(albums, merged)
    [back], [left] = response.albums, response.survivors
    assert told(back) == told(before)
    own_before.release_date.year = 2001
    assert told(left) == told(own_before)
    assert told(await get_track(tracks, kept.id)) == told(kept)
    assert (await get_track(tracks, gone.id)).album.title == "Else"
    assert await on(new_track, "Two") == merged
    await documents_agree(connection)


async def test_what_another_merged_album_has_too_stays(
    albums: AlbumServiceAsyncStub, new_track: NewTrack
) -> None:
    one, two, three = [await on(new_track, title) for title in ("A", "B", "C")]
    covers = [pb.AlbumCover(uri=f"https://{name}.example") for name in ("front", "gone")]
    await change(albums, two, label="Epic", covers=covers)
    await change(albums, three, label="Sony", covers=covers)
    plain = await get(albums, one)
    await merge(albums, one, two, three)
    await change(albums, one, covers=covers[:1])
    [left] = (await unmerge(albums, two)).survivors
    assert (left.label, [of.uri for of in left.covers]) == ("Sony", ["https://front.example"])
    [left] = (await unmerge(albums, three)).survivors
    assert told(left) == told(plain)


async def test_a_survivor_that_was_merged_is_taken_back_first(
    albums: AlbumServiceAsyncStub, new_track: NewTrack
) -> None:
    one, two, three = [await on(new_track, title) for title in ("One", "Two", "Three")]
    await merge(albums, two, one)
    await merge(albums, three, two)
    with raises_status(StatusCode.FAILED_PRECONDITION, metadata={"album_id": two}):
        await unmerge(albums, one)
    response = await unmerge(albums, two, one)
    assert [of.id for of in response.survivors] == [three, two]
    assert [(await get(albums, of)).id for of in (one, two, three)] == [one, two, three]


async def test_a_dry_run_changes_nothing(
    albums: AlbumServiceAsyncStub, new_track: NewTrack
) -> None:
    one, two = [await on(new_track, title) for title in ("One", "Two")]
    assert (await merge(albums, one, two, validate_only=True)).moved_tracks == 1
    assert (await get(albums, two)).id == two
    await merge(albums, one, two)
    assert (await unmerge(albums, two, validate_only=True)).albums[0].title == "Two"
    assert (await get(albums, two)).id == one


async def test_etags_must_be_current_and_requests_are_done_once(
    albums: AlbumServiceAsyncStub, new_track: NewTrack
) -> None:
    one, two = [await on(new_track, title) for title in ("One", "Two")]
    old = await get(albums, two)
    new = await change(albums, two, label="Epic")
    with raises_status(StatusCode.ABORTED, reason="ETAG_MISMATCH"):
        await merge(albums, one, two, etags={two: old.etag})
    request_id = str(uuid4())
    merged = await merge(albums, one, two, etags={two: new.etag}, request_id=request_id)
    assert merged == await merge(albums, one, two, etags={two: new.etag}, request_id=request_id)
    with raises_status(StatusCode.ABORTED, reason="ETAG_MISMATCH"):
        await unmerge(albums, two, etags={two: "old"})
    await unmerge(albums, two, etags={two: merged.album.etag})


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"album_ids": [UNKNOWN]}, "survivor_id"),
        ({"survivor_id": UNKNOWN}, "album_ids"),
        ({"survivor_id": UNKNOWN, "album_ids": ["x"]}, "album_ids[0]"),
        ({"survivor_id": UNKNOWN, "album_ids": [UNKNOWN]}, "album_ids"),
        ({"survivor_id": UNKNOWN, "album_ids": [str(uuid4())] * 2}, "album_ids"),
        ({"survivor_id": UNKNOWN, "album_ids": [str(uuid4())], "etags": {"x": ""}}, "etags"),
    ],
)  # fmt: skip
async def test_bad_merges_are_named(
    albums: AlbumServiceAsyncStub, fields: dict[str, Any], field: str
) -> None:
    with raises_status(StatusCode.INVALID_ARGUMENT, field=field):
        await albums.MergeAlbums(pb.MergeAlbumsRequest(**fields))


async def test_what_cannot_be_merged_is_refused(
    albums: AlbumServiceAsyncStub, new_track: NewTrack
) -> None:
    one, two = [await on(new_track, title) for title in ("One", "Two")]
    with raises_status(StatusCode.NOT_FOUND):
        await merge(albums, one, UNKNOWN)
    with raises_status(StatusCode.NOT_FOUND):
        await unmerge(albums, UNKNOWN)
    with raises_status(StatusCode.NOT_FOUND):
        await albums.ListMergedAlbums(pb.ListMergedAlbumsRequest(id=UNKNOWN))
    with raises_status(StatusCode.FAILED_PRECONDITION):
        await unmerge(albums, one)
    await merge(albums, one, two)
    for pair in ((one, two), (two, one)):
        with raises_status(StatusCode.FAILED_PRECONDITION):
            await merge(albums, *pair)
    many = [pb.AlbumCover(uri=f"https://{number}.example") for number in range(50)]
    await change(albums, one, covers=many)
    more = await on(new_track, "More")
    await change(albums, more, covers=[pb.AlbumCover(uri="https://more.example")])
    with raises_status(StatusCode.FAILED_PRECONDITION, metadata={"field": "covers"}):
        await merge(albums, one, more)


async def test_an_identifier_that_somebody_has_taken_keeps_an_album_merged(
    albums: AlbumServiceAsyncStub, new_track: NewTrack
) -> None:
    one, two, three = [await on(new_track, title) for title in ("One", "Two", "Three")]
    mbid = str(uuid4())
    await change(albums, one, mbid=str(uuid4()))
    await change(albums, two, mbid=mbid)
    await merge(albums, one, two)
    await change(albums, three, mbid=mbid)
    with raises_status(StatusCode.ALREADY_EXISTS):
        await unmerge(albums, two)


async def test_merges_crosswise_and_new_tracks_end_on_one_album(
    albums: AlbumServiceAsyncStub,
    tracks: TrackServiceAsyncStub,
    new_track: NewTrack,
    connection: Connection,
) -> None:
    titles = [f"Album {number}" for number in range(5)]
    ids = [await on(new_track, title) for title in titles]
    answers = await asyncio.gather(
        *(merge(albums, one, other) for one in ids for other in ids if one != other),
        *(on(new_track, title) for title in titles for _ in range(3)),
        *(new_track(album=track_pb2.TrackAlbum(id=id_)) for id_ in ids for _ in range(3)),
        return_exceptions=True,
    )
    assert sum(isinstance(of, pb.MergeAlbumsResponse) for of in answers) == len(ids) - 1
    assert len({of.album.id for of in await documents_agree(connection)}) == 1


async def merge_all(albums: AlbumServiceAsyncStub, pairs: Sequence[tuple[str, str]]) -> list[str]:
    """Merge each second album into the first, unless they are one already; return the merged."""
    merged = []
    for pair in pairs:
        survivor, other = [(await get(albums, album_id)).id for album_id in pair]
        if survivor != other:
            await merge(albums, *pair)
            merged.append(other)
    return merged


_TITLES = st.sampled_from(["Ten", "ten", "Eleven", "Twelve"])
_ARTISTS = st.sampled_from(["Ana", "Bo", ""])


@settings(
    max_examples=8,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    songs=st.lists(st.tuples(_TITLES, _ARTISTS), min_size=2, max_size=6),
    facts=st.lists(
        st.fixed_dictionaries(
            {},
            optional={
                "label": st.sampled_from(["Epic", "Sony"]),
                "release_date": st.builds(types_pb2.PartialDate, year=st.integers(1990, 1993)),
                "credits": st.just(credited("Ana", "Bo")),
                "total_tracks": st.integers(1, 3),
            },
        ),
        max_size=4,
    ),
    pairs=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=5),
    dice=st.randoms(),
)
async def test_merging_and_taking_back_leaves_all_as_it_was(
    albums: AlbumServiceAsyncStub,
    new_track: NewTrack,
    database: Database,
    connection: Connection,
    songs: list[tuple[str, str]],
    facts: list[dict[str, Any]],
    pairs: list[tuple[int, int]],
    dice: Random,
) -> None:
    for title, artist in songs:
        await on(new_track, title, artist)

    async def everything() -> tuple[list[Any], list[Any]]:
        assert await faults(database) == []
        kept = (await albums.ListAlbums(pb.ListAlbumsRequest(page_size=1_000))).albums
        tracks = await documents_agree(connection)
        return list(map(told, kept)), list(map(told, tracks))

    ids = [of.id for of in (await everything())[0]]
    for album_id, fields in zip(ids, facts, strict=False):
        if fields:
            await change(albums, album_id, **fields)
    before = await everything()
    merged = await merge_all(albums, [(ids[a % len(ids)], ids[b % len(ids)]) for a, b in pairs])
    await everything()
    while merged:  # in any order in which it can be done
        taken_back = dice.choice(merged)
        try:
            await unmerge(albums, taken_back)
        except grpc.aio.AioRpcError as error:
            if error.code() is not StatusCode.FAILED_PRECONDITION:
                raise
        else:
            merged.remove(taken_back)
    assert await everything() == before
