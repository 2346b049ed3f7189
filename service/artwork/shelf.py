"""Where the bytes of pictures are: a folder, or anything that fsspec can write to.

What is kept under a name never changes, because the name tells the content. In a folder it appears
whole, as `Vault` takes care of; stores behind a URL do so by themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO, Protocol, cast

from service.errors import Unavailable
from service.ingest.buckets import open_url
from service.ingest.locations import is_remote, local_path
from service.media.vault import Vault


class Shelf(Protocol):
    """Keeps files under names. Its methods wait for the store."""

    def uri(self, name: str) -> str:
        """Return the address of what is kept, or would be, under a name."""

    def holds(self, name: str) -> bool:
        """Whether something is kept under a name."""

    def open(self, name: str) -> BinaryIO:
        """Open what is kept under a name. Raises `FileNotFoundError`."""

    def arriving(self, name: str) -> AbstractContextManager[Path]:
        """Lend the path of a new file of this machine; what is there at the end is removed."""

    def keep(self, arrived: Path, name: str) -> None:
        """Keep a file under a name."""

    def drop(self, name: str) -> None:
        """Remove what is kept under a name, if anything is."""


def shelf_at(place: str) -> Shelf:
    """Return the shelf in a folder, or behind a URL."""
    return RemoteShelf(place) if is_remote(place) else LocalShelf(Path(local_path(place)))


class LocalShelf:
    """Keeps files in a folder."""

    def __init__(self, folder: Path) -> None:
        self._vault = Vault(folder)

    def uri(self, name: str) -> str:
        return self._vault.address_of(name)

    def holds(self, name: str) -> bool:
        return self._vault.place_of(name).exists()

    def open(self, name: str) -> BinaryIO:
        return self._vault.place_of(name).open("rb")

    def arriving(self, name: str) -> AbstractContextManager[Path]:
        return self._vault.arriving(name)

    def keep(self, arrived: Path, name: str) -> None:
        self._vault.keep(arrived, name)

    def drop(self, name: str) -> None:
        with _explained():
            self._vault.drop(name)


class RemoteShelf:
    """Keeps files below a URL."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")

    def uri(self, name: str) -> str:
        return f"{self._url}/{name[:2]}/{name}"

    def holds(self, name: str) -> bool:
        with _explained():
            return bool(self._system.exists(self.uri(name)))

    def open(self, name: str) -> BinaryIO:
        with _explained(FileNotFoundError):
            return cast("BinaryIO", self._system.open(self.uri(name), "rb"))

    @contextmanager
    def arriving(self, name: str) -> Iterator[Path]:
        with TemporaryDirectory(prefix="fonoteca-") as folder:
            yield Path(folder, name)

    def keep(self, arrived: Path, name: str) -> None:
        with _explained():
            self._system.put_file(str(arrived), self.uri(name))

    def drop(self, name: str) -> None:
        with _explained(), suppress(FileNotFoundError):
            self._system.rm_file(self.uri(name))

    @cached_property
    def _system(self) -> Any:
        return open_url(self._url)[0]


@contextmanager
def _explained(*but: type[Exception]) -> Iterator[None]:
    """Turn what goes wrong in a store, but for some errors, into what a caller can act upon."""
    try:
        yield
    except but:
        raise
    # Each system has errors of its own kind: botocore's, aiohttp's, OSError.
    except Exception as error:
        raise Unavailable(
            "the store of pictures (FONOTECA_ARTWORK_STORE) cannot be reached"
        ) from error
