"""The catalogue as those who make queries see it: what tracks are called, and which they are.

It is read from the database that is measured, in an order that does not depend on ids, so that the
same catalogue gives the same queries.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import psycopg

_BLOCK: Final = 10_000
_SONGS: Final = """
SELECT
    t.title,
    coalesce(n.name, ''),
    t.title_key,
    coalesce(c.names_key, ''),
    coalesce(a.title_key, ''),
    coalesce(g.names, ''),
    coalesce(t.popularity, 0),
    coalesce(s.names, '{}')
FROM track AS t
LEFT JOIN artist_credit AS c ON c.id = t.credit_id
LEFT JOIN artist_credit_name AS n ON n.credit_id = t.credit_id AND n.position = 0
LEFT JOIN album AS a ON a.id = t.album_id
LEFT JOIN (
    SELECT tg.track_id, string_agg(genre.name_key, ' ' ORDER BY tg.position) AS names
    FROM track_genre AS tg JOIN genre ON genre.id = tg.genre_id
    GROUP BY tg.track_id
) AS g ON g.track_id = t.id
LEFT JOIN (
    SELECT track_id, array_agg(type || ':' || external_id ORDER BY position) AS names
    FROM track_source
    GROUP BY track_id
) AS s ON s.track_id = t.id
WHERE t.status = 'COMPLETED' AND t.deleted_at IS NULL
ORDER BY t.title COLLATE "C", c.display COLLATE "C", s.names COLLATE "C"
"""


@dataclass(frozen=True, slots=True)
class Song:
    """A track as it is spoken of, and as search compares it (`_key`: folded)."""

    title: str
    artist: str
    """The first one."""

    title_key: str
    artist_key: str
    """All of them."""

    album_key: str
    genres_key: str
    popularity: float
    sources: tuple[str, ...]
    """External sources as `type:id`."""

    @property
    def name(self) -> tuple[str, str]:
        """Title and artist; songs with the same are the same to a person who looks for them."""
        return self.title.casefold(), self.artist.casefold()


def read_songs(conninfo: str) -> Iterator[Song]:
    """Yield all tracks that can be found, ordered by title."""
    with (
        psycopg.connect(conninfo) as connection,
        connection.cursor(name="songs") as cursor,
    ):
        cursor.itersize = _BLOCK
        for (
            title,
            artist,
            title_key,
            artist_key,
            album_key,
            genres_key,
            popularity,
            sources,
        ) in cursor.execute(_SONGS):
            keys = title_key, artist_key, album_key, genres_key
            yield Song(title, artist, *keys, popularity, tuple(sources))


def folded(conninfo: str, texts: list[str]) -> list[str]:
    """Return texts as search compares them."""
    with psycopg.connect(conninfo) as connection:
        rows = connection.execute(
            "SELECT fold(text) FROM unnest(%s::text[]) WITH ORDINALITY AS g (text, ordinal) "
            "ORDER BY ordinal",
            (texts,),
        )
        return [row[0] for row in rows]
