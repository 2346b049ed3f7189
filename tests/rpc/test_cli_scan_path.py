"""`fonoteca scan-path` against the service, as a person runs it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fonoteca.v1 import track_pb2
from tests.support.audio import tone

if TYPE_CHECKING:
    from fonoteca.v1.track_pb2_grpc import TrackServiceAsyncStub
    from service.settings import Settings
    from tests.conftest import Run


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The media root of the server."""
    root = tmp_path.resolve() / "music"
    root.mkdir()
    return root


@pytest.fixture
def settings(settings: Settings, root: Path, tmp_path: Path) -> Settings:
    return settings.model_copy(update={"media_roots": (root,), "data_dir": tmp_path / "data"})


async def test_the_server_scans_its_folder(
    run: Run, root: Path, tracks: TrackServiceAsyncStub
) -> None:
    for number in (1, 2):
        tone(root / f"{number}.flac", number / 10)
    first = await run("scan-path", root)
    assert first.stdout == "2 found: 0 unchanged, 2 queued\n", first.stderr
    listed = await tracks.ListTracks(track_pb2.ListTracksRequest())
    assert {track.title for track in listed.tracks} == {"1", "2"}
    (root / "2.flac").unlink()
    again = await run("scan-path", root, "--json", "--no-wait")
    assert json.loads(again.stdout) == {
        "found": "1", "unchanged": "1", "missing": "1", "complete": True
    }  # fmt: skip


async def test_what_the_server_cannot_read_is_told(run: Run, root: Path, tmp_path: Path) -> None:
    (root / "broken.flac").write_bytes(b"nothing that is audio")
    result = await run("scan-path", root)
    assert (result.exit_code, result.stdout) == (1, "1 found: 0 unchanged, 1 queued, 1 failed\n")
    assert "broken.flac: " in result.stderr
    outside = await run("scan-path", tmp_path)
    assert (outside.exit_code, "media root" in outside.stderr) == (1, True)
