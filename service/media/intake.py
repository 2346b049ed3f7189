"""Tracks that were read from files enter the catalogue, as an import of them would."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from fonoteca.v1 import track_pb2 as pb
from service.database import Connection
from service.tracks import store as tracks
from service.tracks.importing import Import


async def take_in(
    connection: Connection, library_id: UUID, messages: Sequence[pb.Track]
) -> pb.ImportTracksResponse:
    """Import tracks by the rules of identity, in the caller's transaction. Raises `NotFound`."""
    run = Import(connection, library_id)
    await run.begin()
    try:
        await run.add(messages)
        await run.end()
    finally:
        await run.cancel()
    return run.response


async def track_at(connection: Connection, library_id: UUID, uri: str) -> pb.Track | None:
    """Return the track that has a file at an address."""
    holders = await tracks.find_by_file(connection, library_id, [uri])
    if uri not in holders:
        return None
    return pb.Track.FromString(await tracks.get(connection, holders[uri]))
