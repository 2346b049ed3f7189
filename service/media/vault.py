"""Keeps the bytes that were sent, once for each content.

A file arrives under a name of its own beside the others and is moved to its place when it is whole
and on disk; so what has a place is always whole, whatever happens meanwhile.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from service.ingest.locations import file_uri

_INCOMING: Final = "incoming"
_STALE_SECONDS: Final = 24 * 3600
_CONTENT: Final = re.compile(r"[0-9a-f]{64}")


class Vault:
    """A folder of files by their contents. Its methods wait for the disk."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def place_of(self, sha256: str) -> Path:
        """Return where a content is kept, or would be."""
        return self._folder / sha256[:2] / sha256

    def address_of(self, sha256: str) -> str:
        """Return the address of a content that is kept, or would be."""
        return file_uri(str(self.place_of(sha256)))

    def names(self) -> Iterator[str]:
        """Yield the contents that are kept, in order."""
        for folder in sorted(self._folder.glob("[0-9a-f][0-9a-f]")):
            with os.scandir(folder) as entries:
                files = [entry.name for entry in entries if entry.is_file(follow_symlinks=False)]
            yield from sorted(filter(_CONTENT.fullmatch, files))

    def kept_at(self, sha256: str) -> datetime | None:
        """Return when a content came; None when it is not there."""
        try:
            seconds = self.place_of(sha256).stat().st_mtime
        except FileNotFoundError:
            return None
        return datetime.fromtimestamp(seconds, UTC)

    def drop(self, name: str) -> None:
        """Remove what is kept under a name, if anything is."""
        self.place_of(name).unlink(missing_ok=True)

    @contextmanager
    def arriving(self, name: str) -> Iterator[Path]:
        """Lend the path of a new file of that name; what is still there at the end is removed."""
        incoming = self._folder / _INCOMING
        incoming.mkdir(parents=True, exist_ok=True)
        _remove_stale(incoming)
        folder = Path(mkdtemp(dir=incoming))
        try:
            yield folder / name
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def keep(self, arrived: Path, sha256: str) -> Path:
        """Move a file to the place of its content, durably; return the place."""
        place = self.place_of(sha256)
        if place.exists():
            return place
        place.parent.mkdir(exist_ok=True)
        _sync(arrived)
        arrived.replace(place)
        _sync(place.parent)
        _sync(self._folder)
        return place


def _sync(path: Path) -> None:
    """Wait until a file or folder is on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove_stale(incoming: Path) -> None:
    """Remove what a server that was killed has left."""
    with os.scandir(incoming) as entries:
        for entry in entries:
            with suppress(OSError):
                if time.time() - entry.stat().st_mtime > _STALE_SECONDS:
                    shutil.rmtree(entry.path, ignore_errors=True)
