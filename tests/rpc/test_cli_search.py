"""`fonoteca suggest` and `search --catalogue` against the service, as a person runs them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from fonoteca.v1.library_pb2 import CreateLibraryRequest, Library
from fonoteca.v1.playlist_pb2 import CreatePlaylistRequest, Playlist
from fonoteca.v1.track_pb2 import Track, TrackAlbum
from service.database import Database
from service.libraries.model import DEFAULT_LIBRARY_ID
from tests.support.writing import add_tracks, credited

if TYPE_CHECKING:
    from fonoteca.v1.library_pb2_grpc import LibraryServiceAsyncStub
    from fonoteca.v1.playlist_pb2_grpc import PlaylistServiceAsyncStub
    from tests.conftest import Run


@pytest.fixture
async def catalogue(
    database: Database, libraries: LibraryServiceAsyncStub, playlists: PlaylistServiceAsyncStub
) -> None:
    """One name that is in it as everything, and a library without anything."""
    await add_tracks(
        database,
        Track(title="Killer [b]Queen[/b]", credits=credited("Queen"), genres=["Queen Core"]),
        Track(title="Flash", credits=credited("Queen"), album=TrackAlbum(title="Queen II")),
    )
    listed = Playlist(library_id=str(DEFAULT_LIBRARY_ID), name="Queen for a Day")
    await playlists.CreatePlaylist(CreatePlaylistRequest(playlist=listed))
    await libraries.CreateLibrary(CreateLibraryRequest(library=Library(name="empty")))


@pytest.mark.usefixtures("catalogue")
async def test_suggestions_are_grouped(run: Run) -> None:
    result = await run("suggest", "quee")
    assert result.exit_code == 0, result.output
    heads = [line.split()[1] for line in result.stdout.splitlines() if line.startswith("score")]
    assert sorted(heads) == ["album", "artist", "genre", "playlist", "track"]
    assert "Queen for a Day" in result.stdout
    assert "Killer [b]Queen[/b]" in result.stdout


@pytest.mark.usefixtures("catalogue")
async def test_suggestions_can_be_narrowed(run: Run) -> None:
    lines = (await run("suggest", "q", "--json", "--kind", "artist", "--kind", "genre")).stdout
    groups = [json.loads(line) for line in lines.splitlines()]
    assert {group["kind"] for group in groups} == {
        "SUGGESTION_KIND_ARTIST",
        "SUGGESTION_KIND_GENRE",
    }
    assert all(of["suggestions"][0]["highlights"] for of in groups)
    result = await run("suggest", "queen", "--json", "--kind", "track", "--limit", "1")
    assert len(json.loads(result.stdout)["suggestions"]) == 1
    nothing = await run("suggest", "quee", "--kind", "track", "--library", "empty")
    assert (nothing.exit_code, nothing.stdout) == (1, "")
    assert "nothing begins like 'quee'" in nothing.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("suggest", " "),
        ("suggest", "a", "--limit", "21"),
        ("suggest", "a", "--kind", "song"),
        ("suggest", "a", "--library", "none"),
        ("search", "--catalogue", " "),
        ("search", "--catalogue", "a", "--library", "none"),
        ("search", "--catalogue", "a", "--filter", "year:1999"),
        ("search", "--catalogue", "a", "--mode", "exact"),
        ("search", "--catalogue", "a", "--explain"),
        ("search", "--catalogue", "a", "--facet", "genre"),
    ],
)
async def test_what_cannot_be_asked_is_a_mistake_of_usage(
    run: Run, arguments: tuple[str, ...]
) -> None:
    result = await run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr


@pytest.mark.usefixtures("catalogue")
async def test_all_kinds_are_searched_at_once(run: Run) -> None:
    result = await run("search", "--catalogue", "queen")
    assert result.exit_code == 0, result.output
    heads = [line.split()[1] for line in result.stdout.splitlines() if line.startswith("score")]
    assert heads == ["track", "artist", "album", "playlist"]
    assert "0 items" in result.stdout
    lines = (await run("search", "queen", "--catalogue", "--json", "--limit", "1")).stdout
    hits = [json.loads(line) for line in lines.splitlines()]
    assert [kind for hit in hits for kind in hit if kind in heads] == heads
    nothing = await run("search", "queen", "--catalogue", "--library", "empty")
    assert (nothing.exit_code, nothing.stdout) == (1, "")
    assert "try without --library" in nothing.stderr
