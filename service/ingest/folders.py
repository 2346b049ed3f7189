"""Which files below some folders of this machine are audio.

Symbolic links are followed, and every folder and file is taken under its real path, once; so links
that lead back do no harm. Names that begin with a dot are hidden and left out. Of files nothing is
remembered, only of folders, so that a walk over a million files needs no more memory than one over
a thousand.
"""

from __future__ import annotations

import mimetypes
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from service.ingest.formats import AUDIO_SUFFIXES, HEADER_BYTES, kind_of, suffix_of
from service.ingest.locations import Found, OnProblem, file_uri, shown_path
from service.ingest.problems import Problem

_NO_TYPES: Final = frozenset({None, "application/octet-stream"})
"""What the ending of a name stands for when it does not tell what the file holds."""


@dataclass(slots=True)
class FolderWalk:
    """One search for audio files, and how much it left out."""

    #: Gets what cannot be looked at.
    on_problem: OnProblem
    #: Whether a link may lead to a real path. What it must not lead to is left out with a word.
    within: Callable[[str], bool] = lambda _path: True
    #: How many names were left out because they are hidden.
    hidden: int = 0
    #: How many files are not audio.
    other: int = 0
    #: Real paths of the folders that were entered.
    _entered: set[str] = field(default_factory=set)
    #: Real paths of the files that were taken without being met in their folder.
    _single: set[str] = field(default_factory=set)
    #: Real paths of the folders that were asked for.
    _given: list[str] = field(default_factory=list)
    #: Real paths whose files are met, or will be, in their folders.
    _roots: list[str] = field(default_factory=list)

    def files(self, roots: Iterable[str]) -> Iterator[Found]:
        """Yield the audio files below the roots, folder by folder, by name.

        A root may be a file itself; then it is taken whatever its name is.
        """
        paths = [os.path.realpath(root) for root in roots]
        self._given = [path for path in paths if Path(path).is_dir()]
        self._roots += self._given
        for path in paths:
            if Path(path).is_dir():
                yield from self._below(path)
            else:
                yield from self._single_file(path, path)

    @property
    def prefixes(self) -> list[str]:
        """What the addresses of all files below the given folders begin with."""
        return [file_uri(root.rstrip("/") + "/") for root in self._given]

    def _below(self, root: str) -> Iterator[Found]:
        folders = [root]
        while folders:
            folder = folders.pop()
            if folder in self._entered:
                continue
            self._entered.add(folder)
            inner: list[str] = []
            for entry in self._entries(folder):
                if entry.is_symlink() and not self._may_follow(entry):
                    continue
                if _is_folder(entry):
                    inner.append(self._folder_behind(entry))
                elif not _is_audio(entry):
                    self.other += 1
                elif not entry.is_symlink():
                    yield from self._file(entry.path)
                else:
                    yield from self._single_file(os.path.realpath(entry.path), entry.path)
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

    def _may_follow(self, link: os.DirEntry[str]) -> bool:
        """Whether a link leads to where it may; says so when it does not."""
        is_within = self.within(os.path.realpath(link.path))
        if not is_within:
            self.on_problem(Problem(shown_path(link.path), "is left out: a link out", note=True))
        return is_within

    def _folder_behind(self, entry: os.DirEntry[str]) -> str:
        """Return the real path of a folder, whose files will be met there."""
        if not entry.is_symlink():
            return entry.path
        path = os.path.realpath(entry.path)
        if not self._is_met(path):
            self._roots.append(path)
        return path

    def _is_met(self, path: str) -> bool:
        """Whether the walk comes by a real path anyway."""
        return any(
            path.startswith(prefix) and not _is_hidden(path[len(prefix) :])
            for prefix in (root.rstrip("/") + "/" for root in self._roots)
        )

    def _single_file(self, path: str, known_as: str) -> Iterator[Found]:
        """Yield a file that is named or linked, unless it is met in its folder as well."""
        is_met = is_audio_name(path) and self._is_met(path) and Path(path).exists()
        if not is_met and path not in self._single:
            self._single.add(path)
            yield from self._file(path, known_as)

    def _file(self, path: str, known_as: str = "") -> Iterator[Found]:
        """Yield a file as the catalogue knows it, unless it cannot be looked at."""
        name = shown_path(known_as or path)
        try:
            status = os.stat(path)  # noqa: PTH116  (a Path costs as much as the call)
        except OSError as error:
            self.on_problem(Problem(name, f"cannot be looked at: {error.strerror}"))
            return
        if stat.S_ISREG(status.st_mode):
            yield Found(file_uri(path), path, status.st_size, status.st_mtime_ns // 1000)
        else:
            self.on_problem(Problem(name, "is left out: not a regular file", note=True))


def is_audio_name(path: str) -> bool:
    """Whether a file is tried as audio for the ending of its name."""
    return suffix_of(path) in AUDIO_SUFFIXES


def is_nameless(path: str) -> bool:
    """Whether the name of a file tells nothing of what it holds."""
    return mimetypes.guess_type(path, strict=False)[0] in _NO_TYPES


def _is_audio(entry: os.DirEntry[str]) -> bool:
    # By its name first: that also catches what cannot be opened, so that it is reported.
    if is_audio_name(entry.name):
        return True
    try:
        # Opening anything else, such as a pipe, might wait for ever.
        if not (is_nameless(entry.name) and entry.is_file()):
            return False
        with Path(entry.path).open("rb") as stream:
            return kind_of(stream.read(HEADER_BYTES)) is not None
    except OSError:
        return False


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link into a folder that may not be entered
        return False


def _is_hidden(relative: str) -> bool:
    """Whether a part of a path below a root is hidden."""
    return any(part.startswith(".") for part in relative.split("/"))
