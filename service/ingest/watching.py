"""In which folders something has changed, as the operating system tells it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Event
from typing import Final

import watchfiles

_DEBOUNCE_MS: Final = 2_000
"""How long changes are collected that come one after the other, as in a copy of a folder."""

_TIMEOUT_MS: Final = 5_000


def changed_folders(
    roots: Sequence[str], stop: Event | None = None, *, timeout_ms: int = _TIMEOUT_MS
) -> Iterator[set[str]]:
    """Yield the folders below the roots in which something has changed since the last time.

    Every `timeout_ms` without a change an empty set is yielded, so that the caller can try again
    what went wrong. Ends when `stop` is set; Ctrl-C raises `KeyboardInterrupt`.
    """
    resolved = [Path(root).resolve() for root in roots]
    for changes in watchfiles.watch(
        *resolved,
        watch_filter=None,
        debounce=_DEBOUNCE_MS,
        rust_timeout=timeout_ms,
        yield_on_timeout=True,
        stop_event=stop,
        raise_interrupt=True,
    ):
        paths = (Path(path) for _, path in changes)
        yield outermost(folder for path in paths if (folder := _folder_of(path, resolved)))


def outermost(folders: Iterator[str] | Sequence[str]) -> set[str]:
    """Return the folders without those that lie in another of them."""
    kept: set[str] = set()
    for folder in sorted(set(folders)):
        if not kept.intersection(map(str, (Path(folder), *Path(folder).parents))):
            kept.add(folder)
    return kept


def _folder_of(path: Path, roots: Sequence[Path]) -> str:
    """Return the innermost folder around a path that is still there, or "" outside the roots."""
    for folder in path.parents:
        if not any(folder.is_relative_to(root) for root in roots):
            break
        if folder.is_dir():
            return str(folder)
    # A root itself was changed, or is gone.
    return next((str(root) for root in roots if path.is_relative_to(root) and root.is_dir()), "")
