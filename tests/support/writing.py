"""Tracks for tests of what surrounds them, written as the service writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fonoteca.v1 import search_pb2, track_pb2, types_pb2
from service.database import Connection, Database
from service.tracks import write
from service.tracks.codec import decode_track
from service.validation import Check

if TYPE_CHECKING:
    from fonoteca.v1.search_pb2_grpc import SearchServiceAsyncStub


async def add_tracks(database: Database, *tracks: track_pb2.Track) -> list[track_pb2.Track]:
    """Store new tracks in one transaction, and return them as they were stored."""
    return await database.write(lambda connection: write_tracks(connection, *tracks))


async def write_tracks(connection: Connection, *tracks: track_pb2.Track) -> list[track_pb2.Track]:
    """Store new tracks in the transaction of `connection`."""
    check = Check()
    drafts = check.each(
        "tracks",
        lambda check, track: decode_track(check, track, is_new=True),
        tracks,
        most=len(tracks),
    )
    check.done()
    return await write.create(connection, drafts)


def credited(*names: str) -> list[types_pb2.CreditedName]:
    """Return the credit of artists by name: the first is a main artist, the others are guests."""
    roles = [types_pb2.CREDIT_ROLE_PRIMARY, types_pb2.CREDIT_ROLE_FEATURED]
    return [
        types_pb2.CreditedName(name=name, role=roles[min(index, 1)])
        for index, name in enumerate(names)
    ]


async def found(search: SearchServiceAsyncStub, query: str) -> set[str]:
    """Return the ids of the tracks in which search finds every word of the query."""
    response = await search.SearchTracks(search_pb2.SearchTracksRequest(query=query))
    whole = (search_pb2.SEARCH_RUNG_EXACT, search_pb2.SEARCH_RUNG_ALL_WORDS)
    return {hit.track.id for hit in response.hits if hit.rung in whole}
