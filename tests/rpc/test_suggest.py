"""Suggest, as a client sees it: what is offered while somebody types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import grpc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fonoteca.v1 import album_pb2, artist_pb2, library_pb2, playlist_pb2
from fonoteca.v1 import search_pb2 as pb
from fonoteca.v1 import track_pb2 as tracks_pb
from fonoteca.v1.artist_pb2 import Artist, ArtistAlias
from fonoteca.v1.track_pb2 import Track, TrackAlbum
from service.database import Database
from service.upkeep.model import Fault, Stage
from service.upkeep.store import look
from tests.support.errors import raises_status
from tests.support.writing import add_tracks, credited

if TYPE_CHECKING:
    from fonoteca.v1.album_pb2_grpc import AlbumServiceAsyncStub
    from fonoteca.v1.artist_pb2_grpc import ArtistServiceAsyncStub
    from fonoteca.v1.library_pb2_grpc import LibraryServiceAsyncStub
    from fonoteca.v1.playlist_pb2_grpc import PlaylistServiceAsyncStub
    from fonoteca.v1.search_pb2_grpc import SearchServiceAsyncStub
    from fonoteca.v1.track_pb2_grpc import TrackServiceAsyncStub

INVALID = grpc.StatusCode.INVALID_ARGUMENT

CATALOGUE = (
    Track(title="Creep", credits=credited("Radiohead"), album=TrackAlbum(title="Pablo Honey"),
          genres=["Rock"], popularity=88),
    Track(title="Karma Police", credits=credited("Radiohead"),
          album=TrackAlbum(title="OK Computer"), genres=["Rock"], popularity=75),
    Track(title="Yesterday", credits=credited("The Beatles"), album=TrackAlbum(title="Help!"),
          genres=["Rock", "Pop"], popularity=83),
    Track(title="Basket Case", credits=credited("Green Day"), album=TrackAlbum(title="Dookie"),
          genres=["Punk"], popularity=80),
    Track(title="Beat It", credits=credited("Michael Jackson"), album=TrackAlbum(title="Thriller"),
          genres=["Pop"], popularity=77),
    Track(title="Beating Hearts", credits=credited("Nobody"), popularity=3),
    Track(title="Blackberry Way", credits=credited("The Move"), popularity=12),
    Track(title="Back in Black", credits=credited("AC/DC"), popularity=81),
    Track(title="Hoppípolla", credits=credited("Sigur Rós"), album=TrackAlbum(title="Takk..."),
          genres=["Post-Rock"], popularity=66),
    Track(title="Группа крови", credits=credited("Кино"), popularity=55),
    Track(title="丸ノ内サディスティック", credits=credited("椎名林檎"), popularity=60),
    Track(title="!!!", credits=credited("Punctuation")),
)  # fmt: skip


@pytest.fixture
async def catalogue(database: Database) -> None:
    await add_tracks(database, *CATALOGUE)


async def ask(search: SearchServiceAsyncStub, query: str, **more: Any) -> dict[str, list[str]]:
    """Return what is suggested: the texts by kind."""
    response = await search.Suggest(pb.SuggestRequest(query=query, **more))
    return {
        pb.SuggestionKind.Name(group.kind).removeprefix("SUGGESTION_KIND_"): [
            suggestion.text for suggestion in group.suggestions
        ]
        for group in response.groups
    }


@pytest.mark.usefixtures("catalogue")
@pytest.mark.parametrize(
    ("query", "kind", "text"),
    [
        ("c", "TRACK", "Creep"),
        ("B", "TRACK", "Back in Black"),
        ("r", "ARTIST", "Radiohead"),
        ("ra", "ARTIST", "Radiohead"),
        ("radioh", "ARTIST", "Radiohead"),
        ("radioh", "TRACK", "Creep"),
        ("radiohead k", "TRACK", "Karma Police"),
        ("karma rad", "TRACK", "Karma Police"),
        ("beat", "ARTIST", "The Beatles"),
        ("beat", "TRACK", "Beat It"),
        ("ok c", "ALBUM", "OK Computer"),
        ("radiohead ok", "ALBUM", "OK Computer"),
        ("post", "GENRE", "Post-Rock"),
        ("postr", "GENRE", "Post-Rock"),
        ("roc", "GENRE", "Rock"),
        ("HOPPÍ", "TRACK", "Hoppípolla"),
        ("hoppi", "TRACK", "Hoppípolla"),
        ("ac/d", "ARTIST", "AC/DC"),
        ("груп", "TRACK", "Группа крови"),
        ("林", "TRACK", "丸ノ内サディスティック"),
        ("林檎", "ARTIST", "椎名林檎"),
        ("!!", "TRACK", "!!!"),
        # Misspelt: a letter wrong, missing, added or transposed in what is not finished yet,
        ("rafiohe", "ARTIST", "Radiohead"),
        ("adiohe", "ARTIST", "Radiohead"),
        ("raddiohe", "ARTIST", "Radiohead"),
        ("radoihe", "ARTIST", "Radiohead"),
        ("гурпп", "TRACK", "Группа крови"),
        # two in a finished word, and words that were run together or torn apart.
        ("radoihead k", "TRACK", "Karma Police"),
        ("radohiead", "ARTIST", "Radiohead"),
        ("greend", "ARTIST", "Green Day"),
        ("greenday", "ARTIST", "Green Day"),
        ("acdc", "ARTIST", "AC/DC"),
        ("black berr", "TRACK", "Blackberry Way"),
    ],
)
async def test_suggests_what_was_meant(
    search: SearchServiceAsyncStub, query: str, kind: str, text: str
) -> None:
    suggested = await ask(search, query)
    assert text in suggested.get(kind, [])[:2]
    alone = await ask(search, query, kinds=[pb.SuggestionKind.Value(f"SUGGESTION_KIND_{kind}")])
    assert text in alone.get(kind, [])[:2]


@pytest.mark.usefixtures("catalogue")
async def test_groups_come_in_the_order_of_their_best(search: SearchServiceAsyncStub) -> None:
    response = await search.Suggest(pb.SuggestRequest(query="b"))
    best = [group.suggestions[0].score for group in response.groups]
    assert best == sorted(best, reverse=True)
    for group in response.groups:
        scores = [suggestion.score for suggestion in group.suggestions]
        assert scores == sorted(scores, reverse=True)
        assert all(0 <= score <= 1 for score in scores)
    assert await ask(search, "beat", kinds=[pb.SUGGESTION_KIND_TRACK]) == {
        "TRACK": ["Beat It", "Yesterday", "Beating Hearts"]
    }
    assert await ask(search, "b", limit=1, kinds=[pb.SUGGESTION_KIND_TRACK]) == {
        "TRACK": ["Back in Black"]
    }


async def test_an_artist_without_tracks_is_suggested_by_any_word(
    search: SearchServiceAsyncStub, tracks: TrackServiceAsyncStub, database: Database
) -> None:
    [track] = await add_tracks(database, Track(title="Song", credits=credited("Hello Zyxwv")))
    await tracks.DeleteTrack(tracks_pb.DeleteTrackRequest(id=track.id))
    async with database.transaction() as connection:
        await connection.execute("DELETE FROM search_word")  # as upkeep does, later
    for query in ("zyxwv", "zyx", "hello zyxwv"):
        response = await search.Suggest(pb.SuggestRequest(query=query))
        assert [s.text for group in response.groups for s in group.suggestions] == ["Hello Zyxwv"]


@pytest.mark.usefixtures("catalogue")
async def test_a_completion_is_a_query_that_finds_it(search: SearchServiceAsyncStub) -> None:
    response = await search.Suggest(pb.SuggestRequest(query="radiohead k"))
    [group] = response.groups
    [suggestion] = group.suggestions
    assert (suggestion.text, suggestion.detail) == ("Karma Police", "Radiohead")
    assert suggestion.completion == "Karma Police Radiohead"
    found = await search.SearchTracks(pb.SearchTracksRequest(query=suggestion.completion))
    assert found.hits[0].track.id == suggestion.id
    response = await search.Suggest(pb.SuggestRequest(query="karm"))
    assert response.groups[0].suggestions[0].completion == "Karma Police"


@pytest.mark.usefixtures("catalogue")
@pytest.mark.parametrize(
    ("query", "marked"),
    [
        ("beat", ["Beat"]),
        ("HOPPÍ", ["Hoppípolla"]),
        ("karma radio", ["Karma"]),
        ("radoihe", ["Radiohead"]),
        ("ac/d", ["AC", "DC"]),
        ("acd", ["AC/DC"]),
        ("acdc", ["AC/DC"]),
        ("ac", ["AC"]),
        ("林檎", ["林檎"]),
    ],
)
async def test_tells_where_the_words_stand(
    search: SearchServiceAsyncStub, query: str, marked: list[str]
) -> None:
    response = await search.Suggest(pb.SuggestRequest(query=query, highlight=True))
    found = [
        [suggestion.text[span.start : span.end] for span in suggestion.highlights]
        for group in response.groups
        for suggestion in group.suggestions
    ]
    assert marked in found
    plain = await search.Suggest(pb.SuggestRequest(query=query))
    assert not any(s.highlights for group in plain.groups for s in group.suggestions)


async def test_recordings_of_one_title_are_one_suggestion(
    search: SearchServiceAsyncStub, database: Database
) -> None:
    _, popular = await add_tracks(
        database,
        Track(title="Hello", credits=credited("Adele"), popularity=20),
        Track(title="Hello", credits=credited("Adele"), popularity=90),
    )
    response = await search.Suggest(pb.SuggestRequest(query="hel"))
    assert [s.id for s in response.groups[0].suggestions] == [popular.id]


@pytest.mark.parametrize("query", ["a", "abb"])
async def test_of_equally_popular_ones_the_shorter_come_first(
    search: SearchServiceAsyncStub, database: Database, query: str
) -> None:
    names = [f"Abb{'a' * (number * 7 % 20)}" for number in range(20)]
    await add_tracks(
        database,
        *(Track(title=name, credits=credited(f"{name}!"), popularity=80) for name in names),
    )
    names.sort(key=len)
    suggested = await ask(search, query, limit=4)
    assert suggested == {
        "TRACK": names[:4],
        "ARTIST": [f"{name}!" for name in names[:4]],
    }


async def test_names_follow_their_writes_at_once(
    search: SearchServiceAsyncStub,
    tracks: TrackServiceAsyncStub,
    artists: ArtistServiceAsyncStub,
    albums: AlbumServiceAsyncStub,
    playlists: PlaylistServiceAsyncStub,
) -> None:
    track = await tracks.CreateTrack(
        tracks_pb.CreateTrackRequest(
            track=Track(
                title="Alpha",
                credits=credited("Prince"),
                album=TrackAlbum(title="Purple"),
                genres=["Funk"],
            )
        )
    )
    for query, kind, text in (
        ("al", "TRACK", "Alpha"),
        ("pri", "ARTIST", "Prince"),
        ("pur", "ALBUM", "Purple"),
        ("prince pu", "ALBUM", "Purple"),
        ("fu", "GENRE", "Funk"),
    ):
        assert (await ask(search, query))[kind] == [text]
    artist = Artist(
        id=track.credits[0].artist_id, name="Symbol", aliases=[ArtistAlias(name="Squiggle")]
    )
    await artists.UpdateArtist(artist_pb2.UpdateArtistRequest(artist=artist))
    for query in ("sym", "squig", "prin"):  # the name, an alias, the former name
        response = await search.Suggest(
            pb.SuggestRequest(query=query, kinds=[pb.SUGGESTION_KIND_ARTIST])
        )
        [suggestion] = response.groups[0].suggestions
        assert suggestion.text == "Symbol"
        assert suggestion.detail.lower().startswith("" if query == "sym" else query)
    assert (await ask(search, "symbol purp"))["ALBUM"] == ["Purple"]
    album = album_pb2.Album(id=track.album.id, title="Orange")
    await albums.UpdateAlbum(album_pb2.UpdateAlbumRequest(album=album))
    assert (await ask(search, "oran"))["ALBUM"] == ["Orange"]
    assert "ALBUM" not in await ask(search, "purpl")
    await tracks.DeleteTrack(tracks_pb.DeleteTrackRequest(id=track.id))
    assert "TRACK" not in await ask(search, "alph")

    created = await playlists.CreatePlaylist(
        playlist_pb2.CreatePlaylistRequest(playlist=playlist_pb2.Playlist(name="Sunday"))
    )
    assert (await ask(search, "sund"))["PLAYLIST"] == ["Sunday"]
    renamed = playlist_pb2.Playlist(id=created.id, name="Monday")
    await playlists.UpdatePlaylist(playlist_pb2.UpdatePlaylistRequest(playlist=renamed))
    assert (await ask(search, "m"))["PLAYLIST"] == ["Monday"]
    assert "PLAYLIST" not in await ask(search, "sund")
    await playlists.DeletePlaylist(playlist_pb2.DeletePlaylistRequest(id=created.id))
    assert "PLAYLIST" not in await ask(search, "mon")
    await playlists.UndeletePlaylist(playlist_pb2.UndeletePlaylistRequest(id=created.id))
    assert (await ask(search, "mon"))["PLAYLIST"] == ["Monday"]


async def test_an_artist_is_as_popular_as_its_most_popular_track(
    search: SearchServiceAsyncStub, database: Database
) -> None:
    await add_tracks(
        database,
        Track(title="One", credits=credited("Alpha One"), popularity=10),
        Track(title="Two", credits=credited("Alpha Two"), popularity=30),
    )
    assert (await ask(search, "alpha"))["ARTIST"] == ["Alpha Two", "Alpha One"]
    await add_tracks(database, Track(title="Hit", credits=credited("Alpha One"), popularity=90))
    assert (await ask(search, "alpha"))["ARTIST"] == ["Alpha One", "Alpha Two"]


async def test_upkeep_lowers_what_writes_have_raised(
    search: SearchServiceAsyncStub, database: Database, tracks: TrackServiceAsyncStub
) -> None:
    hit, _ = await add_tracks(
        database,
        Track(title="Hit", credits=credited("Alpha One"), popularity=90,
              album=TrackAlbum(title="Alpine One")),
        Track(title="Two", credits=credited("Alpha Two"), popularity=30,
              album=TrackAlbum(title="Alpine Two")),
    )  # fmt: skip
    await tracks.DeleteTrack(tracks_pb.DeleteTrackRequest(id=hit.id))
    assert (await ask(search, "alpha"))["ARTIST"] == ["Alpha One", "Alpha Two"]
    async with database.transaction() as connection:
        seen = await look(connection, Stage.NAMES, Stage.NAMES.start, 10)
    assert [finding.fault for finding in seen.findings] == [Fault.STALE_POPULARITY] * 2
    assert (await ask(search, "alpha"))["ARTIST"] == ["Alpha Two", "Alpha One"]
    assert (await ask(search, "alpine"))["ALBUM"] == ["Alpine Two", "Alpine One"]


async def test_longer_playlists_come_first(
    search: SearchServiceAsyncStub, database: Database, playlists: PlaylistServiceAsyncStub
) -> None:
    made = await add_tracks(database, *(Track(title=f"Song {number}") for number in range(9)))
    for name, count in (("Mix one", 1), ("Mix nine", 9), ("Mix none", 0)):
        playlist = await playlists.CreatePlaylist(
            playlist_pb2.CreatePlaylistRequest(playlist=playlist_pb2.Playlist(name=name))
        )
        if count:
            await playlists.AddPlaylistItems(
                playlist_pb2.AddPlaylistItemsRequest(
                    playlist_id=playlist.id, track_ids=[track.id for track in made[:count]]
                )
            )
    assert (await ask(search, "mix"))["PLAYLIST"] == ["Mix nine", "Mix one", "Mix none"]


async def test_a_library_has_its_own_names(
    search: SearchServiceAsyncStub,
    database: Database,
    libraries: LibraryServiceAsyncStub,
    playlists: PlaylistServiceAsyncStub,
) -> None:
    other = await libraries.CreateLibrary(
        library_pb2.CreateLibraryRequest(library=library_pb2.Library(name="other"))
    )
    for library_id, number in (("", 1), (other.id, 2)):
        await add_tracks(
            database,
            Track(
                title=f"Zed {number}",
                credits=credited(f"Zoe {number}"),
                album=TrackAlbum(title=f"Zoo {number}"),
                library_id=library_id,
            ),
        )
        playlist = playlist_pb2.Playlist(name=f"Zip {number}", library_id=library_id)
        await playlists.CreatePlaylist(playlist_pb2.CreatePlaylistRequest(playlist=playlist))
    everywhere = await ask(search, "z")
    assert {kind: sorted(texts) for kind, texts in everywhere.items()} == {
        "TRACK": ["Zed 1", "Zed 2"],
        "ARTIST": ["Zoe 1", "Zoe 2"],
        "ALBUM": ["Zoo 1", "Zoo 2"],
        "PLAYLIST": ["Zip 1", "Zip 2"],
    }
    assert await ask(search, "z", library_id=other.id) == {
        "TRACK": ["Zed 2"],
        "ARTIST": ["Zoe 2"],
        "ALBUM": ["Zoo 2"],
        "PLAYLIST": ["Zip 2"],
    }
    assert await ask(search, "z", library_id=str(uuid4())) == {}


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (pb.SuggestRequest(), "query"),
        (pb.SuggestRequest(query=" \t"), "query"),
        (pb.SuggestRequest(query="x" * 201), "query"),
        (pb.SuggestRequest(query="a\0b"), "query"),
        (pb.SuggestRequest(query="a", library_id="x"), "library_id"),
        (pb.SuggestRequest(query="a", limit=-1), "limit"),
        (pb.SuggestRequest(query="a", limit=21), "limit"),
        (pb.SuggestRequest(query="a", kinds=[pb.SUGGESTION_KIND_UNSPECIFIED]), "kinds[0]"),
        (pb.SuggestRequest(query="a", kinds=[1, 99]), "kinds[1]"),  # type: ignore[list-item]
    ],
)
async def test_refuses_bad_requests(
    search: SearchServiceAsyncStub, request_: pb.SuggestRequest, field: str
) -> None:
    with raises_status(INVALID, field=field):
        await search.Suggest(request_)


@pytest.mark.usefixtures("catalogue")
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    query=st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)
)
async def test_whatever_is_typed_is_answered(search: SearchServiceAsyncStub, query: str) -> None:
    if query and not query.isspace():
        await ask(search, query)
