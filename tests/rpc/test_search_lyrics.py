"""Lyrics in search: a line of a song finds it when no name does, and nothing else changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from fonoteca.v1 import album_pb2, artist_pb2, library_pb2
from fonoteca.v1 import search_pb2 as pb
from fonoteca.v1 import track_pb2 as tracks_pb
from fonoteca.v1.track_pb2 import TRACK_STATUS_PENDING, Track, TrackAlbum
from service.database import Connection, Database
from service.upkeep.model import Fault
from tests.support.upkeep import faults
from tests.support.writing import add_tracks, credited, found

if TYPE_CHECKING:
    from fonoteca.v1.album_pb2_grpc import AlbumServiceAsyncStub
    from fonoteca.v1.artist_pb2_grpc import ArtistServiceAsyncStub
    from fonoteca.v1.library_pb2_grpc import LibraryServiceAsyncStub
    from fonoteca.v1.search_pb2_grpc import SearchServiceAsyncStub
    from fonoteca.v1.track_pb2_grpc import TrackServiceAsyncStub

SUNG = Track(
    title="Harbour Lights",
    credits=credited("Sigur Rós"),
    album=TrackAlbum(title="Takk..."),
    genres=["Post-Rock"],
    lyrics="Paper boats, we're SINKING slowly\nÞú ert sól\n\nthe tide takes all I own",
    popularity=10,
)
LINE = "the tide takes all"


async def ask(search: SearchServiceAsyncStub, query: str, **more: Any) -> list[str]:
    response = await search.SearchTracks(pb.SearchTracksRequest(query=query, **more))
    return [hit.track.id for hit in response.hits]


async def rows(connection: Connection) -> int:
    counted = await (await connection.execute("SELECT count(*) FROM track_lyrics")).fetchone()
    assert counted
    return int(counted[0])


@pytest.mark.parametrize(
    "query",
    [
        LINE,
        "Paper boats, we\u2019re sinking",  # across punctuation, folded
        "thu ert sol",
        "sinking",
        "sigur ros paper boats",
        "takk tide",
        "post tide lights",
    ],
)
@pytest.mark.parametrize("mode", [pb.SEARCH_MODE_AUTO, pb.SEARCH_MODE_EXACT])
async def test_finds_a_track_by_what_is_sung(
    search: SearchServiceAsyncStub, database: Database, query: str, mode: pb.SearchMode.ValueType
) -> None:
    other = Track(title="Paper Moon", credits=credited("The Tide"), lyrics="all boats are sinking")
    [track, _, _] = await add_tracks(database, SUNG, other, Track(title="Boats"))
    response = await search.SearchTracks(pb.SearchTracksRequest(query=query, mode=mode))
    rungs = {hit.track.id: hit.rung for hit in response.hits}
    assert rungs[track.id] == pb.SEARCH_RUNG_ALL_WORDS
    assert not any(hit.track.lyrics for hit in response.hits)


async def test_what_is_sung_counts_least(
    search: SearchServiceAsyncStub, database: Database
) -> None:
    made = await add_tracks(
        database,
        Track(title="A", lyrics="zither marmalade"),
        Track(title="B", lyrics="marmalade", genres=["Zither"]),
        Track(title="C", lyrics="marmalade", album=TrackAlbum(title="Zither")),
        Track(title="Zither", lyrics="marmalade"),
    )
    assert await ask(search, "zither marmalade") == [track.id for track in reversed(made)]


async def test_lyrics_are_not_asked_when_names_answer(
    search: SearchServiceAsyncStub, database: Database
) -> None:
    lyrics = "Harbour Lights, come home"
    song, *named = await add_tracks(
        database,
        Track(title="Song", lyrics=lyrics),
        *(Track(title=f"Come Home {number}") for number in range(3)),
        Track(title="Harbour Lights"),
    )
    assert song.id not in await ask(search, "harbour lights")
    assert set(await ask(search, "come home")) == {track.id for track in named[:3]}
    assert (await ask(search, "lights come home"))[0] == song.id


async def test_lyrics_follow_every_write(
    search: SearchServiceAsyncStub,
    tracks: TrackServiceAsyncStub,
    database: Database,
    connection: Connection,
) -> None:
    pending = Track(title="B", lyrics=LINE, status=TRACK_STATUS_PENDING)
    track, *_ = await add_tracks(database, SUNG, Track(title="C"), pending)
    assert await found(search, LINE) == {track.id}
    assert await rows(connection) == 1
    await tracks.DeleteTrack(tracks_pb.DeleteTrackRequest(id=track.id))
    assert (await found(search, LINE), await rows(connection)) == (set(), 0)
    await tracks.UndeleteTrack(tracks_pb.UndeleteTrackRequest(id=track.id))
    assert await found(search, LINE) == {track.id}
    request = tracks_pb.UpdateTrackRequest(track=Track(id=track.id, lyrics="silence now"))
    request.update_mask.paths.append("lyrics")
    await tracks.UpdateTrack(request)
    assert (await found(search, LINE), await found(search, "silence now")) == (set(), {track.id})
    request.track.lyrics = ""
    await tracks.UpdateTrack(request)
    assert (await found(search, "silence now"), await rows(connection)) == (set(), 0)


async def test_what_is_sung_is_found_with_the_names_of_today(
    search: SearchServiceAsyncStub,
    artists: ArtistServiceAsyncStub,
    albums: AlbumServiceAsyncStub,
    database: Database,
) -> None:
    [track] = await add_tracks(database, SUNG)
    renamed = artist_pb2.UpdateArtistRequest(
        artist=artist_pb2.Artist(id=track.credits[0].artist_id, name="Jónsi")
    )
    renamed.update_mask.paths.append("name")
    await artists.UpdateArtist(renamed)
    retitled = album_pb2.UpdateAlbumRequest(
        album=album_pb2.Album(id=track.album.id, title="Valtari")
    )
    retitled.update_mask.paths.append("title")
    await albums.UpdateAlbum(retitled)
    assert await ask(search, "jonsi tide") == [track.id]
    assert await ask(search, "valtari tide") == [track.id]
    assert await ask(search, "takk tide", mode=pb.SEARCH_MODE_EXACT) == []
    assert {finding.fault for finding in await faults(database)} <= {Fault.UNUSED_WORD}


async def test_lyrics_are_found_in_their_library_and_by_filter(
    search: SearchServiceAsyncStub, libraries: LibraryServiceAsyncStub, database: Database
) -> None:
    wanted = library_pb2.CreateLibraryRequest(library=library_pb2.Library(name="other"))
    library = await libraries.CreateLibrary(wanted)
    elsewhere = Track(title="Elsewhere", lyrics=SUNG.lyrics, library_id=library.id)
    here, there = await add_tracks(database, SUNG, elsewhere)
    assert await ask(search, LINE, library_id=library.id) == [there.id]
    assert await ask(search, LINE, filter="genre:post-rock") == [here.id]
    assert set(await ask(search, LINE)) == {here.id, there.id}


@pytest.mark.parametrize("order_by", ["", "title", "popularity desc"])
async def test_all_that_is_sung_is_counted_listed_and_paged(
    search: SearchServiceAsyncStub, database: Database, order_by: str
) -> None:
    made = await add_tracks(
        database,
        *(Track(title=f"S{number}", lyrics=LINE, genres=["Folk"]) for number in range(4)),
        Track(title="The Tide Takes All", lyrics="", genres=["Folk"], popularity=1),
        Track(title="The Tide Takes All This", lyrics=LINE, genres=["Rock"]),
    )
    request = pb.SearchTracksRequest(
        query=f"{LINE} this", order_by=order_by, page_size=1, facets=[pb.SEARCH_FACET_FIELD_GENRE]
    )
    response = await search.SearchTracks(request)
    assert (response.total_size, response.total_size_exact) == (1, True)
    request = pb.SearchTracksRequest(
        query="tide takes all the", order_by=order_by, page_size=2, count_total=True
    )
    request.mode = pb.SEARCH_MODE_EXACT
    request.filter = "-genre:rock title:S*"
    request.facets.append(pb.SEARCH_FACET_FIELD_GENRE)
    seen: list[str] = []
    while True:
        response = await search.SearchTracks(request)
        assert (response.total_size, response.total_size_exact) == (4, True)
        assert [(of.value, of.count) for of in response.facets[0].values] == [("Folk", 4)]
        seen += [hit.track.id for hit in response.hits]
        assert all(hit.rung == pb.SEARCH_RUNG_ALL_WORDS for hit in response.hits)
        if not response.next_page_token:
            break
        request.page_token = response.next_page_token
    assert len(seen) == 4
    assert set(seen) == {track.id for track in made[:4]}


async def test_words_of_lyrics_are_no_words_of_names(
    search: SearchServiceAsyncStub, database: Database, connection: Connection
) -> None:
    await add_tracks(database, SUNG)
    known = await connection.execute("SELECT word FROM search_word WHERE word = 'sinking'")
    assert await known.fetchone() is None
    assert await ask(search, "sinkin") == []


async def test_the_longest_lyrics_can_be_stored_and_found(
    search: SearchServiceAsyncStub, database: Database
) -> None:
    # Letters that become words of eighteen letters when they are folded, and no word twice.
    lyrics = " ".join(f"ﷺ{number:x}" for number in range(16_000))[:100_000]
    [track] = await add_tracks(database, Track(title="Long", lyrics=f"begin {lyrics}"[:100_000]))
    assert await ask(search, "begin ﷺ1") == [track.id]
