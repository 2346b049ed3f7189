"""Which files below a URL are audio: buckets, and whatever else fsspec can list.

Listings come a folder at a time and are not kept, so that memory does not grow with the bucket. A
file is taken by its name alone: to look into it would cost a request each.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any, Final

import fsspec  # type: ignore[import-untyped]

from service.ingest.folders import is_audio_name
from service.ingest.locations import Found, OnProblem
from service.ingest.problems import Problem, SourceError

SCHEMES: Final = ("s3", "gs", "https")
"""What an address in the catalogue may begin with, besides file://."""

_EXTRAS: Final = {"s3": "s3", "gs": "gs"}
_TIME_KEYS: Final = ("LastModified", "mtime", "updated", "last_modified", "created")
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
        extra = _EXTRAS.get(scheme, "s3")
        raise SourceError(f"{url}: needs `pip install 'fonoteca[{extra}]'`") from error
    return system, path


class Bucket:
    """What is below one URL."""

    def __init__(self, url: str, on_problem: OnProblem) -> None:
        """Open a URL. Raises `SourceError`."""
        self._url = url
        self._on_problem = on_problem
        self._system, self._path = open_url(url)
        #: What the addresses below it begin with; none when it is a file. Known after the walk.
        self.prefixes: list[str] = []

    def files(self) -> Iterator[Found]:
        """Yield the audio files, folder by folder, or the one that the URL names.

        Raises `SourceError` when it cannot be listed at all.
        """
        try:
            if self._system.isfile(self._path):
                yield _found(self._system, self._path, self._system.info(self._path))
            else:
                yield from self._below()
        # Each system has errors of its own kind: botocore's, aiohttp's, OSError.
        except Exception as error:
            raise SourceError(f"{self._url}: cannot be listed: {_reason(error)}") from error

    def _below(self) -> Iterator[Found]:
        self.prefixes.append(str(self._system.unstrip_protocol(self._path)).rstrip("/") + "/")
        walk = self._system.walk(self._path, detail=True, on_error=self._refused)
        for folder, _, files in walk:
            below = PurePosixPath(folder[len(self._path) :])
            for name in sorted(files):
                if is_audio_name(name) and not _is_hidden(below / name):
                    info = files[name]
                    yield _found(self._system, str(info["name"]), info)

    def _refused(self, error: Exception) -> None:
        self._on_problem(Problem(self._url, f"a folder cannot be listed: {_reason(error)}"))


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
        try:
            told = datetime.fromisoformat(told)
        except ValueError:
            return 0
    if isinstance(told, datetime):
        moment = told if told.tzinfo else told.replace(tzinfo=UTC)
        return round((moment - _EPOCH).total_seconds() * 1_000_000)
    return round(told * 1_000_000) if isinstance(told, (int, float)) else 0


def _is_hidden(below: PurePosixPath) -> bool:
    """Whether a file, or a folder on the way to it, begins with a dot."""
    return any(part.startswith(".") for part in below.parts)


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__
