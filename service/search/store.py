"""What search asks of PostgreSQL besides candidates: the fold and the vocabulary."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

from psycopg.rows import class_row

from service.database import Connection, load_statements
from service.search.model import Entry
from service.search.patterns import deletions, may_be_misspelt

_SQL = load_statements(__package__)
_FOLD = _SQL["fold_texts"]
_FOLD_QUERIES = _SQL["fold_queries"]
_KNOWN = _SQL["known_words"]
_SIMILAR = _SQL["similar_words"]
_LOOKALIKES = _SQL["lookalike_words"]
_COMMON = _SQL["common_words"]
_WORDS = _SQL["words_of_tracks"]
_ENTRIES = _SQL["entries_of_tracks"]


async def fold(connection: Connection, texts: Sequence[str]) -> list[str]:
    """Return texts as they are compared."""
    rows = await (await connection.execute(_FOLD, {"texts": list(texts)})).fetchall()
    return [row[0] for row in rows]


async def fold_queries(
    connection: Connection, texts: Sequence[str], cores: Sequence[str]
) -> list[tuple[str, str, int]]:
    """Return queries and their cores as they are compared, and hashes of what was typed."""
    parameters = {"texts": list(texts), "cores": list(cores)}
    rows = await (await connection.execute(_FOLD_QUERIES, parameters)).fetchall()
    return [(text, core, typed) for text, core, typed in rows]


async def known_words(connection: Connection, words: Collection[str]) -> dict[str, int]:
    """Return which of these folded words the catalogue has, with the best tier of each."""
    if not words:
        return {}
    return dict(await (await connection.execute(_KNOWN, {"words": list(words)})).fetchall())


async def similar_words(
    connection: Connection, words: Collection[str]
) -> dict[str, dict[str, int]]:
    """Return the words of the catalogue within the allowed typos of each of these folded words.

    Each comes with its best tier. Some are a typo too far: `mended` leaves them out.
    """
    near: dict[str, dict[str, int]] = {}
    if words := [word for word in words if may_be_misspelt(word)]:
        parameters = {
            "words": words,
            "deletions": [array_text(deletions(word)) for word in words],
        }
        for word, candidate, tier in await (
            await connection.execute(_SIMILAR, parameters)
        ).fetchall():
            near.setdefault(word, {})[candidate] = tier
    return near


async def lookalikes(connection: Connection, words: Collection[str]) -> dict[str, list[str]]:
    """Return the words of the catalogue that have most trigrams in common with these."""
    similar: dict[str, list[str]] = {}
    rows = await connection.execute(_LOOKALIKES, {"words": list(words)})
    for word, candidate in await rows.fetchall():
        similar.setdefault(word, []).append(candidate)
    return similar


async def common_words(connection: Connection, words: Collection[str]) -> dict[str, float]:
    """Return the share of all tracks that have a word, for the common ones of these."""
    return dict(await (await connection.execute(_COMMON, {"words": list(words)})).fetchall())


async def words_of(connection: Connection, ids: Collection[UUID]) -> dict[UUID, list[str]]:
    """Return the words under which tracks are found, of those that can be found."""
    return dict(await (await connection.execute(_WORDS, {"ids": list(ids)})).fetchall())


async def entries(connection: Connection, ids: Collection[UUID]) -> dict[UUID, Entry]:
    """Return what search has of those of the tracks that exist."""
    async with connection.cursor(row_factory=class_row(Entry)) as cursor:
        await cursor.execute(_ENTRIES, {"ids": list(ids)})
        return {entry.track_id: entry for entry in await cursor.fetchall()}


def array_text(numbers: Sequence[int]) -> str:
    """Return the text form of an array, for lists of arrays of different lengths."""
    return f"{{{','.join(map(str, numbers))}}}"
