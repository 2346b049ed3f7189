"""What search asks of PostgreSQL besides candidates (candidates.py): the fold, the vocabulary."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

from service.database import Connection, load_statements

_SQL = load_statements(__package__)
_FOLD = _SQL["fold_texts"]
_KNOWN = _SQL["known_words"]
_SIMILAR = _SQL["similar_words"]
_WORDS = _SQL["words_of_tracks"]


async def fold(connection: Connection, texts: Sequence[str]) -> list[str]:
    """Return texts as they are compared."""
    rows = await (await connection.execute(_FOLD, {"texts": list(texts)})).fetchall()
    return [row[0] for row in rows]


async def known_words(connection: Connection, words: Collection[str]) -> frozenset[str]:
    """Return which of these folded words the catalogue has."""
    if not words:
        return frozenset()
    rows = await (await connection.execute(_KNOWN, {"words": list(words)})).fetchall()
    return frozenset(row[0] for row in rows)


async def similar_words(connection: Connection, words: Collection[str]) -> dict[str, list[str]]:
    """Return the words of the catalogue within two edits of each of these folded words."""
    near: dict[str, list[str]] = {}
    if words:
        for word, candidate in await (
            await connection.execute(_SIMILAR, {"words": list(words)})
        ).fetchall():
            near.setdefault(word, []).append(candidate)
    return near


async def words_of(connection: Connection, ids: Collection[UUID]) -> dict[UUID, list[str]]:
    """Return the words under which tracks are found, of those that can be found."""
    return dict(await (await connection.execute(_WORDS, {"ids": list(ids)})).fetchall())
