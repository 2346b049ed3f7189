"""What an operating system may refuse, made to happen: no room for a file, no right to read one."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_NOBODY: Final = 65_534


@contextmanager
def no_room_beyond(size: int) -> Iterator[None]:
    """Let this process write no file beyond `size` bytes while the context lasts."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextmanager
def unprivileged() -> Iterator[None]:
    """Let modes of files count, also for root, who may read everything otherwise."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(_NOBODY)
    try:
        yield
    finally:
        os.seteuid(user)
