"""`fonoteca scan gs://...` against a server that speaks as Google's does."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.audio import tone
from tests.support.buckets import gs_bucket

if TYPE_CHECKING:
    from tests.conftest import Run


async def test_buckets_of_google_are_scanned_as_folders_are(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with gs_bucket(monkeypatch, "music") as url:
        import gcsfs  # type: ignore[import-untyped]  # noqa: PLC0415

        store = gcsfs.GCSFileSystem(skip_instance_cache=True)
        for number, name in enumerate(("one", "b/two"), start=1):
            path = tone(tmp_path / "song.flac", number / 10)
            await asyncio.to_thread(store.pipe, f"music/in a folder/{name}.flac", path.read_bytes())
        first = await run("scan", f"{url}/in a folder", "--jobs", "1")
        assert first.stdout.startswith("2 new, 0 changed, 0 unchanged ("), first.stderr
        await asyncio.to_thread(store.rm, "music/in a folder/one.flac")
        again = await run("scan", url, "--jobs", "1")
        assert again.stdout.startswith("0 new, 0 changed, 1 unchanged, 1 missing ("), again.stderr
