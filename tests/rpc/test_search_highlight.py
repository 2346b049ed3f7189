"""Highlights and better spellings: where matched words stand, and what was meant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from fonoteca.v1 import search_pb2 as pb
from fonoteca.v1.track_pb2 import Track, TrackAlbum
from service.database import Connection, Database
from service.search.highlight import pieces_as_typed, pieces_of
from service.search.store import fold
from tests.support.writing import add_tracks, credited

if TYPE_CHECKING:
    from fonoteca.v1.search_pb2_grpc import SearchServiceAsyncStub

CATALOGUE = (
    Track(title="Hoppípolla (Live)", credits=credited("Sigur Rós"), genres=["Live", "Post-Rock"],
          album=TrackAlbum(title="Hoppípolla / Heysátan")),
    Track(title="Back in Black", credits=credited("AC/DC")),
    Track(title="Losing My Religion", credits=credited("R.E.M.", "Björk")),
    Track(title="上を向いて歩こう", credits=credited("坂本九")),
    Track(title="So What", credits=credited("P!nk")),
    Track(title="💿 Rock & Roll 💿", credits=credited("Guns N\u2019 Roses")),
    Track(title="\uff26ull width", credits=credited("ﾊﾞﾝﾄﾞ")),
    Track(title="Bohemian Rhapsody", credits=credited("Queen")),
    Track(title="Blackberry Way", credits=credited("The Move")),
    Track(title="Basket Case", credits=credited("Green Day")),
)  # fmt: skip


@pytest.fixture
async def catalogue(database: Database) -> None:
    await add_tracks(database, *CATALOGUE)


def marked(hit: pb.SearchHit) -> dict[str, list[str]]:
    """Return what is highlighted, by field."""
    texts = {"title": hit.track.title, "artist": hit.track.artist}
    texts["album.title"] = hit.track.album.title
    texts |= {f"genres[{index}]": genre for index, genre in enumerate(hit.track.genres)}
    return {
        of.field: [texts[of.field][span.start : span.end] for span in of.spans]
        for of in hit.highlights
    }


async def ask(search: SearchServiceAsyncStub, query: str, **more: Any) -> pb.SearchTracksResponse:
    return await search.SearchTracks(pb.SearchTracksRequest(query=query, **more))


@pytest.mark.usefixtures("catalogue")
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("hoppipolla", {"title": ["Hoppípolla"], "album.title": ["Hoppípolla"]}),
        ("HOPPIPOLLA sigur", {"title": ["Hoppípolla"], "artist": ["Sigur"],
                              "album.title": ["Hoppípolla"]}),
        ("hoppipolla live", {"title": ["Hoppípolla", "Live"], "album.title": ["Hoppípolla"],
                             "genres[0]": ["Live"]}),
        ("sigur rock", {"artist": ["Sigur"], "genres[1]": ["Rock"]}),
        ("heysat", {"album.title": ["Heysátan"]}),
        ("dc", {"artist": ["DC"]}),
        ("acdc", {"artist": ["AC/DC"]}),
        ("rem religion", {"title": ["Religion"], "artist": ["R.E.M."]}),
        ("bjork", {"artist": ["Björk"]}),
        ("歩こう", {"title": ["歩こう"]}),
        ("を向", {"title": ["を向"]}),
        ("pink", {"artist": ["P!nk"]}),
        ("rock and roll", {"title": ["Rock", "&", "Roll"]}),
        ("guns n roses", {"artist": ["Guns", "N\u2019", "Roses"]}),
        ("full", {"title": ["\uff26ull"]}),
        ("ばんど", {"artist": ["ﾊﾞﾝﾄﾞ"]}),
        ("bohemian rapsody", {"title": ["Bohemian", "Rhapsody"]}),
        ("black berry way", {"title": ["Blackberry", "Way"]}),
        ("greenday", {"artist": ["Green", "Day"]}),
        ("bohemian nonsense", {"title": ["Bohemian"]}),
    ],
)  # fmt: skip
async def test_highlights_are_places_in_the_text_as_it_is(
    search: SearchServiceAsyncStub, query: str, expected: dict[str, list[str]]
) -> None:
    response = await ask(search, query, highlight=True)
    assert marked(response.hits[0]) == expected
    assert not (await ask(search, query)).hits[0].highlights


@pytest.mark.usefixtures("catalogue")
async def test_highlights_come_with_every_kind_of_search(search: SearchServiceAsyncStub) -> None:
    requests = [
        pb.SearchTracksRequest(query="hoppipolla", highlight=True, order_by="title"),
        pb.SearchTracksRequest(query="hoppipolla"),
        pb.SearchTracksRequest(filter="title:hoppipolla", highlight=True),
        pb.SearchTracksRequest(query="xyzzyx", highlight=True),
        pb.SearchTracksRequest(query="hopipolla", highlight=True),
    ]
    whole = await search.BatchSearchTracks(pb.BatchSearchTracksRequest(requests=requests))
    for request, result in zip(requests, whole.results, strict=True):
        assert result.response == await search.SearchTracks(request)
    counts = [[len(hit.highlights) for hit in of.response.hits] for of in whole.results]
    assert counts == [[2], [0], [0], [], [2]]


ODD = "aé'\u2019.!$&/-()🎵 愛のバﾊﾞ\u0301\u0300ßİ𠀀½㍿ﬁ…\u200b\u00ad\t\u00a0_RE#"


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(texts=st.lists(st.text(ODD, max_size=12) | st.text(max_size=8), max_size=20))
@example(
    [
        "Abba Oh",
        "! oh",
        "R.E.M.-style",
        "AC/DC!!!",
        "!!! oh !!!",
        "½ 上を向いて㍿",
        "a\u0301 \u0301b",
        "$ a$ap $",
    ]
)
async def test_pieces_fold_to_the_words_of_the_text(
    connection: Connection, texts: list[str]
) -> None:
    texts = [text.replace("\0", "").encode(errors="ignore").decode() for text in texts]
    pieces = await pieces_of(connection, texts)
    slices = [(text, piece) for text in texts for piece in pieces[text]]
    folded = await fold(connection, [text[piece.start : piece.end] for text, piece in slices])
    for (text, piece), of in zip(slices, folded, strict=True):
        assert list(piece.words) == of.split(), text
    for text, whole in zip(texts, await fold(connection, texts), strict=True):
        ends = [end for piece in pieces[text] for end in (piece.start, piece.end)]
        assert ends == sorted(ends)
        words = [word for piece in pieces[text] for word in piece.words]
        assert words == whole.split()[: len(words)]
        assert pieces_as_typed(text, whole) in (None, pieces[text])


@pytest.mark.usefixtures("catalogue")
@pytest.mark.parametrize(
    ("query", "meant"),
    [
        ("Bohemian Rapsody", "Bohemian rhapsody"),
        ("bohemain rapsody!", "bohemian rhapsody!"),
        ("QUEEN - rapsody (live?)", ""),
        ("QUEEN - rapsody", "QUEEN - rhapsody"),
        ("greenday", "green day"),
        ("black berry way", "blackberry way"),
        ("the move: black berry", "the move: blackberry"),
        ("hopipolla", "hoppipolla"),
        ("r.e.m. relegion", "r.e.m. religion"),
        ("bohemian rhapsody", ""),
        ("bohem", ""),
        ("xyzzyx", ""),
    ],
)
async def test_tells_what_was_meant_when_only_mending_found_something(
    search: SearchServiceAsyncStub, query: str, meant: str
) -> None:
    response = await ask(search, query)
    assert response.did_you_mean == meant
    if meant:
        assert response.hits[0].rung in (pb.SEARCH_RUNG_EXACT, pb.SEARCH_RUNG_TYPO)
        better = (await ask(search, meant)).hits
        assert better[0].track == response.hits[0].track
        assert better[0].rung < pb.SEARCH_RUNG_TYPO
