"""Merged artists: what a survivor gets, where old ids and names lead, and how it is taken back."""

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

from fonoteca.v1 import (
    album_pb2,
    credit_pb2,
    provenance_pb2,
    search_pb2,
    track_pb2,
    types_pb2,
)
from fonoteca.v1 import artist_pb2 as pb
from service.database import Connection, Database
from service.tracks.store import import_lock
from tests.support.documents import documents_agree
from tests.support.errors import raises_status
from tests.support.upkeep import faults
from tests.support.waiting import eventually, is_waiting
from tests.support.writing import credited, found

if TYPE_CHECKING:
    from fonoteca.v1.album_pb2_grpc import AlbumServiceAsyncStub
    from fonoteca.v1.artist_pb2_grpc import ArtistServiceAsyncStub
    from fonoteca.v1.credit_pb2_grpc import CreditServiceAsyncStub
    from fonoteca.v1.provenance_pb2_grpc import ProvenanceServiceAsyncStub
    from fonoteca.v1.search_pb2_grpc import SearchServiceAsyncStub
    from fonoteca.v1.track_pb2_grpc import TrackServiceAsyncStub
    from tests.conftest import NewTrack

UNKNOWN = "01920000-0000-7000-8000-000000000000"
PRIMARY = types_pb2.CREDIT_ROLE_PRIMARY
COMPOSER = types_pb2.CREDIT_ROLE_COMPOSER


async def merge(
    artists: ArtistServiceAsyncStub, survivor: str, *merged: str, **fields: Any
) -> pb.MergeArtistsResponse:
    request = pb.MergeArtistsRequest(survivor_id=survivor, artist_ids=merged, **fields)
    return await artists.MergeArtists(request)


async def unmerge(
    artists: ArtistServiceAsyncStub, *merged: str, **fields: Any
) -> pb.UnmergeArtistsResponse:
    return await artists.UnmergeArtists(pb.UnmergeArtistsRequest(artist_ids=merged, **fields))


async def get(artists: ArtistServiceAsyncStub, artist_id: str) -> pb.Artist:
    return await artists.GetArtist(pb.GetArtistRequest(id=artist_id))


async def get_track(tracks: TrackServiceAsyncStub, track_id: str) -> track_pb2.Track:
    return await tracks.GetTrack(track_pb2.GetTrackRequest(id=track_id))


async def change(artists: ArtistServiceAsyncStub, artist_id: str, **fields: Any) -> pb.Artist:
    return await artists.UpdateArtist(
        pb.UpdateArtistRequest(
            artist=pb.Artist(id=artist_id, **fields), update_mask=FieldMask(paths=list(fields))
        )
    )


async def listed(artists: ArtistServiceAsyncStub) -> list[str]:
    return [of.name for of in (await artists.ListArtists(pb.ListArtistsRequest())).artists]


async def credit_song(
    tracks: TrackServiceAsyncStub, credits: Sequence[types_pb2.CreditedName], **fields: Any
) -> track_pb2.Track:
    """Create a track with a credit of several names, or of ids."""
    track = track_pb2.Track(title="A song", credits=credits, **fields)
    return await tracks.CreateTrack(track_pb2.CreateTrackRequest(track=track))


def artist_of(track: track_pb2.Track, index: int = 0) -> str:
    return track.credits[index].artist_id


def source(name: str) -> types_pb2.ExternalSource:
    return types_pb2.ExternalSource(type="discogs", id=name)


def told(message: Any) -> Any:
    """Return a message without what every change changes."""
    rest = type(message)()
    rest.CopyFrom(message)
    rest.ClearField("etag")
    rest.ClearField("update_time")
    return rest


async def test_a_survivor_gets_names_places_and_what_it_does_not_know(
    artists: ArtistServiceAsyncStub, new_track: NewTrack
) -> None:
    one, two = await new_track(artist="AC/DC"), await new_track(artist="ACDC")
    survivor, merged = artist_of(one), artist_of(two)
    link = types_pb2.Link(type="home", uri="https://one.example")
    await change(
        artists,
        survivor,
        country="AU",
        links=[link],
        sources=[source("1")],
        aliases=[pb.ArtistAlias(name="Acca Dacca", locale="en", primary=True)],
    )
    await change(
        artists,
        merged,
        country="GB",
        mbid=str(uuid4()),
        links=[link, types_pb2.Link(type="fans", uri="https://two.example")],
        sources=[source("2")],
        aliases=[
            pb.ArtistAlias(name="acca dacca"),
            pb.ArtistAlias(name="Akka Dakka", locale="en", primary=True),
        ],
    )
    before = await get(artists, merged)
    response = await merge(artists, survivor, merged)
    result = response.artist
    assert result == await get(artists, survivor)
    assert (result.name, result.country, result.mbid) == ("AC/DC", "AU", before.mbid)
    assert [(of.name, of.primary, of.type) for of in result.aliases] == [
        ("Acca Dacca", True, pb.ALIAS_TYPE_UNSPECIFIED),
        ("ACDC", False, pb.ALIAS_TYPE_FORMER_NAME),
        ("Akka Dakka", False, pb.ALIAS_TYPE_UNSPECIFIED),
    ]
    assert [of.uri for of in result.links] == ["https://one.example", "https://two.example"]
    assert [of.id for of in result.sources] == ["1", "2"]
    assert (response.moved_tracks, response.moved_albums) == (1, 0)
    assert await listed(artists) == ["AC/DC"]
    [listed_merge] = (
        await artists.ListMergedArtists(pb.ListMergedArtistsRequest(id=survivor))
    ).artists
    assert listed_merge.artist == before
    assert listed_merge.survivor_id == survivor
    assert listed_merge.merge_time.seconds > 0


async def test_what_credits_a_merged_artist_credits_the_survivor(
    artists: ArtistServiceAsyncStub,
    albums: AlbumServiceAsyncStub,
    tracks: TrackServiceAsyncStub,
    search: SearchServiceAsyncStub,
    new_track: NewTrack,
    connection: Connection,
) -> None:
    album = track_pb2.TrackAlbum(title="Duets", credits=credited("Bjork G", "Thom"))
    own = await new_track("Own", artist="Björk")
    song = await credit_song(tracks, credited("Bjork G", "Björk"), album=album)
    guest = await new_track("Guest", artist="Thom", album=track_pb2.TrackAlbum(id=song.album.id))
    survivor, merged = artist_of(own), artist_of(song)
    response = await merge(artists, survivor, merged)
    assert (response.moved_tracks, response.moved_albums) == (1, 1)
    after = await get_track(tracks, song.id)
    assert [(of.artist_id, of.name) for of in after.credits] == [
        (survivor, "Bjork G"),
        (survivor, "Björk"),
    ]
    assert after.artist == song.artist
    assert after.album.credits[0].artist_id == survivor
    assert (await get_track(tracks, guest.id)).album.credits[0].artist_id == survivor
    [of_survivor] = (await albums.ListAlbums(album_pb2.ListAlbumsRequest(artist_id=merged))).albums
    assert of_survivor.id == song.album.id
    assert of_survivor.credits[0].artist_id == survivor
    assert await found(search, "bjork g own") == {own.id}  # by what is an alias now
    await documents_agree(connection)


async def test_credits_that_become_equal_are_one(
    artists: ArtistServiceAsyncStub,
    tracks: TrackServiceAsyncStub,
    new_track: NewTrack,
    connection: Connection,
) -> None:
    one = await new_track("One", artist="Nirvana")
    await change(artists, artist_of(one), disambiguation="of Seattle")
    twin = await new_track("Two", artist="Nirvana")
    assert artist_of(twin) == artist_of(one)
    other = await new_track("Three", artist="Nirvana X")
    await change(artists, artist_of(other), name="Nirvana", disambiguation="of London")
    three = await credit_song(
        tracks, [types_pb2.CreditedName(artist_id=artist_of(other), name="Nirvana")]
    )
    await merge(artists, artist_of(one), artist_of(other))
    rows = await connection.execute(
        "SELECT credit_id FROM track WHERE id = ANY(%s::uuid[])", ([one.id, three.id],)
    )
    assert len(set(await rows.fetchall())) == 1
    await documents_agree(connection)
    await unmerge(artists, artist_of(other))
    assert artist_of(await get_track(tracks, three.id)) == artist_of(other)
    assert artist_of(await get_track(tracks, one.id)) == artist_of(one)
    await documents_agree(connection)


async def test_old_ids_and_names_lead_to_the_survivor(
    artists: ArtistServiceAsyncStub,
    tracks: TrackServiceAsyncStub,
    search: SearchServiceAsyncStub,
    new_track: NewTrack,
) -> None:
    one, two = await new_track("One", artist="One"), await new_track("Two", artist="Two")
    last = await new_track("Last", artist="Last")
    survivor, merged = artist_of(one), artist_of(two)
    await merge(artists, survivor, merged)
    await merge(artists, artist_of(last), survivor)  # on it goes
    leads_to = artist_of(last)
    for old in (survivor, merged):
        assert (await get(artists, old)).id == leads_to
        assert (await change(artists, old, country="IS")).id == leads_to
        request = pb.ListArtistTracksRequest(artist_id=old)
        assert len((await artists.ListArtistTracks(request)).tracks) == 3
        chosen = await tracks.ListTracks(track_pb2.ListTracksRequest(filter=f"artist_id:{old}"))
        assert len(chosen.tracks) == 3
        made = await credit_song(tracks, [types_pb2.CreditedName(artist_id=old)])
        assert [(of.artist_id, of.name) for of in made.credits] == [(leads_to, "Last")]
        await tracks.DeleteTrack(track_pb2.DeleteTrackRequest(id=made.id))
    assert artist_of(await new_track("By name", artist="two")) == leads_to
    assert artist_of(await new_track("By name", artist="One")) == leads_to
    assert sorted(await listed(artists)) == ["Last"]
    hits = await search.SearchTracks(search_pb2.SearchTracksRequest(query="artist:two"))
    assert len(hits.hits) == 5
    page = await artists.ListMergedArtists(pb.ListMergedArtistsRequest(id=merged, page_size=1))
    [first] = page.artists
    rest = await artists.ListMergedArtists(
        pb.ListMergedArtistsRequest(id=merged, page_size=1, page_token=page.next_page_token)
    )
    assert {first.artist.id, *(of.artist.id for of in rest.artists)} == {survivor, merged}
    assert not rest.next_page_token


async def test_a_name_still_means_the_survivor_when_the_alias_is_gone(
    artists: ArtistServiceAsyncStub, new_track: NewTrack
) -> None:
    plain = await new_track(artist="Prince")
    reggae = await new_track(artist="Prince R")
    await change(artists, artist_of(reggae), name="Prince", aliases=[], disambiguation="reggae")
    long = await new_track(artist="Prince Rogers Nelson")
    await merge(artists, artist_of(long), artist_of(plain))
    await change(artists, artist_of(long), aliases=[])
    assert artist_of(await new_track(artist="Prince")) == artist_of(long)


async def test_an_import_finds_albums_of_a_merged_artist(
    artists: ArtistServiceAsyncStub, new_track: NewTrack
) -> None:
    album = track_pb2.TrackAlbum(title="Debut")
    old = await new_track("Old", artist="Bjork G", album=album)
    own = await new_track("Own", artist="Björk")
    await merge(artists, artist_of(own), artist_of(old))
    assert (await new_track("New", artist="Björk", album=album)).album.id == old.album.id
    assert (await new_track("Newer", artist="Bjork G", album=album)).album.id == old.album.id


async def test_taken_back_an_artist_has_what_was_its_own(
    artists: ArtistServiceAsyncStub,
    tracks: TrackServiceAsyncStub,
    search: SearchServiceAsyncStub,
    new_track: NewTrack,
    connection: Connection,
) -> None:
    own = await new_track("Own", artist="One")
    song = await new_track("Song", artist="Two", album=track_pb2.TrackAlbum(title="Two's"))
    survivor, merged = artist_of(own), artist_of(song)
    await change(artists, merged, country="IS", mbid=str(uuid4()), sources=[source("2")])
    before = await get(artists, merged)
    await merge(artists, survivor, merged)
    later = await new_track("Later", artist="Two")
    await change(artists, survivor, country="NO", sort_name="Uno")
    response = await unmerge(artists, merged)
    [back], [left] = response.artists, response.survivors
    assert told(back) == told(before)
    assert (left.name, left.sort_name, left.country, left.mbid) == ("One", "Uno", "NO", "")
    assert (list(left.aliases), list(left.sources)) == ([], [])
    assert told(await get_track(tracks, song.id)) == told(song)
    assert artist_of(await get_track(tracks, later.id)) == survivor  # it came later
    assert await found(search, "two song") == {song.id}
    assert await found(search, "one own") == {own.id}
    assert artist_of(await new_track("Newest", artist="Two")) == merged
    await documents_agree(connection)


async def test_what_another_merged_artist_has_too_stays(
    artists: ArtistServiceAsyncStub, new_track: NewTrack
) -> None:
    one, two, three = [artist_of(await new_track(artist=name)) for name in ("A", "B", "C")]
    link = types_pb2.Link(type="homepage", uri="https://band.example")
    nick, other = [pb.ArtistAlias(name=name) for name in ("Nick", "Gone")]
    await change(artists, two, country="IS", links=[link], aliases=[nick, other])
    await change(artists, three, country="NO", links=[link], aliases=[nick, other])
    plain = await get(artists, one)
    await merge(artists, one, two, three)
    kept = [alias for alias in (await get(artists, one)).aliases if alias.name != "Gone"]
    await change(artists, one, aliases=kept)
    [left] = (await unmerge(artists, two)).survivors
    assert (left.country, list(left.links)) == ("NO", [link])
    assert {alias.name for alias in left.aliases} == {"C", "Nick"}
    [left] = (await unmerge(artists, three)).survivors
    assert told(left) == told(plain)


async def test_a_changed_credit_gives_back_the_names_that_it_still_has(
    artists: ArtistServiceAsyncStub, tracks: TrackServiceAsyncStub, new_track: NewTrack
) -> None:
    own, guest = await new_track("Own", artist="One"), await new_track("Guest", artist="Guest")
    song = await credit_song(tracks, credited("Two", "Guest"))
    other = await new_track("Other", artist="Two")
    merged = artist_of(song)
    await merge(artists, artist_of(own), merged)
    await merge(artists, artist_of(await new_track(artist="Host")), artist_of(guest))
    changed = await get_track(tracks, song.id)
    changed.credits.insert(0, types_pb2.CreditedName(name="Somebody"))
    await tracks.UpdateTrack(
        track_pb2.UpdateTrackRequest(track=changed, update_mask=FieldMask(paths=["credits"]))
    )
    await tracks.UpdateTrack(
        track_pb2.UpdateTrackRequest(
            track=track_pb2.Track(id=other.id, credits=credited("Else")),
            update_mask=FieldMask(paths=["credits"]),
        )
    )
    await unmerge(artists, merged)
    assert artist_of(await get_track(tracks, song.id), 1) == merged
    assert [of.name for of in (await get_track(tracks, other.id)).credits] == ["Else"]
    await unmerge(artists, artist_of(guest))
    assert artist_of(await get_track(tracks, song.id), 2) == artist_of(guest)


async def test_a_survivor_that_was_merged_is_taken_back_first(
    artists: ArtistServiceAsyncStub, new_track: NewTrack
) -> None:
    one, two, three = [artist_of(await new_track(artist=name)) for name in ("One", "Two", "Three")]
    await merge(artists, two, one)
    await merge(artists, three, two)
    with raises_status(StatusCode.FAILED_PRECONDITION, metadata={"artist_id": two}):
        await unmerge(artists, one)
    await unmerge(artists, two)
    assert (await get(artists, one)).id == two
    await unmerge(artists, one)
    assert [(await get(artists, of)).id for of in (one, two, three)] == [one, two, three]


async def test_a_dry_run_changes_nothing(
    artists: ArtistServiceAsyncStub, new_track: NewTrack
) -> None:
    one, two = [artist_of(await new_track(artist=name)) for name in ("One", "Two")]
    before = await get(artists, one)
    response = await merge(artists, one, two, validate_only=True)
    assert [of.name for of in response.artist.aliases] == ["Two"]
    assert await get(artists, one) == before
    assert (await get(artists, two)).id == two
    await merge(artists, one, two)
    assert (await unmerge(artists, two, validate_only=True)).artists[0].name == "Two"
    assert (await get(artists, two)).id == one


async def test_a_repeated_request_is_done_once(
    artists: ArtistServiceAsyncStub, new_track: NewTrack
) -> None:
    one, two = [artist_of(await new_track(artist=name)) for name in ("One", "Two")]
    request_id = str(uuid4())
    first = await merge(artists, one, two, request_id=request_id)
    assert await merge(artists, one, two, request_id=request_id) == first


async def test_etags_must_be_current(artists: ArtistServiceAsyncStub, new_track: NewTrack) -> None:
    one, two = [artist_of(await new_track(artist=name)) for name in ("One", "Two")]
    old = await get(artists, two)
    new = await change(artists, two, country="IS")
    with raises_status(StatusCode.ABORTED, reason="ETAG_MISMATCH"):
        await merge(artists, one, two, etags={two: old.etag})
    merged = await merge(artists, one, two, etags={two: new.etag})
    with raises_status(StatusCode.ABORTED, reason="ETAG_MISMATCH"):
        await unmerge(artists, two, etags={two: new.etag + "x"})
    await unmerge(artists, two, etags={two: merged.artist.etag})


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"artist_ids": [UNKNOWN]}, "survivor_id"),
        ({"survivor_id": UNKNOWN}, "artist_ids"),
        ({"survivor_id": UNKNOWN, "artist_ids": ["x"]}, "artist_ids[0]"),
        ({"survivor_id": UNKNOWN, "artist_ids": [UNKNOWN]}, "artist_ids"),
        ({"survivor_id": UNKNOWN, "artist_ids": [str(uuid4())] * 2}, "artist_ids"),
        ({"survivor_id": UNKNOWN, "artist_ids": [str(uuid4())] * 101}, "artist_ids"),
        (
            {"survivor_id": UNKNOWN, "artist_ids": [str(uuid4())], "etags": {str(uuid4()): "1"}},
            "etags",
        ),
        ({"survivor_id": UNKNOWN, "artist_ids": [str(uuid4())], "request_id": "x"}, "request_id"),
    ],
)
async def test_bad_merges_are_named(
    artists: ArtistServiceAsyncStub, fields: dict[str, Any], field: str
) -> None:
    with raises_status(StatusCode.INVALID_ARGUMENT, field=field):
        await artists.MergeArtists(pb.MergeArtistsRequest(**fields))


async def test_what_cannot_be_merged_is_refused(
    artists: ArtistServiceAsyncStub, new_track: NewTrack
) -> None:
    one, two = [artist_of(await new_track(artist=name)) for name in ("One", "Two")]
    with raises_status(StatusCode.NOT_FOUND):
        await merge(artists, one, UNKNOWN)
    with raises_status(StatusCode.NOT_FOUND):
        await merge(artists, UNKNOWN, one)
    with raises_status(StatusCode.NOT_FOUND):
        await unmerge(artists, UNKNOWN)
    with raises_status(StatusCode.NOT_FOUND):
        await artists.ListMergedArtists(pb.ListMergedArtistsRequest(id=UNKNOWN))
    with raises_status(StatusCode.FAILED_PRECONDITION):
        await unmerge(artists, one)
    await merge(artists, one, two)
    for pair in ((one, two), (two, one)):  # they are one already: there is no way round
        with raises_status(StatusCode.FAILED_PRECONDITION):
            await merge(artists, *pair)
    with raises_status(StatusCode.INVALID_ARGUMENT, field="artist_ids"):
        await artists.UnmergeArtists(pb.UnmergeArtistsRequest())


async def test_a_survivor_can_have_too_much(
    artists: ArtistServiceAsyncStub, new_track: NewTrack
) -> None:
    one, two = [artist_of(await new_track(artist=name)) for name in ("One", "Two")]
    aliases = [pb.ArtistAlias(name=f"Name {number}") for number in range(200)]
    await change(artists, one, aliases=aliases)
    with raises_status(StatusCode.FAILED_PRECONDITION, metadata={"field": "aliases"}):
        await merge(artists, one, two)


async def test_a_name_that_somebody_has_taken_keeps_an_artist_merged(
    artists: ArtistServiceAsyncStub, new_track: NewTrack
) -> None:
    one, two, three = [artist_of(await new_track(artist=name)) for name in ("One", "Two", "Three")]
    await merge(artists, one, two)
    await change(artists, three, name="Two")
    with raises_status(StatusCode.ALREADY_EXISTS):
        await unmerge(artists, two)
    assert (await get(artists, two)).id == one


async def test_merges_crosswise_end(
    artists: ArtistServiceAsyncStub, tracks: TrackServiceAsyncStub
) -> None:
    names = [f"Artist {number}" for number in range(6)]
    song = await credit_song(tracks, credited(*names))
    ids = [of.artist_id for of in song.credits]
    pairs = [(one, other) for one in ids for other in ids if one != other]
    answers = await asyncio.gather(
        *(merge(artists, one, other) for one, other in pairs), return_exceptions=True
    )
    assert sum(isinstance(answer, pb.MergeArtistsResponse) for answer in answers) == len(ids) - 1
    assert len({(await get(artists, of)).id for of in ids}) == 1


async def test_writers_of_a_credit_wait_for_a_merge_and_follow_it(
    artists: ArtistServiceAsyncStub,
    tracks: TrackServiceAsyncStub,
    new_track: NewTrack,
    connection: Connection,
) -> None:
    one, two = [artist_of(await new_track(artist=name)) for name in ("One", "Two")]
    by_id = types_pb2.CreditedName(artist_id=two)
    made = await asyncio.gather(
        merge(artists, one, two),
        *(new_track(f"Song {number}", artist="Two") for number in range(10)),
        *(credit_song(tracks, [by_id]) for _ in range(10)),
    )
    assert len(made) == 21
    assert {artist_of(of) for of in await documents_agree(connection)} == {one}


async def test_a_merge_says_nothing_of_tracks(
    artists: ArtistServiceAsyncStub,
    tracks: TrackServiceAsyncStub,
    provenance: ProvenanceServiceAsyncStub,
    new_track: NewTrack,
) -> None:
    own, song = await new_track("Own", artist="One"), await new_track("Song", artist="Two")
    locked = await new_track("Locked", artist="Two")
    await provenance.LockTrackFields(
        provenance_pb2.LockTrackFieldsRequest(id=locked.id, fields=FieldMask(paths=["credits"]))
    )
    ids = (song.id, locked.id)

    async def said() -> list[list[provenance_pb2.FieldProvenance]]:
        requests = [provenance_pb2.GetTrackProvenanceRequest(id=track_id) for track_id in ids]
        return [list((await provenance.GetTrackProvenance(of)).fields) for of in requests]

    before = await said()
    await merge(artists, artist_of(own), artist_of(song))
    assert {artist_of(await get_track(tracks, id_)) for id_ in ids} == {artist_of(own)}
    assert await said() == before


async def test_a_decision_about_a_name_reaches_what_was_merged(
    artists: ArtistServiceAsyncStub,
    tracks: TrackServiceAsyncStub,
    credits: CreditServiceAsyncStub,
    new_track: NewTrack,
) -> None:
    glued = await new_track("Song", artist="Ana / Bo")
    await merge(artists, artist_of(await new_track(artist="Ana")), artist_of(glued))
    await credits.DecideCredit(
        credit_pb2.DecideCreditRequest(name="Ana / Bo", artists=["Ana", "Bo"])
    )
    names = [of.name for of in (await get_track(tracks, glued.id)).credits]
    assert names == ["Ana", "Bo"]


async def test_merges_and_imports_take_turns_and_readers_wait_for_none(
    artists: ArtistServiceAsyncStub,
    new_track: NewTrack,
    connection: Connection,
) -> None:
    one, two = [artist_of(await new_track(artist=name)) for name in ("One", "Two")]
    async with connection.transaction():
        await import_lock(connection)
        merging = asyncio.create_task(merge(artists, one, two))
        await eventually(lambda: is_waiting(connection))
        assert (await get(artists, two)).id == two
        assert not merging.done()
    assert (await merging).moved_tracks == 1


_NAMES = st.sampled_from(["Ana", "ana", "Áńa B", "Bo", "The Bo", "Cy"])
_CREDIT = st.lists(st.tuples(_NAMES, st.sampled_from([PRIMARY, COMPOSER])), min_size=1, max_size=3)
_PAIRS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=5)


@settings(
    max_examples=8,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(songs=st.lists(_CREDIT, min_size=1, max_size=5), pairs=_PAIRS, dice=st.randoms())
async def test_merging_and_taking_back_leaves_all_as_it_was(
    artists: ArtistServiceAsyncStub,
    tracks: TrackServiceAsyncStub,
    database: Database,
    connection: Connection,
    songs: list[list[tuple[str, types_pb2.CreditRole.ValueType]]],
    pairs: list[tuple[int, int]],
    dice: Random,
) -> None:
    for names in songs:
        credit = [types_pb2.CreditedName(name=name, role=role) for name, role in names]
        await credit_song(tracks, credit, album=track_pb2.TrackAlbum(title="An album"))

    async def everything() -> tuple[list[Any], list[Any]]:
        assert await faults(database) == []
        kept = (await artists.ListArtists(pb.ListArtistsRequest(page_size=1_000))).artists
        stored = await documents_agree(connection)
        return list(map(told, kept)), list(map(told, stored))

    before = await everything()
    ids = [of.id for of in before[0]]
    merged = []
    for survivor, other in pairs:
        chosen = ids[survivor % len(ids)], ids[other % len(ids)]
        if (await get(artists, chosen[0])).id != (await get(artists, chosen[1])).id:
            merged.append((await get(artists, chosen[1])).id)
            await merge(artists, *chosen)
    await everything()
    while merged:  # in any order in which it can be done
        taken_back = dice.choice(merged)
        try:
            await unmerge(artists, taken_back)
        except grpc.aio.AioRpcError as error:
            if error.code() is not StatusCode.FAILED_PRECONDITION:
                raise
        else:
            merged.remove(taken_back)
    assert await everything() == before
