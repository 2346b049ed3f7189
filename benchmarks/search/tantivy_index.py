"""Tantivy, a search engine as a library, with the same rows and the same folded words.

Words are folded by the database before the clock starts, and an answer is the numbers of the songs:
no document is fetched. Both favour Tantivy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

from tantivy import Document, Index, Occur, Query, Schema, SchemaBuilder

from benchmarks.songs import Song

_WEIGHTS: Final = {"title": 2.0, "artist": 2.0, "album": 1.0, "genres": 1.0}
_NUMBER: Final = "number"
_HEAP_BYTES: Final = 256_000_000


class TantivyIndex:
    """An index of songs, each known by its place in the list that it was made from."""

    def __init__(self, folder: Path, songs: Iterable[Song]) -> None:
        self._schema = _schema()
        index = Index(self._schema, str(folder))
        with index.writer(_HEAP_BYTES, 1) as writer:
            for number, song in enumerate(songs):
                writer.add_document(
                    Document(
                        title=song.title_key,
                        artist=song.artist_key,
                        album=song.album_key,
                        genres=song.genres_key,
                        number=number,
                    )
                )
            writer.commit()
            writer.wait_merging_threads()
        index.reload()
        self._searcher = index.searcher()

    def all_words(self, text: str, limit: int) -> Sequence[int]:
        """Return the best songs in which every word of a folded text occurs."""
        return self._search(self._each(text, Occur.Must, self._word), limit)

    def fuzzy(self, text: str, limit: int) -> Sequence[int]:
        """Return the best songs in which every word occurs with at most one edit.

        Two neighbours that changed places are one edit.
        """
        return self._search(self._each(text, Occur.Must, self._near_word), limit)

    def any_word(self, text: str, limit: int) -> Sequence[int]:
        """Return the best songs in which some word occurs."""
        return self._search(self._each(text, Occur.Should, self._word), limit)

    def ladder(self, text: str, limit: int) -> Sequence[int]:
        """Return what all words find, else what fuzzy words find, else what any word finds."""
        return self.all_words(text, limit) or self.fuzzy(text, limit) or self.any_word(text, limit)

    def _each(self, text: str, occur: Occur, of_word: Callable[[str, str], Query]) -> Query:
        return Query.boolean_query(
            [
                (
                    occur,
                    Query.boolean_query(
                        [
                            (Occur.Should, Query.boost_query(of_word(field, word), weight))
                            for field, weight in _WEIGHTS.items()
                        ]
                    ),
                )
                for word in text.split()
            ]
        )

    def _word(self, field: str, word: str) -> Query:
        return Query.term_query(self._schema, field, word)

    def _near_word(self, field: str, word: str) -> Query:
        return Query.fuzzy_term_query(
            self._schema, field, word, distance=1, transposition_cost_one=True
        )

    def _search(self, query: Query, limit: int) -> Sequence[int]:
        hits = self._searcher.search(query, limit, count=False).hits
        numbers = self._searcher.fast_field_values(_NUMBER, [address for _, address in hits])
        return [int(number) for number in numbers if number is not None]


def _schema() -> Schema:
    builder = SchemaBuilder()
    for field in _WEIGHTS:
        builder.add_text_field(field, tokenizer_name="whitespace")
    builder.add_integer_field(_NUMBER, fast=True)
    return builder.build()
