"""`fonoteca scan` brings the pictures of files and folders, each content once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import mutagen.flac
import pytest
from typer.testing import CliRunner, Result

from fonoteca.v1 import artwork_pb2 as pb
from fonoteca.v1 import artwork_pb2_grpc, track_pb2
from service.cli import application
from service.settings import Settings
from tests.support.audio import tone
from tests.support.pictures import block, picture

if TYPE_CHECKING:
    from fonoteca.v1.artwork_pb2_grpc import ArtworkServiceAsyncStub
    from fonoteca.v1.track_pb2_grpc import TrackServiceAsyncStub

Run = Callable[..., Awaitable[Result]]

RED, BLUE = picture(100, 100), picture(120, 120, color="blue", kind="PNG")
CUT = picture(500, 500, quality=95)[:-400]


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    """The settings of a server that keeps pictures below a folder of the test."""
    return settings.model_copy(update={"data_dir": tmp_path / "data"})


@pytest.fixture
def artwork(channel: grpc.aio.Channel) -> ArtworkServiceAsyncStub:
    return artwork_pb2_grpc.ArtworkServiceStub(channel)


@pytest.fixture
def run(server: str) -> Run:
    """Runs a scan in another thread, so that the service can answer it."""

    async def run(*arguments: str | Path) -> Result:
        words = ["scan", *map(str, arguments), "--address", server, "--jobs", "1"]
        return await asyncio.to_thread(CliRunner().invoke, application(["scan"]), words)

    return run


@pytest.fixture
def music(tmp_path: Path) -> Path:
    """An album with a picture in each of two files, which is cut off in a third, and one beside."""
    folder = tmp_path.resolve() / "music"
    folder.mkdir()
    for number, data in enumerate((RED, RED, CUT), start=1):
        song(folder / f"{number}.flac", number, data)
    (folder / "cover.png").write_bytes(BLUE)
    return folder


def song(path: Path, number: int, data: bytes) -> None:
    """Write a file of an album with a picture in it."""
    audio = mutagen.flac.FLAC(tone(path, 0.1 * number))
    audio.add_picture(block(data))
    audio.update(title=path.stem, album="An album", artist="Somebody")
    audio.save()


async def shown(
    artwork: ArtworkServiceAsyncStub, tracks: TrackServiceAsyncStub
) -> dict[str, list[int]]:
    """Return the widths of the pictures of each track, and those of the album under ""."""
    listed = (await tracks.ListTracks(track_pb2.ListTracksRequest())).tracks
    requests = {track.title: pb.ListArtworkRequest(track_id=track.id) for track in listed}
    requests[""] = pb.ListArtworkRequest(album_id=listed[0].album.id)
    return {
        title: [each.artwork.width_px for each in (await artwork.ListArtwork(request)).artwork]
        for title, request in requests.items()
    }


def kept(settings: Settings) -> set[bytes]:
    paths = (settings.data_dir / "artwork").rglob("*")
    return {path.read_bytes() for path in paths if path.is_file()}


async def test_a_scan_brings_pictures(
    run: Run,
    music: Path,
    settings: Settings,
    artwork: ArtworkServiceAsyncStub,
    tracks: TrackServiceAsyncStub,
) -> None:
    result = await run(music)
    assert result.exit_code == 0, result.stderr
    assert "3.flac: note: its picture (front) is left out: the picture is broken" in result.stderr
    assert await shown(artwork, tracks) == {
        "1": [100, 120], "2": [100, 120], "3": [120, 100], "": [120, 100],
    }  # fmt: skip
    assert kept(settings) == {RED, BLUE}


async def test_a_changed_file_has_its_new_pictures(
    run: Run, music: Path, artwork: ArtworkServiceAsyncStub, tracks: TrackServiceAsyncStub
) -> None:
    await run(music)
    (music / "cover.png").unlink()
    changed = mutagen.flac.FLAC(music / "1.flac")
    changed.clear_pictures()
    changed.add_picture(block(picture(70, 70)))
    changed.save()
    await run(music)
    assert (await shown(artwork, tracks))["1"][0] == 70
    await run(music, "--full")
    assert await shown(artwork, tracks) == {
        "1": [70, 100], "2": [100, 70], "3": [100, 70], "": [100, 70],
    }  # fmt: skip


async def test_a_dry_run_brings_nothing(run: Run, music: Path, settings: Settings) -> None:
    result = await run(music, "--dry-run")
    assert result.exit_code == 0, result.stderr
    assert not kept(settings)
