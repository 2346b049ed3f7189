"""A catalogue that is all alike: the worst for whatever looks something up by words."""

from __future__ import annotations

from typing import Final

from service.artists.credits import resolve_credits
from service.artists.model import CreditedName
from service.database import Connection
from service.search.index import index_tracks
from service.upkeep.store import weigh_words
from tests.support.catalogue import DEFAULT_LIBRARY

SMALL: Final = 8_000
LARGE: Final = 4 * SMALL

# The same few words are in most titles, and every second track is by the same artist.
_TRACKS: Final = """
INSERT INTO track (id, library_id, title, lyrics, credit_id, popularity, status, document, revision)
SELECT
    gen_random_uuid(),
    %(library_id)s,
    CASE WHEN n %% 3 = 0 THEN 'Love' ELSE 'Love the Night ' || md5((n %% 2000)::text) END,
    'Shine all night ' || n %% 50,
    (%(credit_ids)s::uuid[])[1 + n %% 2],
    n * 7919 %% 10000 / 100.0,
    'COMPLETED',
    '',
    1
FROM generate_series(%(first)s::integer, %(last)s::integer) AS n
RETURNING id
"""
_ARTISTS: Final = """
INSERT INTO artist (id, name)
SELECT gen_random_uuid(), CASE WHEN n %% 3 = 0 THEN 'Love ' || n ELSE 'Love the Band ' || n END
FROM generate_series(%(first)s::integer, %(last)s::integer) AS n
RETURNING id
"""
# As if by tracks of theirs.
_HEARD: Final = """
UPDATE name_search SET popularity = ('x' || left(md5(name), 6))::bit(24)::integer %% 10000 / 100.0
WHERE subject = ANY(%(ids)s) AND position = 0
"""


async def crowd(connection: Connection, first: int, end: int) -> None:
    """Add tracks that can be found, and let the database know them as well as it ever does."""
    names = ("The Band", "Nobody")
    credits = [(CreditedName(None, name, "", "PRIMARY"),) for name in names]
    found = await resolve_credits(connection, credits)
    values = {
        "library_id": DEFAULT_LIBRARY,
        "credit_ids": [credit.id for credit in found if credit],
        "first": first,
        "last": end - 1,
    }
    rows = await (await connection.execute(_TRACKS, values)).fetchall()
    await index_tracks(connection, [row[0] for row in rows])
    await connection.execute("VACUUM (ANALYZE)")
    await weigh_words(connection)


async def crowd_of_artists(connection: Connection, first: int, end: int) -> None:
    """Add artists that are popular in varying degrees."""
    values = {"first": first, "last": end - 1}
    rows = await (await connection.execute(_ARTISTS, values)).fetchall()
    await connection.execute(_HEARD, {"ids": [row[0] for row in rows]})
    await connection.execute("VACUUM (ANALYZE)")
