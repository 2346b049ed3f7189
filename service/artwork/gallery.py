"""Pictures with their bytes: received, inspected and kept; made smaller, and handed out.

The bytes are kept before the catalogue knows of them, so no picture is without them.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import BinaryIO, Final

from service.artwork import store
from service.artwork.model import Picture, Upload, smaller_name
from service.artwork.shelf import Shelf
from service.artwork.studio import Studio
from service.database import Connection, Database
from service.errors import NotFound, Unavailable, invalid
from service.media.receiving import disk_explained, receive

_CHUNK: Final = 256 << 10
_PUTS: Final = 8
"""How many pictures are received at once, so that their room on disk is bounded."""


class Gallery:
    """The pictures of one catalogue."""

    def __init__(self, database: Database, shelf: Shelf, studio: Studio) -> None:
        self._database = database
        self._shelf = shelf
        self._studio = studio
        self._puts = asyncio.Semaphore(_PUTS)

    def uri(self, picture_hash: str) -> str:
        """Return the address of a picture."""
        return self._shelf.uri(picture_hash)

    async def unknown(self, hashes: Sequence[str]) -> list[str]:
        """Return those of the hashes that are of no picture, each once, in their order."""
        async with self._database.read() as connection:
            known = await store.find(connection, hashes)
        return [each for each in dict.fromkeys(hashes) if each not in known]

    async def put(self, upload: Upload, pieces: AsyncIterator[bytes]) -> Picture:
        """Keep a picture. Raises `InvalidInput` when the bytes are not as described, or no picture.

        Raises `ResourceExhausted` when the disk is full and `Unavailable` when the store is away.
        """
        async with self._puts:
            with disk_explained(), self._shelf.arriving(upload.sha256) as path:
                await receive(pieces, path, size=upload.size, sha256=upload.sha256)
                return await self._take(path, upload)

    async def put_file(self, source: Path, upload: Upload) -> Picture:
        """Keep a picture that lies in a file of this machine. Raises as `put` does."""
        with disk_explained(), self._shelf.arriving(upload.sha256) as path:
            await asyncio.to_thread(shutil.copyfile, source, path)
            return await self._take(path, upload)

    async def _take(self, path: Path, upload: Upload) -> Picture:
        found = await self._studio.inspect(path)
        if found.refusal:
            raise invalid("chunk", f"the picture {found.refusal}")
        await asyncio.to_thread(self._shelf.keep, path, upload.sha256)

        async def add(connection: Connection) -> Picture:
            picture = await store.add(
                connection,
                picture_hash=upload.sha256,
                mime_type=found.mime_type,
                width_px=found.width_px,
                height_px=found.height_px,
                size_bytes=upload.size,
            )
            # The picture is locked now; a purge may have been faster and have taken the bytes.
            if not await asyncio.to_thread(self._shelf.holds, upload.sha256):
                raise Unavailable("the picture was purged while it came: send it again")
            return picture

        return await self._database.write(add)

    async def open(self, picture_hash: str, size_px: int) -> BinaryIO:
        """Open a picture, or a smaller one when a size is given. Close it.

        Raises `NotFound` when its bytes are gone from the store.
        """
        name = smaller_name(picture_hash, size_px) if size_px else picture_hash
        if size_px and not await asyncio.to_thread(self._shelf.holds, name):
            await self._make(picture_hash, name, size_px)
        return await asyncio.to_thread(self._opened, picture_hash, name)

    async def _make(self, picture_hash: str, name: str, size_px: int) -> None:
        with disk_explained(), self._shelf.arriving(name) as target:
            source = target.with_name("source")
            await asyncio.to_thread(self._fetch, picture_hash, source)
            await self._studio.shrink(source, target, size_px)
            await asyncio.to_thread(self._shelf.keep, target, name)

    def _fetch(self, picture_hash: str, target: Path) -> None:
        with self._opened(picture_hash, picture_hash) as source, target.open("xb") as copy:
            shutil.copyfileobj(source, copy)

    def _opened(self, picture_hash: str, name: str) -> BinaryIO:
        try:
            return self._shelf.open(name)
        except FileNotFoundError as error:
            raise NotFound("artwork", picture_hash) from error


async def pieces_of(stream: BinaryIO) -> AsyncIterator[bytes]:
    """Yield what is left of a stream."""
    while piece := await asyncio.to_thread(stream.read, _CHUNK):
        yield piece
