"""Tracks for tests that need some, whatever they are."""

from __future__ import annotations

from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from uuid_utils.compat import uuid7

from fonoteca.v1 import track_pb2 as pb
from service.libraries.model import DEFAULT_LIBRARY_ID

LENGTH_MS = 60_000
"""How long every track is that is made here."""


async def insert_tracks(
    connection: AsyncConnection[TupleRow], count: int, *, library_id: UUID = DEFAULT_LIBRARY_ID
) -> list[UUID]:
    """Store completed tracks of a minute each, called "Track 0", "Track 1" and so on."""
    ids = [uuid7() for _ in range(count)]
    titles = [f"Track {number}" for number in range(count)]
    documents = [
        pb.Track(
            id=str(track_id), library_id=str(library_id), title=title, lyrics="La la la"
        ).SerializeToString()
        for track_id, title in zip(ids, titles, strict=True)
    ]
    await connection.execute(
        """
        INSERT INTO track (id, library_id, title, duration_ms, status, document)
        SELECT new.id, %(library_id)s, new.title, %(length)s, 'COMPLETED', new.document
        FROM unnest(%(ids)s::uuid[], %(titles)s::text[], %(documents)s::bytea[])
            AS new (id, title, document)
        """,
        {
            "ids": ids,
            "library_id": library_id,
            "titles": titles,
            "documents": documents,
            "length": LENGTH_MS,
        },
    )
    return ids
