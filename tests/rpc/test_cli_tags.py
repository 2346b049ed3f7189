"""`fonoteca tags` against the service, as a person runs it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import mutagen
import pytest

from fonoteca.v1 import track_pb2
from tests.support.audio import tone
from tests.support.samples import get

if TYPE_CHECKING:
    from fonoteca.v1.track_pb2_grpc import TrackServiceAsyncStub
    from service.settings import Settings
    from tests.conftest import Run


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The media root of the server."""
    root = tmp_path / "music"
    root.mkdir()
    return root


@pytest.fixture
def settings(settings: Settings, root: Path) -> Settings:
    return settings.model_copy(update={"media_roots": (root,)})


@pytest.fixture
async def track(run: Run, tracks: TrackServiceAsyncStub, root: Path) -> track_pb2.Track:
    """A track whose file says something else than the catalogue."""
    path = tone(root / "a.flac")
    audio = mutagen.File(path)
    audio["title"], audio["genre"] = "Old", "rock"
    audio.save()
    await run("scan", root)
    [track] = (await tracks.ListTracks(track_pb2.ListTracksRequest())).tracks
    edited = track_pb2.Track(id=track.id, title="New", genres=["pop"])
    return await tracks.UpdateTrack(track_pb2.UpdateTrackRequest(track=edited))


def says(root: Path) -> tuple[str, str]:
    audio = mutagen.File(root / "a.flac")
    return audio["title"][0], audio["genre"][0]


async def test_changes_are_shown_before_they_are_written(
    run: Run, track: track_pb2.Track, root: Path
) -> None:
    shown = await run("tags", "write", track.id, "--dry-run")
    lines = shown.stdout.splitlines()
    assert lines[0] == (root / "a.flac").as_uri()
    assert {"  - title: Old", "  + title: New", "  - genre: rock", "  + genre: pop"} == {*lines[1:]}
    assert "1 file would be written" in shown.stderr
    refused = await run("tags", "write", "--filter", "title:new", answer="n\n")
    assert (refused.exit_code, "Write 1 file?" in refused.stderr) == (1, True)
    assert says(root) == ("Old", "rock")
    agreed = await run("tags", "write", "--filter", "title:new", "--fact", "title", answer="y\n")
    assert (agreed.exit_code, says(root)) == (0, ("New", "rock"))
    written = await run("tags", "write", track.id, "--yes", "--json")
    assert json.loads(written.stdout)["written"] is True
    assert says(root) == ("New", "pop")
    again = await run("tags", "write", track.id)
    assert (again.exit_code, again.stdout) == (0, "")
    assert "0 files would be written, 1 as they should be" in again.stderr


async def test_a_file_that_cannot_be_written_is_told_of(
    run: Run, track: track_pb2.Track, root: Path, tracks: TrackServiceAsyncStub
) -> None:
    (root / "a.flac").unlink()
    result = await run("tags", "write", track.id, "--yes")
    assert (result.exit_code, "  ! " in result.stdout) == (1, True)
    assert "1 cannot be written" in result.stderr
    assert (await get(tracks, track)).title == "New"


async def test_a_file_that_can_hold_nothing_of_it_is_told_of(
    run: Run, track: track_pb2.Track, root: Path, tracks: TrackServiceAsyncStub
) -> None:
    edited = track_pb2.Track(id=track.id, title="New", genres=["a;b"])
    await tracks.UpdateTrack(track_pb2.UpdateTrackRequest(track=edited))
    result = await run("tags", "write", track.id, "--fact", "genre", "--yes")
    assert (result.exit_code, says(root)[1]) == (1, "rock")
    assert "  ! genre: this kind of file cannot hold it" in result.stdout
    assert "0 files written, 0 as they should be, 1 cannot be written" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["x", "--filter", "title:x"],
        ["x", "--dry-run", "--yes"],
        ["x", "--json"],
    ],
)
async def test_what_contradicts_itself_is_refused(run: Run, arguments: list[str]) -> None:
    result = await run("tags", "write", *arguments)
    assert result.exit_code == 2
