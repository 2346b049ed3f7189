"""Merges of artists and of their albums, taken back in another order than they were made in."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from grpc import StatusCode
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from fonoteca.v1 import album_pb2, artist_pb2, track_pb2
from service.database import Connection, Database
from service.upkeep.model import Fault
from tests.support.documents import documents_agree
from tests.support.upkeep import faults
from tests.support.writing import credited

if TYPE_CHECKING:
    from fonoteca.v1.album_pb2_grpc import AlbumServiceAsyncStub
    from fonoteca.v1.artist_pb2_grpc import ArtistServiceAsyncStub
    from tests.conftest import NewTrack

ALBUM, ARTIST = "album", "artist"

Merged = tuple[str, str]
"""The kind and the id of an album or artist that is merged."""


class Catalogue:
    """Artists and albums, which are merged and taken back by their kind and id."""

    def __init__(self, albums: AlbumServiceAsyncStub, artists: ArtistServiceAsyncStub) -> None:
        self._albums = albums
        self._artists = artists

    async def leading(self, kind: str, id_: str) -> str:
        if kind == ALBUM:
            return (await self._albums.GetAlbum(album_pb2.GetAlbumRequest(id=id_))).id
        return (await self._artists.GetArtist(artist_pb2.GetArtistRequest(id=id_))).id

    async def merge(self, kind: str, survivor: str, other: str) -> None:
        if kind == ALBUM:
            albums = album_pb2.MergeAlbumsRequest(survivor_id=survivor, album_ids=[other])
            await self._albums.MergeAlbums(albums)
        else:
            artists = artist_pb2.MergeArtistsRequest(survivor_id=survivor, artist_ids=[other])
            await self._artists.MergeArtists(artists)

    async def unmerge(self, kind: str, id_: str) -> None:
        if kind == ALBUM:
            await self._albums.UnmergeAlbums(album_pb2.UnmergeAlbumsRequest(album_ids=[id_]))
        else:
            await self._artists.UnmergeArtists(artist_pb2.UnmergeArtistsRequest(artist_ids=[id_]))

    async def credit(self, album_id: str, *names: str) -> None:
        """Credit an album to artists, or to nobody."""
        album = album_pb2.Album(id=album_id, credits=credited(*names))
        mask = FieldMask(paths=["credits"])
        await self._albums.UpdateAlbum(album_pb2.UpdateAlbumRequest(album=album, update_mask=mask))

    async def listed(self) -> tuple[list[album_pb2.Album], list[artist_pb2.Artist]]:
        albums = await self._albums.ListAlbums(album_pb2.ListAlbumsRequest(page_size=1_000))
        artists = await self._artists.ListArtists(artist_pb2.ListArtistsRequest(page_size=1_000))
        return list(albums.albums), list(artists.artists)

    async def credits(self, album_id: str) -> list[str]:
        """Return the names of the artists to whom an album is credited."""
        album = await self._albums.GetAlbum(album_pb2.GetAlbumRequest(id=album_id))
        requests = [artist_pb2.GetArtistRequest(id=name.artist_id) for name in album.credits]
        return [(await self._artists.GetArtist(of)).name for of in requests]


@pytest.fixture
def catalogue(albums: AlbumServiceAsyncStub, artists: ArtistServiceAsyncStub) -> Catalogue:
    return Catalogue(albums, artists)


def told(message: Any) -> Any:
    """Return a message without what every change changes."""
    rest = type(message)()
    rest.CopyFrom(message)
    rest.ClearField("etag")
    rest.ClearField("update_time")
    return rest


MERGES = {"album": (ALBUM, "Y", "X"), "artist": (ARTIST, "B", "A"), "further": (ARTIST, "C", "B")}


@pytest.mark.parametrize("first_credit", [(), ("Q",)], ids=["inherits", "has its own"])
@pytest.mark.parametrize(
    ("done", "taken_back"),
    [
        (["album", "artist"], ["album", "artist"]),
        (["album", "artist"], ["artist", "album"]),
        (["artist", "album"], ["artist", "album"]),
        (["artist", "album"], ["album", "artist"]),
        (["album", "artist", "further"], ["album", "further", "artist"]),
        (["album", "artist", "further"], ["further", "album", "artist"]),
        (["artist", "album", "further"], ["further", "artist", "album"]),
        (["artist", "album", "further"], ["album", "further", "artist"]),
        (["artist", "further", "album"], ["further", "artist", "album"]),
        (["artist", "further", "album"], ["further", "album", "artist"]),
    ],
    ids=" ".join,
)
async def test_an_album_has_its_artist_again_in_whatever_order(
    catalogue: Catalogue,
    new_track: NewTrack,
    connection: Connection,
    done: Sequence[str],
    taken_back: Sequence[str],
    first_credit: Sequence[str],
) -> None:
    ids: dict[str, str] = {}
    for title, artist in [("X", "A"), ("Y", "B"), ("Z", "C")]:
        track = await new_track(artist=artist, album=track_pb2.TrackAlbum(title=title))
        ids |= {title: track.album.id, artist: track.credits[0].artist_id}
    await catalogue.credit(ids["Y"], *first_credit)
    for merge in done:
        kind, survivor, other = MERGES[merge]
        await catalogue.merge(kind, ids[survivor], ids[other])
    for merge in taken_back:
        kind, _, other = MERGES[merge]
        await catalogue.unmerge(kind, ids[other])
    assert await catalogue.credits(ids["X"]) == ["A"]
    assert await catalogue.credits(ids["Y"]) == list(first_credit)
    await documents_agree(connection)


async def take_one_back(catalogue: Catalogue, done: list[Merged], dice: Random) -> None:
    """Take any one of these merges back of which the survivor is there, and forget it."""
    for chosen in dice.sample(done, len(done)):
        try:
            await catalogue.unmerge(*chosen)
        except grpc.aio.AioRpcError as error:
            if error.code() is not StatusCode.FAILED_PRECONDITION:
                raise
        else:
            done.remove(chosen)
            return


_NAMES = st.lists(st.sampled_from(["Ana", "Bo", "Cy"]), max_size=2, unique=True)
_ALBUMS = st.lists(_NAMES, min_size=2, max_size=4)
_MERGES = st.lists(
    st.tuples(st.sampled_from([ALBUM, ARTIST]), st.integers(0, 5), st.integers(0, 5)),
    min_size=2,
    max_size=6,
)


@settings(
    max_examples=6,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(credits=_ALBUMS, merges=_MERGES, dice=st.randoms())
async def test_merging_and_taking_back_crosswise_leaves_all_as_it_was(
    catalogue: Catalogue,
    new_track: NewTrack,
    database: Database,
    connection: Connection,
    credits: list[list[str]],
    merges: list[tuple[str, int, int]],
    dice: Random,
) -> None:
    for number, names in enumerate(credits):
        made = track_pb2.TrackAlbum(title=f"Album {number}")
        track = await new_track(artist="Cy", album=made)
        await catalogue.credit(track.album.id, *names)

    async def everything() -> tuple[list[Any], ...]:
        wrong = await faults(database)
        assert not [of for of in wrong if of.fault is not Fault.UNUSED_WORD]
        albums, artists = await catalogue.listed()
        tracks = await documents_agree(connection)
        return list(map(told, albums)), list(map(told, artists)), list(map(told, tracks))

    before = await everything()
    ids = {ALBUM: [of.id for of in before[0]], ARTIST: [of.id for of in before[1]]}
    done: list[Merged] = []
    for kind, *places in merges:
        pair = [await catalogue.leading(kind, ids[kind][at % len(ids[kind])]) for at in places]
        if len(set(pair)) > 1:
            await catalogue.merge(kind, *pair)
            done.append((kind, pair[1]))
        else:
            await take_one_back(catalogue, done, dice)
    await everything()
    while done:
        await take_one_back(catalogue, done, dice)
    assert await everything() == before
