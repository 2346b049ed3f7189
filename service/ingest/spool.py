"""A list on disk, for what is too long to be kept in memory: written once, then read."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from tempfile import TemporaryFile
from typing import Final, Generic, Self, TypeVar

T = TypeVar("T")

_BLOCK: Final = 500


class Spool(Generic[T]):
    """Keeps any number of values in a file without a name, which goes with the spool."""

    def __init__(self) -> None:
        self._file = TemporaryFile(prefix="fonoteca-")  # noqa: SIM115  (closed by __exit__)
        self._waiting: list[T] = []
        self._count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __len__(self) -> int:
        return self._count

    def add(self, value: T) -> None:
        """Append a value."""
        self._waiting.append(value)
        self._count += 1
        if len(self._waiting) == _BLOCK:
            self._write()

    def __iter__(self) -> Iterator[T]:
        """Yield the values in the order in which they came."""
        self._write()
        self._file.seek(0)
        read = 0
        while read < self._count:
            # Its own values, from a file that nobody else can open.
            block: list[T] = pickle.load(self._file)  # noqa: S301
            read += len(block)
            yield from block

    def _write(self) -> None:
        pickle.dump(self._waiting, self._file, pickle.HIGHEST_PROTOCOL)
        self._waiting = []
