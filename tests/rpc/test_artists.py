"""ArtistService, as a client sees it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from uuid import uuid4

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from fonoteca.v1 import artist_pb2 as pb
from fonoteca.v1.track_pb2 import Track
from fonoteca.v1.types_pb2 import ExternalSource, PartialDate
from service.database import Connection, Database
from service.libraries import store as libraries
from service.libraries.model import LibraryDraft
from tests.support.errors import raises_status
from tests.support.writing import add_tracks, credited, found

if TYPE_CHECKING:
    from fonoteca.v1.artist_pb2_grpc import ArtistServiceAsyncStub
    from fonoteca.v1.search_pb2_grpc import SearchServiceAsyncStub

INVALID = grpc.StatusCode.INVALID_ARGUMENT


async def artist_of(database: Database, *names: str) -> str:
    """Store a track that credits artists; returns the id of the first one."""
    [track] = await add_tracks(database, Track(title="A song", credits=credited(*names)))
    return track.credits[0].artist_id


async def update(
    artists: ArtistServiceAsyncStub, artist: pb.Artist, *paths: str, request_id: str = ""
) -> pb.Artist:
    return await artists.UpdateArtist(
        pb.UpdateArtistRequest(
            artist=artist, update_mask=FieldMask(paths=paths), request_id=request_id
        )
    )


async def test_an_artist_comes_with_its_first_track(
    artists: ArtistServiceAsyncStub, database: Database
) -> None:
    artist_id = await artist_of(database, "Björk")
    artist = await artists.GetArtist(pb.GetArtistRequest(id=artist_id))
    assert (artist.name, artist.sort_name, artist.id) == ("Björk", "Björk", artist_id)
    assert artist.etag
    assert artist.create_time == artist.update_time


async def test_changes_the_fields_that_are_set(
    artists: ArtistServiceAsyncStub, database: Database
) -> None:
    before = await artists.GetArtist(pb.GetArtistRequest(id=await artist_of(database, "Björk")))
    source = ExternalSource(type="spotify", id="7w29", uri="spotify:artist:7w29")
    after = await update(
        artists, pb.Artist(id=before.id, country="IS", sources=[source], etag=before.etag)
    )
    assert (after.name, after.country, list(after.sources)) == ("Björk", "IS", [source])
    assert after.etag != before.etag
    assert after.update_time.ToDatetime() > before.update_time.ToDatetime()
    assert after == await artists.GetArtist(pb.GetArtistRequest(id=before.id))


async def test_a_path_that_is_named_but_empty_is_cleared(
    artists: ArtistServiceAsyncStub, database: Database
) -> None:
    artist_id = await artist_of(database, "Björk")
    await update(artists, pb.Artist(id=artist_id, country="IS", disambiguation="singer"))
    cleared = await update(artists, pb.Artist(id=artist_id), "country")
    assert (cleared.country, cleared.disambiguation) == ("", "singer")


async def test_the_sort_name_follows_the_name_until_it_is_set(
    artists: ArtistServiceAsyncStub, database: Database
) -> None:
    artist_id = await artist_of(database, "Beatles")
    renamed = await update(artists, pb.Artist(id=artist_id, name="The Beatles"))
    assert renamed.sort_name == "The Beatles"
    sorted_ = await update(artists, pb.Artist(id=artist_id, sort_name="Beatles, The"))
    assert (sorted_.name, sorted_.sort_name) == ("The Beatles", "Beatles, The")


async def test_a_new_name_is_found_at_once_and_the_former_one_still(
    artists: ArtistServiceAsyncStub, database: Database, search: SearchServiceAsyncStub
) -> None:
    [track] = await add_tracks(
        database, Track(title="Kiss", credits=credited("Sheila E.", "Prince"))
    )
    renamed = await update(artists, pb.Artist(id=track.credits[1].artist_id, name="Love Symbol"))
    assert [(alias.name, alias.type) for alias in renamed.aliases] == [
        ("Prince", pb.ALIAS_TYPE_FORMER_NAME)
    ]
    assert await found(search, "love symbol kiss") == {track.id}
    assert await found(search, "prince") == {track.id}
    assert await artist_of(database, "prince") == renamed.id

    back = await update(artists, pb.Artist(id=renamed.id, name="Prince"))
    assert [alias.name for alias in back.aliases] == ["Love Symbol"]


async def test_an_alias_is_found_at_once(
    artists: ArtistServiceAsyncStub, database: Database, search: SearchServiceAsyncStub
) -> None:
    [track] = await add_tracks(database, Track(title="Jóga", credits=credited("Björk")))
    artist = pb.Artist(id=track.credits[0].artist_id, aliases=[pb.ArtistAlias(name="Gudmunds")])
    await update(artists, artist)
    assert await found(search, "gudmunds") == {track.id}
    await update(artists, pb.Artist(id=artist.id), "aliases")
    assert await found(search, "gudmunds") == set()


async def test_a_name_that_is_taken_is_refused(
    artists: ArtistServiceAsyncStub, database: Database
) -> None:
    first = await artist_of(database, "Nirvana")
    second = await artist_of(database, "Nirvana UK")
    with raises_status(grpc.StatusCode.ALREADY_EXISTS) as failure:
        await update(artists, pb.Artist(id=second, name="nirvana"))
    assert "disambiguation" in failure.message
    renamed = await update(
        artists, pb.Artist(id=second, name="nirvana", disambiguation="British band")
    )
    assert renamed.id != first


async def test_a_stale_etag_is_refused_with_the_current_one(
    artists: ArtistServiceAsyncStub, database: Database
) -> None:
    before = await artists.GetArtist(pb.GetArtistRequest(id=await artist_of(database, "Björk")))
    after = await update(artists, pb.Artist(id=before.id, country="IS"))
    with raises_status(
        grpc.StatusCode.ABORTED, reason="ETAG_MISMATCH", metadata={"current_etag": after.etag}
    ):
        await update(artists, pb.Artist(id=before.id, country="GB", etag=before.etag))


async def test_of_two_changes_at_once_one_is_refused(
    artists: ArtistServiceAsyncStub, database: Database
) -> None:
    artist = await artists.GetArtist(pb.GetArtistRequest(id=await artist_of(database, "Björk")))
    outcomes = await asyncio.gather(
        *(
            update(artists, pb.Artist(id=artist.id, name=name, etag=artist.etag))
            for name in ("One", "Other")
        ),
        return_exceptions=True,
    )
    [winner] = [outcome for outcome in outcomes if isinstance(outcome, pb.Artist)]
    [loser] = [outcome for outcome in outcomes if isinstance(outcome, grpc.aio.AioRpcError)]
    assert loser.code() is grpc.StatusCode.ABORTED
    assert winner == await artists.GetArtist(pb.GetArtistRequest(id=artist.id))


async def test_a_repeated_request_changes_nothing(
    artists: ArtistServiceAsyncStub, database: Database
) -> None:
    artist, request_id = pb.Artist(id=await artist_of(database, "A"), name="B"), str(uuid4())
    first = await update(artists, artist, request_id=request_id)
    assert await update(artists, artist, request_id=request_id) == first
    assert await artists.GetArtist(pb.GetArtistRequest(id=artist.id)) == first
    with raises_status(INVALID, field="request_id"):
        await update(artists, pb.Artist(id=artist.id, name="C"), request_id=request_id)


async def test_an_alias_too_many_leaves_no_room_for_the_former_name(
    artists: ArtistServiceAsyncStub, database: Database
) -> None:
    artist_id = await artist_of(database, "A")
    aliases = [pb.ArtistAlias(name=f"A {number}") for number in range(200)]
    await update(artists, pb.Artist(id=artist_id, aliases=aliases))
    with raises_status(INVALID, field="artist.aliases"):
        await update(artists, pb.Artist(id=artist_id, name="B"))


@pytest.mark.parametrize(
    ("artist", "paths", "field"),
    [
        (pb.Artist(name=""), ["name"], "artist.name"),
        (pb.Artist(name="a\0b"), [], "artist.name"),
        (pb.Artist(country="Iceland"), [], "artist.country"),
        (
            pb.Artist(aliases=[pb.ArtistAlias(name="a"), pb.ArtistAlias()]),
            [],
            "artist.aliases[1].name",
        ),
        (pb.Artist(mbid="x"), [], "artist.mbid"),
        (pb.Artist(), ["nationality"], "update_mask"),
        (pb.Artist(), ["aliases.name"], "update_mask"),
    ],
)
async def test_a_bad_field_is_named(
    artists: ArtistServiceAsyncStub,
    database: Database,
    artist: pb.Artist,
    paths: list[str],
    field: str,
) -> None:
    artist.id = await artist_of(database, "Björk")
    with raises_status(INVALID, field=field):
        await update(artists, artist, *paths)


async def test_an_unknown_artist_is_not_found(artists: ArtistServiceAsyncStub) -> None:
    unknown = str(uuid4())
    with raises_status(grpc.StatusCode.NOT_FOUND, metadata={"kind": "artist", "id": unknown}):
        await artists.GetArtist(pb.GetArtistRequest(id=unknown))
    with raises_status(grpc.StatusCode.NOT_FOUND):
        await update(artists, pb.Artist(id=unknown, name="a"))
    with raises_status(grpc.StatusCode.NOT_FOUND):
        await artists.ListArtistTracks(pb.ListArtistTracksRequest(artist_id=unknown))


async def test_a_bad_id_is_named(artists: ArtistServiceAsyncStub) -> None:
    with raises_status(INVALID, field="id"):
        await artists.GetArtist(pb.GetArtistRequest(id="1"))
    with raises_status(INVALID, field="artist.id"):
        await artists.UpdateArtist(pb.UpdateArtistRequest())
    with raises_status(INVALID, field="artist_id"):
        await artists.ListArtistTracks(pb.ListArtistTracksRequest())


async def test_lists_artists_by_name_and_prefix(
    artists: ArtistServiceAsyncStub, database: Database
) -> None:
    await artist_of(database, "Blur", "björk", "Aphex Twin", "Bjork Fans", "Zappa")
    request = pb.ListArtistsRequest(page_size=2)
    names = []
    while True:
        page = await artists.ListArtists(request)
        names.append([artist.name for artist in page.artists])
        if not page.next_page_token:
            break
        request.page_token = page.next_page_token
    assert names == [["Aphex Twin", "björk"], ["Bjork Fans", "Blur"], ["Zappa"]]
    page = await artists.ListArtists(pb.ListArtistsRequest(name_prefix="BJÖ"))
    assert [artist.name for artist in page.artists] == ["björk", "Bjork Fans"]


async def test_lists_the_artist_of_a_source(
    artists: ArtistServiceAsyncStub, database: Database
) -> None:
    artist_id = await artist_of(database, "Björk", "Blur")
    source = ExternalSource(type="spotify", id="7w29")
    await update(artists, pb.Artist(id=artist_id, sources=[source]))
    page = await artists.ListArtists(pb.ListArtistsRequest(source=source))
    assert [artist.id for artist in page.artists] == [artist_id]
    with raises_status(INVALID, field="source.type"):
        await artists.ListArtists(pb.ListArtistsRequest(source=ExternalSource(id="7w29")))


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (pb.ListArtistsRequest(page_size=-1), "page_size"),
        (pb.ListArtistsRequest(page_token="bm90IG91cnM="), "page_token"),
        (pb.ListArtistsRequest(name_prefix="a\0"), "name_prefix"),
        (pb.ListArtistsRequest(name_prefix="a" * 501), "name_prefix"),
    ],
)
async def test_a_bad_list_request_is_refused(
    artists: ArtistServiceAsyncStub, request_: pb.ListArtistsRequest, field: str
) -> None:
    with raises_status(INVALID, field=field):
        await artists.ListArtists(request_)


async def test_a_page_token_belongs_to_its_request(
    artists: ArtistServiceAsyncStub, database: Database
) -> None:
    await artist_of(database, "A", "B")
    page = await artists.ListArtists(pb.ListArtistsRequest(page_size=1))
    with raises_status(INVALID, field="page_token"):
        await artists.ListArtists(
            pb.ListArtistsRequest(name_prefix="a", page_token=page.next_page_token)
        )


async def test_lists_the_tracks_of_an_artist_newest_first(
    artists: ArtistServiceAsyncStub, database: Database, connection: Connection
) -> None:
    years = (1993, 2001, 0, 1997, 2001)
    tracks = await add_tracks(
        database,
        *(
            Track(
                title=f"Song {number}",
                credits=credited("Björk") if number % 2 else credited("Thom Yorke", "Björk"),
                release_date=PartialDate(year=year) if year else None,
                lyrics="la la",
            )
            for number, year in enumerate(years)
        ),
        Track(title="Deleted", credits=credited("Björk")),
        Track(title="Of somebody else", credits=credited("Blur")),
    )
    await connection.execute("UPDATE track SET deleted_at = now() WHERE title = 'Deleted'")
    request = pb.ListArtistTracksRequest(artist_id=tracks[1].credits[0].artist_id, page_size=2)
    titles = []
    while True:
        page = await artists.ListArtistTracks(request)
        titles += [track.title for track in page.tracks]
        assert not any(track.lyrics for track in page.tracks)
        if not page.next_page_token:
            break
        request.page_token = page.next_page_token
    assert titles == ["Song 4", "Song 1", "Song 3", "Song 0", "Song 2"]


async def test_lists_the_tracks_of_an_artist_in_one_library(
    artists: ArtistServiceAsyncStub, database: Database
) -> None:
    library = await database.write(
        lambda connection: libraries.create(connection, LibraryDraft("Mine", "", ""))
    )
    here, elsewhere = await add_tracks(
        database,
        Track(title="Here", credits=credited("Björk"), library_id=str(library.id)),
        Track(title="Elsewhere", credits=credited("Björk")),
    )
    artist_id = elsewhere.credits[0].artist_id
    page = await artists.ListArtistTracks(
        pb.ListArtistTracksRequest(artist_id=artist_id, library_id=str(library.id))
    )
    assert [track.id for track in page.tracks] == [here.id]
    page = await artists.ListArtistTracks(
        pb.ListArtistTracksRequest(artist_id=artist_id, library_id=str(uuid4()))
    )
    assert not page.tracks
