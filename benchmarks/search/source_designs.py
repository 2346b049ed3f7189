"""How the systems that this service replaces search: two statements, on a table like theirs.

One ranks every match of the English text search configuration, the other sorts every title that is
similar by trigrams. The table has the same tracks and the indexes that those designs name. It is
temporary, and so are its buffers, which hold all of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter
from typing import Final, LiteralString

import psycopg

_BUFFERS: Final = "1GB"
_TABLE: Final = """
CREATE TEMPORARY TABLE audio_tracks AS
SELECT
    t.id,
    t.title,
    coalesce(c.display, '') AS artist,
    coalesce(a.title, '') AS album,
    setweight(to_tsvector('english', t.title || ' ' || coalesce(c.display, '')), 'A')
    || setweight(to_tsvector('english', coalesce(a.title, '')), 'B')
    || setweight(to_tsvector('english', coalesce(g.names, '')), 'C') AS search_vector
FROM track AS t
LEFT JOIN artist_credit AS c ON c.id = t.credit_id
LEFT JOIN album AS a ON a.id = t.album_id
LEFT JOIN (
    SELECT tg.track_id, string_agg(genre.name, ' ') AS names
    FROM track_genre AS tg JOIN genre ON genre.id = tg.genre_id
    GROUP BY tg.track_id
) AS g ON g.track_id = t.id
WHERE t.status = 'COMPLETED' AND t.deleted_at IS NULL
"""
_INDEXES: Final = (
    "CREATE INDEX ON audio_tracks USING gin (search_vector)",
    "CREATE INDEX ON audio_tracks USING gin (title gin_trgm_ops)",
    "ANALYZE audio_tracks",
)
_MEANINGFUL: Final = """
SELECT text FROM unnest(%s::text[]) AS g (text) WHERE numnode(plainto_tsquery('english', text)) > 0
"""
_RANKED: Final = """
SELECT id, artist, title, album, ts_rank(search_vector, query) AS rank
FROM audio_tracks, plainto_tsquery('english', %(text)s) AS query
WHERE search_vector @@ query
ORDER BY rank DESC
LIMIT %(limit)s
"""
_SIMILAR: Final = """
SELECT id, artist, title, album, similarity(title, %(text)s) AS score
FROM audio_tracks
WHERE title %% %(text)s
ORDER BY score DESC
LIMIT %(limit)s
"""


class SourceDesigns:
    """A connection with their table."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def by_rank(self, texts: Sequence[str], limit: int) -> list[float]:
        """Return the time of each search for all words (ms); texts of stop words only are left out.

        Such a text finds nothing, at no cost.
        """
        meaningful = [row[0] for row in self._connection.execute(_MEANINGFUL, (list(texts),))]
        return [self._time(_RANKED, text, limit) for text in meaningful]

    def by_similarity(self, texts: Sequence[str], limit: int) -> list[float]:
        """Return the time of each search for similar titles (ms)."""
        return [self._time(_SIMILAR, text, limit) for text in texts]

    def _time(self, statement: LiteralString, text: str, limit: int) -> float:
        start = perf_counter()
        self._connection.execute(statement, {"text": text, "limit": limit}).fetchall()
        return 1_000 * (perf_counter() - start)


@contextmanager
def source_designs(conninfo: str) -> Iterator[SourceDesigns]:
    """Build the table on a connection of its own; it is gone when the block ends."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("SELECT set_config('temp_buffers', %s, false)", (_BUFFERS,))
        connection.execute(_TABLE)
        for statement in _INDEXES:
            connection.execute(statement)
        yield SourceDesigns(connection)
