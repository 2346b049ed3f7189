"""Files that are whole or not there: written beside their place, and put there in one step.

Whoever opens the place finds the old file or the new one, also after a crash or a power cut.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import BinaryIO, cast

#: What any user may do with a new file, before the umask takes some of it away.
_NEW_FILE_MODE = 0o666


@contextmanager
def replacing(place: Path) -> Iterator[BinaryIO]:
    """Yield a file to write; at the end of the block it takes the place, after an error it goes.

    A file that is replaced gives the new one its permissions. Raises `OSError`.
    """
    real = Path(os.path.realpath(place))
    with NamedTemporaryFile(
        dir=real.parent, prefix=f".{real.name[:100]}.", suffix=".part", delete=False
    ) as stream:
        part = Path(stream.name)
        try:
            yield cast("BinaryIO", stream)
            stream.flush()
            if real.exists():
                shutil.copymode(real, part)
            else:
                part.chmod(_NEW_FILE_MODE & ~_umask())
            os.fsync(stream.fileno())
            part.replace(real)
        except BaseException:
            with suppress(FileNotFoundError):
                part.unlink()
            raise
    sync_folder(real.parent)


def sync_folder(folder: Path) -> None:
    """Make sure that the names in a folder are on disk. Raises `OSError`."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
