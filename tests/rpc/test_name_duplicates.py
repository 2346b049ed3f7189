"""Duplicate artists and albums: what each tier takes for the same, why, and page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from grpc import StatusCode

from fonoteca.v1 import album_pb2, artist_pb2, track_pb2, types_pb2
from tests.support.errors import raises_status
from tests.support.writing import credited

if TYPE_CHECKING:
    from fonoteca.v1.album_pb2_grpc import AlbumServiceAsyncStub
    from fonoteca.v1.artist_pb2_grpc import ArtistServiceAsyncStub
    from fonoteca.v1.track_pb2_grpc import TrackServiceAsyncStub
    from tests.conftest import NewTrack


async def artist_groups(
    artists: ArtistServiceAsyncStub, tier: artist_pb2.ArtistDuplicateTier.ValueType, size: int = 0
) -> list[artist_pb2.DuplicateArtistGroup]:
    """Return all groups, read page by page."""
    request = artist_pb2.ListDuplicateArtistsRequest(tier=tier, page_size=size)
    found: list[artist_pb2.DuplicateArtistGroup] = []
    while True:
        response = await artists.ListDuplicateArtists(request)
        assert len(response.groups) <= (size or 50)
        found += response.groups
        if not response.next_page_token:
            return found
        request.page_token = response.next_page_token


def names(groups: list[artist_pb2.DuplicateArtistGroup]) -> list[list[str]]:
    return sorted(sorted(artist.name for artist in group.artists) for group in groups)


async def change(artists: ArtistServiceAsyncStub, track: track_pb2.Track, **fields: Any) -> str:
    """Change the artist of a track; return its id."""
    artist = artist_pb2.Artist(id=track.credits[0].artist_id, **fields)
    mask = FieldMask(paths=list(fields))
    await artists.UpdateArtist(artist_pb2.UpdateArtistRequest(artist=artist, update_mask=mask))
    return artist.id


async def test_artists_of_the_same_name(
    artists: ArtistServiceAsyncStub, new_track: NewTrack
) -> None:
    one = await change(artists, await new_track(artist="Nirvana"), disambiguation="Seattle")
    track = await new_track(artist="Other")
    two = await change(artists, track, name="NIRVANA", disambiguation="London", aliases=[])
    await new_track(artist="Nirvana Tribute")
    [group] = await artist_groups(artists, artist_pb2.ARTIST_DUPLICATE_TIER_SAME_NAME)
    assert {artist.id for artist in group.artists} == {one, two}
    assert list(group.reasons) == [
        artist_pb2.ARTIST_DUPLICATE_REASON_SAME_NAME,
        artist_pb2.ARTIST_DUPLICATE_REASON_SHARED_TITLE,
    ]
    assert await artist_groups(artists, artist_pb2.ARTIST_DUPLICATE_TIER_SAME_LETTERS) == []


async def test_artists_of_the_same_letters(
    artists: ArtistServiceAsyncStub, new_track: NewTrack
) -> None:
    for name in ("AC/DC", "ACDC", "The Beatles", "Beatles, The", "Beatles", "The The", "Jay-Z"):
        await new_track(f"By {name}", artist=name)
    await new_track("Again", artist="Beatles")
    for name in ("JayZ", "Guns N' Roses", "Guns and Roses", "Jay", "The"):
        await new_track(f"By {name}", artist=name)
    groups = await artist_groups(artists, artist_pb2.ARTIST_DUPLICATE_TIER_SAME_LETTERS)
    assert names(groups) == [
        ["AC/DC", "ACDC"],
        ["Beatles", "Beatles, The", "The Beatles"],
        ["Guns N' Roses", "Guns and Roses"],
        ["Jay-Z", "JayZ"],
        ["The", "The The"],
    ]
    assert groups[1].artists[0].name == "Beatles"  # it has the most tracks
    assert {tuple(group.reasons) for group in groups} == {
        (artist_pb2.ARTIST_DUPLICATE_REASON_SAME_LETTERS,)
    }


async def test_an_alias_is_the_name_of_another(
    artists: ArtistServiceAsyncStub, new_track: NewTrack
) -> None:
    aliases = [artist_pb2.ArtistAlias(name="Snoop Lion"), artist_pb2.ArtistAlias(name="Calvin")]
    await new_track("One", artist="snoop lion")
    await change(artists, await new_track("Two", artist="Snoop Dogg"), aliases=aliases)
    await change(
        artists,
        await new_track("Three", artist="Harris"),
        aliases=[artist_pb2.ArtistAlias(name="calvin")],
    )
    groups = await artist_groups(artists, artist_pb2.ARTIST_DUPLICATE_TIER_ALIAS)
    assert names(groups) == [["Harris", "Snoop Dogg"], ["Snoop Dogg", "snoop lion"]]
    assert {tuple(group.reasons) for group in groups} == {
        (artist_pb2.ARTIST_DUPLICATE_REASON_ALIAS,)
    }
    await artists.MergeArtists(
        artist_pb2.MergeArtistsRequest(
            survivor_id=groups[0].artists[0].id,
            artist_ids=[artist.id for artist in groups[0].artists[1:]],
        )
    )
    assert len(await artist_groups(artists, artist_pb2.ARTIST_DUPLICATE_TIER_ALIAS)) == 1


async def test_similar_artists_share_works(
    artists: ArtistServiceAsyncStub, tracks: TrackServiceAsyncStub, new_track: NewTrack
) -> None:
    hits = track_pb2.TrackAlbum(title="Hits", credits=credited("Various"))
    await new_track("Enter Sandman", artist="Metallica")
    await new_track("Enter sandman", artist="Metalica")
    await new_track("Fuel", artist="Metallicat")
    await new_track("One thing", artist="Sakamoto Ryuichi", album=hits)
    await new_track("Another thing", artist="Ryuichi Sakamoto", album=hits)
    await new_track("Fuel", artist="Somebody Else")
    duet = track_pb2.Track(title="Sisters", credits=credited("Anna Clark", "Anne Clark"))
    await tracks.CreateTrack(track_pb2.CreateTrackRequest(track=duet))
    await new_track("Sisters", artist="Anna Clark")
    await new_track("Part", artist="Chapter 1")
    await new_track("Part", artist="Chapter 2")
    groups = await artist_groups(artists, artist_pb2.ARTIST_DUPLICATE_TIER_SIMILAR)
    assert names(groups) == [
        ["Metalica", "Metallica"],
        ["Ryuichi Sakamoto", "Sakamoto Ryuichi"],
    ]
    reasons = {names([group])[0][0]: list(group.reasons) for group in groups}
    assert reasons == {
        "Metalica": [
            artist_pb2.ARTIST_DUPLICATE_REASON_SIMILAR_NAME,
            artist_pb2.ARTIST_DUPLICATE_REASON_SHARED_TITLE,
        ],
        "Ryuichi Sakamoto": [
            artist_pb2.ARTIST_DUPLICATE_REASON_SIMILAR_NAME,
            artist_pb2.ARTIST_DUPLICATE_REASON_SHARED_ALBUM,
        ],
    }


@pytest.mark.parametrize("size", [1, 2, 0])
async def test_pages_of_duplicate_artists(
    artists: ArtistServiceAsyncStub, new_track: NewTrack, size: int
) -> None:
    for name in ("Ab Cd", "Efgh Ij", "Klmno Pq", "Rstuv Wx", "Yzabc De"):
        track = await new_track(f"Song of {name}", artist=name)
        await new_track(f"Song of {name}", artist=name.replace(" ", ""))
        await new_track("Another", artist=f"The {name} Band")
        await change(artists, track, aliases=[artist_pb2.ArtistAlias(name=f"The {name} Band")])
        await new_track(f"Song of {name}", artist=f"{name} X Y")
    for tier in (
        artist_pb2.ARTIST_DUPLICATE_TIER_SAME_LETTERS,
        artist_pb2.ARTIST_DUPLICATE_TIER_ALIAS,
    ):
        groups = await artist_groups(artists, tier, size)
        assert len(groups) == 5
        assert len({group.artists[0].id for group in groups}) == 5
    similar = await artist_groups(artists, artist_pb2.ARTIST_DUPLICATE_TIER_SIMILAR, size)
    whole = await artist_groups(artists, artist_pb2.ARTIST_DUPLICATE_TIER_SIMILAR)
    assert similar == whole


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({}, "tier"),
        ({"tier": 99}, "tier"),
        ({"tier": 1, "page_size": -1}, "page_size"),
        ({"tier": 1, "page_token": "x"}, "page_token"),
    ],
)
async def test_bad_questions_are_named(
    artists: ArtistServiceAsyncStub,
    albums: AlbumServiceAsyncStub,
    fields: dict[str, Any],
    field: str,
) -> None:
    with raises_status(StatusCode.INVALID_ARGUMENT, field=field):
        await artists.ListDuplicateArtists(artist_pb2.ListDuplicateArtistsRequest(**fields))
    with raises_status(StatusCode.INVALID_ARGUMENT, field=field):
        await albums.ListDuplicateAlbums(album_pb2.ListDuplicateAlbumsRequest(**fields))


async def album_groups(
    albums: AlbumServiceAsyncStub, tier: album_pb2.AlbumDuplicateTier.ValueType, size: int = 0
) -> list[album_pb2.DuplicateAlbumGroup]:
    """Return all groups, read page by page."""
    request = album_pb2.ListDuplicateAlbumsRequest(tier=tier, page_size=size)
    found: list[album_pb2.DuplicateAlbumGroup] = []
    while True:
        response = await albums.ListDuplicateAlbums(request)
        assert len(response.groups) <= (size or 50)
        found += response.groups
        if not response.next_page_token:
            return found
        request.page_token = response.next_page_token


def titles(groups: list[album_pb2.DuplicateAlbumGroup]) -> list[list[str]]:
    return sorted(sorted(album.title for album in group.albums) for group in groups)


async def on(
    albums: AlbumServiceAsyncStub,
    new_track: NewTrack,
    title: str,
    *,
    song: str = "A song",
    artist: str = "Pearl Jam",
    **fields: Any,
) -> str:
    """Create an album with a song; return its id."""
    made = await new_track(song, artist=artist, album=track_pb2.TrackAlbum(title=f"{title}{song}"))
    album = album_pb2.Album(id=made.album.id, title=title, **fields)
    await albums.UpdateAlbum(album_pb2.UpdateAlbumRequest(album=album))
    return album.id


async def test_albums_of_the_same_barcode(
    albums: AlbumServiceAsyncStub, new_track: NewTrack
) -> None:
    one = await on(albums, new_track, "Ten", song="Once", barcode="0886974560722")
    two = await on(albums, new_track, "X", song="Alive", artist="PJ", barcode="886974560722")
    await on(albums, new_track, "Zero", song="1", barcode="000000")
    await on(albums, new_track, "Zero again", song="2", barcode="000000")
    [group] = await album_groups(albums, album_pb2.ALBUM_DUPLICATE_TIER_SAME_BARCODE)
    assert {album.id for album in group.albums} == {one, two}
    assert list(group.reasons) == [album_pb2.ALBUM_DUPLICATE_REASON_SAME_BARCODE]


async def test_albums_of_the_same_title_and_artist(
    albums: AlbumServiceAsyncStub, new_track: NewTrack
) -> None:
    one = await on(albums, new_track, "Ten", song="Once", release_date={"year": 1991})
    two = await on(albums, new_track, "TEN", song="Alive", release_date={"year": 1992})
    await on(albums, new_track, "Ten", song="Else", artist="Another")
    await on(albums, new_track, "Vs.", song="Go")
    [group] = await album_groups(albums, album_pb2.ALBUM_DUPLICATE_TIER_SAME_NAME)
    assert {album.id for album in group.albums} == {one, two}
    assert list(group.reasons) == [
        album_pb2.ALBUM_DUPLICATE_REASON_SAME_TITLE,
        album_pb2.ALBUM_DUPLICATE_REASON_SAME_ARTIST,
        album_pb2.ALBUM_DUPLICATE_REASON_NEAR_YEAR,
    ]
    assert await album_groups(albums, album_pb2.ALBUM_DUPLICATE_TIER_OTHER_EDITION) == []


async def test_other_editions_of_an_album(
    albums: AlbumServiceAsyncStub, new_track: NewTrack
) -> None:
    editions = ["Ten", "Ten (Deluxe Edition)", "Ten [2009 Remastered]", "Ten - Legacy Edition"]
    live = ["Ten (Live)", "Ten (Live - Deluxe Edition)"]
    for title in (*editions, *live, "Ten (Vol. 2 Deluxe)", "Ten Redux"):
        await on(albums, new_track, title, song=f"Of {title}")
    await new_track("More", artist="Pearl Jam", album=track_pb2.TrackAlbum(title="TenOf Ten"))
    groups = await album_groups(albums, album_pb2.ALBUM_DUPLICATE_TIER_OTHER_EDITION)
    assert titles(groups) == sorted([sorted(editions), sorted(live)])
    [group] = [of for of in groups if len(of.albums) == len(editions)]
    assert group.albums[0].title == "Ten"  # it has the most tracks
    assert list(group.reasons) == [
        album_pb2.ALBUM_DUPLICATE_REASON_OTHER_EDITION,
        album_pb2.ALBUM_DUPLICATE_REASON_SAME_ARTIST,
    ]


async def test_similar_albums_share_tracks(
    albums: AlbumServiceAsyncStub, new_track: NewTrack
) -> None:
    for title, song, year in (
        ("Backspacer", "The Fixer", 2009),
        ("Backspaser", "The fixer", 0),
        ("Backspacers", "Something Else", 2009),
        ("Binaural", "Evacuation", 2000),
        ("Binarual", "Evacuation", 2010),
        ("Volume 1", "Intro", 0),
        ("Volume 2", "Intro", 0),
    ):
        date = types_pb2.PartialDate(year=year) if year else None
        await on(albums, new_track, title, song=song, release_date=date)
    await on(albums, new_track, "Backspacer", song="The Fixer", artist="Another")
    [group] = await album_groups(albums, album_pb2.ALBUM_DUPLICATE_TIER_SIMILAR)
    assert titles([group]) == [["Backspacer", "Backspaser"]]
    assert list(group.reasons) == [
        album_pb2.ALBUM_DUPLICATE_REASON_SIMILAR_TITLE,
        album_pb2.ALBUM_DUPLICATE_REASON_SAME_ARTIST,
        album_pb2.ALBUM_DUPLICATE_REASON_SHARED_TITLE,
    ]
    ids = [album.id for album in group.albums]
    await albums.MergeAlbums(album_pb2.MergeAlbumsRequest(survivor_id=ids[0], album_ids=ids[1:]))
    assert await album_groups(albums, album_pb2.ALBUM_DUPLICATE_TIER_SIMILAR) == []


@pytest.mark.parametrize("size", [1, 2, 0])
async def test_pages_of_duplicate_albums(
    albums: AlbumServiceAsyncStub, new_track: NewTrack, size: int
) -> None:
    for number, name in enumerate(("Spring", "Summer", "Autumn", "Winter")):
        for artist in ("One", "Two"):
            for title, song in ((name, "a"), (name, "b"), (f"{name} (Deluxe)", "c")):
                barcode = f"88697456072{number}"
                await on(albums, new_track, title, song=song, artist=artist, barcode=barcode)
    for tier, groups in (
        (album_pb2.ALBUM_DUPLICATE_TIER_SAME_BARCODE, 4),
        (album_pb2.ALBUM_DUPLICATE_TIER_SAME_NAME, 8),
        (album_pb2.ALBUM_DUPLICATE_TIER_OTHER_EDITION, 8),
    ):
        found = await album_groups(albums, tier, size)
        assert len(found) == groups
        assert len({tuple(sorted(of.id for of in group.albums)) for group in found}) == groups
