"""What search asks of PostgreSQL besides candidates: the fold and the vocabulary."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

from psycopg.rows import class_row

from service.database import Connection, load_statements
from service.search.model import Entry, Folded
from service.search.patterns import deletions, deletions_of_one_edit

_SQL = load_statements(__package__)
_FOLD = _SQL["fold_texts"]
_READ_QUERIES = _SQL["read_queries"]
_LOOK_UP_WORDS = _SQL["look_up_words"]
_LOOKALIKES = _SQL["lookalike_words"]
_ENTRIES = _SQL["entries_of_tracks"]


async def fold(connection: Connection, texts: Sequence[str]) -> list[str]:
    """Return texts as they are compared."""
    rows = await (await connection.execute(_FOLD, {"texts": list(texts)})).fetchall()
    return [row[0] for row in rows]


async def read_queries(
    connection: Connection, texts: Sequence[str], cores: Sequence[str]
) -> list[Folded]:
    """Return queries and their cores as they are compared, and what is known of their words."""
    async with connection.cursor(row_factory=class_row(Folded)) as cursor:
        await cursor.execute(_READ_QUERIES, {"texts": list(texts), "cores": list(cores)})
        return await cursor.fetchall()


async def look_up_words(
    connection: Connection, words: Collection[str], misspelt: Collection[str], edits: int
) -> list[tuple[str | None, str, int, float]]:
    """Return which of some folded words the catalogue has, and which ones resemble misspelt ones.

    Those are up to so many allowed `edits` away, one or two; some are a typo too far, which
    `mended` leaves out. Each row has the misspelt word, or None, the word, its best tier and its
    share of all tracks.
    """
    left = deletions if edits > 1 else deletions_of_one_edit
    parameters = {
        "words": list(words),
        "misspelt": list(misspelt),
        "deletions": [array_text(left(word)) for word in misspelt],
        "edits": edits,
    }
    rows: list[tuple[str | None, str, int, float]]
    rows = await (await connection.execute(_LOOK_UP_WORDS, parameters)).fetchall()
    return rows


async def lookalikes(connection: Connection, words: Collection[str]) -> dict[str, list[str]]:
    """Return the words of the catalogue that have most trigrams in common with these."""
    similar: dict[str, list[str]] = {}
    rows = await connection.execute(_LOOKALIKES, {"words": list(words)})
    for word, candidate in await rows.fetchall():
        similar.setdefault(word, []).append(candidate)
    return similar


async def entries(connection: Connection, ids: Collection[UUID]) -> dict[UUID, Entry]:
    """Return what search has of those of the tracks that exist."""
    async with connection.cursor(row_factory=class_row(Entry)) as cursor:
        await cursor.execute(_ENTRIES, {"ids": list(ids)})
        return {entry.track_id: entry for entry in await cursor.fetchall()}


def array_text(numbers: Sequence[int]) -> str:
    """Return the text form of an array, for lists of arrays of different lengths."""
    return f"{{{','.join(map(str, numbers))}}}"
