"""A disk that is really full: what is sent is refused for now, and nothing of it stays.

The server runs where its folder is a disk of its own, which is small. Skipped where the system
does not let a program mount one.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import grpc
import numpy as np
import pytest
import soundfile  # type: ignore[import-untyped]

from fonoteca.v1 import artwork_pb2, ingest_pb2
from fonoteca.v1.artwork_pb2_grpc import ArtworkServiceStub
from fonoteca.v1.ingest_pb2_grpc import IngestServiceStub
from service.settings import Settings
from tests.reliability.test_serve import address, ready
from tests.support.errors import raises_status
from tests.support.pictures import picture
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from fonoteca.v1.artwork_pb2_grpc import ArtworkServiceAsyncStub
    from fonoteca.v1.ingest_pb2_grpc import IngestServiceAsyncStub

_DISK_KIB: Final = 256
#: Runs a command where the folder that is named first is such a disk.
_MOUNTED: Final = (
    "unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"]), "sh", "-c",
    f'mount -t tmpfs -o size={_DISK_KIB}k tmpfs "$1" && shift && exec "$@"', "sh",
)  # fmt: skip


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """A folder that can be a disk of its own for a program."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if not shutil.which("unshare"):
        pytest.skip("there is no program `unshare`")
    tried = subprocess.run([*_MOUNTED, str(folder), "true"], capture_output=True, check=False)
    if tried.returncode:
        pytest.skip(f"no disk can be mounted: {tried.stderr.decode().strip()}")
    return folder


@contextmanager
def serving(disk: Path, settings: Settings) -> Iterator[str]:
    """Run a server whose data are on the small disk; yields where it listens."""
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(sys.path),
        "DATABASE_URL": str(settings.database_url),
        "FONOTECA_DATA_DIR": str(disk),
        "FONOTECA_LISTEN": "127.0.0.1:0",
        "FONOTECA_DRAIN_DELAY": "0",
    }
    with subprocess.Popen(
        [*_MOUNTED, str(disk), sys.executable, "-m", "service", "serve", "--no-sample"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield address(process)
        finally:
            process.terminate()
            process.communicate()


def sent(kind: Any, content: bytes, **description: Any) -> Iterator[Any]:
    """Yield the messages that describe and hold a content; no more comes once it is refused."""
    told = {"size_bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    yield kind(description={**told, **description})
    yield kind(chunk=content)


def noise(path: Path, seconds: float) -> bytes:
    """Return a WAV file of so many seconds, of 64,000 bytes each."""
    soundfile.write(path, np.random.default_rng(1).uniform(-1, 1, int(32_000 * seconds)), 32_000)
    return path.read_bytes()


async def test_on_a_full_disk_files_and_pictures_are_refused_until_there_is_room(
    disk: Path, settings: Settings, tmp_path: Path
) -> None:
    large, small = noise(tmp_path / "large.wav", 8), noise(tmp_path / "small.wav", 1)
    cover = picture(600, 600, kind="BMP")
    full = grpc.StatusCode.RESOURCE_EXHAUSTED
    async with AsyncExitStack() as stack:
        target = stack.enter_context(serving(disk, settings))
        await eventually(lambda: asyncio.to_thread(ready, target))
        channel = await stack.enter_async_context(grpc.aio.insecure_channel(target))
        ingest: IngestServiceAsyncStub = IngestServiceStub(channel)
        artwork: ArtworkServiceAsyncStub = ArtworkServiceStub(channel)
        for _ in range(2):
            with raises_status(full, metadata={"limit": "disk"}):
                request = sent(ingest_pb2.IngestFileRequest, large, file_name="large.wav")
                await ingest.IngestFile(request, timeout=60)
            with raises_status(full, metadata={"limit": "disk"}):
                await artwork.PutArtwork(sent(artwork_pb2.PutArtworkRequest, cover), timeout=60)
        # Nothing of what was refused takes up the room.
        request = sent(ingest_pb2.IngestFileRequest, small, file_name="small.wav")
        assert (await ingest.IngestFile(request, timeout=60)).created
        request = sent(artwork_pb2.PutArtworkRequest, picture())
        assert (await artwork.PutArtwork(request, timeout=60)).size_bytes
