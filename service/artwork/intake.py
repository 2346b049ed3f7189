"""Pictures of files that the server reads itself: from where readers left them to the gallery."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

from service.artwork import store
from service.artwork.gallery import Gallery
from service.artwork.model import EMBEDDED, FOLDER, FileLinks, Link, Upload
from service.database import Database
from service.errors import InvalidInput
from service.ingest.pictures import FoundPicture

PicturesOfFile: TypeAlias = tuple[str, Sequence[FoundPicture]]
"""The hash of the bytes of an audio file, and its pictures."""


class ArtworkIntake:
    """Brings the pictures of files, of some at a time."""

    def __init__(self, database: Database, gallery: Gallery) -> None:
        self._database = database
        self._gallery = gallery
        self._turn = asyncio.Lock()

    async def bring(self, box: Path, files: Sequence[PicturesOfFile]) -> dict[str, str]:
        """Keep what lies in the folder `box` of the pictures of files, and link it to these.

        Returns the pictures that are left out, each with the reason. Raises `ResourceExhausted`
        when the disk is full and `Unavailable` when the store of pictures is away.
        """
        wanted = sorted({picture.hash for _, pictures in files for picture in pictures})
        async with self._turn:
            refused = await self._keep(box, wanted)
        links = [_links(content, pictures, refused) for content, pictures in dict(files).items()]
        await self._database.write(lambda connection: store.link(connection, links))
        return refused

    async def _keep(self, box: Path, wanted: Sequence[str]) -> dict[str, str]:
        """Keep the pictures that are not known; take all of them out of the box."""
        refused = {}
        unknown = set(await self._gallery.unknown(wanted))
        for picture_hash in wanted:
            path = box / picture_hash
            if picture_hash in unknown and not path.exists():
                refused[picture_hash] = "it was refused before"
            elif picture_hash in unknown:
                try:
                    upload = Upload(path.stat().st_size, picture_hash)
                    await self._gallery.put_file(path, upload)
                except InvalidInput as error:
                    refused[picture_hash] = error.violations[0].description
            path.unlink(missing_ok=True)
        return refused


def _links(content: str, pictures: Sequence[FoundPicture], refused: dict[str, str]) -> FileLinks:
    return FileLinks(
        content,
        tuple(
            Link(each.hash, each.type, EMBEDDED if each.is_embedded else FOLDER)
            for each in pictures
            if each.hash not in refused
        ),
    )
