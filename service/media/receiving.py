"""Bytes that a caller streams: described in the first message, and verified against that."""

from __future__ import annotations

import asyncio
import errno
import hashlib
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final, TypeAlias

from fonoteca.v1.artwork_pb2 import PutArtworkRequest
from fonoteca.v1.ingest_pb2 import IngestFileRequest
from service.errors import ResourceExhausted, invalid
from service.media.model import MAX_CHUNK_BYTES

Parts: TypeAlias = AsyncIterator[IngestFileRequest] | AsyncIterator[PutArtworkRequest]

RETRY: Final = timedelta(seconds=5)
#: No space, no quota, or more than the system lets one file have.
_NO_SPACE: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


async def chunks(parts: Parts) -> AsyncIterator[bytes]:
    """Yield the bytes of a stream. Raises `InvalidInput` when a message holds anything else."""
    async for part in parts:
        if part.WhichOneof("part") != "chunk":
            raise invalid("chunk", "must be in every message but the first")
        if len(part.chunk) > MAX_CHUNK_BYTES:
            raise invalid("chunk", f"must have at most {MAX_CHUNK_BYTES} bytes")
        yield part.chunk


async def receive(pieces: AsyncIterator[bytes], path: Path, *, size: int, sha256: str) -> None:
    """Write the bytes to a new file. Raises `InvalidInput` unless they are as described."""
    received, digest = 0, hashlib.sha256()
    with path.open("xb") as stream:
        async for piece in pieces:
            received += len(piece)
            if received > size:
                raise invalid("description.size_bytes", f"is {size}, but more bytes came")
            digest.update(piece)
            await asyncio.to_thread(stream.write, piece)
    if received < size:
        raise invalid("description.size_bytes", f"is {size}, but {received} bytes came")
    if digest.hexdigest() != sha256:
        raise invalid("description.sha256", "is not that of the bytes that came")


@contextmanager
def disk_explained() -> Iterator[None]:
    """Turn a disk that is full into what a caller can act upon."""
    try:
        yield
    except OSError as error:
        if error.errno not in _NO_SPACE:
            raise
        raise ResourceExhausted(
            "The disk of the server is full", {"limit": "disk"}, RETRY
        ) from error
