"""Media roots: the folders of this machine that a caller may name, and nothing beside them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from service.errors import FailedPrecondition, NotFound, invalid
from service.ingest.locations import file_uri

_OUTSIDE = "must lie below a media root of the server"


class MediaRoots:
    """Some folders, by their real paths."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._named = tuple(map(str, folders))
        self._real = tuple(os.path.realpath(folder) for folder in folders)

    def __bool__(self) -> bool:
        return bool(self._real)

    @property
    def prefixes(self) -> list[str]:
        """What the addresses of all files below the roots begin with."""
        return [file_uri(root.rstrip("/") + "/") for root in self._real]

    def holds(self, path: str) -> bool:
        """Whether a real path lies below a root, or is one."""
        return _is_below(path, self._real)

    def require(self) -> None:
        """Raise `FailedPrecondition` when there are no roots."""
        if not self:
            raise FailedPrecondition("the server has no media roots: set FONOTECA_MEDIA_ROOTS")

    def resolve(self, path: str) -> str:
        """Return the real path of what a caller names.

        Raises `FailedPrecondition` when there are no roots, `InvalidInput` when the path leads
        elsewhere, by its words or by a symbolic link, and `NotFound` when nothing is there. What
        lies outside the roots is not looked at, so that nobody can learn of it.
        """
        self.require()
        if not path.startswith("/") or any(part in (".", "..") for part in path.split("/")):
            raise invalid("path", "must be an absolute path without '.' and '..'")
        if not _is_below(path, (*self._named, *self._real)):
            raise invalid("path", _OUTSIDE)
        real = os.path.realpath(path)
        if not self.holds(real):
            raise invalid("path", _OUTSIDE)
        if not Path(real).exists():
            raise NotFound("path", path)
        return real


def _is_below(path: str, roots: Sequence[str]) -> bool:
    return any(f"{path.rstrip('/')}/".startswith(f"{root.rstrip('/')}/") for root in roots)
