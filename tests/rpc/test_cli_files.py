"""`fonoteca files` against the service, as a person runs it."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mutagen
import numpy as np
import pytest
import soundfile  # type: ignore[import-untyped]

from fonoteca.v1 import track_pb2
from tests.support.samples import UNKNOWN

if TYPE_CHECKING:
    from fonoteca.v1.track_pb2_grpc import TrackServiceAsyncStub
    from tests.conftest import Run


@pytest.fixture
def music(tmp_path: Path) -> Path:
    """A folder with three songs."""
    folder = tmp_path / "music"
    for pitch, name in ((440, "one"), (550, "two"), (660, "three")):
        tone(folder / f"{name}.flac", pitch, name)
    return folder


def tone(path: Path, pitch: float, title: str) -> None:
    path.parent.mkdir(exist_ok=True)
    soundfile.write(path, np.sin(np.arange(4_000) * pitch * 2 * math.pi / 8_000) * 0.3, 8_000)
    retag(path, title)


def retag(path: Path, title: str) -> None:
    audio: Any = mutagen.File(path)
    audio["title"] = title
    audio.save()


async def all_tracks(tracks: TrackServiceAsyncStub) -> dict[str, track_pb2.Track]:
    listed = await tracks.ListTracks(track_pb2.ListTracksRequest())
    return {track.title: track for track in listed.tracks}


async def missing(run: Run, *arguments: str | Path) -> list[dict[str, Any]]:
    result = await run("files", "missing", "--json", *arguments)
    assert result.exit_code == 0
    return [json.loads(line) for line in result.stdout.splitlines()]


async def test_missing_files_are_listed(run: Run, music: Path) -> None:
    await run("scan", music)
    nothing = await run("files", "missing")
    assert (nothing.exit_code, nothing.stdout) == (0, "")
    assert "no file is missing" in nothing.stderr
    (music / "one.flac").unlink()
    (music / "two.flac").unlink()
    await run("scan", music)
    table = await run("files", "missing", "--limit", "1")
    assert f"one {(music / 'one.flac').as_uri()}" in " ".join(table.stdout.split())
    assert [file["track_title"] for file in await missing(run)] == ["one", "two"]
    assert len(await missing(run, "--below", music)) == 2
    assert await missing(run, "--below", music / "one.flac") == []
    assert await missing(run, "--below", "s3://bucket") == []


async def test_a_missing_file_is_relinked(
    run: Run, music: Path, tmp_path: Path, tracks: TrackServiceAsyncStub
) -> None:
    await run("scan", music)
    before = await all_tracks(tracks)
    moved = tmp_path / "elsewhere.flac"
    (music / "one.flac").rename(moved)
    retag(moved, "Uno")
    await run("scan", music)
    [gone] = await missing(run)
    file_id = gone["audio"]["id"]
    wrong = await run("files", "relink", file_id, music / "two.flac")
    assert (wrong.exit_code, "the hashes are not those of file" in wrong.stderr) == (1, True)
    for place, why in ((tmp_path / "none", "No such file"), (tmp_path, "directory")):
        refused = await run("files", "relink", file_id, place)
        assert (refused.exit_code, why in refused.stderr) == (1, True)
    result = await run("files", "relink", file_id, moved)
    assert result.stdout == f"one is at {moved.as_uri()}\n"
    assert await missing(run) == []
    scanned = await run("scan", tmp_path)
    assert scanned.stdout.startswith("0 new, 0 changed, 3 unchanged (")
    after = await all_tracks(tracks)
    assert after["one"].id == before["one"].id
    again = await run("files", "relink", file_id, moved, "--json")
    assert (again.exit_code, "is not missing" in again.stderr) == (1, True)
    unknown = await run("files", "relink", UNKNOWN, "s3://bucket/song.flac")
    assert (unknown.exit_code, "does not exist" in unknown.stderr) == (1, True)


async def test_missing_files_are_forgotten(
    run: Run, music: Path, tracks: TrackServiceAsyncStub
) -> None:
    await run("scan", music)
    for name in ("one.flac", "two.flac"):
        (music / name).unlink()
    await run("scan", music)
    one, two = (file["audio"]["id"] for file in await missing(run))
    kept = await run("files", "forget", answer="n\n")
    assert "Forget 2 missing files?" in kept.output
    assert (kept.exit_code, len(await missing(run))) == (1, 2)
    elsewhere = await run("files", "forget", "--below", "/nowhere", "--yes")
    assert (elsewhere.exit_code, "no file is missing" in elsewhere.stderr) == (0, True)
    both = await run("files", "forget", one, "--below", music)
    assert both.exit_code == 2
    result = await run("files", "forget", one, "--yes")
    assert result.stdout == "1 file forgotten, 0 tracks deleted\n"
    result = await run("files", "forget", "--below", music, "--delete-tracks", "--yes", "--json")
    before = await all_tracks(tracks)
    assert json.loads(result.stdout)["forgotten"] == 1
    assert before.keys() == {"one", "three"}
    assert not before["one"].files
    gone = await run("files", "forget", two, "--yes")
    assert (gone.exit_code, f"file {two} does not exist" in gone.stderr) == (1, True)
