"""`fonoteca scan https://...` against a web server that lists its folders."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import unquote

import pytest

from fonoteca.v1 import track_pb2
from tests.support.audio import tone
from tests.support.certificates import certificates_in

if TYPE_CHECKING:
    from fonoteca.v1.track_pb2_grpc import TrackServiceAsyncStub

Scan = Callable[..., Awaitable[subprocess.CompletedProcess[str]]]


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder, but for what is locked in it, and says nothing of it."""

    locked: ClassVar[set[str]] = set()

    def do_GET(self) -> None:
        if unquote(self.path).rstrip("/") in self.locked:
            self.send_error(403)
        else:
            super().do_GET()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def music(tmp_path: Path) -> Path:
    """A folder with songs, one of them hidden."""
    folder = tmp_path / "music"
    (folder / "listed by hand").mkdir(parents=True)
    for name in ("one.flac", "b & c/two 100%.flac", "b & c/d/three.flac", ".hidden/four.flac"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        tone(path, 0.1 * len(name))
    (folder / "cover.jpg").write_bytes(b"x")
    listed = folder / "listed by hand"
    tone(listed / "five.flac", 0.6)
    links = ("?C=M;O=A", "./", "../", "../b%20%26%20c/", "../one.flac", "five.flac")
    (listed / "index.html").write_text("".join(f'<a href="{link}">x</a>' for link in links))
    return folder


@pytest.fixture
def address(tmp_path: Path, music: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of a web server with the songs."""
    certificates = certificates_in(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.cert))
    server = ThreadingHTTPServer(("localhost", 0), partial(Quiet, directory=str(music)))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.cert, certificates.key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"https://localhost:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def scan(server: str) -> Scan:
    """Runs a scan as a process of its own, which trusts the certificate of the web server."""

    async def scan(*places: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "service", "scan", *places]
        return await asyncio.to_thread(
            subprocess.run,
            [*command, "--address", server, "--jobs", "1"],
            capture_output=True,
            text=True,
            check=False,
        )

    return scan


async def stored(tracks: TrackServiceAsyncStub) -> dict[str, track_pb2.Track]:
    listed = await tracks.ListTracks(track_pb2.ListTracksRequest())
    return {track.title: track for track in listed.tracks}


async def test_a_web_server_is_scanned_as_folders_are(
    scan: Scan, music: Path, address: str, tracks: TrackServiceAsyncStub
) -> None:
    first = await scan(f"{address}/")
    assert first.stdout.startswith("4 new, 0 changed, 0 unchanged ("), first.stderr
    found = await stored(tracks)
    assert set(found) == {"one", "two 100%", "three", "five"}
    assert found["two 100%"].files[0].uri == f"{address}/b%20%26%20c/two%20100%25.flac"
    size = (music / "one.flac").stat().st_size
    assert found["one"].files[0].size_bytes == size
    again = await scan(address)
    assert again.stdout.startswith("0 new, 0 changed, 4 unchanged ("), again.stderr
    (music / "b & c" / "d" / "three.flac").unlink()
    gone = await scan(f"{address}/b%20%26%20c")
    assert gone.stdout.startswith("0 new, 0 changed, 1 unchanged, 1 missing ("), gone.stderr
    single = await scan(f"{address}/one.flac")
    assert single.stdout.startswith("0 new, 0 changed, 1 unchanged ("), single.stderr


async def test_a_folder_of_a_web_server_that_leads_back_is_left_out(
    scan: Scan, music: Path, address: str
) -> None:
    (music / "b & c" / "back").symlink_to(music)
    found = await scan(f"{address}/")
    assert found.stdout.startswith("4 new, 0 changed, 0 unchanged"), found.stderr


async def test_a_folder_below_that_cannot_be_listed_is_told_and_nothing_marked(
    scan: Scan, music: Path, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await scan(address)
    (music / "one.flac").unlink()
    monkeypatch.setattr(Quiet, "locked", {"/b & c/d"})
    locked = await scan(address)
    assert locked.returncode == 1
    assert f"{address}/b%20%26%20c/d: cannot be listed: 403" in locked.stderr
    assert locked.stdout.startswith("0 new, 0 changed, 2 unchanged, 1 failed ("), locked.stdout
    monkeypatch.setattr(Quiet, "locked", set())
    after = await scan(address)
    assert after.stdout.startswith("0 new, 0 changed, 3 unchanged, 1 missing ("), after.stdout


async def test_a_web_server_that_has_nothing_ends_the_scan_with_a_reason(
    scan: Scan, address: str
) -> None:
    for nothing in ("/none/", "/none.flac"):
        result = await scan(f"{address}{nothing}")
        assert result.returncode == 1
        assert f"{address}{nothing}" in result.stderr
        assert "Traceback" not in result.stderr
