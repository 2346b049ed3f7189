"""Which files below a URL are audio: in buckets, and in folders that a web server lists.

Listings come a folder at a time and are not kept, so that memory does not grow with the bucket. A
file is taken by its name alone: to look into it would cost a request each. The list of a web server
is a page of links, which tell neither size nor time: there each audio file does cost one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Final

import fsspec  # type: ignore[import-untyped]

from service.ingest.folders import is_audio_name
from service.ingest.locations import Found, OnProblem
from service.ingest.problems import Problem, SourceError

SCHEMES: Final = ("s3", "gs", "https")
"""What an address in the catalogue may begin with, besides file://."""

_WEB: Final = "https"
_WEB_DEPTH: Final = 30
"""How deep folders of a web server are followed, since a link may lead back."""

_LEADS_BACK: Final = "lists the same as a folder above it, so that it is left out"
_WEB_REQUESTS: Final = 8
"""Files of a web server that are asked about at once."""

_TIME_KEYS: Final = (
    "LastModified", "mtime", "updated", "last_modified", "Last-Modified", "created",
)  # fmt: skip
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def open_url(url: str) -> tuple[Any, str]:
    """Return the file system behind a URL, and the path there.

    Raises `SourceError` when it cannot be had.
    """
    scheme = url.partition("://")[0].lower()
    if scheme not in SCHEMES:
        raise SourceError(
            f"{url}: {scheme}:// is not known here: give a path, s3://, gs://, https://"
        )
    try:
        system, path = fsspec.core.url_to_fs(url, use_listings_cache=False)
    except ImportError as error:
        raise SourceError(f"{url}: needs `pip install 'fonoteca[{scheme}]'`") from error
    return system, path


class _Above:
    """The folders that lead to the one that a walk has come to, with the names in each."""

    def __init__(self) -> None:
        self._listed: list[tuple[str, AbstractSet[str]]] = []

    def lists_the_same(self, path: str, names: AbstractSet[str]) -> bool:
        """Whether a folder above this one has the same names, so that a link led back to it.

        A single name may well be that of the folder: an album that is called as its artist.
        """
        path = path.rstrip("/") + "/"
        while self._listed and not path.startswith(self._listed[-1][0]):
            self._listed.pop()
        if len(names) > 1 and any(names == listed for _, listed in self._listed):
            return True
        self._listed.append((path, names))
        return False


class Bucket:
    """What is below one URL."""

    def __init__(self, url: str, on_problem: OnProblem, *, allow_empty: bool = False) -> None:
        """Open a URL. Raises `SourceError`.

        `allow_empty` believes that there is nothing below it, where a store does not know it.
        """
        self._url = url
        self._allow_empty = allow_empty
        self._on_problem = on_problem
        self._system, self._path = open_url(url)
        self._is_web = url.lower().startswith(f"{_WEB}:")
        #: What the addresses below it begin with; none when it is a file. Known after the walk.
        self.prefixes: list[str] = []

    def files(self) -> Iterator[Found]:
        """Yield the audio files, folder by folder, or the one that the URL names.

        A folder that cannot be listed is a problem, also when it is the first one. Raises
        `SourceError` when the one file cannot be had.
        """
        try:
            if self._is_file():
                yield _found(self._system, self._path, self._system.info(self._path))
            else:
                yield from self._below()
        # Each system has errors of its own kind: botocore's, aiohttp's, OSError.
        except Exception as error:
            raise SourceError(f"{self._url}: cannot be listed: {_reason(error)}") from error

    def _is_file(self) -> bool:
        # A web server answers for a folder as it does for a file.
        return is_audio_name(self._path) if self._is_web else self._system.isfile(self._path)

    def _below(self) -> Iterator[Found]:
        self.prefixes.append(str(self._system.unstrip_protocol(self._path)).rstrip("/") + "/")
        above = _Above()
        waiting = [(self._path, 1)]
        with ThreadPoolExecutor(_WEB_REQUESTS) as pool:
            while waiting:
                path, depth = waiting.pop()
                listing = self._listing(path)
                if listing is None:
                    continue
                folders, files = listing
                names = {_last_name(inner) for inner in (*folders, *files)}
                if self._is_web and above.lists_the_same(path, names):
                    self._on_problem(Problem(path, _LEADS_BACK, note=True))
                    continue
                infos = [files[inner] for inner in sorted(files) if is_audio_name(inner)]
                for info in pool.map(self._asked, infos) if self._is_web else infos:
                    if info:
                        yield _found(self._system, str(info["name"]), info)
                if not self._is_web or depth < _WEB_DEPTH:
                    waiting += ((inner, depth + 1) for inner in reversed(folders))

    def _listing(self, path: str) -> tuple[list[str], dict[str, Mapping[str, Any]]] | None:
        """Return the paths of the folders in a folder, and its files by path; None if untold."""
        # The walk of fsspec says nothing of folders below the first one.
        try:
            listed = self._system.ls(path, detail=True)
        # Each system has errors of its own kind: botocore's, aiohttp's, OSError.
        except Exception as error:  # noqa: BLE001
            # A store has no folders: one that has been emptied is not there.
            if isinstance(error, FileNotFoundError) and self._allow_empty and path == self._path:
                return [], {}
            address = str(self._system.unstrip_protocol(path))
            self._on_problem(Problem(address, f"cannot be listed: {_reason(error)}"))
            return None
        folders: dict[str, None] = {}
        files: dict[str, Mapping[str, Any]] = {}
        for info in listed:
            inner = info["name"].rstrip("/")
            if inner == path.rstrip("/") or not self._is_below(_last_name(inner), info):
                continue
            # By the whole path: a page may have links into several folders.
            if info["type"] == "directory":
                folders[inner] = None
            else:
                files[inner] = info
        return list(folders), files

    def _is_below(self, name: str, info: Mapping[str, Any]) -> bool:
        """Whether a name is that of something in the folder, and is not hidden by a dot."""
        leads_away = self._is_web and ("?" in name or "/../" in info["name"])
        return bool(name) and not name.startswith(".") and not leads_away

    def _asked(self, info: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Return what a web server says of a file."""
        address = str(info["name"])
        try:
            told: Mapping[str, Any] = self._system.info(address)
        # aiohttp's errors are of its own kind.
        except Exception as error:  # noqa: BLE001
            self._on_problem(Problem(address, f"cannot be had: {_reason(error)}"))
            return None
        return told


def _last_name(path: str) -> str:
    return path.rpartition("/")[2]


def fetch(url: str, target: Path) -> None:
    """Copy what is under a URL into a file of this machine. Raises `SourceError`, `OSError`."""
    system, path = open_url(url)
    try:
        system.get_file(path, str(target))
    except OSError:
        raise
    except Exception as error:
        raise SourceError(f"cannot be fetched: {_reason(error)}") from error


def _found(system: Any, path: str, info: Mapping[str, Any]) -> Found:
    uri = str(system.unstrip_protocol(path))
    return Found(uri, uri, int(info.get("size") or 0), _modified_us(info))


def _modified_us(info: Mapping[str, Any]) -> int:
    """Return when a file was modified, as far as its system tells, which each does in its way."""
    told = next((info[key] for key in _TIME_KEYS if info.get(key)), None)
    if isinstance(told, str):
        told = _read_time(told)
    if isinstance(told, datetime):
        moment = told if told.tzinfo else told.replace(tzinfo=UTC)
        return round((moment - _EPOCH).total_seconds() * 1_000_000)
    return round(told * 1_000_000) if isinstance(told, (int, float)) else 0


def _read_time(text: str) -> datetime | None:
    """Read a time as stores write it, or as web servers do."""
    readers: tuple[Callable[[str], datetime], ...] = (datetime.fromisoformat, parsedate_to_datetime)
    for read in readers:
        try:
            return read(text)
        except ValueError:
            continue
    return None


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__
