"""SearchCatalogue, as a client sees it: one query, a ranked list of each kind."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import grpc
import pytest

from fonoteca.v1 import playlist_pb2
from fonoteca.v1 import search_pb2 as pb
from fonoteca.v1.track_pb2 import Track, TrackAlbum
from service.database import Database
from tests.support.errors import raises_status
from tests.support.writing import add_tracks, credited

if TYPE_CHECKING:
    from fonoteca.v1.playlist_pb2_grpc import PlaylistServiceAsyncStub
    from fonoteca.v1.search_pb2_grpc import SearchServiceAsyncStub

INVALID = grpc.StatusCode.INVALID_ARGUMENT

CATALOGUE = (
    Track(title="Queen", credits=credited("Perfume Genius"), popularity=40),
    Track(title="Killer Queen", credits=credited("Queen"), popularity=78,
          album=TrackAlbum(title="Sheer Heart Attack")),
    Track(title="Ladies First", credits=credited("Queen Latifah"), popularity=35,
          album=TrackAlbum(title="All Hail the Queen")),
    Track(title="Bicycle Race", credits=credited("Queen"), popularity=61,
          album=TrackAlbum(title="Queen")),
    Track(title="Yesterday", credits=credited("The Beatles"), popularity=80,
          album=TrackAlbum(title="Help!")),
)  # fmt: skip


@pytest.fixture
async def catalogue(database: Database, playlists: PlaylistServiceAsyncStub) -> None:
    await add_tracks(database, *CATALOGUE)
    for name in ("Queen", "Best of Queen", "Beatles"):
        playlist = playlist_pb2.Playlist(name=name)
        await playlists.CreatePlaylist(playlist_pb2.CreatePlaylistRequest(playlist=playlist))


async def ask(
    search: SearchServiceAsyncStub, query: str, *, library_id: str = "", page_size: int = 0
) -> pb.SearchCatalogueResponse:
    request = pb.SearchCatalogueRequest(query=query, library_id=library_id, page_size=page_size)
    return await search.SearchCatalogue(request)


@pytest.mark.usefixtures("catalogue")
async def test_ranks_each_kind(search: SearchServiceAsyncStub) -> None:
    found = await ask(search, "queen")
    titles = [hit.track.title for hit in found.tracks]
    assert titles == ["Killer Queen", "Bicycle Race", "Queen", "Ladies First"]
    assert [hit.artist.name for hit in found.artists] == ["Queen", "Queen Latifah"]
    assert found.albums[0].album.title == "Queen"
    assert {hit.album.title for hit in found.albums[1:]} == {
        "All Hail the Queen", "Sheer Heart Attack",
    }  # fmt: skip
    assert [hit.playlist.name for hit in found.playlists] == ["Queen", "Best of Queen"]
    for scores, rung in (
        ([hit.score for hit in found.artists], found.artists[0].rung),
        ([hit.score for hit in found.albums], found.albums[0].rung),
        ([hit.score for hit in found.playlists], found.playlists[0].rung),
    ):
        assert rung == pb.SEARCH_RUNG_EXACT
        assert scores == sorted(scores, reverse=True)
        assert all(0 < score <= 1 for score in scores)
    assert not found.partial
    one = await ask(search, "queen", page_size=1)
    assert [len(of) for of in (one.tracks, one.artists, one.albums, one.playlists)] == [1] * 4


@pytest.mark.usefixtures("catalogue")
@pytest.mark.parametrize(
    ("query", "artist", "rung"),
    [
        ("The Beatles", "The Beatles", pb.SEARCH_RUNG_EXACT),
        ("beatles", "The Beatles", pb.SEARCH_RUNG_ALL_WORDS),
        ("latifah queen", "Queen Latifah", pb.SEARCH_RUNG_ALL_WORDS),
        ("beatl", "The Beatles", pb.SEARCH_RUNG_PREFIX),
        ("beatels", "The Beatles", pb.SEARCH_RUNG_TYPO),
        ("yesterday the beatles", "The Beatles", pb.SEARCH_RUNG_FEWER_WORDS),
        ("queen bicycle race", "Queen", pb.SEARCH_RUNG_FEWER_WORDS),
    ],
)
async def test_each_hit_says_which_step_found_it(
    search: SearchServiceAsyncStub, query: str, artist: str, rung: pb.SearchRung.ValueType
) -> None:
    found = await ask(search, query)
    assert (found.artists[0].artist.name, found.artists[0].rung) == (artist, rung)


@pytest.mark.usefixtures("catalogue")
async def test_a_library_has_its_own(search: SearchServiceAsyncStub) -> None:
    assert await ask(search, "queen", library_id=str(uuid4())) == pb.SearchCatalogueResponse()


async def test_nothing_is_found_in_nothing(search: SearchServiceAsyncStub) -> None:
    for query in ("queen", "\u200b", "!?", "'", "a & b | c:*"):
        assert await ask(search, query) == pb.SearchCatalogueResponse()


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (pb.SearchCatalogueRequest(), "query"),
        (pb.SearchCatalogueRequest(query=" "), "query"),
        (pb.SearchCatalogueRequest(query="x" * 501), "query"),
        (pb.SearchCatalogueRequest(query="a\0"), "query"),
        (pb.SearchCatalogueRequest(query="a", library_id="x"), "library_id"),
        (pb.SearchCatalogueRequest(query="a", page_size=-1), "page_size"),
    ],
)
async def test_refuses_bad_requests(
    search: SearchServiceAsyncStub, request_: pb.SearchCatalogueRequest, field: str
) -> None:
    with raises_status(INVALID, field=field):
        await search.SearchCatalogue(request_)
