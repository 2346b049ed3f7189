"""A place that a scan looks through, and what it finds there.

A place is a local folder or file, or a URL that fsspec can open. What is found is described by its
address, its size and its time, which is all that tells whether it must be read again; so neither
walk opens what its name already tells to be audio.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import Final, NamedTuple, TypeAlias
from urllib.parse import quote_from_bytes, unquote, unquote_to_bytes

from service.ingest.problems import Problem

OnProblem: TypeAlias = Callable[[Problem], None]
"""Gets what a walk could not look at (a problem), or left out with reason (a note)."""

FILE_SCHEME: Final = "file://"

_URL: Final = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE | re.ASCII)
#: Paths of which nothing is encoded.
_PLAIN: Final = re.compile(r"[\w./~-]*", re.ASCII)


class Found(NamedTuple):
    """A file that a walk takes for audio. A tuple: it is sent to the process that reads it."""

    #: Its address in the catalogue.
    uri: str
    #: What opens it: a path of this machine, or a URL for fsspec.
    path: str
    size: int
    #: When it was last modified, in microseconds since 1970; 0 when the place does not tell.
    modified_us: int

    @property
    def is_local(self) -> bool:
        """Whether `path` is one of this machine."""
        return self.uri.startswith(FILE_SCHEME)

    @property
    def shown(self) -> str:
        """The path as text that can be printed, whatever its bytes are."""
        return shown_path(self.path)


def is_remote(place: str) -> bool:
    """Whether a place is a URL that leads away from this machine's folders."""
    return _URL.match(place) is not None and not place.lower().startswith(FILE_SCHEME)


def local_path(place: str) -> str:
    """Return the path that a file:// URL or a path names."""
    if place.lower().startswith(FILE_SCHEME):
        return os.fsdecode(unquote_to_bytes(place[len(FILE_SCHEME) :]))
    return place


def file_uri(path: str) -> str:
    """Return the address of an absolute path; bytes that are not plain are percent-encoded."""
    if _PLAIN.fullmatch(path):
        return FILE_SCHEME + path
    return FILE_SCHEME + quote_from_bytes(os.fsencode(path))


def shown_address(uri: str) -> str:
    """Return what an address leads to, as `Found.shown` says it."""
    return uri if is_remote(uri) else shown_path(local_path(uri))


def shown_path(path: str) -> str:
    """Return a path as text that can be printed, whatever its bytes are."""
    return os.fsencode(path).decode("utf-8", "replace")


def file_name(url: str) -> str:
    """Return the name that a file behind a URL has on this machine; in https it is encoded."""
    name = url.rpartition("/")[2]
    if url.lower().startswith("https:"):
        name = unquote(name.partition("?")[0]).replace("/", "_").replace("\0", "_")
    return name or "file"
