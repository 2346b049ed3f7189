"""A file that is sent becomes a track: received, verified, read, kept, imported.

Nothing of it is kept until it was read as audio; then its bytes are on disk before the track is in
the catalogue, so no track is without its file.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

from fonoteca.v1 import ingest_pb2 as pb
from fonoteca.v1 import track_pb2
from service.artwork.intake import ArtworkIntake
from service.database import Connection, Database
from service.errors import FailedPrecondition, ResourceExhausted, Unavailable, invalid
from service.ingest.files import Reading
from service.ingest.locations import Found, file_uri
from service.ingest.pictures import notes_on
from service.ingest.readers import relocated
from service.libraries import store as libraries
from service.media import store
from service.media.intake import take_in, track_at
from service.media.model import Upload
from service.media.reading import Reader
from service.media.receiving import RETRY, disk_explained, receive
from service.media.vault import Vault


class Uploads:
    """Takes files into the catalogue, as many at once as there is room for."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        reader: Reader,
        artwork: ArtworkIntake,
        room: int,
    ) -> None:
        """Prepare to take files whose sizes together are at most `room` bytes."""
        self._database = database
        self._vault = vault
        self._reader = reader
        self._artwork = artwork
        self._room = room

    async def take(self, upload: Upload, chunks: AsyncIterator[bytes]) -> pb.IngestFileResponse:
        """Take one file.

        Raises `NotFound` when the library does not exist, `InvalidInput` when the bytes are not as
        described or no audio, `ResourceExhausted` when there is no room, and `Unavailable` when the
        same bytes were purged meanwhile.
        """
        async with self._database.read() as connection:
            await libraries.get(connection, upload.library_id)
        with (
            self._reserved(upload.size),
            disk_explained(),
            self._vault.arriving(upload.name) as path,
        ):
            await receive(chunks, path, size=upload.size, sha256=upload.sha256)
            reading = await self._read(upload, path)
            await asyncio.to_thread(self._vault.keep, path, upload.sha256)
        found = [(upload.sha256, reading.pictures)]
        refused = await self._artwork.bring(self._reader.box, found)
        notes = reading.notes + notes_on(reading.pictures, refused)
        reading = reading._replace(notes=notes)
        return await self._database.write(
            lambda connection: _store(connection, upload, reading, self._vault)
        )

    async def _read(self, upload: Upload, path: Path) -> Reading:
        [reading] = await self._reader.read([Found(file_uri(str(path)), str(path), upload.size, 0)])
        if reading.error:
            raise invalid("chunk", f"the file cannot be taken: {reading.error}")
        # Without a time: the same content sent again is then the same file.
        address = self._vault.address_of(upload.sha256)
        return relocated(reading, Found(address, upload.name, upload.size, 0))

    @contextmanager
    def _reserved(self, size: int) -> Iterator[None]:
        if size > self._room:
            raise ResourceExhausted(
                "The server receives as many files as it has room for",
                {"limit": "upload space"},
                RETRY,
            )
        self._room -= size
        try:
            yield
        finally:
            self._room += size


async def _store(
    connection: Connection, upload: Upload, reading: Reading, vault: Vault
) -> pb.IngestFileResponse:
    await store.lock_sent_file(connection, upload.sha256)
    # No purge takes the bytes now; one may have been faster, since they were there already.
    if not await asyncio.to_thread(vault.kept_at, upload.sha256):
        raise Unavailable("the file was purged while it came: send it again")
    message = track_pb2.Track.FromString(reading.track)
    response = await take_in(connection, upload.library_id, [message])
    address = vault.address_of(upload.sha256)
    track = await track_at(connection, upload.library_id, address)
    if track is None:
        reason = response.errors[0].error.message if response.errors else "it was deleted"
        raise FailedPrecondition(f"the track of the file cannot be stored: {reason}")
    return pb.IngestFileResponse(track=track, created=response.created > 0, notes=reading.notes)
