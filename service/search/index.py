"""What search knows of a track is written in the transaction that writes the track.

Everything here derives from the rows of tracks, artists, albums and genres, by the ids of the
tracks: there is one statement that indexes, whoever calls.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, LiteralString
from uuid import UUID

from service.database import Connection, load_statements
from service.search.patterns import deletions
from service.search.store import array_text

_SQL = load_statements(__package__)
_INDEX = _SQL["index_tracks"]
_INDEX_LYRICS = _SQL["index_lyrics"]
_ADD_WORDS = _SQL["add_words"]
_UNINDEX = _SQL["unindex_tracks"]
_HOLD_ENTRIES = _SQL["hold_entries"]
_HOLD_NAMES = _SQL["hold_names"]
_REFRESH_CREDITS = _SQL["refresh_credits"]
_TRACKS_OF_CREDITS = _SQL["tracks_of_credits"]
_TRACKS_OF_ALBUM = _SQL["tracks_of_album"]

NewWord = tuple[str, int]
"""A word that is new in the catalogue or in a better tier, and the tier."""

WordRow = tuple[str, int, str]
"""A word, its tier, and what deletions leave of it, as the text of an array."""

_BATCH: Final = 1_000
"""How many tracks one statement indexes again, so that it takes the same for any artist."""


@dataclass(slots=True)
class WaitingWords:
    """Words of many batches that the vocabulary lacks, each once, to be added together."""

    _rows: dict[str, WordRow] = field(default_factory=dict)

    def __len__(self) -> int:
        """Return how many words wait."""
        return len(self._rows)

    def note(self, words: Iterable[NewWord]) -> None:
        """Take in words that are new, some 20 us each, or in a better tier than before."""
        for word, tier in words:
            row = self._rows.get(word)
            if row is None:
                self._rows[word] = word_row(word, tier)
            elif tier < row[1]:
                self._rows[word] = (word, tier, row[2])

    def take(self) -> list[WordRow]:
        """Return all words as `add_words` takes them, and begin anew."""
        rows, self._rows = self._rows, {}
        return sorted(rows.values())


async def index_tracks(
    connection: Connection,
    ids: Sequence[UUID],
    *,
    sung: Collection[UUID] | None = None,
    same_lyrics: bool = False,
) -> None:
    """Make tracks that are live and completed findable as they are now; they must be stored.

    `sung` are those that have lyrics, or had some, if that is known; `same_lyrics` when their
    lyrics are known to be those that were indexed.
    """
    words = await index_entries(connection, ids, sung=sung, same_lyrics=same_lyrics)
    await add_words(connection, [word_row(*word) for word in words])


async def index_entries(
    connection: Connection,
    ids: Sequence[UUID],
    *,
    sung: Collection[UUID] | None = None,
    same_lyrics: bool = False,
) -> list[NewWord]:
    """Index tracks but for the vocabulary; returns what it lacks, in order.

    The transaction must still add these words, as `index_tracks` does.
    """
    indexed = await connection.execute(_INDEX, {"ids": list(ids)})
    if with_lyrics := list(ids if sung is None else sung):
        await connection.execute(_INDEX_LYRICS, {"ids": with_lyrics, "same_lyrics": same_lyrics})
    words: list[NewWord] = await indexed.fetchall()
    return words


def word_row(word: str, tier: int) -> WordRow:
    """Return a word as `add_words` takes it. Needs nothing but the processor, some 20 us."""
    return word, tier, array_text(deletions(word))


async def add_words(connection: Connection, added: Sequence[WordRow]) -> None:
    """Put words into the vocabulary; they must be in order."""
    if added:
        words, tiers, left = map(list, zip(*added, strict=True))
        parameters = {"words": words, "tiers": tiers, "deletions": left}
        await connection.execute(_ADD_WORDS, parameters)


async def hold_names(connection: Connection, ids: Sequence[UUID]) -> None:
    """Keep what tracks are found by from being renamed, before they are indexed from it."""
    await connection.execute(_HOLD_NAMES, {"ids": list(ids)})


async def unindex_tracks(connection: Connection, ids: Sequence[UUID]) -> None:
    """Hide tracks from search."""
    await connection.execute(_UNINDEX, {"ids": list(ids)})


async def reindex_artist(connection: Connection, artist_id: UUID) -> None:
    """Make an artist's tracks findable under the names that it has now."""
    credit_ids = await _ids(connection, _REFRESH_CREDITS, {"artist_id": artist_id})
    await reindex(
        connection, await _ids(connection, _TRACKS_OF_CREDITS, {"credit_ids": credit_ids})
    )


async def reindex_album(connection: Connection, album_id: UUID) -> None:
    """Make an album's tracks findable under the title that it has now."""
    await reindex(connection, await _ids(connection, _TRACKS_OF_ALBUM, {"album_id": album_id}))


async def reindex(connection: Connection, ids: Sequence[UUID]) -> None:
    """Index tracks that may be deleted or changed right now by others."""
    await connection.execute(_HOLD_ENTRIES, {"ids": list(ids)})
    for start in range(0, len(ids), _BATCH):
        await index_tracks(connection, ids[start : start + _BATCH], same_lyrics=True)


async def _ids(
    connection: Connection, statement: LiteralString, parameters: Mapping[str, object]
) -> list[UUID]:
    rows = await (await connection.execute(statement, parameters)).fetchall()
    return [row[0] for row in rows]
