"""Which files below some folders are audio.

Symbolic links are followed, and every folder and file is taken under its real path, once; so links
that lead back do no harm. Names that begin with a dot are hidden and left out.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from service.ingest.files import AUDIO_SUFFIXES, HEADER_BYTES, kind_of
from service.ingest.problems import Problem


def shown_path(path: str) -> str:
    """Return a path as text that can be printed, whatever its bytes are."""
    return os.fsencode(path).decode("utf-8", "replace")


@dataclass(slots=True)
class FolderWalk:
    """One search for audio files, and how much it left out."""

    #: Gets each folder that cannot be listed.
    on_problem: Callable[[Problem], None]
    #: How many names were left out because they are hidden.
    hidden: int = 0
    #: How many files are not audio.
    other: int = 0
    _seen: set[str] = field(default_factory=set)

    def files(self, roots: Iterable[str]) -> Iterator[str]:
        """Yield the real paths of the audio files below the roots, folder by folder, by name.

        A root may be a file itself; then it is taken whatever its name is.
        """
        for root in roots:
            path = os.path.realpath(root)
            if Path(path).is_dir():
                yield from self._below(path)
            elif self._is_new(path):
                yield path

    def _below(self, root: str) -> Iterator[str]:
        folders = [root]
        while folders:
            folder = folders.pop()
            if not self._is_new(folder):
                continue
            inner: list[str] = []
            for entry in self._entries(folder):
                path = _real_path(entry)
                if _is_folder(entry):
                    inner.append(path)
                elif not self._is_audio(entry):
                    self.other += 1
                elif self._is_new(path):
                    yield path
            folders.extend(reversed(inner))

    def _entries(self, folder: str) -> list[os.DirEntry[str]]:
        """Return what is in a folder and not hidden, by name."""
        try:
            with os.scandir(folder) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            self.on_problem(Problem(shown_path(folder), f"cannot be listed: {error.strerror}"))
            return []
        seen = [entry for entry in found if not entry.name.startswith(".")]
        self.hidden += len(found) - len(seen)
        return seen

    def _is_new(self, path: str) -> bool:
        known = path in self._seen
        self._seen.add(path)
        return not known

    def _is_audio(self, entry: os.DirEntry[str]) -> bool:
        # By its name first: that also catches what cannot be opened, so that it is reported.
        if PurePath(entry.name).suffix.lower() in AUDIO_SUFFIXES:
            return True
        try:
            # Opening anything else, such as a pipe, might wait for ever.
            if not entry.is_file():
                return False
            with Path(entry.path).open("rb") as stream:
                return kind_of(stream.read(HEADER_BYTES)) is not None
        except OSError:
            return False


def _real_path(entry: os.DirEntry[str]) -> str:
    """Return the path without links; a link to nothing keeps its own, by which people know it."""
    if not entry.is_symlink():
        return entry.path
    path = os.path.realpath(entry.path)
    return path if os.path.lexists(path) else entry.path


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link into a folder that may not be entered
        return False
