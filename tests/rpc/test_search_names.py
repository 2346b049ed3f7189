"""However people write the name of a track or an artist, the track is found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from fonoteca.v1 import playlist_pb2
from fonoteca.v1 import search_pb2 as pb
from fonoteca.v1.track_pb2 import Track, TrackAlbum
from service.database import Database
from tests.support.writing import add_tracks, credited

if TYPE_CHECKING:
    from fonoteca.v1.playlist_pb2_grpc import PlaylistServiceAsyncStub
    from fonoteca.v1.search_pb2_grpc import SearchServiceAsyncStub

FOUND: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    ("Jóga", "Björk"): ("bjork", "BJÖRK", "Bjo\u0308rk", "björk joga"),
    ("Svefn-g-englar", "Sigur Rós"): ("sigur ros", "svefn g englar", "SIGUR RÓS"),
    ("Final Song", "Mø"): ("mo", "MØ", "Mo final song"),
    ("Hex", "Æther"): ("aether", "æther hex"),
    ("Halo", "Beyoncé"): ("beyonce", "BEYONCÉ", "halo beyonce"),
    ("So What", "P!nk"): ("pink", "P!NK", "pink so what"),
    ("Thunderstruck", "AC/DC"): ("ac/dc", "acdc", "ac dc", "AC-DC", "thunderstruck acdc"),
    ("Nightswimming", "R.E.M."): ("rem", "R.E.M", "r.e.m. nightswimming"),
    ("Patience", "Guns N' Roses"): (
        "guns n roses", "Guns N\u2019 Roses", "guns n\u2018 roses", "guns n` roses",
        "guns n\u00b4 roses",
    ),
    ("Cecilia", "Simon & Garfunkel"): (
        "simon and garfunkel", "Simon&Garfunkel", "simon \uff06 garfunkel",
    ),
    ("\uff2c\uff4f\uff56\uff45\u3000Train", "\uff21\uff22"): (
        "love train", "ab", "\uff2c\uff2f\uff36\uff25",
    ),
    ("Κιθάρα", "Ελένη"): ("κιθαρα", "ΕΛΈΝΗ"),
    ("Группа крови", "Кино"): ("группа крови", "КИНО"),
    ("ירושלים", "עופרה"): ("ירושלים", "עופרה"),
    ("حبيبي", "فيروز"): ("حبيبي", "فيروز"),
    ("봄날", "방탄소년단"): ("봄날", "방탄소년단"),
    ("ความรัก", "คาราบาว"): ("ความรัก", "คาราบาว"),
    ("カラオケ", "ｶﾅ"): ("からおけ", "ｶﾗｵｹ", "カナ"),
    ("丸の内サディスティック", "椎名林檎"): (
        "林檎", "椎名", "丸の内", "サディスティック", "さでぃすてぃっく",
    ),
    ("Plus", "1+"): ("1+", "1+ plus"),
    ("Must Be the Moon", "!!!"): ("!!!", "!!! must be the moon"),
    ("Breezeblocks", "∆"): ("∆", "∆ breezeblocks"),
    ("Shape", "÷"): ("÷", "÷ shape"),
    ("Intro", "MO"): ("MO", "mo intro"),
    ("One", "U2"): ("U2", "u2 one"),
    ("It", "Prince"): ("It", "it prince"),
    ("This Is the Day", "The The"): ("The The", "the the", "this is the day the the"),
}  # fmt: skip


@pytest.fixture
async def catalogue(database: Database) -> dict[str, str]:
    """The ids of the tracks, by title."""
    tracks = [Track(title=title, credits=credited(artist)) for title, artist in FOUND]
    return {track.title: track.id for track in await add_tracks(database, *tracks)}


async def test_each_name_is_found_however_it_is_written(
    search: SearchServiceAsyncStub, catalogue: dict[str, str]
) -> None:
    asked = [(title, query) for (title, _), queries in FOUND.items() for query in queries]
    asked += [(title, title) for title, _ in FOUND] + [(title, artist) for title, artist in FOUND]
    requests = [pb.SearchTracksRequest(query=query) for _, query in asked]
    response = await search.BatchSearchTracks(pb.BatchSearchTracksRequest(requests=requests))
    missed = [
        (title, query)
        for (title, query), result in zip(asked, response.results, strict=True)
        if catalogue[title] not in {hit.track.id for hit in result.response.hits[:3]}
    ]
    assert missed == []


DIVIDED: Final = (
    *(("AC/DC", typed) for typed in ("acdc", "ac dc", "AC/DC", "A.C.D.C.")),
    *(("R.E.M.", typed) for typed in ("rem", "R.E.M.", "r e m")),
    *(("Hip Hop", typed) for typed in ("hiphop", "hip hop", "Hip-Hop")),
    *(("TwoFold", typed) for typed in ("two fold", "two-fold", "twofold")),
    *(("The Loose Ends", typed) for typed in ("theloose ends", "the looseends", "The Loose-Ends")),
    *(("A-Far", typed) for typed in ("afar", "a far")),
)  # fmt: skip
"""Names, and how else people divide them into words."""


@pytest.fixture
async def divided(database: Database, playlists: PlaylistServiceAsyncStub) -> dict[str, str]:
    """The ids of the tracks that are called by each name, among others that have its words."""
    names = list(dict.fromkeys(name for name, _ in DIVIDED))
    others = [*(word for name in names for word in (name, *name.split())), "Acdc", "Hiphop", "Rem"]
    await add_tracks(
        database,
        *(
            Track(title=f"{words} and more of number {n}", credits=credited(f"The {words}s {n}"))
            for words in others
            for n in range(4)
        ),
    )
    for name in names:
        playlist = playlist_pb2.Playlist(name=name)
        await playlists.CreatePlaylist(playlist_pb2.CreatePlaylistRequest(playlist=playlist))
    made = [
        Track(
            title=name,
            credits=credited(name),
            album=TrackAlbum(title=name),
            genres=[name],
            popularity=10,
        )
        for name in names
    ]
    return {track.title: track.id for track in await add_tracks(database, *made)}


async def test_a_name_is_exact_however_its_words_are_divided(
    search: SearchServiceAsyncStub, divided: dict[str, str]
) -> None:
    for name, typed in DIVIDED:
        request = pb.SearchTracksRequest(query=typed, highlight=True, explain=True)
        hit = (await search.SearchTracks(request)).hits[0]
        assert (hit.track.id, hit.rung) == (divided[name], pb.SEARCH_RUNG_EXACT), typed
        assert not hit.explanation.missing_words, typed
        title = next(of for of in hit.highlights if of.field == "title")
        assert (title.spans[0].start, title.spans[-1].end) == (0, len(name)), typed
        found = await search.SearchCatalogue(pb.SearchCatalogueRequest(query=typed))
        assert found.artists, typed
        names = (found.artists[0].artist.name, found.albums[0].album.title)
        assert (*names, found.playlists[0].playlist.name) == (name,) * 3, typed
        for first in (found.artists[0], found.albums[0], found.playlists[0]):
            assert first.rung == pb.SEARCH_RUNG_EXACT, typed
        groups = (await search.Suggest(pb.SuggestRequest(query=typed))).groups
        assert len(groups) == 5
        assert {group.suggestions[0].text for group in groups} == {name}, typed


@pytest.mark.parametrize("typed", ["wonder wall", "wonderwall", "stone roses", "stoneroses"])
async def test_totals_facets_and_lists_know_names_that_are_divided_otherwise(
    search: SearchServiceAsyncStub, database: Database, typed: str
) -> None:
    await add_tracks(
        database,
        *(
            Track(title=title, credits=credited(artist), genres=["Rock"])
            for title, artist in (
                ("Wonderwall", "Oasis"),
                ("Elephant Stone", "Stone Roses"),
                ("Wonder", "Adrian"),
                ("Wall", "Roger"),
                ("Stone", "Roger"),
                ("Roses", "Roger"),
            )
        ),
    )
    request = pb.SearchTracksRequest(
        query=typed, count_total=True, facets=[pb.SEARCH_FACET_FIELD_GENRE]
    )
    ranked = await search.SearchTracks(request)
    assert ranked.hits[0].rung == pb.SEARCH_RUNG_EXACT
    assert ranked.total_size == len(ranked.hits) == 1
    assert [value.count for value in ranked.facets[0].values] == [1]
    listed = await search.SearchTracks(pb.SearchTracksRequest(query=typed, order_by="title"))
    assert [hit.track for hit in listed.hits] == [hit.track for hit in ranked.hits]


async def test_what_was_meant_is_told_though_fewer_words_were_found_before(
    search: SearchServiceAsyncStub, database: Database
) -> None:
    await add_tracks(
        database,
        Track(title="Enter Sandman", credits=credited("Metallica")),
        Track(title="Enter Sandman", credits=credited("Iron Horse")),
        Track(title="Nothing", credits=credited("Metalica")),
    )
    request = pb.SearchTracksRequest(query="metalicca enter sandman")
    found = await search.SearchTracks(request)
    assert found.hits[0].rung == pb.SEARCH_RUNG_TYPO
    assert found.did_you_mean == "metallica enter sandman"
