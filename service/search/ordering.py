"""Matches in the order of a field, to the last of them.

All tracks that match the readings are listed, not the best alone: by the statement of
ListTracks, narrowed by words. PostgreSQL decides whether to sort few matches or to walk along the
order until the page is full, so a page costs the same at any depth.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

from psycopg import sql

from service.database import Connection
from service.search.candidates import Scope
from service.search.ladder import rate
from service.search.model import Hit, Reading, Rung, Words, any_of_readings
from service.tracks.listing import Deleted, Order, list_tracks, order_of
from service.tracks.model import Place

NEWEST_FIRST: Final = order_of("create_time desc")

# The index over words, or the primary key, of track_search and of track_lyrics, as the planner
# estimates the words.
_MATCHING: Final = sql.SQL(
    "t.id IN (SELECT s.track_id FROM track_search AS s WHERE s.words @@ %(readings)s::tsquery)"
)
_MATCHING_OR_SUNG: Final = sql.SQL(
    """t.id IN (
        SELECT s.track_id FROM track_search AS s WHERE s.words @@ %(readings)s::tsquery
        UNION ALL
        SELECT l.track_id FROM track_lyrics AS l WHERE l.words @@ %(sung)s::tsquery
    )"""
)
# With words or without, only what can be found at all.
_FINDABLE: Final = sql.SQL("t.status = 'COMPLETED'")


async def matches_in_order(
    connection: Connection,
    scope: Scope,
    readings: tuple[Reading, ...],
    order: Order,
    after: Place | None,
    limit: int,
) -> list[tuple[UUID, Place]]:
    """Return up to `limit` tracks with their places: those after `after` in the order."""
    sung = any_of_readings(readings, in_lyrics=True)
    matching = _MATCHING_OR_SUNG if sung else _MATCHING
    values = {"readings": any_of_readings(readings), "sung": sung} if readings else {}
    rows = await list_tracks(
        connection,
        scope.library_id,
        scope.filter,
        order,
        after,
        limit,
        deleted=Deleted.HIDDEN,
        also=matching if readings else _FINDABLE,
        values=values,
    )
    return [(row.id, row.place) for row in rows]


async def rated(
    connection: Connection, query: Words, readings: tuple[Reading, ...], ids: list[UUID]
) -> list[Hit]:
    """Return tracks that match the readings as hits, in the same order."""
    if not readings:
        return [Hit(track_id, Rung.FILTER, 1.0) for track_id in ids]
    hits = await rate(connection, query, readings, ids)
    return [hits[track_id] for track_id in ids if track_id in hits]
